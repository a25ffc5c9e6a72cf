//! What breaks where a rule is taken out, by the shortest way.
//!
//! `cargo test -p stampede-model --test rules_taken_out -- --nocapture` prints the ways.
#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and the ways are what one wants to see"
)]

use stampede_model::{
    Bounds, Protocol, Rule, Rules, explore,
    properties::{
        DELETED_IS_OVER, GATE_ADDS_UP, GATE_COUNTS, GATE_KNOWS_LEDGER, GENERATIONS_APART, KEY_ONCE,
        LEDGER_HAS_ROOM, NEVER_OVERSOLD, NOTHING_LET_GO, NOTHING_REFUSED, ONE_GATE, SALE_AGREES,
        TOLD_NEVER_LOST,
    },
    shortest_way,
};

/// One unit, no faults, one restore: the smallest world. Each test says what it needs besides.
const SMALL: Bounds = Bounds { tries: 1, epochs: 2, faults: 0, ..Bounds::ONE_UNIT };
/// Two units, and keys that draw twice.
const TWO: Bounds = Bounds { units: &[2], tries: 2, ..SMALL };
/// A PUT.
const AMENDED: Bounds = Bounds { units: &[1, 2], amends: true, ..SMALL };
/// A deletion.
const DELETED: Bounds = Bounds { deletes: true, ..SMALL };

fn without(out: &[Rule]) -> Rules {
    out.iter().fold(Rules::ALL, |rules, &rule| rules.without(rule))
}

/// Without these rules the property does not hold, and this many steps show it. Of a single rule
/// the README says so too.
fn breaks(out: &[Rule], bounds: Bounds, property: &'static str, steps: usize) {
    let way = shortest_way(Protocol { rules: without(out), bounds }, property);
    let way = way.unwrap_or_else(|| panic!("without {out:?} it holds that {property}"));
    println!("without {out:?}: {way}");
    assert_eq!(way.steps.len(), steps, "{way}");
    if let [rule] = out {
        let row = row(*rule);
        assert!(row.ends_with(&format!("| {steps} |")), "{steps} steps: {row}");
    }
}

/// What the README says of a rule.
fn row(rule: Rule) -> &'static str {
    let begin = format!("| `{rule:?}` |");
    let mut rows = include_str!("../README.md").lines();
    rows.find(|row| row.starts_with(&begin)).unwrap_or_else(|| panic!("no row begins {begin}"))
}

/// Without these rules everything holds all the same.
fn holds(out: &[Rule], bounds: Bounds) {
    let found = explore(Protocol { rules: without(out), bounds });
    println!("without {out:?}: {found}");
    assert!(found.broken.is_empty(), "{found}");
}

mod at_the_fence {
    use super::{
        Bounds, GATE_KNOWS_LEDGER, NEVER_OVERSOLD, Rule, SMALL, TOLD_NEVER_LOST, TWO, breaks,
    };

    #[test]
    fn without_the_incarnation_rolled_back_data_sells_what_is_sold() {
        let bounds = Bounds { faults: 1, ..SMALL };
        breaks(&[Rule::IncarnationAtFence], bounds, GATE_KNOWS_LEDGER, 4);
    }

    #[test]
    fn without_incarnation_and_constraints_the_ledger_is_oversold() {
        let bounds = Bounds { faults: 1, ..SMALL };
        let out = [Rule::IncarnationAtFence, Rule::LedgerConstraints];
        breaks(&out, bounds, NEVER_OVERSOLD, 6);
    }

    #[test]
    fn without_incarnation_and_named_target_a_told_purchase_is_lost() {
        let bounds = Bounds { faults: 1, ..TWO };
        let out = [Rule::IncarnationAtFence, Rule::NamedConflictTarget];
        breaks(&out, bounds, TOLD_NEVER_LOST, 6);
    }

    #[test]
    fn without_the_replication_id_a_failback_is_taken_for_the_present() {
        let bounds = Bounds { faults: 2, ..SMALL };
        breaks(&[Rule::ReplicationInIncarnation], bounds, GATE_KNOWS_LEDGER, 5);
    }

    #[test]
    fn without_the_count_lost_buyers_buy_again() {
        let bounds = Bounds { faults: 1, ..SMALL };
        breaks(&[Rule::BuyersCounted], bounds, GATE_KNOWS_LEDGER, 4);
    }

    #[test]
    fn a_missing_head_taken_for_a_new_sale_sells_it_twice() {
        breaks(&[Rule::MissingMeansClosed], SMALL, GATE_KNOWS_LEDGER, 4);
    }

    #[test]
    fn an_opening_that_is_sent_twice_sells_the_sale_twice() {
        breaks(&[Rule::OpeningSentOnce], SMALL, GATE_KNOWS_LEDGER, 4);
    }
}

mod at_the_commit {
    use super::{
        AMENDED, GATE_ADDS_UP, GATE_KNOWS_LEDGER, KEY_ONCE, LEDGER_HAS_ROOM, NEVER_OVERSOLD,
        NOTHING_LET_GO, Rule, SMALL, TOLD_NEVER_LOST, TWO, breaks,
    };

