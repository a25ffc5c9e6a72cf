//! The protocol as a model that can be explored.

use stateright::{Model, Property};

use crate::{action::Action, bounds::Bounds, properties, rules::Rules, state::State};

/// The protocol under some rules, in a world of some size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// The rules that hold.
    pub rules: Rules,
    /// How large the world is.
    pub bounds: Bounds,
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let has_begun = !self.bounds.amends;
        self.bounds.units.iter().map(|&units| State::created(units, has_begun)).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        Action::offer(self, state, actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = *last;
        action.apply(self, &mut next);
        next.fold(self);
        (next != *last).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::of(&self.bounds)
    }
}
