//! The thin binary: settings, telemetry, wiring, running and stopping.
//!
//! Architecture invariant: nothing is decided here. Rules live in the domain, use cases in the
//! application, stores and the web in their adapters; this crate only puts them together.

pub mod cli;
pub mod settings;
pub mod telemetry;
