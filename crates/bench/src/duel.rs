//! The server beside the bare handler, in turns, under the same closed loop.

use std::time::Instant;

use crate::{
    ask::{Ask, GONE, NOWHERE, OPEN, STOCK, attempt_request, status_request},
    bare::{Bare, Status},
    bench::{Bench, attempts, to_bare},
    books::{Answered, Books, outcomes},
    figure::{Bound, Figure, Spread, Unit, real},
    ground::Ground,
    line::Measured,
    process::cpu_s,
    sample::Sample,
    wrk::{self, Closed, Run, Sent},
};

/// What the server answers a second.
pub(crate) const OURS: &str = "ours";
/// A sale of which single answers are compared.
const COMPARED: &str = "ROUND-TEST";
/// The label of a status read that was answered.
const STATUS_READ: &str = r#"route="/api/v1/sales",status_code="200""#;

/// The least that ratios may be at some number of connections.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Floors {
    pub(crate) throughput: f64,
    pub(crate) cpu: Option<f64>,
    /// Of purchases over the time until the ledger had them all.
    pub(crate) drained: Option<f64>,
}

/// One turn of one of the two.
#[derive(Clone, Debug)]
struct Turn {
    closed: Closed,
    /// What the process alone computed for one request.
    cpu_us: f64,
    /// Purchases a second, until the ledger had them all.
    drained: Option<f64>,
}

/// The name of the figures at so many connections.
pub(crate) fn at(connections: u32) -> String {
    format!("{connections} connections")
}

/// Measures both in turns at each number of connections.
pub(crate) async fn duel(
    bench: &Bench,
    ground: &Ground,
    ask: Ask,
    floors: impl Fn(u32) -> Floors,
) -> Measured {
    let mut measured = Measured::default();
    let status = prepare(ground, ask).await;
    let mut number = 0;
    for &connections in bench.pace.connections() {
        let bare = bench.bare(ask, connections, &status).await;
        compare(ground, &bare, ask, connections).await;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..bench.pace.rounds {
            number += 1;
            let seconds = bench.pace.run_s();
            let load = Load { connections, seconds, number };
            let (bare, own) = (bare_turn(&bare, ask, load).await, turn(ground, ask, load).await);
            let (of, bare_rate, own_rate) = (at(connections), bare.closed.rate, own.closed.rate);
            println!("  {of}: bare {bare_rate:.0}/s, ours {own_rate:.0}/s");
            theirs.push(bare);
            ours.push(own);
        }
        add_figures(&mut measured, connections, &ours, &theirs, floors(connections));
    }
    measured
}

/// What both are sent in one turn.
#[derive(Clone, Copy, Debug)]
struct Load {
    connections: u32,
    seconds: u32,
    /// Of the turn, so that its sale and its buyers are of it alone.
    number: u32,
}

impl Load {
    fn run(self, base_url: &str, sent: Sent) -> Run {
        let Self { connections, seconds, .. } = self;
        Run { base_url: base_url.to_owned(), sent, connections, seconds }
    }
}

/// Opens the sales that are asked for in every turn, and reads the status that both shall show.
async fn prepare(ground: &Ground, ask: Ask) -> Status {
    match ask {
        Ask::Accepted(_) => ground.open(COMPARED, STOCK).await,
        Ask::SoldOut => ground.sell_out().await,
        Ask::Status => {
            ground.open(OPEN, STOCK).await;
            let base_url = ground.base_url();
            let sample = Sample::of(base_url, &status_request(base_url, OPEN)).await;
            return Status::of(&sample);
        }
    }
    Status::none()
}

/// Holds one answer of the bare handler to one of the server: another number of bytes would be
/// another amount of work.
async fn compare(ground: &Ground, bare: &Bare, ask: Ask, connections: u32) {
    let buyer = format!("compared-{connections:03}");
    let request = |base_url: &str, sku: &str| match ask {
        Ask::Status => status_request(base_url, OPEN),
        Ask::Accepted(_) | Ask::SoldOut => attempt_request(base_url, sku, &buyer),
    };
    let (sku, their_sku) = match ask {
        Ask::Status => (OPEN, OPEN),
        Ask::Accepted(_) => (COMPARED, NOWHERE),
        Ask::SoldOut => (GONE, GONE),
    };
    let ours = Sample::of(ground.base_url(), &request(ground.base_url(), sku)).await;
    let theirs = Sample::of(bare.base_url(), &request(bare.base_url(), their_sku)).await;
    let differences = ours.differences(&theirs);
    assert!(
        differences.is_empty(),
        "the bare handler does not answer as the server does: {differences:?}\n{ours:?}\n{theirs:?}"
    );
}

async fn bare_turn(bare: &Bare, ask: Ask, load: Load) -> Turn {
    let cpu = cpu_s(bare.pid());
    let closed = wrk::run(load.run(bare.base_url(), to_bare(ask, load.number))).await;
    Turn { cpu_us: cpu_us(bare.pid(), cpu, &closed), closed, drained: None }
}

async fn turn(ground: &Ground, ask: Ask, load: Load) -> Turn {
    match ask {
        Ask::Status => {
            let shop = ground.shop();
            let before = shop.counter_so_far("http_requests_total", STATUS_READ).await;
            let turn = sent_turn(ground, load, Sent::Status { sku: OPEN.to_owned() }).await;
            let after = shop.counter_so_far("http_requests_total", STATUS_READ).await;
            check_count(&turn.closed, after - before, load, "status reads");
            turn
        }
        Ask::SoldOut => {
            let shop = ground.shop();
            let sold = outcomes(shop, "SUCCESS").await;
            let before = outcomes(shop, "SOLD_OUT").await;
            let turn = sent_turn(ground, load, attempts(GONE, load.number)).await;
            assert_eq!(outcomes(shop, "SUCCESS").await, sold, "nothing is left to sell");
            let after = outcomes(shop, "SOLD_OUT").await;
            check_count(&turn.closed, after - before, load, "rejections");
            turn
        }
        Ask::Accepted(_) => selling_turn(ground, load).await,
    }
}

