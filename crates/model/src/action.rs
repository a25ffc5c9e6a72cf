//! One step of the world.

use std::fmt;

use crate::{
    protocol::Protocol,
    state::State,
    steps::{
        amending::Amending, buying::Buying, creating::Creating, deleting::Deleting,
        failing::Failing, recording::Recording, restoring::Restoring,
    },
};

/// One step, by who takes it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Action(pub(crate) Actor);

/// Who takes a step, and which.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    Buyer(Buying),
    Worker(Recording),
    Restorer(Restoring),
    Creator(Creating),
    Amender(Amending),
    Deleter(Deleting),
    Fault(Failing),
}

impl Action {
    /// All steps that are possible in a state, in an order that depends on nothing else.
    pub(crate) fn offer(world: &Protocol, state: &State, to: &mut Vec<Self>) {
        Creating::offer(world, state, to);
        Buying::offer(world, state, to);
        Recording::offer(world, state, to);
        Restoring::offer(world, state, to);
        Amending::offer(world, state, to);
        Deleting::offer(world, state, to);
        Failing::offer(world, state, to);
    }

    /// Takes the step.
    pub(crate) fn apply(self, world: &Protocol, state: &mut State) {
        match self.0 {
            Actor::Buyer(step) => step.apply(world, state),
            Actor::Worker(step) => step.apply(world, state),
            Actor::Restorer(step) => step.apply(world, state),
            Actor::Creator(step) => step.apply(world, state),
            Actor::Amender(step) => step.apply(state),
            Actor::Deleter(step) => step.apply(world, state),
            Actor::Fault(step) => step.apply(world, state),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Actor::Buyer(step) => step.fmt(to),
            Actor::Worker(step) => step.fmt(to),
            Actor::Restorer(step) => step.fmt(to),
            Actor::Creator(step) => step.fmt(to),
            Actor::Amender(step) => step.fmt(to),
            Actor::Deleter(step) => step.fmt(to),
            Actor::Fault(step) => step.fmt(to),
        }
    }
}

/// The sentence, since it is what the checker prints of a path.
impl fmt::Debug for Action {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, to)
    }
}
