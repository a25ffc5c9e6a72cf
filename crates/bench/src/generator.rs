//! Load by our own generator: the one place that names it.

use std::time::{Duration, Instant};

use stampede_load::{
    Attempts, ClosedLoop, Code, OpenLoop, Target, WatchReport, Watchers, on_its_own_thread,
};
use stampede_testkit::{servers::raise_file_limit, shop::Shop};
use tokio::{
    sync::oneshot,
    time::{interval, sleep},
};

pub(crate) use stampede_load::{Report, Second};

use crate::{books::Answered, chart::Series, figure::millis};

/// Connections of an open loop, and so requests under way at a time.
const CONNECTIONS_MAX: usize = 2_000;
/// How long a buyer waits.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Streams that are opened at a time: fewer than may wait to be accepted.
const OPENED_AT_ONCE_MAX: usize = 256;
/// Files besides connections that are open at most.
const OTHER_FILES: usize = 256;
/// How long the last change may take to every stream, and how often it is looked.
const LOOK_EVERY: Duration = Duration::from_millis(10);
const LAST_CHANGE_MAX: Duration = Duration::from_secs(10);
/// What a thread of its own needs.
const THREAD: &str = "a runtime";

/// Attempts at one sale of one server, each by another buyer, whose name begins with `prefix`.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    base_url: String,
    sku: String,
    prefix: String,
}

impl Asking {
    pub(crate) fn new(base_url: &str, sku: &str, prefix: &str) -> Self {
        let own = str::to_owned;
        Self { base_url: own(base_url), sku: own(sku), prefix: own(prefix) }
    }

    fn script(&self) -> (Target, Attempts) {
        let target = target(&self.base_url);
        let script = Attempts::of(&target, &self.sku, &self.prefix);
        (target, script)
    }
}

/// So many attempts a second, whatever the server does.
pub(crate) async fn open_loop(asking: Asking, rate_per_s: u32, duration: Duration) -> Report {
    let load =
        OpenLoop { rate_per_s, duration, connections_max: CONNECTIONS_MAX, answer_max: ANSWER_MAX };
    allow(CONNECTIONS_MAX);
    let run = move || async move {
        let (target, script) = asking.script();
        load.run(&target, script).await
    };
    on_its_own_thread(run).await.expect(THREAD)
}

/// A crowd of so many connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    pub(crate) connections: usize,
    pub(crate) requests: Option<u64>,
    pub(crate) duration: Duration,
    /// Whether a connection is used again.
    pub(crate) keep_alive: bool,
    /// Whether nobody asks any more once one was told that all is sold.
    pub(crate) until_sold_out: bool,
}

/// Attempts of a crowd, each connection's next when the last is answered.
pub(crate) async fn closed_loop(asking: Asking, crowd: Crowd) -> Report {
    let Crowd { connections, requests, duration, keep_alive, until_sold_out } = crowd;
    let load = ClosedLoop {
        connections,
        requests,
        duration,
        answer_max: ANSWER_MAX,
        keep_alive,
        stop_at: until_sold_out.then_some(Code::SoldOut),
    };
    allow(connections);
    let run = move || async move {
        let (target, script) = asking.script();
        load.run(&target, script).await
    };
    on_its_own_thread(run).await.expect(THREAD)
}

/// What the clients of a run were told of their purchases.
///
/// Only a success, a rejection and 429 say that it is known what became of an attempt; and one that
/// was never sent bought nothing.
pub(crate) fn told(report: &Report) -> Answered {
    let known = report.success() + rejected(report) + report.failed(429);
    let (successes, refused) = (report.success(), report.failed(503));
    Answered { successes, refused, unknown: report.sent - known }
}

/// Attempts that were judged and not accepted.
pub(crate) fn rejected(report: &Report) -> u64 {
    let codes = [Code::SoldOut, Code::AlreadyPurchased, Code::SaleNotActive, Code::Other];
    codes.into_iter().map(|code| report.rejected(code)).sum()
}

