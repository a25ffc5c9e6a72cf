//! The time, given and never taken.

use stampede_domain::Instant;

/// The clock of the engine's store, as this node knows it.
///
/// An implementation MUST never go back, and MUST answer at once, without I/O: a node keeps an
/// estimate where the store is another process. Only the gate judges by the store's own clock.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Instant;
}
