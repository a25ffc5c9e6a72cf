//! How far a restore has come, told while it goes on.

use async_trait::async_trait;
use stampede_application::ports::{Causes, PortError};
use stampede_domain::SaleId;

/// What of a restore is done, in this order; the two in the middle once for each part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RestoreStep {
    /// Somebody asked for it.
    Begun,
    /// The ledger has given an epoch.
    Taken,
    /// The gate is closed under that epoch.
    Closed,
    /// The ledger has what only the gate knew of the sale's definition.
    ChangeKept,
    /// The ledger has what only the gate had of its purchases, or a dead letter.
    SurvivorsGiven,
    /// A part of the ledger's purchases is read.
    Read,
    /// It is written to the gate.
    Written,
    /// The ledger takes the gate for open.
    Noted,
    /// The gate is open.
    Opened,
}

/// Who is told how far the restores of a node have come.
#[async_trait]
pub trait RestoreWatch: Send + Sync {
    /// The sale's restore has come to `step`, and goes on once this returns.
    ///
    /// # Errors
    ///
    /// Ends the restore where it is, as the end of its process would.
    async fn reached(&self, sale: &SaleId, step: RestoreStep) -> Result<(), PortError>;

    /// The sale's restore is over, one way or the other.
    fn ended(&self, sale: &SaleId, error: Option<&PortError>);
}

/// Writes it into the log.
#[derive(Clone, Copy, Debug)]
pub struct LogRestores;

#[async_trait]
impl RestoreWatch for LogRestores {
    async fn reached(&self, sale: &SaleId, step: RestoreStep) -> Result<(), PortError> {
        tracing::debug!(%sale, ?step, "a restore goes on");
        Ok(())
    }

    fn ended(&self, sale: &SaleId, error: Option<&PortError>) {
        if let Some(error) = error {
            tracing::debug!(%sale, error = %Causes(error), "a restore has come to nothing");
        }
    }
}
