//! Whether a store answers.

use async_trait::async_trait;

use super::PortError;

/// Asks one store whether it answers.
#[async_trait]
pub trait StoreProbe: Send + Sync {
    /// The store's name under `checks` in `/health`, such as `redis`, `postgresql`, `sqlite`.
    fn name(&self) -> &'static str;

    /// One round trip.
    ///
    /// # Errors
    ///
    /// [`PortError`] if the store does not answer; the caller bounds the wait.
    async fn ping(&self) -> Result<(), PortError>;
}
