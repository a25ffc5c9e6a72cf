//! What a batch took, for whoever measures.

use std::time::Duration;

/// What a batch took on its way to the gate and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchTook {
    /// Attempts in it.
    pub attempts: usize,
    /// How long the first of them had waited when it left.
    pub waited: Duration,
    /// Attempts of the thread that had no answer then, its own among them.
    pub waiting: usize,
    /// From then until the gate's answer.
    pub took: Duration,
}
