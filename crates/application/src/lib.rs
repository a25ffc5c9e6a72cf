//! The use cases of a flash sale, the ports that they need, and the coalescer.
//!
//! Architecture invariant: nothing here names a store or the web. Time and randomness are ports.

mod coalescer;
pub mod live_sales;
pub mod ports;
pub mod use_cases;

pub use coalescer::{Coalescer, CoalescerLimits, Outcome, Shed, Ticket};
