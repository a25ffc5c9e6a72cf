//! Work on a thread of its own, beside what this process waits for.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    thread,
};

use tokio::sync::oneshot;

/// Runs what blocks or computes on a thread of its own; its panic becomes the caller's.
///
/// Not one of the runtime's threads for blocking work, whose end the process would wait for when
/// it is interrupted.
pub(crate) async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = oneshot::channel();
    thread::spawn(move || done.send(catch_unwind(AssertUnwindSafe(work))).is_ok());
    match result.await.expect("it sends what came of it") {
        Ok(value) => value,
        Err(panic) => resume_unwind(panic),
    }
}

/// Runs asynchronous work on a thread and a runtime of its own, so that what this process does
/// besides delays it by no more than the cores that it takes.
pub(crate) async fn on_a_runtime<T, F>(work: impl FnOnce() -> F + Send + 'static) -> T
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    on_a_thread(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(work())
    })
    .await
}
