//! The server beside the bare handler, in turns, under the same closed loop.

use std::time::Instant;

use stampede_testkit::shop::Shop;

use crate::{
    ask::{Ask, GONE, NOWHERE, OPEN, STOCK, attempt_request, status_request},
    bare::{Bare, Status},
    bench::{Bench, attempts, in_turn, to_bare},
    books::{Answered, Books, answered, outcomes},
    figure::{Figure, Spread, Unit, real},
    ground::Ground,
    line::Measured,
    process::cpu_s,
    sample::Sample,
    wrk::{self, BUSY, Closed, Run, Sent},
};

/// What the server answers a second.
pub(crate) const OURS: &str = "ours";
/// The same over the time until the ledger had all that was sold.
pub(crate) const RECORDED: &str = "ours with the drain";
/// A sale of which single answers are compared.
const COMPARED: &str = "ROUND-TEST";
/// The label of a status read that was answered.
const STATUS_READ: &str = r#"route="/api/v1/sales",status_code="200""#;

/// The least that ratios may be at some number of connections.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Floors {
    pub(crate) throughput: Floor,
    pub(crate) cpu: Option<Floor>,
    /// Of purchases over the time until the ledger had them all.
    pub(crate) drained: Option<Floor>,
}

/// The least that was asked of a ratio, and what it is held to instead, where that is out of reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Floor {
    pub(crate) asked: f64,
    pub(crate) restated: f64,
}

/// One turn of a server.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) closed: Closed,
    /// What the process alone computed for one request.
    pub(crate) cpu_us: f64,
    pub(crate) drained: Option<Drained>,
}

/// The same turn until the ledger had all that it sold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drained {
    /// Purchases a second.
    pub(crate) rate: f64,
    pub(crate) cpu_us: f64,
}

/// Attempts a second that are accepted, and that are recorded too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    pub(crate) accepted: f64,
    pub(crate) recorded: f64,
}

/// The rates of one turn at a sale of its own.
pub(crate) async fn rates(ground: &Ground, connections: u32, seconds: u32) -> Rates {
    let turn = selling_turn(ground, Load { connections, seconds, number: 0 }).await;
    Rates { accepted: turn.closed.rate, recorded: turn.recorded() }
}

impl Turn {
    /// Answers a second, over the time until the ledger had what they sold.
    pub(crate) fn recorded(&self) -> f64 {
        self.drained.map_or(self.closed.rate, |drained| drained.rate)
    }
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
            let pair = in_turn(number, bare_turn(&bare, ask, load), turn(ground, ask, load));
            let (bare, own) = pair.await;
            let (of, bare_rate, own_rate) = (at(connections), bare.closed.rate, own.closed.rate);
            println!("  {of}: bare {bare_rate:.0}/s, ours {own_rate:.0}/s");
            theirs.push(bare);
            ours.push(own);
        }
        add_figures(&mut measured, connections, &ours, &theirs, floors(connections));
    }
    ground.check_rows().await;
    measured
}

/// What is sent in one turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) connections: u32,
    pub(crate) seconds: u32,
    /// Of the turn, so that its sale and its buyers are of it alone.
    pub(crate) number: u32,
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
    assert_eq!(closed.refused, 0, "the bare handler refuses nothing");
    Turn { cpu_us: cpu_us(bare.pid(), cpu, &closed), closed, drained: None }
}

async fn turn(ground: &Ground, ask: Ask, load: Load) -> Turn {
    let shop = ground.shop();
    match ask {
        Ask::Status => {
            let before = status_reads(shop).await;
            let turn = sent_turn(ground, load, Sent::Status { sku: OPEN.to_owned() }).await;
            assert_eq!(turn.closed.refused, 0, "a status is always known");
            check_count(&turn.closed, status_reads(shop).await - before, load, "status reads");
            turn
        }
        Ask::SoldOut => {
            let (books, before) = (Books::now(shop, &[]).await, outcomes(shop, "SOLD_OUT").await);
            let turn = sent_turn(ground, load, attempts(GONE, load.number)).await;
            let told = Answered { successes: 0, ..answered(&turn.closed, load.connections) };
            Books::now(shop, &[]).await.check(books, told);
            let after = outcomes(shop, "SOLD_OUT").await;
            check_count(&turn.closed, after - before, load, "rejections");
            turn
        }
        Ask::Accepted(_) => selling_turn(ground, load).await,
    }
}

async fn status_reads(shop: &Shop) -> u64 {
    shop.counter_so_far("http_requests_total", STATUS_READ).await
}

/// One turn, whose purchases must all be in the ledger before it counts.
pub(crate) async fn selling_turn(ground: &Ground, load: Load) -> Turn {
    let skus = [format!("ROUND-{:04}", load.number)];
    ground.open(&skus[0], STOCK).await;
    let before = Books::now(ground.shop(), &skus).await;
    let (begun, cpu) = (Instant::now(), cpu_s(ground.pid()));
    let mut turn = sent_turn(ground, load, attempts(&skus[0], load.number)).await;
    let (after, since) = Books::settled(ground.shop(), &skus).await;
    after.check(before, answered(&turn.closed, load.connections));
    let recorded = real(after.recorded - before.recorded);
    turn.drained = Some(Drained {
        rate: recorded / since.duration_since(begun).as_secs_f64(),
        cpu_us: cpu_us(ground.pid(), cpu, &turn.closed),
    });
    turn
}

