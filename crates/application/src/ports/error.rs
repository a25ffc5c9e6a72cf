//! Why a port has no answer.

use std::{error::Error, fmt, iter, sync::Arc};

/// A port has no answer: we do not know, and say so.
///
/// Expected outcomes (absent, exists, refused) are values of the port's results, never errors.
/// Cheap to clone, because one failure of a batch is the failure of every attempt in it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PortError {
    /// The store is away, too slow, or not ours to ask at this moment; what was asked may or may
    /// not have been done, and may be asked again as it is.
    #[error("{store} is unavailable")]
    Unavailable {
        /// The store's name in `/health`.
        store: &'static str,
        /// What it said.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The store answered something that must not be; asking again will not help.
    #[error("{store} answered something that must not be")]
    Inconsistent {
        /// The store's name in `/health`.
        store: &'static str,
        /// What it said.
        source: Arc<dyn Error + Send + Sync>,
    },
}

impl PortError {
    /// The store is away or too slow.
    pub fn unavailable(
        store: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable { store, source: Arc::from(source.into()) }
    }

    /// The store answered something that must not be.
    pub fn inconsistent(
        store: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Inconsistent { store, source: Arc::from(source.into()) }
    }
}

/// An error and all its causes in one line, for the log: "redis is unavailable: refused".
#[derive(Clone, Copy, Debug)]
pub struct Causes<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        iter::successors(self.0.source(), |&cause| cause.source())
            .try_for_each(|cause| write!(f, ": {cause}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_tells_the_cause_too() {
        let away = PortError::unavailable("redis", "connection refused");
        assert_eq!(Causes(&away).to_string(), "redis is unavailable: connection refused");
    }
}
