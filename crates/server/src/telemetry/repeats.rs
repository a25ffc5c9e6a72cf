//! Lines that come again and again are left out of the log, and counted.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tracing::callsite::Identifier;

/// How long a line counts as repeated.
const PERIOD: Duration = Duration::from_secs(10);

/// How often each place in the code has written.
#[derive(Debug)]
pub(super) struct Repeats {
    /// Lines of one place in a period; 0 for any number.
    lines_max: u32,
    /// Locked for each line that is written, as the output is anyway. A place is a static, so they
    /// are few.
    places: Mutex<HashMap<Identifier, Place>>,
}

#[derive(Debug)]
struct Place {
    since: Instant,
    lines: u32,
}

impl Repeats {
    pub(super) fn new(lines_max: u32) -> Self {
        Self { lines_max, places: Mutex::default() }
    }

    /// Whether a line of `place` is written; if so, how many were left out since the last one.
    pub(super) fn admit(&self, place: Identifier) -> Option<u32> {
        self.admit_at(Instant::now(), place)
    }

    fn admit_at(&self, now: Instant, place: Identifier) -> Option<u32> {
        if self.lines_max == 0 {
            return Some(0);
        }
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.entry(place).or_insert(Place { since: now, lines: 0 });
        let mut left_out = 0;
        if now.saturating_duration_since(place.since) >= PERIOD {
            left_out = place.lines.saturating_sub(self.lines_max);
            *place = Place { since: now, lines: 0 };
        }
        place.lines = place.lines.saturating_add(1);
        (place.lines <= self.lines_max).then_some(left_out)
    }
}

#[cfg(test)]
mod tests {
    use tracing::{Callsite, Metadata, callsite::Identifier, subscriber::Interest};

    use super::*;

    struct Here;

    static HERE: Here = Here;

    impl Callsite for Here {
        fn set_interest(&self, _: Interest) {}

        fn metadata(&self) -> &Metadata<'_> {
            unreachable!("nobody asks")
        }
    }

    #[test]
    fn what_comes_again_and_again_is_left_out_and_counted() {
        let (repeats, begun) = (Repeats::new(2), Instant::now());
        let at =
            |seconds| repeats.admit_at(begun + Duration::from_secs(seconds), Identifier(&HERE));
        assert_eq!([0, 1, 2, 9].map(at), [Some(0), Some(0), None, None]);
        assert_eq!([10, 10, 10].map(at), [Some(2), Some(0), None]);
        assert_eq!([100, 200].map(at), [Some(1), Some(0)]);
    }
}
