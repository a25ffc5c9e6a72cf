//! P12: a sale that very many watch while another one sells.

use std::{future::pending, rc::Rc, time::Duration};

use futures::FutureExt;
use stampede_testkit::servers::Fsync;
use tokio::{sync::oneshot, time::sleep};

use crate::{
    ask::{Ask, Level, NOWHERE, OPEN, STOCK},
    bare::Status,
    bench::{Bench, in_turn},
    books::{Answered, Books},
    figure::{Figure, Spread, Unit, millis, real, whole},
    generator::{Asking, Report, Watch, Watched, check_answers, open_loop, refused, told, watch},
    ground::Ground,
    line::{Line, Measured},
};

/// The part of the capacity that arrives at the other sale.
const BESIDE: f64 = 0.2;
/// Changes of the stock a second.
const CHANGES_PER_S: u32 = 10;
const CHANGES_PER_S_MIN: f64 = 9.5;
const EVERY: Duration = Duration::from_millis(100);
/// Until what was opened has settled.
const SETTLES: Duration = Duration::from_secs(1);
const DELAY_MAX_MS: f64 = 250.0;
const RESIDENT_MAX_KIB: f64 = 8.0;
/// What the server may add to the bare handler's p99 at the same rate.
const P99_ADDED_MAX_MS: f64 = 3.0;
/// The same where streams, their clients and the stores share two cores.
const P99_ADDED_RESTATED_MS: f64 = 110.0;
/// The load of the bare handler that is most like this one.
const LIKE_CONNECTIONS: u32 = 64;

pub(super) fn line() -> Line {
    Line {
        names: &["P12"],
        what: "10,000 streams, stock changing 10 times a second, attempts at 20 % of the capacity",
        quick_s: 8,
        measure: Some(|bench| measure(bench).boxed_local()),
    }
}

/// One run of each of the two.
struct Round {
    watched: Watched,
    /// Memory by which the server has grown: once the streams were open, and when all was over.
    grown: [u64; 2],
    ours: Report,
    theirs: Report,
}

async fn measure(bench: Rc<Bench>) -> Measured {
    let rate = whole(bench.rates().await.recorded * BESIDE);
    let (streams, seconds): (u32, u32) = bench.pace.pick((10_000, 20), (200, 1));
    let lasts = Duration::from_secs(seconds.into());
    let bare = bench.bare(Ask::Accepted(Level::Gate), LIKE_CONNECTIONS, &Status::none()).await;
    let mut rounds = Vec::new();
    for number in 1..=bench.pace.rounds {
        let theirs = open_loop(Asking::new(bare.base_url(), NOWHERE, "beside"), rate, lasts);
        let ours = Box::pin(watched(&bench, streams, seconds, rate));
        let (theirs, (watched, grown, ours)) = in_turn(number, theirs, ours).await;
        check_answers(&theirs);
        println!("  p99 until a change is there {:?}", watched.report.delays.p99());
        rounds.push(Round { watched, grown, ours, theirs });
    }
    let mut measured = measured(streams, &rounds);
    measured.note(format!("{rate} attempts/s at another sale; the bare handler had no streams"));
    measured
}

/// A server of its own, so that no memory of an earlier round is there to be used again.
async fn watched(
    bench: &Bench,
    streams: u32,
    seconds: u32,
    rate: u32,
) -> (Watched, [u64; 2], Report) {
    let ground = Ground::redis(bench, Fsync::EverySecond, Level::Gate).await;
    ground.open(OPEN, STOCK).await;
    ground.open(NOWHERE, STOCK).await;
    let skus = [OPEN.to_owned(), NOWHERE.to_owned()];
    let before = Books::now(ground.shop(), &skus).await;
    let resident = ground.resident_bytes();
    let grown = || ground.resident_bytes().saturating_sub(resident);
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
        let opened = grown();
        let asking = Asking::new(ground.base_url(), NOWHERE, "beside");
        let ours = open_loop(asking, rate, Duration::from_secs(seconds.into())).await;
        ([opened, grown()], ours)
    };
    let (watched, (grown, ours)) = tokio::join!(watch(order, opened), beside);
    check_answers(&ours);
    let (after, _) = Books::settled(ground.shop(), &skus).await;
    let (beside, refused) = (told(&ours), u64::from(watched.refused));
    after.check(
        before,
        Answered {
            successes: beside.successes + u64::from(changes) - refused,
            refused: beside.refused + refused,
            unknown: beside.unknown + refused,
        },
    );
    ground.check_rows().await;
    (watched, grown, ours)
}

fn measured(streams: u32, rounds: &[Round]) -> Measured {
    let mut measured = Measured::default();
    let of = format!("{streams} streams");
    let figure = |name, unit, value: &dyn Fn(&Round) -> f64| {
        Figure::new(of.clone(), name, unit, Spread::of(rounds.iter().map(value)))
    };
    let delay = |round: &Round| millis(round.watched.report.delays.p99());
    let delay = figure("p99 until a change is there", Unit::Millis, &delay);
    measured.add(delay.at_most(DELAY_MAX_MS));
    let changes = figure("changes", Unit::PerSecond, &|round| round.watched.changes_per_s);
    measured.add(changes.at_least(CHANGES_PER_S_MIN));
    let each_kib = |grown: u64| real(grown) / 1_024.0 / f64::from(streams);
    let resident = |round: &Round| each_kib(round.grown[0]);
    let resident = figure("resident a stream", Unit::Kibibytes, &resident);
    measured.add(resident.at_most(RESIDENT_MAX_KIB));
    let resident = |round: &Round| each_kib(round.grown[1]);
    measured.add(figure("the same after the attempts", Unit::Kibibytes, &resident));
    // Of the decided: what is refused is refused at once.
    let p99 = |report: &Report| millis(report.decided.p99());
    let added = |round: &Round| p99(&round.ours) - p99(&round.theirs);
    let added = figure("attempts' p99 above the bare handler's", Unit::Millis, &added);
    measured.add(added.at_most(P99_ADDED_MAX_MS).restated(P99_ADDED_RESTATED_MS));
    measured.add(figure("attempts' p99", Unit::Millis, &|round| p99(&round.ours)));
    let refused = |round: &Round| real(refused(&round.ours)) + f64::from(round.watched.refused);
    let refused = figure("refused or too late", Unit::Count, &refused);
    measured.add(refused.at_most(0.0));
    let longest = |round: &Round| millis(round.watched.report.delays.max());
    measured.add(figure("longest until a change is there", Unit::Millis, &longest));
    measured.add(figure("events", Unit::Count, &|round| real(round.watched.report.events)));
    measured
}
