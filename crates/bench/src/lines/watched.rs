//! P12: a sale that very many watch while another one sells.

use std::{future::pending, rc::Rc, time::Duration};

use futures::FutureExt;
use stampede_testkit::servers::Fsync;
use tokio::{sync::oneshot, time::sleep};

use crate::{
    ask::{Ask, Level, NOWHERE, OPEN, STOCK},
    bare::Status,
    bench::Bench,
    books::{Answered, Books},
    figure::{Figure, Spread, Unit, millis, real, whole},
    generator::{Asking, Watch, check_answers, open_loop, refused, told, watch},
    ground::Ground,
    line::{Line, Measured},
};

/// The part of the capacity that arrives at the other sale.
const BESIDE: f64 = 0.2;
/// Changes of the stock a second.
const CHANGES_PER_S: u32 = 10;
const EVERY: Duration = Duration::from_millis(100);
/// Until what was opened has settled.
const SETTLES: Duration = Duration::from_secs(1);
const DELAY_MAX_MS: f64 = 250.0;
const RESIDENT_MAX_KIB: f64 = 8.0;
/// What the server may add to the bare handler's p99 at the same rate.
const P99_ADDED_MAX_MS: f64 = 3.0;
/// The load of the bare handler that is most like this one.
const LIKE_CONNECTIONS: u32 = 64;

pub(super) fn line() -> Line {
    Line {
        names: &["P12"],
        what: "10,000 streams, stock changing 10 times a second, attempts at 20 % of the capacity",
        measure: Some(|bench| measure(bench).boxed_local()),
    }
}

async fn measure(bench: Rc<Bench>) -> Measured {
    let rate = whole(bench.capacity().await * BESIDE);
    let (streams, seconds): (u32, u32) = bench.pace.pick((10_000, 20), (200, 2));
    let lasts = Duration::from_secs(seconds.into());
    let bare = bench.bare(Ask::Accepted(Level::Gate), LIKE_CONNECTIONS, &Status::none()).await;
    let theirs = open_loop(Asking::new(bare.base_url(), NOWHERE, "beside"), rate, lasts).await;
    check_answers(&theirs);
    drop(bare);

    let ground = Ground::redis(Fsync::EverySecond, Level::Gate).await;
    ground.open(OPEN, STOCK).await;
    ground.open(NOWHERE, STOCK).await;
    let skus = [OPEN.to_owned(), NOWHERE.to_owned()];
    let before = Books::now(ground.shop(), &skus).await;
    let resident = ground.resident_bytes();
    let changes = seconds * CHANGES_PER_S;
    let order = Watch {
        base_url: ground.base_url().to_owned(),
        sku: OPEN.to_owned(),
        streams: streams.try_into().expect("a size"),
        changes,
        every: EVERY,
    };
    let (opened, are_open) = oneshot::channel();
    let beside = async {
        if are_open.await.is_err() {
            // Why they are not is what opening them panics with.
            pending::<()>().await;
        }
        sleep(SETTLES).await;
        let grown = ground.resident_bytes().saturating_sub(resident);
        let asking = Asking::new(ground.base_url(), NOWHERE, "beside");
        (grown, open_loop(asking, rate, lasts).await)
    };
    let (watched, (grown, ours)) = tokio::join!(watch(order, opened), beside);
    check_answers(&ours);
    let (after, _) = Books::settled(ground.shop(), &skus).await;
    let Answered { successes, unknown } = told(&ours);
    let told = Answered { successes: successes + u64::from(changes), unknown };
    after.check(before, told);

    let mut measured = Measured::default();
    let of = format!("{streams} streams");
    let once = |name, unit, value| Figure::new(of.clone(), name, unit, Spread::once(value));
    let delay = once("p99 until a change is there", Unit::Millis, millis(watched.delays.p99()));
    measured.add(delay.at_most(DELAY_MAX_MS));
    measured.add(once("changes missing", Unit::Count, real(watched.missing)).at_most(0.0));
    measured.add(once("streams broken", Unit::Count, real(watched.broken)).at_most(0.0));
    let each_kib = real(grown) / 1_024.0 / f64::from(streams);
    let resident = once("resident a stream", Unit::Kibibytes, each_kib);
    measured.add(resident.at_most(RESIDENT_MAX_KIB));
    // Of the decided: what is refused is refused at once.
    let (ours_p99, theirs_p99) = (millis(ours.decided.p99()), millis(theirs.decided.p99()));
    let added = once("attempts' p99 above the bare handler's", Unit::Millis, ours_p99 - theirs_p99);
    measured.add(added.at_most(P99_ADDED_MAX_MS));
    measured.add(once("attempts' p99", Unit::Millis, ours_p99));
    let refused = once("attempts refused or too late", Unit::Count, real(refused(&ours)));
    measured.add(refused.at_most(0.0));
    let longest = millis(watched.delays.max());
    measured.add(once("longest until a change is there", Unit::Millis, longest));
    measured.add(once("events", Unit::Count, real(watched.events)));
    measured.note(format!("{rate} attempts/s at another sale; the bare handler had no streams"));
    measured
}
