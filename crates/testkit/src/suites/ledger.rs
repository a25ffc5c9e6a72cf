//! What every ledger must hold.

mod changes;
mod commits;
mod drift;
mod lateness;
mod reading;
mod runs;

pub use changes::*;
pub use commits::*;
pub use drift::*;
pub use lateness::*;
pub use reading::*;
pub use runs::*;

/// Makes each test of this suite a `#[test]` over what the expression makes: a future of
/// [`Records`](crate::suites::Records).
#[macro_export]
macro_rules! ledger_suite {
    ($records:expr) => {
        $crate::suite_tests!(
            $records,
            $crate::suites::ledger,
            a_purchase_reads_back_whole_and_to_the_millisecond,
            a_purchase_without_trace_and_price_reads_back_so,
            committing_twice_is_as_if_once,
            a_purchase_that_two_entries_carry_is_inserted_once,
            ten_thousand_purchases_commit_in_one_call,
            a_buyers_second_purchase_within_the_limit_is_inserted,
            a_cancelled_purchase_is_recorded_and_has_no_units,
            commits_of_the_same_sales_in_any_order_all_succeed,
            a_poisoned_value_is_a_fault_of_the_data_and_commits_nothing,
            a_number_that_no_column_holds_is_a_fault_of_the_data,
            an_entry_that_cannot_be_read_is_not_committed,
            more_units_than_the_stock_are_drift,
            a_unit_above_the_limit_is_drift,
            what_stands_in_the_place_of_another_purchase_is_drift,
            drift_names_the_sale_and_commits_nothing_of_any,
            a_change_is_written_whole,
            a_change_applies_only_over_a_lower_version,
            purchases_meet_the_stock_of_a_change_in_the_same_call,
            a_change_that_would_cut_the_stock_below_what_is_sold_is_drift,
            a_change_of_another_epoch_is_dropped,
            an_entry_of_another_epoch_is_stale_but_for_what_the_ledger_has,
            an_epoch_of_the_same_number_and_another_nonce_is_another,
            what_comes_after_the_burial_is_orphaned_but_for_what_the_archive_has,
            what_is_of_no_sale_that_ever_was_is_orphaned,
            a_voided_purchase_is_never_inserted,
            voiding_what_was_not_readable_is_harmless,
            pages_go_by_position_without_gap_or_repeat,
            what_is_known_is_told_apart_from_what_is_not,
            what_is_on_record_is_told_apart_from_what_was_voided,
            what_is_on_record_comes_with_the_life_that_the_ledger_is_in,
            what_is_on_record_is_not_voided,
            purchases_between_two_places_are_counted,
            the_newest_run_of_reconciliation_is_on_record,
            a_run_reads_back_whole,
            runs_are_listed_newest_first_page_by_page,
        );
    };
}
