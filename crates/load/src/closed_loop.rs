//! A crowd that asks again when it was answered.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{Code, Outcome, Report, Said, Script, Target, connection::Connection, run::Run};

/// How long a connection that broke waits before its next request. Without it, a server that is
/// not there would be asked as quickly as this machine can.
const AFTER_A_BREAK: Duration = Duration::from_millis(10);

/// A crowd: so many connections, each of which sends its next request when the last is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedLoop {
    /// Connections, and so requests on their way at one time.
    pub connections: usize,
    /// Requests in all; `None` for as many as there is time for.
    pub requests: Option<u64>,
    /// After so long no request is sent any more.
    pub duration: Duration,
    /// How long a request may take; an hour at most.
    pub answer_max: Duration,
    /// Whether a connection is used again; otherwise every request opens one of its own.
    pub keep_alive: bool,
    /// Once an answer has said this to anybody, nobody asks any more.
    pub stop_at: Option<Code>,
}

impl ClosedLoop {
    /// Sends what `script` writes, until all that was sent is answered or given up.
    ///
    /// Takes `duration` and `answer_max` at most. Dropped before, it closes its connections.
    pub async fn run(&self, target: &Target, script: impl Script + Send + 'static) -> Report {
        let run = Arc::new(Run::new(target, script, self.answer_max, self.keep_alive));
        let crowd =
            Arc::new(Crowd { asked: *self, next: AtomicU64::new(0), over: AtomicBool::new(false) });
        let mut connections = JoinSet::new();
        for _ in 0..self.connections {
            connections.spawn(serve(Arc::clone(&run), Arc::clone(&crowd)));
        }
        connections.join_all().await;
        run.report()
    }
}

/// What the connections of a crowd share.
struct Crowd {
    asked: ClosedLoop,
    /// The number of the next request.
    next: AtomicU64,
    /// Whether an answer has ended it.
    over: AtomicBool,
}

impl Crowd {
    /// The next request; `None` when there is none any more.
    fn take<S: Script>(&self, run: &Run<S>) -> Option<u64> {
        if self.over.load(Ordering::Relaxed) || run.started.elapsed() >= self.asked.duration {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.asked.requests.is_none_or(|requests| number < requests).then_some(number)
    }
}

async fn serve<S: Script>(run: Arc<Run<S>>, crowd: Arc<Crowd>) {
    let mut connection = Connection::new();
    while let Some(number) = crowd.take(&run) {
        match connection.ask(&run, number, Instant::now()).await {
            Outcome::Answered(Said::Rejected(code)) if crowd.asked.stop_at == Some(code) => {
                crowd.over.store(true, Ordering::Relaxed);
            }
            Outcome::Broken => sleep(AFTER_A_BREAK).await,
            Outcome::Answered(_) | Outcome::TimedOut => {}
        }
    }
}
