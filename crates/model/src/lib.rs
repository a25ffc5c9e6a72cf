//! The protocol of the redis engine as a model, every state of which is visited.
//!
//! The engine holds its promises although Redis may restart, roll back, be promoted, be flushed,
//! or go on living on the wrong side of a partition, and although nodes may die or be frozen at
//! any step. Tests of the engine try some of these at some instants. Here the protocol is written
//! down once more, without stores and without time, so small that all of it can be tried: at every
//! state everything that may happen next happens, and every state is looked at.
//!
//! # How to read it
//!
//! - A [`State`] is the world at an instant: two Redis processes with what each holds and has
//!   saved, the ledger, the entries that somebody has in hand, and who is at work.
//! - An [`Action`] is one step: one script of the gate or one transaction of the ledger, as they
//!   are atomic in the engine, or one fault. The files of `steps` say when each may be taken and
//!   what it does, a file for each of those who act.
//! - A [`Rule`] is one of the protocol's, and can be taken out: [`Rules::without`]. What a rule
//!   forbids is asked for by its name, where it is forbidden.
//! - [`properties`] says what must hold in every state, and what must happen in some, so that
//!   nothing holds because nothing happens.
//! - [`Bounds`] says how large a world is.
//!
//! [`explore`] visits every state of a world; [`shortest_way`] finds what breaks without a rule:
//!
//! ```
//! use stampede_model::{Bounds, Protocol, Rule, Rules, properties, shortest_way};
//!
//! let bounds = Bounds { epochs: 2, faults: 1, ..Bounds::ONE_UNIT };
//! let rules = Rules::ALL.without(Rule::IncarnationAtFence);
//! let way = shortest_way(Protocol { rules, bounds }, properties::GATE_KNOWS_LEDGER);
//! assert_eq!(way.map(|way| way.steps.len()), Some(4));
//! ```
//!
//! Architecture invariant: nothing depends on this crate, and it depends on nothing of ours. It
//! repeats the protocol and not the code; the tests of the engine hold the code to the protocol.

mod action;
mod bounds;
mod entry;
mod explore;
mod gate;
mod ledger;
mod marks;
mod process;
pub mod properties;
mod protocol;
mod purchase;
mod restorer;
mod rules;
mod sale;
mod state;
mod steps;
mod worth;

pub use action::Action;
pub use bounds::Bounds;
pub use explore::{Exploration, Way, explore, shortest_way};
pub use protocol::Protocol;
pub use rules::{Rule, Rules};
pub use state::State;
