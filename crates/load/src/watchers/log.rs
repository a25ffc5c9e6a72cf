//! Which stock came to which stream, and when.

use std::{collections::BTreeMap, mem, time::Instant};

use super::{WatchReport, events::Event};
use crate::{Fault, Latencies};

/// Events that a stream may be ahead of what was announced. A change that is announced when its
/// stream is further ahead is found in a later event, and so with too long a delay.
const AHEAD_MAX: usize = 16;

/// What was announced and what came. Grows by a small entry for each announced change.
pub(super) struct Log {
    /// The announced changes, each to a lower stock than the one before.
    changes: Vec<Told>,
    streams: Vec<Stream>,
    events: u64,
    delays: Latencies,
    broken: u64,
    breaks: BTreeMap<String, u64>,
}

/// A stock and an instant: when it changed, or when a stream told it.
#[derive(Clone, Copy, Debug)]
struct Told {
    stock: u32,
    at: Instant,
}

/// What came to one stream.
#[derive(Default)]
struct Stream {
    /// How many of the changes have come.
    arrived: usize,
    /// The first events of each stock below that of the last announced change, falling: whose
    /// change may still be announced.
    ahead: Vec<Told>,
}

impl Log {
    /// The log of so many streams.
    pub(super) fn of(streams: usize) -> Self {
        Self {
            changes: Vec::new(),
            streams: (0..streams).map(|_| Stream::default()).collect(),
            events: 0,
            delays: Latencies::default(),
            broken: 0,
            breaks: BTreeMap::new(),
        }
    }

    /// Notes a change. Costs a look at every stream.
    pub(super) fn changed(&mut self, stock: u32, at: Instant) {
        if self.changes.last().is_some_and(|last| stock >= last.stock) {
            return;
        }
        self.changes.push(Told { stock, at });
        for stream in &mut self.streams {
            stream.settle(&self.changes, &mut self.delays);
        }
    }

    /// Notes an event of a stream.
    pub(super) fn heard(&mut self, stream: usize, event: Event, at: Instant) {
        self.events += 1;
        let (Some(stock), Some(stream)) = (event.stock, self.streams.get_mut(stream)) else {
            return;
        };
        stream.heard(Told { stock, at });
        stream.settle(&self.changes, &mut self.delays);
    }

    /// Notes why a stream ended.
    pub(super) fn broke(&mut self, fault: &Fault) {
        self.broken += 1;
        *self.breaks.entry(fault.to_string()).or_default() += 1;
    }

    /// Pairs of an announced change and a stream that have not come.
    pub(super) fn missing(&self) -> u64 {
        let of_each = self.streams.iter().map(|stream| self.changes.len() - stream.arrived);
        of_each.sum::<usize>() as u64
    }

    /// What was found, which ends the log.
    pub(super) fn report(&mut self) -> WatchReport {
        WatchReport {
            streams: self.streams.len() as u64,
            events: self.events,
            delays: mem::take(&mut self.delays),
            missing: self.missing(),
            broken: self.broken,
            breaks: mem::take(&mut self.breaks),
        }
    }
}

impl Stream {
    fn heard(&mut self, told: Told) {
        let is_lower = self.ahead.last().is_none_or(|last| told.stock < last.stock);
        if is_lower && self.ahead.len() < AHEAD_MAX {
            self.ahead.push(told);
        }
    }

    /// Records the delay of every change that has come, each by the first event that tells it.
    fn settle(&mut self, changes: &[Told], delays: &mut Latencies) {
        while let Some(change) = changes.get(self.arrived) {
            let Some(first) = self.ahead.iter().find(|told| told.stock <= change.stock) else {
                break;
            };
            delays.record(first.at.saturating_duration_since(change.at));
            self.arrived += 1;
        }
        if let Some(last) = changes.last() {
            self.ahead.retain(|told| told.stock < last.stock);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{AHEAD_MAX, Log};
    use crate::{Fault, watchers::events::Event};

    /// A log to which things happen at milliseconds.
    struct Told {
        log: Log,
        start: Instant,
    }

    impl Told {
        fn to(streams: usize) -> Self {
            Self { log: Log::of(streams), start: Instant::now() }
        }

        fn changed(&mut self, stock: u32, at_ms: u64) {
            self.log.changed(stock, self.start + Duration::from_millis(at_ms));
        }

        fn heard(&mut self, stream: usize, stock: u32, at_ms: u64) {
            let event = Event { stock: Some(stock) };
            self.log.heard(stream, event, self.start + Duration::from_millis(at_ms));
        }

        /// How many delays there are, the half and the longest in milliseconds, and the missing.
        fn found(mut self) -> (u64, u128, u128, u64) {
            let report = self.log.report();
            let delays = &report.delays;
            let (p50, max) = (delays.p50().as_millis(), delays.max().as_millis());
            (delays.count(), p50, max, report.missing)
        }
    }

    #[test]
    fn a_change_came_with_the_first_event_that_tells_it_to_each_stream() {
        let mut told = Told::to(2);
        told.heard(0, 100, 0);
        told.heard(1, 100, 0);
        told.changed(99, 10);
        told.heard(0, 99, 15);
        told.heard(0, 99, 60);
        told.heard(1, 99, 50);
        assert_eq!(told.found(), (2, 5, 40, 0));
    }

    #[test]
    fn an_event_tells_all_changes_that_it_passed_over() {
        let mut told = Told::to(1);
        told.changed(99, 10);
        told.changed(98, 20);
        told.changed(97, 30);
        told.heard(0, 98, 40);
        assert_eq!(told.found(), (2, 20, 30, 1));
    }

    #[test]
    fn an_event_that_came_before_its_change_was_announced_counts() {
        let mut told = Told::to(1);
        told.heard(0, 100, 0);
        told.heard(0, 99, 15);
        told.heard(0, 98, 25);
        told.changed(99, 10);
        told.changed(98, 30);
        assert_eq!(told.found(), (2, 0, 5, 0));
    }

    #[test]
    fn a_change_that_is_none_is_left_out() {
        let mut told = Told::to(1);
        told.changed(99, 10);
        told.changed(99, 20);
        told.changed(100, 30);
        told.heard(0, 99, 40);
        assert_eq!(told.found(), (1, 30, 30, 0));
    }

    #[test]
    fn a_stream_that_is_far_ahead_keeps_a_bounded_number_of_events() {
        let mut told = Told::to(1);
        for stock in (0..1_000).rev() {
            told.heard(0, stock, 0);
        }
        assert_eq!(told.log.streams[0].ahead.len(), AHEAD_MAX);
        assert_eq!(told.log.events, 1_000);
    }

    #[test]
    fn a_stream_that_broke_is_told_with_its_reason() {
        let mut log = Log::of(1);
        log.heard(0, Event { stock: None }, Instant::now());
        log.broke(&Fault::StreamEnded);
        let report = log.report();
        assert_eq!((report.streams, report.events, report.broken), (1, 1, 1));
        let breaks: Vec<_> = report.breaks.into_iter().collect();
        assert_eq!(breaks, [(Fault::StreamEnded.to_string(), 1)]);
    }
}
