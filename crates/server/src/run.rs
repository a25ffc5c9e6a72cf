//! Runs a node until it is told to stop, then stops it in order.

use std::{future::Future, time::Duration};

use anyhow::{Context as _, bail};
use stampede_application::{live_sales::LiveSales, ports::Causes, use_cases::ExpireArchive};
use stampede_infrastructure::queue::Queue;
use stampede_presentation::Http;
use tokio::{
    task::JoinHandle,
    time::{Instant, interval, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{role::Role, settings::StopLimits, signals::Signals, wiring::Node};

/// How long the start waits until this node knows its sales; it serves without them after that.
const LOAD_WAIT_MAX: Duration = Duration::from_secs(5);
/// How often it looks whether they are there.
const LOAD_LOOK_INTERVAL: Duration = Duration::from_millis(10);
/// How often the archive is looked through.
const EXPIRE_INTERVAL: Duration = Duration::from_hours(1);
/// What a step of the stop may take beyond its own limit before it is left behind.
const GRACE: Duration = Duration::from_secs(1);

/// Why a node stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// Somebody asked.
    Told,
    /// The engine cannot go on.
    Fatal,
}

/// Does the work of `role` until SIGTERM or SIGINT, or until the engine cannot go on. `beside` runs
/// along and is dropped when the stop begins.
///
/// # Errors
///
/// If the web layer does not run, or the engine could not go on.
pub async fn run(
    node: Node,
    http: Http,
    role: Role,
    limits: StopLimits,
    beside: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let mut signals = Signals::listen().context("signals cannot be listened for")?;
    let background = Background::start(&node, role);
    let (closing, draining) = (CancellationToken::new(), CancellationToken::new());
    let workers = tokio::spawn(record(node.queue, role, draining.clone()));
    await_sales(&node.live).await;
    for address in http.addresses() {
        tracing::info!(address = %address, "listening");
    }
    let mut serving = tokio::spawn(http.run(closing.clone()));
    let reason = tokio::select! {
        name = signals.next() => {
            tracing::info!(signal = name, "stopping");
            Reason::Told
        }
        () = node.ending.fatal.cancelled() => {
            tracing::error!("the engine cannot go on: stopping");
            Reason::Fatal
        }
        served = &mut serving => {
            served?.context("the web layer does not run")?;
            bail!("the web layer ended by itself");
        }
        () = idle_after(beside) => bail!("nothing to wait for"),
    };
    tokio::spawn(signals.exit_on_next());
    closing.cancel();
    step("requests in flight", limits.requests_max + GRACE, serving).await;
    draining.cancel();
    step("handing back the outbox", limits.outbox_max + GRACE, workers).await;
    background.stop().await;
    step("closing the engine", limits.engine_max, node.ending.close).await;
    tracing::info!("stopped");
    match reason {
        Reason::Told => Ok(()),
        Reason::Fatal => bail!("the engine could not go on"),
    }
}

/// What runs along until the outbox is handed back.
struct Background {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Background {
    fn start(node: &Node, role: Role) -> Self {
        let stop = CancellationToken::new();
        let (feed, live) = (node.feed.clone(), node.live.clone());
        let following = {
            let (live, stop) = (live.clone(), stop.clone());
            async move { feed.follow(live, stop).await }
        };
        let turning = {
            let stop = stop.clone();
            async move { live.turn(stop).await }
        };
        let mut tasks = vec![tokio::spawn(following), tokio::spawn(turning)];
        if role.records() {
            tasks.push(tokio::spawn(expire(node.expire_archive.clone(), stop.clone())));
        }
        Self { stop, tasks }
    }

    async fn stop(self) {
        self.stop.cancel();
        let all = futures::future::join_all(self.tasks);
        step("what runs in the background", GRACE, all).await;
    }
}

/// Takes purchases to the ledger and compares it with the gate, if that is of this role.
async fn record(queue: Queue, role: Role, draining: CancellationToken) {
    if role.records() {
        queue.run(draining).await;
    } else {
        tracing::info!("purchases are recorded by processes of role worker or all");
    }
}

/// Waits until this node knows its sales, so that its first answers are not 503.
async fn await_sales(live: &LiveSales) {
    let end = Instant::now() + LOAD_WAIT_MAX;
    while live.all().is_none() {
        if Instant::now() > end {
            tracing::warn!("the sales are not known yet: serving without them");
            return;
        }
        sleep(LOAD_LOOK_INTERVAL).await;
    }
}

/// Lets the archive forget, now and then.
async fn expire(archive: ExpireArchive, stop: CancellationToken) {
    let mut ticks = interval(EXPIRE_INTERVAL);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        match archive.run().await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "purchases of deleted sales left the archive"),
            Err(error) => tracing::warn!(
                error = %Causes(&error),
                "the archive was not looked through"
            ),
        }
    }
}

/// `work`, and then nothing for ever.
async fn idle_after(work: impl Future<Output = ()>) {
    work.await;
    std::future::pending::<()>().await;
}

/// One step of the stop, left behind when its limit is over.
async fn step<T>(name: &'static str, limit: Duration, work: impl Future<Output = T>) {
    let begun = Instant::now();
    let ended = timeout(limit, work).await.is_ok();
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    if ended {
        tracing::info!(step = name, took_ms, "stop: done");
    } else {
        tracing::warn!(step = name, took_ms, "stop: left behind at its limit");
    }
}
