//! An admin pauses, resumes and ends sales.

use stampede_application::{live_sales::Known, ports::Change, use_cases::ChangeError};
use stampede_domain::{Decision, EndReason, Rejection, State};
use stampede_testkit::suites::attempt;

use crate::shop::{Shop, WIDGET, When, sku};

on_every_engine!(
    from_the_answer_to_a_pause_on_nothing_is_accepted_until_the_resume,
    a_change_is_answered_only_after_its_commit,
    a_repeated_change_is_answered_alike_and_changes_nothing,
    an_upcoming_sale_is_paused_and_ended,
    a_sale_that_is_over_or_sold_out_is_not_modifiable,
    a_sale_that_an_admin_ended_stays_so,
    a_change_of_an_unknown_sku_says_so,
);

const NOT_ACTIVE: Decision = Decision::Rejected(Rejection::SaleNotActive);

async fn from_the_answer_to_a_pause_on_nothing_is_accepted_until_the_resume(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    let paused = shop.change.run(&id.sku, Change::Pause).await.expect("the sale runs");
    assert_eq!((paused.sale.paused, paused.phase.state), (true, State::Active));
    assert_eq!((paused.current_stock, paused.total_purchases), (9, 1));
    assert_eq!(shop.decide(&id, &[attempt("ben", 1, 1)]).await, [NOT_ACTIVE]);
    let row = shop.row(&id).await;
    assert_eq!((row.sale, row.version), (paused.sale.clone(), paused.version), "committed");
    let Known::Live(live, _) = shop.live.get(&id.sku) else { panic!("this node shows it") };
    assert!(live.sale.paused);
    let resumed = shop.change.run(&id.sku, Change::Resume).await.expect("the sale runs");
    assert!(!resumed.sale.paused && resumed.version > paused.version);
    shop.buy(&id, "ben").await;
    assert!(!shop.row(&id).await.sale.paused);
    // What was committed here is not left to the workers; the purchases are.
    assert_eq!(shop.waiting(&id).await.len(), 2);
}

/// I9: with the ledger away the change holds in the gate, is not answered, and may be repeated.
async fn a_change_is_answered_only_after_its_commit(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    for (change, holds) in [(Change::Pause, true), (Change::Resume, false), (Change::End, false)] {
        shop.ledger.go_away();
        for _ in 0..2 {
            let unknown = shop.change.run(&id.sku, change).await;
            assert!(matches!(unknown, Err(ChangeError::Port(_))), "{change:?}: {unknown:?}");
        }
        let held = shop.snapshot(&id).await;
        assert_eq!(held.sale.paused, holds, "{change:?} holds in the gate");
        assert_ne!(shop.row(&id).await.sale, held.sale, "{change:?} is not committed");
        shop.ledger.come_back();
        let view = shop.change.run(&id.sku, change).await.expect("a repeat goes on");
        assert_eq!((&view.sale, view.version), (&held.sale, held.version), "{change:?}");
        assert_eq!(shop.row(&id).await.sale, view.sale, "{change:?} is committed");
    }
    // The entries of the changes that were not answered come to a worker, who is late.
    let after = shop.row(&id).await;
    shop.drain(&id).await.expect("the stores answer");
    assert_eq!(shop.row(&id).await, after);
    assert_eq!(shop.waiting(&id).await, []);
}

async fn a_repeated_change_is_answered_alike_and_changes_nothing(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    for change in [Change::Resume, Change::Pause, Change::Resume, Change::End] {
        let first = shop.change.run(&id.sku, change).await.expect("the sale runs");
        let again = shop.change.run(&id.sku, change).await.expect("a repeat is harmless");
        assert_eq!(again, first, "{change:?}");
    }
}

async fn an_upcoming_sale_is_paused_and_ended(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Upcoming).await;
    let paused = shop.change.run(&id.sku, Change::Pause).await.expect("it is upcoming");
    assert_eq!((paused.sale.paused, paused.phase.state), (true, State::Upcoming));
    let ended = shop.change.run(&id.sku, Change::End).await.expect("it is upcoming");
    assert_eq!(ended.phase.state, State::Ended);
    assert_eq!(ended.phase.end_reason, Some(EndReason::EndedByAdmin));
    assert!(shop.row(&id).await.sale.ended_by_admin);
}

async fn a_sale_that_is_over_or_sold_out_is_not_modifiable(shop: Shop) {
    let over = shop.sell("OVER-1", 10, 1, When::Over).await;
    let sold_out = shop.sell("SOLD-OUT-1", 1, 1, When::Active).await;
    shop.buy(&sold_out, "ada").await;
    for id in [over, sold_out] {
        let before = shop.product(&id).await;
        for change in [Change::Pause, Change::Resume, Change::End] {
            let refused = shop.change.run(&id.sku, change).await;
            assert!(matches!(refused, Err(ChangeError::NotModifiable)), "{change:?}: {refused:?}");
        }
        assert_eq!(shop.product(&id).await, before);
    }
}

async fn a_sale_that_an_admin_ended_stays_so(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.change.run(&id.sku, Change::Pause).await.expect("the sale runs");
    let ended = shop.change.run(&id.sku, Change::End).await.expect("the sale runs");
    for change in [Change::Pause, Change::Resume] {
        let refused = shop.change.run(&id.sku, change).await;
        assert!(matches!(refused, Err(ChangeError::NotModifiable)), "{change:?}: {refused:?}");
    }
    assert_eq!(shop.product(&id).await, ended);
    assert_eq!(shop.decide(&id, &[attempt("ada", 1, 1)]).await, [NOT_ACTIVE]);
}

async fn a_change_of_an_unknown_sku_says_so(shop: Shop) {
    let unknown = shop.change.run(&sku(WIDGET), Change::Pause).await;
    assert!(matches!(unknown, Err(ChangeError::Unknown)), "{unknown:?}");
}
