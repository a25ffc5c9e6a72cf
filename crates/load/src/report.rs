//! What a run found.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::{Code, Latencies, Outcome, Said};

/// What a run found.
#[derive(Clone, Debug)]
pub struct Report {
    /// When it began.
    pub started: Instant,
    /// Until the last request was answered or given up.
    pub took: Duration,
    /// Requests that were written. The others found no connection, or none in time.
    pub sent: u64,
    /// What came of every request that was due, one outcome each.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Why requests broke, and how many by each reason.
    pub breaks: BTreeMap<String, u64>,
    /// From the instant a request was due (open loop) or begun (closed loop) to its whole answer,
    /// or to where it was given up: all requests.
    pub latencies: Latencies,
    /// The same of those that were told success or a rejection.
    pub decided: Latencies,
    /// These from the instant at which each was written: what the server took, whatever this
    /// generator was late by.
    pub decided_since_sent: Latencies,
    /// From the instant a request was due or begun until it was written, a new connection and the
    /// wait for a free one included.
    pub lateness: Latencies,
    /// Every second of the run, the last of them in part.
    pub seconds: Vec<Second>,
}

/// What happened in one second of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// Requests that were written in it.
    pub sent: u64,
    /// Successes and rejections that came in it.
    pub decided: u64,
    /// Answers of 503 and 429 that came in it.
    pub shed: u64,
    /// What 99 of 100 latencies of those decided in it did not exceed; zero if there are none.
    pub p99: Duration,
}

impl Report {
    /// Requests that were due, sent or not.
    #[must_use]
    pub fn due(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// Requests that were told success.
    #[must_use]
    pub fn success(&self) -> u64 {
        self.count(Outcome::Answered(Said::Success))
    }

    /// Requests that were rejected by this code.
    #[must_use]
    pub fn rejected(&self, code: Code) -> u64 {
        self.count(Outcome::Answered(Said::Rejected(code)))
    }

    /// Requests that were answered by this status and neither success nor a rejection.
    #[must_use]
    pub fn failed(&self, status: u16) -> u64 {
        self.count(Outcome::Answered(Said::Failed { status }))
    }

    /// Requests that were not answered in time.
    #[must_use]
    pub fn timed_out(&self) -> u64 {
        self.count(Outcome::TimedOut)
    }

    /// Requests without a connection, or whose connection or answer was broken.
    #[must_use]
    pub fn broken(&self) -> u64 {
        self.count(Outcome::Broken)
    }

    fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or(0)
    }
}
