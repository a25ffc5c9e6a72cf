//! What an acknowledgement is worth on the stores as they are set up.

use async_trait::async_trait;
use stampede_domain::Acknowledgement;

use super::PortError;

/// What can befall a node or its stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A process of this program is killed.
    NodeKilled,
    /// The gate's store is killed, and its host lives.
    GateKilled,
    /// The host of the gate's store loses power.
    GatePowerLoss,
    /// The gate's store is emptied, or comes back with an older file.
    GateLost,
    /// A replica of the gate's store is promoted.
    GatePromoted,
    /// The gate's store is parted from its replicas, and sells on.
    GateParted,
    /// The host of the ledger's store loses power.
    LedgerPowerLoss,
    /// The ledger's store loses commits, as in a failover to a replica that had not all of them.
    LedgerLosesCommits,
}

/// What a fault may cost of what was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing.
    Nothing,
    /// Nothing, on a disk that syncs when it says so.
    NothingOnHonestDisk,
    /// It cannot happen here: there is nothing to promote, nor to be parted from.
    CannotHappen,
    /// What was acknowledged in the last 2 s or less and is not in the ledger yet.
    LastTwoSeconds,
    /// What was acknowledged in the last 30 s or so and is not in the ledger yet.
    LastThirtySeconds,
    /// What was not replicated yet, and is not in the ledger.
    WithinReplicationLag,
    /// What the stale side acknowledged until the ledger refused its first commit.
    UntilRefused,
    /// What is not in the ledger yet: milliseconds of work, or all since the ledger went away.
    Unrecorded,
    /// Commits, which are recorded again as long as the same gate lives.
    RepairedWhileGateLives,
    /// All that is in it.
    Everything,
    /// The store does not tell how it is set up.
    Unknown,
}

/// What an acknowledgement is worth: the protocol's table for one set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worth {
    /// What an answer that names a purchase has survived.
    pub level: Acknowledgement,
    /// What each fault may cost.
    pub may_lose: Vec<(Fault, Loss)>,
    /// The stores' own settings that this follows from.
    pub settings: Vec<(&'static str, String)>,
    /// Why the stores do not keep what the level promises, if so.
    pub broken: Option<&'static str>,
}

/// Tells what an acknowledgement is worth.
#[async_trait]
pub trait Durability: Send + Sync {
    /// What one of this node is worth on its stores. May be as old as some seconds.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] if it is not known, since a store does not answer.
    async fn worth(&self) -> Result<Worth, PortError>;
}

impl Fault {
    /// Its name for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NodeKilled => "NODE_KILLED",
            Self::GateKilled => "GATE_KILLED",
            Self::GatePowerLoss => "GATE_POWER_LOSS",
            Self::GateLost => "GATE_LOST",
            Self::GatePromoted => "GATE_PROMOTED",
            Self::GateParted => "GATE_PARTED",
            Self::LedgerPowerLoss => "LEDGER_POWER_LOSS",
            Self::LedgerLosesCommits => "LEDGER_LOSES_COMMITS",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NodeKilled => "this program killed",
            Self::GateKilled => "the gate's store killed",
            Self::GatePowerLoss => "the gate's host loses power",
            Self::GateLost => "the gate's store emptied, or older",
            Self::GatePromoted => "a replica of the gate promoted",
            Self::GateParted => "the gate sells on, parted",
            Self::LedgerPowerLoss => "the ledger's host loses power",
            Self::LedgerLosesCommits => "the ledger loses commits",
        }
    }
}

impl Loss {
    /// Its name for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Nothing => "NOTHING",
            Self::NothingOnHonestDisk => "NOTHING_ON_HONEST_DISK",
            Self::CannotHappen => "CANNOT_HAPPEN",
            Self::LastTwoSeconds => "LAST_TWO_SECONDS",
            Self::LastThirtySeconds => "LAST_THIRTY_SECONDS",
            Self::WithinReplicationLag => "WITHIN_REPLICATION_LAG",
            Self::UntilRefused => "UNTIL_REFUSED",
            Self::Unrecorded => "UNRECORDED",
            Self::RepairedWhileGateLives => "REPAIRED_WHILE_GATE_LIVES",
            Self::Everything => "EVERYTHING",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Nothing => "nothing is lost",
            Self::NothingOnHonestDisk => "nothing is lost on a disk that syncs when it says so",
            Self::CannotHappen => "cannot happen: no replica is attached",
            Self::LastTwoSeconds => {
                "what was answered in the last 2 s or less and is not in the ledger yet"
            }
            Self::LastThirtySeconds => {
                "what was answered in the last 30 s or so and is not in the ledger yet"
            }
            Self::WithinReplicationLag => {
                "what was answered within the replication's lag and is not in the ledger yet"
            }
            Self::UntilRefused => "what the stale side answered until its first refused commit",
            Self::Unrecorded => {
                "what is not in the ledger yet: milliseconds of work, or all since the ledger's \
                 store went away"
            }
            Self::RepairedWhileGateLives => "repaired while the same gate lives, lost with it",
            Self::Everything => "everything in it; keep a copy",
            Self::Unknown => "unknown: the store does not tell how it is set up",
        }
    }
}
