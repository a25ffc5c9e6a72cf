//! What the connections of one run share.

use std::{
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    Outcome, Report, Script, Target,
    draft::{Draft, Times},
    latencies::LONGEST,
};

/// What the connections of one run share.
///
/// The locks are held for less than a microsecond and never while something is waited for. On a
/// runtime of one thread nobody ever waits for one; they let a run go on any runtime.
pub(crate) struct Run<S> {
    pub(crate) address: SocketAddr,
    /// How long a request may take before it is given up.
    pub(crate) answer_max: Duration,
    /// Whether a connection serves more than one request.
    pub(crate) keep_alive: bool,
    pub(crate) started: Instant,
    script: Mutex<S>,
    draft: Mutex<Draft>,
}

impl<S: Script> Run<S> {
    /// A run that begins now.
    pub(crate) fn new(target: &Target, script: S, answer_max: Duration, keep_alive: bool) -> Self {
        let started = Instant::now();
        Self {
            address: target.address,
            answer_max: answer_max.min(LONGEST),
            keep_alive,
            started,
            script: Mutex::new(script),
            draft: Mutex::new(Draft::new(started)),
        }
    }

    /// Writes the request of that number into `request`, in the place of what was there.
    pub(crate) fn write(&self, number: u64, request: &mut Vec<u8>) {
        request.clear();
        self.script.lock().unwrap_or_else(PoisonError::into_inner).write(number, request);
    }

    pub(crate) fn draft(&self) -> MutexGuard<'_, Draft> {
        self.draft.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives up a request at the end of its time.
    pub(crate) fn give_up(&self) {
        let now = Instant::now();
        let due = now.checked_sub(self.answer_max).unwrap_or(self.started);
        self.draft().settled(Outcome::TimedOut, Times { due, sent: due, now });
    }

    /// The report, once everything is settled.
    pub(crate) fn report(&self) -> Report {
        self.draft().report(Instant::now())
    }
}
