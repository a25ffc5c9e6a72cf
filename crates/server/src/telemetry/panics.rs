//! Panics are lines of the log like others.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    panic::{PanicHookInfo, set_hook, take_hook},
};

use tracing::{Level, enabled};

/// From now on a panic, wherever it is caught, is told by the log instead of by two lines of text;
/// by these still where the log leaves such lines out.
pub(super) fn log_panics() {
    let otherwise = take_hook();
    set_hook(Box::new(
        move |panic| {
            if enabled!(Level::ERROR) { log_panic(panic) } else { otherwise(panic) }
        },
    ));
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let error = panic.payload_as_str().unwrap_or("it says nothing that can be read");
    let place = panic.location().map(ToString::to_string);
    // Taken where RUST_BACKTRACE asks for it.
    let backtrace = Backtrace::capture();
    let is_taken = backtrace.status() == BacktraceStatus::Captured;
    let backtrace = is_taken.then(|| backtrace.to_string());
    tracing::error!(place, error, backtrace, "a panic, which is a fault of this program");
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        panic::catch_unwind,
        sync::{
            Arc, Mutex, PoisonError,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use tracing::subscriber::{NoSubscriber, with_default};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(text)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_one_line_of_the_log_that_says_where_and_what() {
        let lines = Lines::default();
        let to = lines.clone();
        let log = tracing_subscriber::fmt().json().with_writer(move || to.clone()).finish();
        let before = take_hook();
        let told_otherwise = Arc::new(AtomicUsize::new(0));
        let otherwise = told_otherwise.clone();
        set_hook(Box::new(move |_| {
            otherwise.fetch_add(1, Ordering::Relaxed);
        }));
        log_panics();
        let panic = || catch_unwind(|| "no number".parse::<u8>().expect("one"));
        let caught = [with_default(log, panic), with_default(NoSubscriber::new(), panic)];
        set_hook(before);
        assert!(caught.iter().all(Result::is_err));
        assert_eq!(told_otherwise.load(Ordering::Relaxed), 1, "where nothing is logged");
        let told = lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let line: serde_json::Value = serde_json::from_slice(&told).expect("one line of JSON");
        let fields = &line["fields"];
        assert_eq!(line["level"], "ERROR");
        let says = |field: &str, what| fields[field].as_str().is_some_and(|it| it.contains(what));
        assert!(says("error", "one: ParseIntError") && says("place", "panics.rs:"), "{line}");
    }
}
