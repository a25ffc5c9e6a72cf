//! What a run costs, and what it finds of a sale that goes on selling.

use stampede_application::{
    ports::{Change, Drift, Findings, Thoroughness, Trigger},
    use_cases::{Reconcile, ReconcileLimits},
};
use stampede_domain::Attempt;
use stampede_testkit::suites::attempt;

use super::{NOW, agrees, forged, only_in_ledger, repaired};
use crate::shop::{Shop, WIDGET, When, crowd};

on_every_engine!(
    in_motion_a_lost_purchase_is_found_and_nothing_on_its_way_is_called_drift,
    a_ledger_that_falls_behind_costs_no_comparison,
    what_the_ledger_loses_of_an_agreed_part_is_found,
    a_gap_that_is_explained_costs_one_comparison,
    a_sweep_compares_no_more_than_its_rows_and_goes_on_where_it_stopped,
    a_final_run_is_not_repeated_by_another_node_until_something_arrives,
);

/// Purchases that the ledger or the gate gives at a time.
const PAGE: u32 = 1_000;

/// For which all is settled, and of which a run compares so much although nothing tells against it.
fn sweeping(shop: &Shop, sweep_rows: usize) -> Reconcile {
    let limits =
        ReconcileLimits { settled_after_ms: NOW, sweep_rows, ..ReconcileLimits::default() };
    shop.reconcile_within(limits)
}

async fn scheduled(reconcile: &Reconcile) -> Findings {
    let run = reconcile.run(None, Thoroughness::Counters, Trigger::Schedule).await;
    run.expect("the stores answer").1.findings
}

/// So many buyers, none of whom bought in another round.
fn round(number: u32, buyers: u32) -> Vec<Attempt> {
    (0..buyers).map(|buyer| attempt(&format!("buyer {number}-{buyer}"), 1, 1)).collect()
}

async fn in_motion_a_lost_purchase_is_found_and_nothing_on_its_way_is_called_drift(shop: Shop) {
    let id = shop.sell(WIDGET, 1_000, 1, When::Active).await;
    let reconcile = sweeping(&shop, 0);
    for number in 0..5 {
        shop.buy_all(&id, &round(number, 4)).await;
        shop.drain(&id).await.expect("the stores answer");
        shop.buy_all(&id, &round(number + 100, 3)).await;
        assert_eq!(scheduled(&reconcile).await, Findings::default());
    }
    assert_eq!(shop.gate.compared(), 0, "it is told by counts");
    shop.drain(&id).await.expect("the stores answer");
    shop.buy_all(&id, &round(200, 2)).await;
    shop.lose_outbox(&id).await;
    let mut found = Findings::default();
    for number in 201..203 {
        // It goes on selling, and nothing stands still when it is looked at.
        shop.buy_all(&id, &round(number, 3)).await;
        shop.drain(&id).await.expect("the stores answer");
        shop.buy_all(&id, &round(number + 100, 1)).await;
        found.merge(&scheduled(&reconcile).await);
    }
    assert_eq!(found, repaired(&[(Drift::MissingInLedger, 2)]));
}

/// A sale with a backlog of its own is not gone through each time.
async fn a_ledger_that_falls_behind_costs_no_comparison(shop: Shop) {
    let id = shop.sell(WIDGET, 100, 1, When::Active).await;
    let reconcile = sweeping(&shop, 0);
    for number in 0..3 {
        shop.buy_all(&id, &round(number, 5)).await;
        assert_eq!(scheduled(&reconcile).await, Findings::default());
    }
    assert_eq!(shop.gate.compared(), 0);
    shop.drain(&id).await.expect("the stores answer");
    assert_eq!(scheduled(&reconcile).await, Findings::default());
    assert_eq!(shop.gate.compared(), 0);
}

