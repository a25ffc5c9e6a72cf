//! What a failure of Redis is for a port.

use redis::RedisError;
use stampede_application::ports::PortError;

use super::{fence::Undecodable, script::SendError};

/// The store's name in `/health`.
pub(super) const STORE: &str = "redis";

/// Redis did not answer, or refused in a way that passes: it loads, is full, lacks replicas.
pub(super) fn unavailable(error: RedisError) -> PortError {
    PortError::unavailable(STORE, error)
}

/// A reply or a value that no version of this program wrote.
pub(super) fn inconsistent(error: Undecodable) -> PortError {
    PortError::inconsistent(STORE, error)
}

impl From<SendError> for PortError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Redis(error) => unavailable(error),
            SendError::Undecodable(error) => inconsistent(error),
        }
    }
}

/// Why a gate that answers has not answered this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotNow {
    #[error("the request reached the gate too late")]
    Late,
    #[error("the server is no master")]
    NotMaster,
    #[error("a newer version of this program wrote what this one cannot read")]
    Newer,
    #[error("the sale is closed and being restored")]
    Restoring,
    #[error("another node restores the sale")]
    RestoredElsewhere,
    #[error("the sale is closed, and its restore was interrupted")]
    Interrupted,
    #[error("the sale's epoch does not settle")]
    Unsettled,
}

impl From<NotNow> for PortError {
    fn from(why: NotNow) -> Self {
        Self::unavailable(STORE, why)
    }
}