/// One turn, whose purchases must all be in the ledger before it counts.
async fn selling_turn(ground: &Ground, load: Load) -> Turn {
    let skus = [format!("ROUND-{:04}", load.number)];
    ground.open(&skus[0], STOCK).await;
    let before = Books::now(ground.shop(), &skus).await;
    let begun = Instant::now();
    let mut turn = sent_turn(ground, load, attempts(&skus[0], load.number)).await;
    let (after, since) = Books::settled(ground.shop(), &skus).await;
    let told = Answered { successes: turn.closed.requests, unknown: load.connections.into() };
    after.check(before, told);
    let recorded = real(after.recorded - before.recorded);
    turn.drained = Some(recorded / since.duration_since(begun).as_secs_f64());
    turn
}

async fn sent_turn(ground: &Ground, load: Load, sent: Sent) -> Turn {
    let cpu = cpu_s(ground.pid());
    let closed = wrk::run(load.run(ground.base_url(), sent)).await;
    Turn { cpu_us: cpu_us(ground.pid(), cpu, &closed), closed, drained: None }
}

/// Microseconds that a process computed for each request since it had computed `before` seconds.
fn cpu_us(pid: u32, before: f64, closed: &Closed) -> f64 {
    (cpu_s(pid) - before) * 1_000_000.0 / real(closed.requests.max(1))
}

/// What wrk was answered the server has counted, and hardly more: what was under way at the end.
fn check_count(closed: &Closed, counted: u64, load: Load, what: &str) {
    let most = closed.requests + u64::from(load.connections);
    assert!(
        (closed.requests..=most).contains(&counted),
        "wrong answers: {} of the status 200, and the server counted {counted} {what}",
        closed.requests
    );
}

fn add_figures(
    measured: &mut Measured,
    connections: u32,
    ours: &[Turn],
    theirs: &[Turn],
    floors: Floors,
) {
    let turns = || ours.iter().zip(theirs);
    let figure =
        |name, unit, values: Vec<f64>| Figure::new(at(connections), name, unit, Spread::of(values));
    let throughput = turns().map(|(ours, theirs)| ours.closed.rate / theirs.closed.rate);
    let throughput = figure("throughput ratio", Unit::Ratio, throughput.collect());
    measured.add(throughput.at_least(floors.throughput));
    // A clock of 10 ms may have seen nothing of a very short turn.
    let cpu = turns().map(|(ours, theirs)| theirs.cpu_us / ours.cpu_us.max(f64::MIN_POSITIVE));
    let cpu = figure("CPU ratio", Unit::Ratio, cpu.collect());
    measured.add(Figure { bound: floors.cpu.map(Bound::AtLeast), ..cpu });
    let drained: Vec<f64> =
        turns().filter_map(|(ours, theirs)| Some(ours.drained? / theirs.closed.rate)).collect();
    if !drained.is_empty() {
        let drained = figure("throughput ratio with the drain", Unit::Ratio, drained);
        let bound = floors.drained.map(Bound::AtLeast);
        measured.add(Figure { bound, ..drained });
    }
    for (name, p99, cpu, turns) in
        [(OURS, "p99 of ours", "CPU of ours", ours), ("bare", "p99 of bare", "CPU of bare", theirs)]
    {
        let of = |value: fn(&Turn) -> f64| turns.iter().map(value).collect::<Vec<f64>>();
        measured.add(figure(name, Unit::PerSecond, of(|turn| turn.closed.rate)));
        measured.add(figure(p99, Unit::Millis, of(|turn| turn.closed.p99_ms)));
        measured.add(figure(cpu, Unit::Micros, of(|turn| turn.cpu_us)));
    }
}

#[cfg(test)]
mod tests {
    use super::{Floors, Turn, add_figures};
    use crate::{line::Measured, wrk::Closed};

    fn turn(rate: f64, cpu_us: f64, drained: Option<f64>) -> Turn {
        let closed = Closed { requests: 1, rate, p99_ms: 1.0, errors: None };
        Turn { closed, cpu_us, drained }
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let ours = [turn(50.0, 20.0, Some(40.0)), turn(80.0, 15.0, Some(60.0))];
        let theirs = [turn(100.0, 10.0, None), turn(100.0, 12.0, None)];
        let floors = Floors { throughput: 0.7, cpu: Some(0.5), drained: None };
        let mut measured = Measured::default();
        add_figures(&mut measured, 64, &ours, &theirs, floors);
        let shown = |name: &str| {
            let mut figures = measured.figures.iter();
            let found = figures.find(|figure| figure.name == name).unwrap();
            (found.shown(), found.verdict())
        };
        assert_eq!(shown("throughput ratio"), ("0.65 [0.50 – 0.80]".to_owned(), "BELOW"));
        assert_eq!(shown("CPU ratio"), ("0.65 [0.50 – 0.80]".to_owned(), "met"));
        let drained = "throughput ratio with the drain";
        assert_eq!(shown(drained), ("0.50 [0.40 – 0.60]".to_owned(), ""));
    }
}
