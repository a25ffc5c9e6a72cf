//! The adapters: what the ports are made of.

pub mod queue;
