//! Waiting for what another process does.

use std::time::Duration;

use tokio::time::{self, MissedTickBehavior};

/// How often it is looked again.
const EVERY: Duration = Duration::from_millis(10);

/// The first answer of `look`, which is asked again and again; fails when `limit` is over.
pub async fn until<T>(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        let mut again = time::interval(EVERY);
        // After a stall it is not made up for: nginx would refuse so many at once.
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
