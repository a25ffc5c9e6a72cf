//! What every catalogue must hold.

mod burial;
mod creation;
mod locking;

pub use burial::*;
pub use creation::*;
pub use locking::*;

/// Makes each test of this suite a `#[test]` over what the expression makes: a future of
/// [`Records`](crate::suites::Records).
#[macro_export]
macro_rules! catalogue_suite {
    ($records:expr) => {
        $crate::suite_tests!(
            $records,
            $crate::suites::catalogue,
            a_new_sale_reads_back_as_it_was_created,
            a_sku_is_created_once,
            of_creations_of_one_sku_at_once_one_is_recorded,
            a_full_catalogue_takes_no_more_until_a_sale_is_buried,
            pages_list_every_sale_once_and_newest_first,
            a_locked_row_is_written_by_one_holder_at_a_time,
            a_dropped_lock_changes_nothing_and_lets_the_row_go,
            a_row_that_is_left_stays_as_it_was,
            a_written_row_reads_back_whole,
            there_is_no_row_to_lock_of_an_unknown_sku,
            a_buried_sale_is_in_no_answer,
            a_recreated_sku_starts_above_its_tombstone,
            a_creation_that_races_a_burial_starts_above_its_tombstone,
            burying_twice_is_as_if_once,
            burying_what_never_was_changes_nothing,
            burying_an_old_creation_again_leaves_the_new_one,
            purchases_of_a_buried_sale_stay_in_the_archive_until_retention_ends,
            a_burial_of_another_life_changes_nothing_and_says_so,
            the_standing_of_sales_is_told_in_the_order_asked,
            what_is_noted_of_a_sale_that_is_over_is_of_its_life,
        );
    };
}