async fn sent_turn(ground: &Ground, load: Load, sent: Sent) -> Turn {
    let cpu = cpu_s(ground.pid());
    let closed = wrk::run(load.run(ground.base_url(), sent)).await;
    Turn { cpu_us: cpu_us(ground.pid(), cpu, &closed), closed, drained: None }
}

/// Microseconds that a process computed for each request since it had computed `before` seconds.
fn cpu_us(pid: u32, before: f64, closed: &Closed) -> f64 {
    // A clock of 10 ms may have seen nothing of a very short turn.
    (cpu_s(pid) - before).max(0.01) * 1_000_000.0 / real(closed.answered.max(1))
}

/// What wrk was answered the server has counted, and hardly more: what was under way at the end.
fn check_count(closed: &Closed, counted: u64, load: Load, what: &str) {
    let most = closed.answered + u64::from(load.connections);
    assert!(
        (closed.answered..=most).contains(&counted),
        "wrong answers: {} of the status 200, and the server counted {counted} {what}",
        closed.answered
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
    let mut ratio = |name, values: Vec<f64>, floor: Option<Floor>| {
        if !values.is_empty() {
            let figure = figure(name, Unit::Ratio, values);
            measured.add(match floor {
                Some(Floor { asked, restated }) => figure.at_least(asked).restated(restated),
                None => figure,
            });
        }
    };
    let rates = turns().map(|(ours, theirs)| ours.closed.rate / theirs.closed.rate);
    ratio("throughput ratio", rates.collect(), Some(floors.throughput));
    ratio(
        "CPU ratio",
        turns().map(|(ours, theirs)| theirs.cpu_us / ours.cpu_us).collect(),
        floors.cpu,
    );
    let drained = || turns().filter_map(|(ours, theirs)| Some((ours.drained?, theirs)));
    let rates = drained().map(|(ours, theirs)| ours.rate / theirs.closed.rate);
    ratio("throughput ratio with the drain", rates.collect(), floors.drained);
    let cpu = drained().map(|(ours, theirs)| theirs.cpu_us / ours.cpu_us);
    ratio("CPU ratio with the drain", cpu.collect(), None);
    let refused = ours.iter().map(|turn| real(turn.closed.refused)).collect();
    measured.add(figure("refused", Unit::Count, refused).at_most(0.0));
    for (name, p99, cpu, busy, turns) in [
        (OURS, "p99 of ours", "CPU of ours", "wrk's core, at ours", ours),
        ("bare", "p99 of bare", "CPU of bare", "wrk's core, at bare", theirs),
    ] {
        let of = |value: fn(&Turn) -> f64| turns.iter().map(value).collect::<Vec<f64>>();
        measured.add(figure(name, Unit::PerSecond, of(|turn| turn.closed.rate)));
        measured.add(figure(p99, Unit::Millis, of(|turn| turn.closed.p99_ms)));
        measured.add(figure(cpu, Unit::Micros, of(|turn| turn.cpu_us)));
        measured.add(figure(busy, Unit::Ratio, of(|turn| turn.closed.busy)));
    }
    let recorded: Vec<f64> = drained().map(|(ours, _)| ours.rate).collect();
    if !recorded.is_empty() {
        measured.add(figure(RECORDED, Unit::PerSecond, recorded));
    }
    if turns().any(|(ours, theirs)| ours.closed.busy.max(theirs.closed.busy) > BUSY) {
        let of = at(connections);
        measured.note(format!("at {of} wrk was busy all the time: it may be what limited a rate"));
    }
}

#[cfg(test)]
mod tests {
    use super::{Drained, Floor, Floors, Turn, add_figures};
    use crate::{line::Measured, wrk::Closed};

    fn turn(rate: f64, cpu_us: f64, drained: Option<f64>) -> Turn {
        let closed = Closed { answered: 1, refused: 0, rate, p99_ms: 1.0, busy: rate / 100.0 };
        let drained = drained.map(|rate| Drained { rate, cpu_us: cpu_us * 2.0 });
        Turn { closed, cpu_us, drained }
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let ours = [turn(50.0, 20.0, Some(40.0)), turn(80.0, 15.0, Some(60.0))];
        let theirs = [turn(100.0, 10.0, None), turn(100.0, 12.0, None)];
        let floor = |asked| Floor { asked, restated: 0.66 };
        let floors = Floors { throughput: floor(0.7), cpu: Some(floor(0.5)), drained: None };
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
        let drained = "CPU ratio with the drain";
        assert_eq!(shown(drained), ("0.33 [0.25 – 0.40]".to_owned(), ""));
        assert_eq!(shown("refused"), ("0".to_owned(), "met"));
        assert_eq!(measured.notes.len(), 1, "wrk was busy at the bare handler");
    }
}
