//! A line in the log for one answer of many, to see what comes while nothing fails.

use std::{cell::Cell, time::Duration};

use actix_web::http::StatusCode;

/// Which answers of one worker thread get a line.
#[derive(Debug)]
pub(crate) struct AccessLog {
    /// One of so many; 0 for none.
    one_in: u32,
    /// Answers until the next line.
    left: Cell<u32>,
}

impl AccessLog {
    /// One of so many; 0 for none.
    pub(crate) fn new(one_in: u32) -> Self {
        Self { one_in, left: Cell::new(one_in) }
    }

    /// One more was answered.
    pub(crate) fn answered(&self, route: &'static str, status: StatusCode, took: Duration) {
        if self.is_next() {
            let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            tracing::info!(route, status = status.as_u16(), took_us, "answered");
        }
    }

    fn is_next(&self) -> bool {
        match self.left.get() {
            0 => false,
            1 => {
                self.left.set(self.one_in);
                true
            }
            left => {
                self.left.set(left - 1);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AccessLog;

    #[test]
    fn one_answer_of_so_many_gets_a_line() {
        let lines = |one_in| {
            let log = AccessLog::new(one_in);
            (0..6).filter(|_| log.is_next()).count()
        };
        assert_eq!([0, 1, 2, 3, 7].map(lines), [0, 6, 3, 2, 0]);
    }
}
