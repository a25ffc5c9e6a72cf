//! A shop as its buyers and admins meet it: nodes of the real program, and their clients.

mod client;
mod comparison;
mod events;
mod stores;

pub use client::{ADMIN_KEY, Answer, Shop, product};
pub use comparison::Comparison;
pub use events::{Event, Events};
pub use stores::{Database, Node, PATIENT, RESTORED, Stores};
