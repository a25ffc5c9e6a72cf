//! Operations read what reconciliation has found.

use std::sync::Arc;

use crate::ports::{Ledger, PortError, ReconciliationRun, RunId};

/// Lists runs of reconciliation.
pub struct ViewRuns {
    ledger: Arc<dyn Ledger>,
}

impl ViewRuns {
    /// Over the ledger, where they are on record.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self { ledger }
    }

    /// Runs before `before`, newest first, at most `limit`, and where to go on.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn page(
        &self,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<(Vec<(RunId, ReconciliationRun)>, Option<RunId>), PortError> {
        let mut runs = self.ledger.runs(before, limit + 1).await?;
        let more = runs.len() > limit;
        runs.truncate(limit);
        let next = runs.last().filter(|_| more).map(|(id, _)| *id);
        Ok((runs, next))
    }
}
