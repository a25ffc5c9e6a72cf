//! Waiting for stores at start: a while, and never for ever.

use std::time::Duration;

use anyhow::Context as _;
use stampede_application::ports::{Causes, PortError};
use tokio::time::{Instant, sleep};

/// The first pause between two tries.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Tries until it works, as long as the store is merely away and `wait_max` is not over.
///
/// # Errors
///
/// The last failure, with what was waited for.
pub(super) async fn wait_for<T>(
    what: &str,
    wait_max: Duration,
    try_once: impl AsyncFn() -> Result<T, PortError>,
) -> anyhow::Result<T> {
    let end = Instant::now() + wait_max;
    let mut pause = PAUSE_MIN;
    loop {
        let error = match try_once().await {
            Ok(done) => return Ok(done),
            Err(error @ PortError::Inconsistent { .. }) => {
                return Err(error).with_context(|| format!("{what} cannot be used"));
            }
            Err(error @ PortError::Unavailable { .. }) => error,
        };
        if Instant::now() + pause > end {
            let waited = format!(
                "{what} does not answer (waited {} s, STAMPEDE_START_WAIT_MAX_S)",
                wait_max.as_secs()
            );
            return Err(error).context(waited);
        }
        tracing::warn!(error = %Causes(&error), "waiting for {what}");
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn away() -> PortError {
        PortError::unavailable("redis", "connection refused")
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_comes_in_time_is_waited_for() {
        let tries = AtomicU32::new(0);
        let third = async || match tries.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => Err(away()),
            number => Ok(number),
        };
        assert_eq!(wait_for("Redis", Duration::from_secs(5), third).await.unwrap(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_stays_away_is_named_with_the_limit() {
        let never = async || Err::<(), _>(away());
        let error = wait_for("Redis", Duration::from_secs(5), never).await.unwrap_err();
        let told = format!("{error:#}");
        assert!(told.contains("Redis does not answer (waited 5 s"), "{told}");
        assert!(told.contains("connection refused"), "{told}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_of_another_version_is_not_waited_for() {
        let begun = Instant::now();
        let wrong = async || Err::<(), _>(PortError::inconsistent("postgresql", "newer tables"));
        assert!(wait_for("Postgres", Duration::from_secs(5), wrong).await.is_err());
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
