//! The proof: faults over running sales of real processes, what clients saw of them, and the board
//! of what was lost.
//!
//! A [`Line`] is a promise under one fault. Each of its trials starts real nodes and stores, lets a
//! crowd buy, breaks something at an instant that the seed chooses, and holds what clients saw, and
//! what stands in the ledger in the end, to the specification ([`check`]).
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a trial that cannot be finished fails by panicking"
)]

mod board;
mod chance;
mod check;
mod crowd;
mod figure;
pub mod history;
mod line;
pub mod lines;
mod plan;
mod recorder;
mod run;
mod scene;

pub use board::Board;
pub use chance::Chance;
pub use check::{Promise, check};
pub use crowd::{Crowd, Errand};
pub use figure::{Figure, Measure};
pub use line::{Kind, Line, Trial};
pub use plan::{Asked, Plan, Share, Turn};
pub use recorder::{During, Recorder};
pub use run::run;
pub use scene::{Scene, Setting};