/// Attempts that were refused or not answered in time: what a server may do that is asked too much,
/// and a figure where it is not.
pub(crate) fn refused(report: &Report) -> u64 {
    report.failed(503) + report.failed(429) + report.timed_out()
}

/// Every attempt was judged, refused, or answered too late; all else is wrong.
pub(crate) fn check_answers(report: &Report) {
    check_said(report);
    assert_eq!(report.broken(), 0, "connections broke: {:?}", report.breaks);
}

/// The same of those whose connections held.
pub(crate) fn check_said(report: &Report) {
    let right = report.success() + rejected(report) + refused(report);
    let (held, outcomes) = (report.due() - report.broken(), &report.outcomes);
    assert_eq!(right, held, "wrong answers: {outcomes:?} {:?}", report.breaks);
}

/// The latencies of a run as a curve.
pub(crate) fn curve(name: impl Into<String>, report: &Report) -> Series {
    let points = report.latencies.points().into_iter();
    Series { name: name.into(), points: points.map(|(part, ms)| (part, millis(ms))).collect() }
}

/// What [`watch`] does.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) base_url: String,
    pub(crate) sku: String,
    pub(crate) streams: usize,
    /// Purchases of one unit, and so changes of the stock.
    pub(crate) changes: u32,
    pub(crate) every: Duration,
}

/// What the streams told.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    pub(crate) report: WatchReport,
    /// A change waits for the answer to the one before, so that there may be fewer than asked for.
    pub(crate) changes_per_s: f64,
    /// Purchases that were answered by 503.
    pub(crate) refused: u32,
}

/// Opens streams of a sale, says so by `opened`, and buys of it in even steps; every stream has to
/// stay and to tell of each.
///
/// A change counts from the instant at which its attempt was sent, which is before the change.
pub(crate) async fn watch(watch: Watch, opened: oneshot::Sender<()>) -> Watched {
    allow(watch.streams);
    let watched = on_its_own_thread(move || async move {
        let Watch { base_url, sku, streams, changes, every } = watch;
        let shop = Shop::at(&base_url);
        let target = target(&base_url);
        let watchers = Watchers::open(&target, &sku, streams, OPENED_AT_ONCE_MAX).await;
        let watchers = watchers.unwrap_or_else(|fault| panic!("{streams} streams: {fault}"));
        opened.send(()).ok();
        let mut ticks = interval(every);
        let begun = Instant::now();
        let mut refused = 0;
        for change in 0..changes {
            ticks.tick().await;
            let sent = Instant::now();
            let answer = shop.buy(&sku, &format!("watched-{change}")).await;
            if answer.status == 503 {
                refused += 1;
                continue;
            }
            let left = answer.data()["remaining"].as_u64().and_then(|left| left.try_into().ok());
            watchers.changed(left.expect("units that are left"), sent);
        }
        // The last has its time too.
        ticks.tick().await;
        let changes_per_s = f64::from(changes - refused) / begun.elapsed().as_secs_f64();
        let told = Instant::now();
        while watchers.missing() > 0 && told.elapsed() < LAST_CHANGE_MAX {
            sleep(LOOK_EVERY).await;
        }
        Watched { report: watchers.finish().await, changes_per_s, refused }
    });
    let watched = watched.await.expect(THREAD);
    let WatchReport { broken, breaks, missing, .. } = &watched.report;
    assert_eq!(*broken, 0, "streams broke: {breaks:?}");
    assert_eq!(*missing, 0, "changes that streams never told of");
    watched
}

/// Sees to it that so many connections may be open here; a server that is started later may open
/// as many.
fn allow(connections: usize) {
    let needed = u64::try_from(connections + OTHER_FILES).unwrap_or(u64::MAX);
    let allowed = raise_file_limit();
    assert!(
        allowed.is_none_or(|files| files >= needed),
        "{connections} connections need {needed} open files, and this system allows {allowed:?}: \
         raise its hard limit (`ulimit -Hn`)"
    );
}

fn target(base_url: &str) -> Target {
    Target::parse(base_url).unwrap_or_else(|error| panic!("{base_url}: {error}"))
}
