//! What may happen next: one file for each of those who act.
//!
//! Each file offers the steps that are possible in a state, and does one of them. A script of the
//! gate is one step and a transaction of the ledger is one step, as they are in the engine.

pub(crate) mod amending;
pub(crate) mod buying;
pub(crate) mod creating;
pub(crate) mod deleting;
pub(crate) mod failing;
pub(crate) mod recording;
pub(crate) mod restoring;
