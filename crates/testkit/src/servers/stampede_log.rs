//! What a Stampede process writes: every line kept, so that no pipe ever fills.

use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// The lines of both streams of one process, in the order in which they were read.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Written by the threads that read the streams, which end when the process does.
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<String>,
    open_streams: usize,
}

impl Log {
    /// Reads `stream` on a thread of its own until it ends.
    pub(super) fn follow(&self, stream: impl Read + Send + 'static) {
        self.state().open_streams += 1;
        let log = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                log.state().lines.push(String::from_utf8_lossy(&line).into_owned());
                log.0.changed.notify_all();
            }
            log.state().open_streams -= 1;
            log.0.changed.notify_all();
        });
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.state().lines.clone()
    }

    /// The first answer of `pick` to a line, those to come included; `None` when `limit` is over
    /// or the process has closed both streams.
    pub(super) fn find<T>(
        &self,
        limit: Duration,
        mut pick: impl FnMut(&str) -> Option<T>,
    ) -> Option<T> {
        let end = Instant::now() + limit;
        let mut seen = 0;
        let mut state = self.state();
        loop {
            if let Some(found) = state.lines[seen..].iter().find_map(|line| pick(line)) {
                return Some(found);
            }
            seen = state.lines.len();
            let left = end.checked_duration_since(Instant::now())?;
            if state.open_streams == 0 {
                return None;
            }
            state = self.0.changed.wait_timeout(state, left).expect("nothing panics here").0;
        }
    }

    /// Waits until both streams are closed, or `limit` is over, and answers every line.
    pub(super) fn until_closed(&self, limit: Duration) -> Vec<String> {
        self.find(limit, |_| None::<()>);
        self.lines()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("nothing panics here")
    }
}

/// The field `name` of the log line with this `message`; our lines keep fields beside the
/// message or under `fields`.
pub(super) fn field_of(line: &str, message: &str, name: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields").unwrap_or(&line);
    if fields.get("message")?.as_str()? != message {
        return None;
    }
    fields.get(name)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::field_of;

    #[test]
    fn the_address_is_found_in_either_form_of_a_log_line_and_nowhere_else() {
        let address = |line| field_of(line, "listening", "address");
        let flat = r#"{"level":"INFO","message":"listening","address":"127.0.0.1:1"}"#;
        let nested = r#"{"fields":{"message":"listening","address":"127.0.0.1:1"}}"#;
        assert_eq!(address(flat).as_deref(), Some("127.0.0.1:1"));
        assert_eq!(address(nested).as_deref(), Some("127.0.0.1:1"));
        assert_eq!(address(r#"{"message":"stopping","address":"127.0.0.1:1"}"#), None);
        assert_eq!(address("listening on 127.0.0.1:1"), None);
    }
}
