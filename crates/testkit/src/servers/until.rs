//! Waiting for what another process does.

use std::time::Duration;

use tokio::time;

/// How often it is looked again.
const EVERY: Duration = Duration::from_millis(10);

/// The first answer of `look`, which is asked again and again; fails when `limit` is over.
pub async fn until<T>(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        let mut again = time::interval(EVERY);
        loop {
            again.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    };
    let found = time::timeout(limit, looking).await;
    found.unwrap_or_else(|_| panic!("{what}: not within {limit:?}"))
}