    #[test]
    fn without_the_attempt_key_a_repeat_buys_again() {
        breaks(&[Rule::AttemptKey], TWO, LEDGER_HAS_ROOM, 3);
    }

    #[test]
    fn without_attempt_key_and_constraints_a_key_has_two_purchases() {
        breaks(&[Rule::AttemptKey, Rule::LedgerConstraints], TWO, KEY_ONCE, 5);
    }

    #[test]
    fn without_attempt_key_and_named_target_a_told_purchase_is_lost() {
        breaks(&[Rule::AttemptKey, Rule::NamedConflictTarget], TWO, TOLD_NEVER_LOST, 5);
    }

    #[test]
    fn an_answer_before_the_commit_is_lost_with_the_gate() {
        breaks(&[Rule::AnswerAfterCommit], SMALL, TOLD_NEVER_LOST, 10);
    }

    #[test]
    fn without_the_epoch_at_the_commit_a_late_entry_passes_a_restore_by() {
        breaks(&[Rule::EpochAtCommit], SMALL, GATE_KNOWS_LEDGER, 9);
    }

    #[test]
    fn without_the_constraints_a_put_that_was_never_answered_oversells_the_ledger() {
        breaks(&[Rule::LedgerConstraints], AMENDED, NEVER_OVERSOLD, 9);
    }

    #[test]
    fn an_entry_that_leaves_before_its_commit_is_lost() {
        breaks(&[Rule::EntryLeavesLast], SMALL, NOTHING_LET_GO, 3);
    }

    #[test]
    fn without_a_judgement_an_adoption_oversells() {
        breaks(&[Rule::AdoptionJudged], SMALL, GATE_ADDS_UP, 10);
    }

    #[test]
    fn offered_under_its_own_epoch_a_stale_entry_is_taken_for_safe() {
        breaks(&[Rule::AdoptedUnderLaterEpoch], SMALL, NOTHING_LET_GO, 4);
    }
}

mod in_a_restore {
    use super::{
        AMENDED, Bounds, GATE_COUNTS, GATE_KNOWS_LEDGER, NOTHING_REFUSED, ONE_GATE, Rule, SMALL,
        TWO, breaks,
    };

    #[test]
    fn an_epoch_that_two_restorers_take_opens_two_gates() {
        breaks(&[Rule::EpochTakenOnce], SMALL, ONE_GATE, 12);
    }

    #[test]
    fn without_its_epoch_at_the_ledger_a_slow_restorer_gives_what_no_gate_knows() {
        let bounds = Bounds { epochs: 3, ..SMALL };
        breaks(&[Rule::EpochAtLedgerSteps], bounds, GATE_KNOWS_LEDGER, 12);
    }

    #[test]
    fn without_its_epoch_at_the_gate_a_slow_restorer_writes_over_a_later_restore() {
        let bounds = Bounds { epochs: 3, ..SMALL };
        breaks(&[Rule::EpochAtGateSteps], bounds, GATE_KNOWS_LEDGER, 12);
    }

    #[test]
    fn a_head_that_is_lowered_forgets_a_change_that_it_had() {
        let bounds = Bounds { epochs: 4, ..AMENDED };
        breaks(&[Rule::HeadNeverLowered], bounds, NOTHING_REFUSED, 18);
    }

    #[test]
    fn what_is_not_given_to_the_ledger_first_is_sold_to_others() {
        breaks(&[Rule::SurvivorsGiven], SMALL, NOTHING_REFUSED, 9);
    }

    #[test]
    fn a_ledger_that_is_read_too_early_misses_what_it_was_given() {
        breaks(&[Rule::LedgerReadLast], SMALL, GATE_KNOWS_LEDGER, 8);
    }

    #[test]
    fn a_gate_that_is_not_emptied_keeps_what_was_refused() {
        let bounds = Bounds { epochs: 3, ..SMALL };
        breaks(&[Rule::EmptiedFirst], bounds, GATE_COUNTS, 17);
    }

    #[test]
    fn parts_that_are_not_counted_may_be_undone_by_a_late_original() {
        breaks(&[Rule::ChunksCounted], TWO, GATE_COUNTS, 12);
        breaks(&[Rule::ChunksCounted, Rule::CountOfWritten], TWO, GATE_KNOWS_LEDGER, 12);
    }

    #[test]
    fn a_gate_that_is_opened_before_it_is_written_misses_what_is_sold() {
        breaks(&[Rule::OpenedLast], SMALL, GATE_COUNTS, 8);
        breaks(&[Rule::OpenedLast, Rule::CountOfWritten], SMALL, GATE_KNOWS_LEDGER, 8);
    }

    #[test]
    fn a_count_of_what_is_found_does_not_miss_what_was_lost_while_it_was_written() {
        let bounds = Bounds { faults: 1, ..SMALL };
        breaks(&[Rule::CountOfWritten], bounds, GATE_KNOWS_LEDGER, 10);
    }
}

