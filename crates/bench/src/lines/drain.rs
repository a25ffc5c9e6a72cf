//! P11: the outbox into Postgres, beside rows of the same shape inserted by nothing but SQL.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use futures::FutureExt;
use stampede_testkit::servers::{Fsync, raw_insert};
use tokio::time::sleep;

use crate::{
    ask::{Level, NOWHERE, STOCK},
    bench::Bench,
    books::Books,
    figure::{Figure, Spread, Unit, real},
    generator::{Asking, Crowd, closed_loop, told},
    ground::Ground,
    line::{Line, Measured},
};

const CONNECTIONS: usize = 64;
/// How long filling and draining may take each.
const LIMIT: Duration = Duration::from_mins(3);
/// How often it is looked how far the drain is.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Rows of one raw statement: as many as the drain commits at once.
const ROWS: usize = 1_000;
const FLOOR: f64 = 0.6;

pub(super) fn line() -> Line {
    Line {
        names: &["P11"],
        what: "outbox drain, Redis to Postgres, beside a raw UNNEST",
        measure: Some(|bench| measure(bench).boxed_local()),
    }
}

/// What one drain gave, in purchases a second.
struct Drained {
    /// From the first purchase that was seen in the ledger to the last.
    steady: f64,
    /// From the return of Postgres.
    whole: f64,
    raw: f64,
}

async fn measure(bench: Rc<Bench>) -> Measured {
    let purchases = bench.pace.pick(300_000, 10_000);
    let mut rounds = Vec::new();
    for _ in 0..bench.pace.rounds {
        let drained = drain(purchases).await;
        println!("  drain {:.0}/s, raw {:.0}/s", drained.steady, drained.raw);
        rounds.push(drained);
    }
    let mut measured = Measured::default();
    let of = format!("{purchases} purchases");
    let spread = |value: &dyn Fn(&Drained) -> f64| Spread::of(rounds.iter().map(value));
    let ratio = spread(&|drained| drained.steady / drained.raw);
    let ratio = Figure::new(of.clone(), "of a raw UNNEST", Unit::Ratio, ratio);
    measured.add(ratio.at_least(FLOOR));
    for (name, rates) in [
        ("drain", spread(&|drained| drained.steady)),
        ("drain, the wait for the return of Postgres included", spread(&|drained| drained.whole)),
        ("raw UNNEST", spread(&|drained| drained.raw)),
    ] {
        measured.add(Figure::new(of.clone(), name, Unit::PerSecond, rates));
    }
    measured.note("the outbox is filled while Postgres is stopped; 1,000 rows a raw statement");
    measured
}

/// Fills the outbox while Postgres is away, and measures from its return.
async fn drain(purchases: u64) -> Drained {
    let mut ground = Ground::redis(Fsync::EverySecond, Level::Gate).await;
    ground.open(NOWHERE, STOCK).await;
    let skus = [NOWHERE.to_owned()];
    let before = Books::now(ground.shop(), &skus).await;
    let own = ground.own.as_mut().expect("the engine redis");
    own.postgres.stop();
    let crowd = Crowd {
        connections: CONNECTIONS,
        requests: Some(purchases),
        duration: LIMIT,
        keep_alive: true,
        until_sold_out: false,
    };
    let asking = Asking::new(ground.node.process.base_url(), NOWHERE, "waiting");
    let report = closed_loop(asking, crowd).await;
    assert_eq!(report.success(), purchases, "wrong answers: {:?}", report.outcomes);
    own.postgres.restart().await;
    let back = Instant::now();
    let mut first = None;
    loop {
        let (recorded, now) = (recorded(&ground).await, Instant::now());
        if first.is_none() && recorded > 0 {
            first = Some((recorded, now));
        }
        if recorded >= purchases {
            break;
        }
        assert!(back.elapsed() < LIMIT, "{recorded} of {purchases} within {LIMIT:?}");
        sleep(LOOK_EVERY).await;
    }
    let rate = |count: u64, since: Instant| real(count) / since.elapsed().as_secs_f64();
    let whole = rate(purchases, back);
    // A drain that is over before the second look is known from its begin alone.
    let steady = match first {
        Some((seen, at)) if seen < purchases => rate(purchases - seen, at),
        Some(_) | None => whole,
    };
    let (after, _) = Books::settled(ground.shop(), &skus).await;
    after.check(before, told(&report));
    let raw = raw_insert(&ground.own().postgres.url(), ROWS).await;
    assert_eq!(raw.rows, purchases, "as many rows as the drain recorded");
    Drained { steady, whole, raw: real(raw.rows) / raw.took.as_secs_f64() }
}

/// Purchases in the ledger; 0 while the server cannot tell.
async fn recorded(ground: &Ground) -> u64 {
    let product = ground.shop().try_product(NOWHERE).await;
    let recorded = product.and_then(|said| said.body["data"]["persistedPurchases"].as_u64());
    recorded.unwrap_or_default()
}
