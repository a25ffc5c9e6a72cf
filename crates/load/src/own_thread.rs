//! A thread for the load alone.

use std::io;

use tokio::{runtime::Builder, task::spawn_blocking};

/// Runs what `work` makes on a thread and a runtime of its own, and waits for what comes of it.
///
/// The calling runtime goes on meanwhile, and nothing that it does makes the load late. What runs
/// there (streams, for example) ends with `work`. It goes on to its end if it is not waited for.
///
/// # Errors
///
/// If there is no runtime to be had, or `work` panicked.
pub async fn on_its_own_thread<W, F, T>(work: W) -> io::Result<T>
where
    W: FnOnce() -> F + Send + 'static,
    F: Future<Output = T>,
    T: Send + 'static,
{
    let run = move || -> io::Result<T> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(work()))
    };
    spawn_blocking(run).await.map_err(io::Error::other)?
}
