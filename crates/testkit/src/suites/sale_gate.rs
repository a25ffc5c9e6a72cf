//! What every gate must hold, whatever it is made of.

pub mod acknowledging;
pub mod attempts;
pub mod changes;
pub mod clocks;
pub mod sequences;
pub mod upkeep;

/// Makes each sentence about a gate a `#[test]` over what `$harness` makes.
///
/// `$cases` generated sequences of batches are held equal to `domain::decide`.
#[macro_export]
macro_rules! sale_gate_suite {
    ($harness:expr, $cases:expr) => {
        mod attempts {
            use super::*;
            $crate::suite_tests!(
                $harness,
                $crate::suites::sale_gate::attempts,
                of_a_hundred_units_a_hundred_are_sold_whatever_the_batches,
                lanes_at_once_sell_no_more_than_the_stock,
                the_same_key_gets_the_same_purchase_from_every_lane,
                the_same_key_twice_in_one_batch_buys_once,
                a_key_belongs_to_its_buyer,
                a_key_reused_with_another_quantity_buys_nothing,
                the_limit_counts_over_batches,
                the_limit_counts_within_one_batch,
                replay_comes_first_then_limit_then_window_then_stock,
                nothing_is_accepted_before_the_start,
                nothing_is_accepted_after_the_end,
                more_than_is_left_is_sold_out_and_takes_nothing,
                an_accepted_batch_is_in_the_outbox_with_all_its_fields,
                every_purchase_of_a_priced_sale_has_its_price,
                a_rejection_writes_nothing,
                a_purchase_is_known_the_instant_it_is_answered,
                a_full_batch_is_decided,
                a_sale_that_was_never_opened_is_unknown,
            );
        }
        mod acknowledging {
            use super::*;
            $crate::suite_tests!(
                $harness,
                $crate::suites::sale_gate::acknowledging,
                a_strict_batch_hands_out_its_entry_as_the_outbox_has_it,
                a_plain_batch_hands_out_none,
                the_level_that_was_amended_is_told_from_that_instant_on,
                a_rebuild_keeps_the_level,
            );
        }
        mod changes {
            use super::*;
            $crate::suite_tests!(
                $harness,
                $crate::suites::sale_gate::changes,
                after_a_pause_no_lane_accepts_and_after_a_resume_they_do,
                after_the_end_no_lane_accepts_and_nothing_undoes_it,
                a_change_is_in_the_outbox_whole_and_with_a_higher_version,
                a_repeated_change_changes_nothing,
                a_pause_while_upcoming_holds,
                an_end_while_upcoming_holds,
                a_sale_that_sold_out_has_ended_for_changes,
                a_sale_that_is_over_has_ended_for_changes,
                an_amendment_replaces_the_definition_and_its_stock,
                what_is_sold_next_has_the_price_that_was_amended,
                an_amendment_over_another_version_is_refused,
                an_amendment_without_effect_does_not_hide_a_pause,
                an_amendment_of_a_running_sale_is_refused,
                changes_of_an_unknown_sale_say_so,
            );
        }
        mod upkeep {
            use super::*;
            $crate::suite_tests!(
                $harness,
                $crate::suites::sale_gate::upkeep,
                opening_twice_is_harmless,
                a_sale_whose_opening_was_lost_is_opened_by_who_looks,
                holdings_name_every_buyer,
                an_audit_finds_the_counters_consistent,
                a_repair_adds_what_was_lost_once,
                a_repair_never_goes_over_the_stock_or_the_limit,
                a_rebuild_keeps_every_purchase_and_raises_the_version,
                a_rebuild_keeps_what_an_admin_changed,
                a_rebuild_keeps_page_and_price,
                a_rebuild_takes_in_what_only_the_ledger_has,
                a_rebuild_closes_a_gap_in_what_a_buyer_has_in_the_ledger,
                a_sale_is_listed_in_its_shard_until_it_is_deleted,
                a_sale_that_is_shut_loses_nothing,
                an_audit_tells_the_gates_time_life_and_last_place,
                a_forgotten_sale_is_unknown_and_forgetting_twice_is_harmless,
                a_sku_created_again_starts_clean_above_its_old_version,
            );

            #[test]
            fn generated_sequences_are_decided_as_the_domain_decides() {
                $crate::suites::run(async {
                    let harness = $harness.await;
                    $crate::suites::sale_gate::sequences::decided_as_the_domain_decides(
                        &harness, $cases,
                    )
                    .await;
                });
            }
        }
    };
}

/// Makes each sentence about a gate whose clock goes back a `#[test]` over what `$harness` makes.
#[macro_export]
macro_rules! sale_gate_clocks_suite {
    ($harness:expr) => {
        $crate::suite_tests!(
            $harness,
            $crate::suites::sale_gate::clocks,
            a_clock_that_goes_back_reopens_no_window,
            a_gate_that_is_made_anew_judges_by_the_latest_time_of_the_old,
            an_end_that_the_ledger_knows_of_is_over_in_every_later_life,
            a_purchase_is_never_earlier_than_the_one_before_it,
        );
    };
}