mod in_a_change {
    use super::{
        AMENDED, Bounds, DELETED, DELETED_IS_OVER, GATE_ADDS_UP, GENERATIONS_APART,
        NOTHING_REFUSED, Rule, SALE_AGREES, breaks,
    };

    #[test]
    fn what_was_sold_by_a_change_is_refused_where_a_restore_does_not_keep_it() {
        breaks(&[Rule::ChangeKept], AMENDED, NOTHING_REFUSED, 11);
    }

    #[test]
    fn it_is_refused_too_where_a_restorer_died_after_it_took_an_epoch() {
        let bounds = Bounds { epochs: 3, ..AMENDED };
        breaks(&[Rule::ChangeKeptUntilReopened], bounds, NOTHING_REFUSED, 12);
    }

    #[test]
    fn a_put_that_does_not_hold_the_row_is_passed_by_a_restore() {
        breaks(&[Rule::AmendmentHoldsRow], AMENDED, SALE_AGREES, 10);
    }

    #[test]
    fn a_put_at_a_stale_gate_changes_the_ledger_and_not_the_sale() {
        breaks(&[Rule::AmendmentUnderRowsEpoch], AMENDED, SALE_AGREES, 10);
    }

    #[test]
    fn a_put_after_the_start_takes_units_that_are_sold() {
        breaks(&[Rule::AmendmentBeforeStart], AMENDED, GATE_ADDS_UP, 6);
    }

    #[test]
    fn a_sale_that_is_not_ended_sells_after_its_outbox_was_found_empty() {
        breaks(&[Rule::EndedBeforeBurial], DELETED, DELETED_IS_OVER, 4);
    }

    #[test]
    fn a_sale_that_is_not_drained_is_buried_without_what_it_sold() {
        breaks(&[Rule::DrainedBeforeBurial], DELETED, DELETED_IS_OVER, 5);
    }

    #[test]
    fn an_empty_outbox_elsewhere_is_taken_for_the_sales() {
        breaks(&[Rule::DrainedInEndedLife], DELETED, DELETED_IS_OVER, 5);
    }

    #[test]
    fn a_sale_that_was_restored_since_it_was_ended_is_buried_without_what_it_sold() {
        let bounds = Bounds { epochs: 3, ..DELETED };
        breaks(&[Rule::BuriedInEndedLife], bounds, DELETED_IS_OVER, 11);
    }

    #[test]
    fn a_deleted_sale_that_may_be_restored_sells_again() {
        let bounds = Bounds { epochs: 4, ..DELETED };
        breaks(&[Rule::DeletedIsFinal], bounds, DELETED_IS_OVER, 15);
    }

    #[test]
    fn without_the_generation_an_old_purchase_takes_a_unit_of_the_new_sale() {
        let bounds = Bounds { epochs: 4, recreates: true, ..DELETED };
        breaks(&[Rule::GenerationInKeys], bounds, GENERATIONS_APART, 15);
    }
}

mod a_second_line {
    use super::{Bounds, DELETED, DELETED_IS_OVER, GATE_COUNTS, Rule, SMALL, breaks, holds};

    #[test]
    fn the_named_target_is_one_nothing_reaches_it_while_the_others_hold() {
        for bounds in [Bounds { faults: 1, ..Bounds::TWO_UNITS }, Bounds::AMENDED] {
            holds(&[Rule::NamedConflictTarget], bounds);
        }
    }

    #[test]
    fn the_life_at_the_steps_of_a_restore_is_one_behind_the_count_of_its_parts() {
        let bounds = Bounds { epochs: 3, ..Bounds::ONE_UNIT };
        holds(&[Rule::LifeAtGateSteps], bounds);
        holds(&[Rule::LifeAtGateSteps], Bounds { faults: 1, ..Bounds::TWO_UNITS });
        // Of one part, no late original does harm; a copy from before it was written does.
        let bounds = Bounds { faults: 1, ..SMALL };
        holds(&[Rule::ChunksCounted], bounds);
        breaks(&[Rule::ChunksCounted, Rule::LifeAtGateSteps], bounds, GATE_COUNTS, 10);
    }

    #[test]
    fn the_epoch_of_the_tombstone_is_one_behind_the_life_that_a_burial_names() {
        holds(&[Rule::TombstoneRaisesEpoch], Bounds { epochs: 3, ..Bounds::DELETED });
        let out = [Rule::TombstoneRaisesEpoch, Rule::BuriedInEndedLife];
        breaks(&out, Bounds { epochs: 3, ..DELETED }, DELETED_IS_OVER, 10);
    }
}

mod all_rules {
    use super::{Rule, row};

    #[test]
    fn every_rule_is_taken_out_by_a_test_and_explained_in_the_readme() {
        for rule in Rule::ALL {
            let is_tested = include_str!("rules_taken_out.rs").contains(&format!("Rule::{rule:?}"));
            assert!(is_tested && !row(rule).is_empty(), "no test takes {rule:?} out");
        }
    }
}
