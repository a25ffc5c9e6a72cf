//! Every state of the whole protocol, in worlds that each show another side of it.
//!
//! `cargo test -p stampede-model --test whole_protocol -- --nocapture` prints the figures.
#![expect(clippy::print_stdout, reason = "the figures are what one wants to see")]

use stampede_model::{Bounds, Protocol, Rules, explore};
use stateright::{Checker, Model};

/// Nothing breaks anywhere, everything that should happen does somewhere, and the README has the
/// figures.
fn holds(world: &str, bounds: Bounds) {
    let found = explore(Protocol { rules: Rules::ALL, bounds });
    println!("{world}: {found}");
    assert!(found.broken.is_empty(), "{world}: {found}");
    assert!(found.missing.is_empty(), "{world}: {found}");
    let row = format!("| {world} | {} |", found.figures());
    assert!(include_str!("../README.md").contains(&row), "the README misses {row}");
}

#[test]
fn one_unit_is_sold_once_whatever_befalls_two_redis_and_whoever_restores() {
    holds("one unit, two faults, four epochs", Bounds::ONE_UNIT);
}

#[test]
fn two_units_are_restored_part_by_part_and_a_repeated_attempt_buys_once() {
    holds("two units, two faults, three epochs", Bounds::TWO_UNITS);
}

#[test]
fn a_put_may_race_the_start_and_die_at_any_step() {
    holds("a PUT, one fault, three epochs", Bounds::AMENDED);
}

#[test]
fn a_sale_may_be_deleted_and_created_again_while_it_is_restored() {
    holds("a deletion and another creation, one fault, four epochs", Bounds::DELETED);
}

#[test]
fn a_put_a_deletion_and_another_creation_may_all_meet() {
    holds("all of it, one fault, three epochs", Bounds::EVERYTHING);
}

#[test]
fn who_is_who_makes_no_difference() {
    let bounds = Bounds { epochs: 3, faults: 1, ..Bounds::TWO_UNITS };
    let world = Protocol { rules: Rules::ALL, bounds };
    let (found, all) = (explore(world), world.checker().spawn_bfs().join());
    println!("{} of {} states are different", found.unique, all.unique_state_count());
    all.assert_properties();
    assert!(found.broken.is_empty() && found.missing.is_empty(), "{found}");
    // Two processes and two keys: at most four states are one.
    assert!((found.unique..=4 * found.unique).contains(&all.unique_state_count()));
}

/// More faults, more epochs.
mod larger {
    use super::{Bounds, holds};

    #[test]
    #[ignore = "takes half a minute"]
    fn one_unit_may_be_sold_through_three_faults() {
        let bounds = Bounds { faults: 3, tries: 1, ..Bounds::ONE_UNIT };
        holds("one unit, three faults, four epochs", bounds);
    }

    #[test]
    #[ignore = "takes a minute"]
    fn two_units_may_be_sold_through_four_epochs() {
        let bounds = Bounds { epochs: 4, ..Bounds::TWO_UNITS };
        holds("two units, two faults, four epochs", bounds);
    }

    #[test]
    #[ignore = "takes a minute"]
    fn a_put_may_meet_two_faults_or_four_epochs() {
        holds("a PUT, two faults, three epochs", Bounds { faults: 2, ..Bounds::AMENDED });
        holds("a PUT, one fault, four epochs", Bounds { epochs: 4, ..Bounds::AMENDED });
    }

    #[test]
    #[ignore = "takes a minute"]
    fn a_deletion_may_meet_two_faults() {
        let bounds = Bounds { faults: 2, tries: 1, ..Bounds::DELETED };
        holds("a deletion and another creation, two faults, four epochs", bounds);
    }

    #[test]
    #[ignore = "takes three minutes"]
    fn all_of_it_may_meet_four_epochs() {
        let bounds = Bounds { epochs: 4, ..Bounds::EVERYTHING };
        holds("all of it, one fault, four epochs", bounds);
    }
}
