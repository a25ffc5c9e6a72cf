//! A report while its run goes on.

use std::{collections::BTreeMap, mem, time::Duration};

use tokio::time::Instant;

use crate::{Fault, Latencies, Outcome, Report, Second};

/// A report while its run goes on. What it holds does not grow with the requests, only by one
/// small entry for every second, and one for every reason by which requests break.
pub(crate) struct Draft {
    started: Instant,
    sent: u64,
    outcomes: BTreeMap<Outcome, u64>,
    breaks: BTreeMap<String, u64>,
    latencies: Latencies,
    decided: Latencies,
    decided_since_sent: Latencies,
    lateness: Latencies,
    /// The seconds that are over.
    seconds: Vec<Second>,
    /// The second that is running, its `p99` left out until it is over.
    second: Second,
    /// What was decided in the second that is running.
    second_decided: Latencies,
}

/// When a request was due, written, and at its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) due: Instant,
    pub(crate) sent: Instant,
    pub(crate) now: Instant,
}

impl Draft {
    pub(crate) fn new(started: Instant) -> Self {
        Self {
            started,
            sent: 0,
            outcomes: BTreeMap::new(),
            breaks: BTreeMap::new(),
            latencies: Latencies::default(),
            decided: Latencies::default(),
            decided_since_sent: Latencies::default(),
            lateness: Latencies::default(),
            seconds: Vec::new(),
            second: Second::default(),
            second_decided: Latencies::default(),
        }
    }

    /// Notes a request that has been written.
    pub(crate) fn sent(&mut self, due: Instant, now: Instant) {
        self.turn_to(now);
        self.sent += 1;
        self.second.sent += 1;
        self.lateness.record(now.saturating_duration_since(due));
    }

    /// Notes what came of a request, once for each.
    pub(crate) fn settled(&mut self, outcome: Outcome, times: Times) {
        let Times { due, sent, now } = times;
        let latency = now.saturating_duration_since(due);
        self.turn_to(now);
        *self.outcomes.entry(outcome).or_default() += 1;
        self.latencies.record(latency);
        if outcome.is_decided() {
            self.second.decided += 1;
            self.decided.record(latency);
            self.decided_since_sent.record(now.saturating_duration_since(sent));
            self.second_decided.record(latency);
        } else if outcome.is_shed() {
            self.second.shed += 1;
        }
    }

    /// Notes why a request broke.
    pub(crate) fn broke(&mut self, fault: &Fault) {
        *self.breaks.entry(fault.to_string()).or_default() += 1;
    }

    /// The report of what was noted, which ends the draft: it is empty from then on.
    pub(crate) fn report(&mut self, now: Instant) -> Report {
        self.turn_to(now);
        self.end_second();
        Report {
            started: self.started.into_std(),
            took: now.saturating_duration_since(self.started),
            sent: self.sent,
            outcomes: mem::take(&mut self.outcomes),
            breaks: mem::take(&mut self.breaks),
            latencies: mem::take(&mut self.latencies),
            decided: mem::take(&mut self.decided),
            decided_since_sent: mem::take(&mut self.decided_since_sent),
            lateness: mem::take(&mut self.lateness),
            seconds: mem::take(&mut self.seconds),
        }
    }

    fn turn_to(&mut self, now: Instant) {
        let running = now.saturating_duration_since(self.started).as_secs();
        while (self.seconds.len() as u64) < running {
            self.end_second();
        }
    }

    fn end_second(&mut self) {
        let over = mem::take(&mut self.second);
        let mut p99 = Duration::ZERO;
        if over.decided > 0 {
            p99 = mem::take(&mut self.second_decided).p99();
        }
        self.seconds.push(Second { p99, ..over });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Draft, Times};
    use crate::{Code, Fault, Outcome, Said, Second};

    const SUCCESS: Outcome = Outcome::Answered(Said::Success);
    const SOLD_OUT: Outcome = Outcome::Answered(Said::Rejected(Code::SoldOut));
    const SHED: Outcome = Outcome::Answered(Said::Failed { status: 503 });

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// What took so long, and was written at once.
    fn took(latency_ms: u64, now: Instant) -> Times {
        let due = now - ms(latency_ms);
        Times { due, sent: due, now }
    }

    #[test]
    fn a_report_has_each_second_with_what_came_in_it() {
        let started = Instant::now();
        let mut draft = Draft::new(started);
        draft.sent(started, started + ms(2));
        draft.settled(SUCCESS, Times { sent: started + ms(2), ..took(10, started + ms(10)) });
        draft.sent(started + ms(900), started + ms(900));
        draft.settled(SHED, took(150, started + ms(1_050)));
        draft.settled(SOLD_OUT, took(20, started + ms(3_000)));
        let report = draft.report(started + ms(3_200));
        let second = |sent, decided, shed, p99| Second { sent, decided, shed, p99: ms(p99) };
        assert_eq!(
            report.seconds,
            [second(2, 1, 0, 10), second(0, 0, 1, 0), second(0, 0, 0, 0), second(0, 1, 0, 20)]
        );
        assert_eq!((report.sent, report.due(), report.took), (2, 3, ms(3_200)));
        assert_eq!(report.lateness.max(), ms(2));
        let since_sent = &report.decided_since_sent;
        assert_eq!((since_sent.quantile(0.0), since_sent.max()), (ms(8), ms(20)));
    }

    #[test]
    fn what_was_decided_is_told_apart_from_what_was_shed_and_what_failed() {
        let started = Instant::now();
        let mut draft = Draft::new(started);
        for (outcome, latency_ms) in [
            (SUCCESS, 1),
            (SOLD_OUT, 2),
            (SHED, 3),
            (Outcome::Answered(Said::Failed { status: 500 }), 4),
            (Outcome::TimedOut, 5),
            (Outcome::Broken, 6),
        ] {
            draft.settled(outcome, took(latency_ms, started + ms(latency_ms)));
        }
        draft.broke(&Fault::Closed);
        let report = draft.report(started);
        assert_eq!((report.latencies.count(), report.decided.count()), (6, 2));
        assert_eq!((report.latencies.max(), report.decided.max()), (ms(6), ms(2)));
        assert_eq!((report.success(), report.rejected(Code::SoldOut)), (1, 1));
        assert_eq!((report.failed(503), report.failed(500), report.failed(429)), (1, 1, 0));
        assert_eq!((report.timed_out(), report.broken(), report.due()), (1, 1, 6));
        assert_eq!(report.breaks.into_iter().collect::<Vec<_>>(), [(Fault::Closed.to_string(), 1)]);
    }
}
