//! Operations let the archive forget purchases of sales that were deleted long ago.

use std::sync::Arc;

use crate::ports::{Catalogue, Clock, PortError};

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Removes what the archive need not keep any longer.
#[derive(Clone)]
pub struct ExpireArchive {
    catalogue: Arc<dyn Catalogue>,
    clock: Arc<dyn Clock>,
    retention_days: u32,
}

impl ExpireArchive {
    /// Over the catalogue, whose archive keeps purchases for `retention_days`.
    #[must_use]
    pub fn new(catalogue: Arc<dyn Catalogue>, clock: Arc<dyn Clock>, retention_days: u32) -> Self {
        Self { catalogue, clock, retention_days }
    }

    /// Removes purchases of sales deleted before that; returns how many. Repeating it is harmless.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] if the store is away.
    pub async fn run(&self) -> Result<u64, PortError> {
        let retention_ms = i64::from(self.retention_days) * DAY_MS;
        self.catalogue.expire_archive(self.clock.now().plus_millis(-retention_ms)).await
    }
}
