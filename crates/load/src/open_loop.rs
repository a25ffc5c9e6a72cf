//! Arrivals at a fixed rate.

use std::{
    iter::repeat_with,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{Report, Script, Target, connection::Connection, run::Run};

const NANOS_A_SECOND: u128 = 1_000_000_000;
const MS_A_SECOND: u64 = 1_000;

/// Arrivals at a fixed rate, whatever the server does.
///
/// Request n is due at `start + n / rate_per_s`, rounded up to a whole millisecond since the start,
/// and the next free connection sends the oldest that is due. Connections take turns. They are
/// opened before the first arrival, so that what is measured is requests and no crowd of
/// newcomers; one that breaks is opened again by the next request that needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenLoop {
    /// Arrivals a second.
    pub rate_per_s: u32,
    /// How long requests arrive.
    pub duration: Duration,
    /// Connections, and so requests on their way at one time. While all are busy, what is due
    /// waits.
    pub connections_max: usize,
    /// How long after it was due a request is given up, sent or not; an hour at most.
    pub answer_max: Duration,
}

impl OpenLoop {
    /// Sends what `script` writes, until all that was due is answered or given up.
    ///
    /// Takes `duration` and `answer_max` at most, the opening of connections before left out.
    /// Dropped before its end, it closes them.
    pub async fn run(&self, target: &Target, script: impl Script + Send + 'static) -> Report {
        let opened = self.open(target).await;
        let run = Arc::new(Run::new(target, script, self.answer_max, true));
        let arrivals = Arc::new(Arrivals::new(self, run.started));
        let mut connections = JoinSet::new();
        for connection in opened {
            connections.spawn(serve(connection, Arc::clone(&run), Arc::clone(&arrivals)));
        }
        arrivals.pace(&run).await;
        connections.join_all().await;
        run.report()
    }

    /// All connections, open as far as the server lets them: one after the other, for at once they
    /// may be more than its system takes. The first that does not open is the last that is tried;
    /// the requests that need the others say why.
    async fn open(&self, target: &Target) -> Vec<Connection> {
        let needed = usize::try_from(self.arrivals()).unwrap_or(usize::MAX);
        let count = self.connections_max.min(needed);
        let mut connections: Vec<Connection> = repeat_with(Connection::new).take(count).collect();
        for connection in &mut connections {
            if !connection.open(target.address, self.answer_max).await {
                break;
            }
        }
        connections
    }

    fn arrivals(&self) -> u64 {
        let arrivals = self.duration.as_nanos().saturating_mul(self.rate_per_s.into());
        u64::try_from(arrivals.div_ceil(NANOS_A_SECOND)).unwrap_or(u64::MAX)
    }
}

/// Sends due requests over one connection until there will be no more.
async fn serve<S: Script>(mut connection: Connection, run: Arc<Run<S>>, arrivals: Arc<Arrivals>) {
    while let Some(number) = arrivals.take().await {
        let due = arrivals.due(number);
        if due.elapsed() >= run.answer_max {
            run.give_up();
        } else {
            connection.ask(&run, number, due).await;
        }
    }
}

/// The requests of an open loop in order. Which of them wait is told by two numbers, so that any
/// number may wait.
struct Arrivals {
    start: Instant,
    rate_per_s: u64,
    total: u64,
    /// How many of them were taken by a connection or given up: the oldest.
    taken: AtomicU64,
    /// A permit for each that is due and not taken. First come, first served, so connections take
    /// turns; closed when none will come any more.
    waiting: Semaphore,
}

impl Arrivals {
    fn new(asked: &OpenLoop, start: Instant) -> Self {
        Self {
            start,
            rate_per_s: asked.rate_per_s.into(),
            total: asked.arrivals(),
            taken: AtomicU64::new(0),
            waiting: Semaphore::new(0),
        }
    }

    /// When that request is due.
    fn due(&self, number: u64) -> Instant {
        let due_ms = number.saturating_mul(MS_A_SECOND).div_ceil(self.rate_per_s.max(1));
        self.start + Duration::from_millis(due_ms)
    }

    /// How many requests are due by so many milliseconds after the start.
    fn due_within(&self, since_start_ms: u64) -> u64 {
        let after_the_first = since_start_ms.saturating_mul(self.rate_per_s) / MS_A_SECOND;
        self.total.min(after_the_first.saturating_add(1))
    }

    /// The oldest request that is due; `None` when there will be no more.
    async fn take(&self) -> Option<u64> {
        self.waiting.acquire().await.ok()?.forget();
        Some(self.taken.fetch_add(1, Ordering::Relaxed))
    }

    /// Releases each request when it is due, and gives up those that waited for a connection as
    /// long as an answer may take; done when the last is taken.
    async fn pace<S: Script>(&self, run: &Run<S>) {
        let mut released = 0;
        while self.taken.load(Ordering::Relaxed) < self.total {
            let now_ms = whole_ms(self.start.elapsed());
            let due = self.due_within(now_ms);
            self.waiting.add_permits(to_permits(due - released));
            released = due;
            self.give_up_late(run);
            sleep_until(self.start + Duration::from_millis(now_ms + 1)).await;
        }
        self.waiting.close();
    }

    fn give_up_late<S: Script>(&self, run: &Run<S>) {
        let Some(late) = self.start.elapsed().checked_sub(run.answer_max) else { return };
        let too_late = self.due_within(whole_ms(late));
        let untaken = too_late.saturating_sub(self.taken.load(Ordering::Relaxed));
        let given_up = self.waiting.forget_permits(to_permits(untaken)) as u64;
        self.taken.fetch_add(given_up, Ordering::Relaxed);
        for _ in 0..given_up {
            run.give_up();
        }
    }
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn to_permits(requests: u64) -> usize {
    usize::try_from(requests).unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Arrivals, OpenLoop};

    fn arrivals(rate_per_s: u32, duration: Duration) -> Arrivals {
        let answer_max = Duration::from_secs(1);
        let asked = OpenLoop { rate_per_s, duration, connections_max: 1, answer_max };
        Arrivals::new(&asked, Instant::now())
    }

    #[test]
    fn so_many_arrive_as_the_rate_says() {
        let total = |rate, duration| arrivals(rate, duration).total;
        assert_eq!(total(1_000, Duration::from_secs(1)), 1_000);
        assert_eq!(total(40_000, Duration::from_mins(1)), 2_400_000);
        assert_eq!(total(3, Duration::from_millis(500)), 2);
        assert_eq!(total(1_000, Duration::ZERO), 0);
        assert_eq!(total(0, Duration::from_secs(1)), 0);
    }

    #[test]
    fn a_request_is_due_at_its_arrival_rounded_up_to_a_millisecond() {
        let arrivals = arrivals(3_000, Duration::from_secs(1));
        let due_ms = |number| arrivals.due(number).duration_since(arrivals.start).as_millis();
        assert_eq!([0, 1, 2, 3, 4, 2_999].map(due_ms), [0, 1, 1, 1, 2, 1_000]);
    }

    #[test]
    fn at_every_millisecond_just_those_are_released_that_are_due() {
        for rate in [1, 3, 999, 1_000, 3_000, 40_001] {
            let arrivals = arrivals(rate, Duration::from_secs(2));
            for elapsed in 0..2_100 {
                let now = arrivals.start + Duration::from_millis(elapsed);
                let released = arrivals.due_within(elapsed);
                let is_due = |number| number < arrivals.total && arrivals.due(number) <= now;
                let count = format!("{released} at {rate}/s after {elapsed} ms");
                assert!(released == 0 || is_due(released - 1), "{count}");
                assert!(!is_due(released), "{count}");
            }
        }
    }
}
