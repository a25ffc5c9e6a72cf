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
    generator::{Asking, Crowd, check_answers, closed_loop, told},
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
        quick_s: 8,
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
        let drained = drain(&bench, purchases).await;
        println!("  drain {:.0}/s, raw {:.0}/s", drained.steady, drained.raw);
        rounds.push(drained);
    }
    let mut measured = Measured::default();
    let of = format!("{purchases} attempts");
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
    measured.note(
        "the outbox is filled while Postgres is stopped; 1,000 rows a raw statement, in the same \
         Postgres once the server has stopped and all is vacuumed and written",
    );
    measured
}

/// Fills the outbox while Postgres is away, and measures from its return.
async fn drain(bench: &Bench, purchases: u64) -> Drained {
    let ground = Ground::redis(bench, Fsync::EverySecond, Level::Gate).await;
    ground.open(NOWHERE, STOCK).await;
    let skus = [NOWHERE.to_owned()];
    let before = Books::now(ground.shop(), &skus).await;
    let postgres = &ground.own().postgres;
    postgres.lock().await.stop();
    let crowd = Crowd {
        connections: CONNECTIONS,
        requests: Some(purchases),
        duration: LIMIT,
        keep_alive: true,
        until_sold_out: false,
    };
    let asking = Asking::new(ground.base_url(), NOWHERE, "waiting");
    let report = closed_loop(asking, crowd).await;
    // Whatever is wrong, the next line needs it too.
    postgres.lock().await.restart().await;
    let back = Instant::now();
    check_answers(&report);
    let mut first = None;
    let purchases = loop {
        let ((recorded, sold), now) = (recorded(&ground).await, Instant::now());
        if first.is_none() && recorded > 0 {
            first = Some((recorded, now));
        }
        if recorded >= sold.max(report.success()) {
            break recorded;
        }
        assert!(back.elapsed() < LIMIT, "{recorded} of {sold} within {LIMIT:?}");
        sleep(LOOK_EVERY).await;
    };
    assert!(purchases > 0, "wrong answers: nothing was sold, {:?}", report.outcomes);
    let rate = |count: u64, since: Instant| real(count) / since.elapsed().as_secs_f64();
    let whole = rate(purchases, back);
    // A drain that is over before the second look is known from its begin alone.
    let steady = match first {
        Some((seen, at)) if seen < purchases => rate(purchases - seen, at),
        Some(_) | None => whole,
    };
    let (after, _) = Books::settled(ground.shop(), &skus).await;
    after.check(before, told(&report));
    ground.check_rows().await;
    // Nothing shares Postgres with what the drain is held to.
    let (_, own) = ground.stop().await;
    let own = own.expect("the engine redis");
    let raw = raw_insert(&own.ledger_url, ROWS).await;
    assert_eq!(raw.rows, purchases, "as many rows as the drain recorded");
    Drained { steady, whole, raw: real(raw.rows) / raw.took.as_secs_f64() }
}

/// Purchases that the ledger has, and that the gate has sold; 0 while the server cannot tell.
async fn recorded(ground: &Ground) -> (u64, u64) {
    let product = ground.shop().try_product(NOWHERE).await;
    let count = |field: &str| product.as_ref()?.body["data"][field].as_u64();
    let both = count("persistedPurchases").zip(count("totalPurchases"));
    both.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::ROWS;

    #[test]
    fn a_raw_statement_has_as_many_rows_as_a_commit_as_shipped() {
        let settings = include_str!("../../../../.env.example");
        assert!(settings.contains(&format!("\nSTAMPEDE_OUTBOX_ROWS_MAX={ROWS}\n")));
    }
}