async fn what_the_ledger_loses_of_an_agreed_part_is_found(shop: Shop) {
    let id = shop.sell(WIDGET, 100, 1, When::Active).await;
    shop.buy_all(&id, &crowd(5)).await;
    shop.drain(&id).await.expect("the stores answer");
    let reconcile = sweeping(&shop, 0);
    assert_eq!(scheduled(&reconcile).await, Findings::default());
    shop.stores.drifts().plant(Drift::MissingInLedger, &id).await;
    // Something is on its way, so that the counters differ anyway.
    shop.buy(&id, "ada").await;
    assert_eq!(scheduled(&reconcile).await, repaired(&[(Drift::MissingInLedger, 1)]));
}

/// A purchase that waits for a person is missing in the ledger as long as they like.
async fn a_gap_that_is_explained_costs_one_comparison(shop: Shop) {
    let id = shop.sell(WIDGET, 100, 1, When::Active).await;
    shop.buy_poisoned(&id, "eve").await;
    shop.buy_all(&id, &crowd(5)).await;
    shop.drain(&id).await.expect("the stores answer");
    assert_eq!(shop.dead_letters().await.len(), 1);
    let reconcile = sweeping(&shop, 0);
    assert_eq!(scheduled(&reconcile).await, Findings::default());
    assert!(shop.gate.compared() > 0, "counts did not tell");
    for number in 0..3 {
        shop.buy_all(&id, &round(number, 2)).await;
        shop.drain(&id).await.expect("the stores answer");
        assert_eq!(scheduled(&reconcile).await, Findings::default());
    }
    assert_eq!(shop.gate.compared(), 0);
}

/// Counts agree with what was planted; only going through all purchases finds it.
async fn a_sweep_compares_no_more_than_its_rows_and_goes_on_where_it_stopped(shop: Shop) {
    const BUYERS: u32 = 3_000;
    const SWEEP_ROWS: u32 = 1_000;
    let id = shop.sell(WIDGET, 2 * BUYERS, 1, When::Active).await;
    for number in 0..BUYERS / 250 {
        shop.buy_all(&id, &round(number, 250)).await;
    }
    while !shop.waiting(&id).await.is_empty() {
        shop.drain(&id).await.expect("the stores answer");
    }
    shop.stores.drifts().plant(Drift::SoldTwice, &id).await;
    let reconcile = sweeping(&shop, SWEEP_ROWS as usize);
    let mut found = Findings::default();
    let (mut runs, mut compared) = (0, 0);
    while found == Findings::default() {
        found = scheduled(&reconcile).await;
        let read = shop.gate.compared();
        assert!(read < SWEEP_ROWS + PAGE, "{read} in one run");
        (runs, compared) = (runs + 1, compared + read);
        // The gate may show some of them twice, since it grows meanwhile.
        assert!(compared <= 2 * BUYERS, "it goes on, and does not begin anew");
        // It goes on selling meanwhile.
        shop.buy_all(&id, &round(1_000 + runs, 1)).await;
        shop.drain(&id).await.expect("the stores answer");
    }
    assert_eq!(found, repaired(&[(Drift::SoldTwice, 1)]));
}

async fn a_final_run_is_not_repeated_by_another_node_until_something_arrives(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy_all(&id, &crowd(3)).await;
    shop.drain(&id).await.expect("the stores answer");
    shop.change.run(&id.sku, Change::End).await.expect("it runs");
    assert_eq!(scheduled(&sweeping(&shop, 0)).await, Findings::default());
    assert!(shop.gate.compared() > 0, "once");
    assert!(shop.row(&id).await.final_run_at.is_some());
    let another = sweeping(&shop, 0);
    let start = another.run(None, Thoroughness::Whole, Trigger::Start).await;
    assert_eq!(start.expect("the stores answer").1.findings, Findings::default());
    assert_eq!(scheduled(&another).await, Findings::default());
    assert_eq!(shop.gate.compared(), 0, "it was done");
    only_in_ledger(&shop, &forged(&shop, &id, 9).await).await;
    assert_eq!(scheduled(&another).await, repaired(&[(Drift::MissingInGate, 1)]));
    assert_eq!(scheduled(&another).await, Findings::default());
    agrees(&shop).await;
}
