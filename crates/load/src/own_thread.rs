//! A thread for the load alone.

use std::{io, panic::resume_unwind};

use tokio::{
    runtime::Builder,
    sync::oneshot,
    task::{JoinError, spawn_blocking},
};

/// Runs what `work` makes on a thread and a runtime of its own, and waits for what comes of it.
///
/// The calling runtime goes on meanwhile, and nothing that it does makes the load late. What runs
/// there (streams, for example) ends with `work`, which is dropped when nobody waits for it any
/// more; its panic is the caller's.
///
/// # Errors
///
/// If there is no runtime to be had, also because the caller's is about to end.
pub async fn on_its_own_thread<W, F, T>(work: W) -> io::Result<T>
where
    W: FnOnce() -> F + Send + 'static,
    F: Future<Output = T>,
    T: Send + 'static,
{
    let (waits, gone) = oneshot::channel::<()>();
    let run = move || -> io::Result<T> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            tokio::select! {
                done = work() => Ok(done),
                // Nothing is ever sent: it is the other end that goes.
                _ = gone => Err(io::ErrorKind::Interrupted.into()),
            }
        })
    };
    let done = spawn_blocking(run).await;
    drop(waits);
    done.unwrap_or_else(|ended: JoinError| match ended.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(ended) => Err(io::Error::other(ended)),
    })
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::{sync::oneshot, task::yield_now};

    use super::on_its_own_thread;

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_dropped() {
        let (held, ended) = oneshot::channel::<()>();
        let (begun, begins) = oneshot::channel();
        let work = tokio::spawn(on_its_own_thread(move || async move {
            let _held = held;
            begun.send(()).expect("somebody waits for it");
            pending::<()>().await;
        }));
        begins.await.expect("it begins");
        work.abort();
        assert!(ended.await.is_err(), "what it held is dropped");
    }

    #[tokio::test]
    async fn a_panic_of_the_work_is_its_callers() {
        let work = on_its_own_thread(|| async {
            yield_now().await;
            panic!("wrong answers");
        });
        let ended = tokio::spawn(async { work.await.is_ok() }).await;
        assert!(ended.expect_err("it panicked").is_panic());
    }
}
