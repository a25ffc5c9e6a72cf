//! Visiting every state of a world, or the shortest way to one that should not be.

use std::{
    collections::BTreeSet,
    fmt,
    time::{Duration, Instant},
};

use stateright::{Checker, Expectation, HasDiscoveries, Model, Path};

use crate::{action::Action, protocol::Protocol, state::State};

/// What was found by visiting every state.
#[derive(Debug)]
pub struct Exploration {
    /// States met, those met again included.
    pub states: usize,
    /// Different states, of those that differ only in who is who one counted.
    pub unique: usize,
    /// Steps of the longest way that was taken without meeting a state again.
    pub depth: usize,
    /// How long it took.
    pub took: Duration,
    /// What does not hold everywhere, with a way to where it does not.
    pub broken: Vec<Way>,
    /// What should happen somewhere and does not.
    pub missing: Vec<&'static str>,
}

/// A way through the world: what a property is broken by, step by step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The property.
    pub property: &'static str,
    /// The steps, each a sentence.
    pub steps: Vec<String>,
}

/// Visits every state; stops early only where something does not hold.
///
/// Depth first, since the checker knows symmetry only so; the ways that it finds are not the
/// shortest. One thread: the figures are the same each time.
#[must_use]
pub fn explore(world: Protocol) -> Exploration {
    let begun = Instant::now();
    let checker =
        world.checker().symmetry().finish_when(HasDiscoveries::AnyFailures).spawn_dfs().join();
    let mut found = checker.discoveries();
    let (mut broken, mut missing) = (Vec::new(), Vec::new());
    for property in world.properties() {
        let path = found.remove(property.name);
        match property.expectation {
            Expectation::Always | Expectation::Eventually => {
                broken.extend(path.map(|path| Way::along(property.name, path)));
            }
            Expectation::Sometimes if path.is_none() => missing.push(property.name),
            Expectation::Sometimes => {}
        }
    }
    Exploration {
        states: checker.state_count(),
        unique: checker.unique_state_count(),
        depth: checker.max_depth(),
        took: begun.elapsed(),
        broken,
        missing,
    }
}

/// The shortest way to a state in which a property does not hold, or does, if it is one that
/// should hold somewhere; `None` if there is no such state.
#[must_use]
pub fn shortest_way(world: Protocol, property: &'static str) -> Option<Way> {
    let mut shortest: Option<Way> = None;
    loop {
        let mut checker =
            world.checker().finish_when(HasDiscoveries::AnyOf(BTreeSet::from([property])));
        // The checker looks up only now and then, and may have passed a shorter way by. A state
        // has a depth of one more than the steps that lead to it, and the target is left out.
        if let Some(way) = &shortest {
            checker = checker.target_max_depth(way.steps.len() + 1);
        }
        match checker.spawn_bfs().join().discovery(property) {
            Some(path) => shortest = Some(Way::along(property, path)),
            None => return shortest,
        }
    }
}

impl Way {
    fn along(property: &'static str, path: Path<State, Action>) -> Self {
        let steps = path.into_actions().iter().map(ToString::to_string).collect();
        Self { property, steps }
    }
}

impl Exploration {
    /// How much was visited: the same each time, on every machine.
    #[must_use]
    pub fn figures(&self) -> String {
        let (states, unique) = (grouped(self.states), grouped(self.unique));
        format!("{states} states, {unique} unique, depth {}", self.depth)
    }
}

/// A number as people read it: in groups of three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl fmt::Display for Exploration {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { took, broken, missing, .. } = self;
        write!(to, "{}, {:.1} s", self.figures(), took.as_secs_f32())?;
        for way in broken {
            write!(to, "\n{way}")?;
        }
        for property in missing {
            write!(to, "\nnever: {property}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Way {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "«{}», after {} steps:", self.property, self.steps.len())?;
        for (place, step) in self.steps.iter().enumerate() {
            write!(to, "\n  {}. {step}", place + 1)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn numbers_are_written_in_groups() {
        assert_eq!([7, 999, 1_000, 1_234_567].map(grouped), ["7", "999", "1,000", "1,234,567"]);
    }
}
