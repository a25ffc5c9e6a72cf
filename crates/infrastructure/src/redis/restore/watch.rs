//! How far a restore has come, told while it goes on.

use async_trait::async_trait;
use stampede_application::ports::{Causes, PortError, ReconciliationRun};
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

/// Why a restore was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RestoreReason {
    /// A gate was met closed.
    Closed,
    /// Gate and ledger were met in different lives.
    OtherEpoch,
    /// Gate and ledger disagree.
    Drift,
}

impl RestoreReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Closed, Self::OtherEpoch, Self::Drift];

    /// Its name in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::OtherEpoch => "other_epoch",
            Self::Drift => "drift",
        }
    }
}

/// How a restore ended.
#[derive(Clone, Debug)]
pub enum RestoreOutcome {
    /// The sale is open, by this restore or another node's.
    Open,
    /// The ledger has no such sale, or has buried it.
    Gone,
    /// It has come to nothing.
    Failed(PortError),
}

impl RestoreOutcome {
    /// Every name in metrics.
    pub const NAMES: [&'static str; 3] = ["open", "gone", "failed"];

    /// Its name in metrics.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Gone => "gone",
            Self::Failed(_) => "failed",
        }
    }
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

    /// Not all that only the gate had found a place: as it was put on record.
    fn refused(&self, run: &ReconciliationRun);

    /// The sale's restore is over, one way or the other.
    fn ended(&self, sale: &SaleId, reason: RestoreReason, outcome: &RestoreOutcome);
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

    fn refused(&self, _run: &ReconciliationRun) {}

    fn ended(&self, sale: &SaleId, reason: RestoreReason, outcome: &RestoreOutcome) {
        match outcome {
            RestoreOutcome::Open | RestoreOutcome::Gone => {}
            RestoreOutcome::Failed(error) => {
                tracing::debug!(%sale, ?reason, error = %Causes(error),
                    "a restore has come to nothing");
            }
        }
    }
}
