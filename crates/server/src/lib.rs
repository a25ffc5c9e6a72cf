//! The thin binary: settings, telemetry, wiring, running and stopping.
//!
//! Architecture invariant: nothing is decided here. Rules live in the domain, use cases in the
//! application, stores and the web in their adapters; this crate only puts them together.

pub mod cli;
pub mod commands;
mod demo;
pub mod engine;
pub mod exit;
mod open_files;
pub mod role;
pub mod run;
pub mod settings;
mod signals;
pub mod telemetry;
pub mod wiring;
