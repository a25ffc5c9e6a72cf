//! What a run looks at, whose turn it is, and what is put on record.

use std::time::Duration;

use stampede_application::{
    ports::{
        Drift, Entry, EntryBody, Findings, Ledger as _, ReconciliationRun, SaleGate as _,
        Thoroughness, Trigger,
    },
    use_cases::{Reconcile, ReconcileError, ReconcileLimits},
};
use stampede_domain::{Generation, RecordedPurchase, SaleId};
use stampede_testkit::suites::{attempt, run};

use uuid::Uuid;

use super::{NOW, agrees, finds, forged, only_in_ledger, reconcile, repaired};
use crate::shop::{Shop, WIDGET, When, crowd, sku};

on_every_engine!(
    what_agrees_is_left_alone,
    one_sku_alone_is_compared_when_asked,
    every_page_of_the_catalogue_is_compared,
    a_ledger_that_is_away_is_no_drift,
    two_runs_at_once_repair_once,
    a_run_records_each_kind_with_what_was_repaired_and_raised,
    a_run_without_findings_is_forgotten_before_one_with,
    what_a_worker_finds_is_on_record,
);

async fn what_agrees_is_left_alone(shop: Shop) {
    for (sku, when) in [(WIDGET, When::Active), ("NEXT-1", When::Upcoming), ("OLD-1", When::Over)] {
        shop.sell(sku, 10, 1, when).await;
    }
    let id = shop.row_of(WIDGET).await.sale.id;
    shop.buy_all(&id, &crowd(7)).await;
    shop.drain(&id).await.expect("the stores answer");
    let before = shop.snapshot(&id).await;
    let run = reconcile(&shop, NOW, Thoroughness::Whole).await;
    assert_eq!((run.sales, run.mismatches, run.repaired), (3, 0, 0));
    finds(&shop, &[]).await;
    assert_eq!(shop.snapshot(&id).await, before, "not even a version is raised");
}

async fn one_sku_alone_is_compared_when_asked(shop: Shop) {
    let (one, other) = (
        shop.sell(WIDGET, 10, 1, When::Active).await,
        shop.sell("GADGET-002", 10, 1, When::Active).await,
    );
    for id in [&one, &other] {
        shop.buy(id, "ada").await;
        shop.lose_outbox(id).await;
    }
    let reconcile = shop.reconcile(NOW);
    let run = async |wanted| {
        let wanted = sku(wanted);
        reconcile.run(Some(&wanted), Thoroughness::Whole, Trigger::OnDemand).await
    };
    let unknown = run("NO-SUCH-1").await;
    assert!(matches!(unknown, Err(ReconcileError::Unknown)), "{unknown:?}");
    let (id, found) = run("GADGET-002").await.expect("the stores answer");
    assert_eq!((found.sales, found.mismatches), (1, 1));
    assert_eq!(found.sku, Some(sku("GADGET-002")));
    let runs = shop.ledger.runs(None, 10).await.expect("the ledger answers");
    assert_eq!(runs, [(id, found)], "of the other there is no run");
    assert_eq!((shop.counts(&one).await, shop.counts(&other).await), ((9, 1, 0), (9, 1, 1)));
}

async fn every_page_of_the_catalogue_is_compared(shop: Shop) {
    let mut ids = Vec::new();
    for number in 0..8 {
        let id = shop.sell(&format!("WIDGET-{number}"), 10, 1, When::Active).await;
        shop.buy(&id, "ada").await;
        shop.lose_outbox(&id).await;
        ids.push(id);
    }
    finds(&shop, &[(Drift::MissingInLedger, 8)]).await;
    for id in ids {
        assert_eq!(shop.counts(&id).await, (9, 1, 1));
    }
}

async fn a_ledger_that_is_away_is_no_drift(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    shop.lose_outbox(&id).await;
    shop.ledger.go_away();
    let away = shop.reconcile(NOW).run(None, Thoroughness::Whole, Trigger::OnDemand).await;
    assert!(away.is_err(), "{away:?}");
    assert_eq!(shop.snapshot(&id).await.sold, 1);
    shop.ledger.come_back();
    assert_eq!(shop.ledger.last_run().await.expect("the ledger answers"), None);
    finds(&shop, &[(Drift::MissingInLedger, 1)]).await;
}

async fn two_runs_at_once_repair_once(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy_all(&id, &crowd(4)).await;
    shop.lose_outbox(&id).await;
    only_in_ledger(&shop, &forged(&shop, &id, 9).await).await;
    let (one, other) = (shop.reconcile(NOW), shop.reconcile(NOW));
    let whole = |of: Reconcile| async move {
        of.run(None, Thoroughness::Whole, Trigger::OnDemand).await.map(|(_, run)| run.mismatches)
    };
    let (one, other) = futures::join!(whole(one), whole(other));
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    assert_eq!(shop.counts(&id).await, (5, 5, 5));
    agrees(&shop).await;
}

/// The embedded gate closes a sale whose journal it cannot read whole.
#[test]
fn a_sale_that_stays_closed_keeps_no_other_from_being_repaired() {
    run(async {
        let shop = crate::shop::embedded().await;
        let other = shop.sell("GADGET-002", 10, 1, When::Active).await;
        let closed = shop.sell(WIDGET, 10, 1, When::Active).await;
        shop.buy_all(&other, &crowd(2)).await;
        shop.lose_outbox(&other).await;
        shop.stores.plant_newer(&closed).await;
        assert!(shop.gate.rebuild(&closed).await.is_err(), "it stays closed");
        let run = shop.reconcile(NOW).run(None, Thoroughness::Counters, Trigger::OnDemand).await;
        let (_, run) = run.expect("the stores answer");
        assert!(run.error.is_some(), "one was not compared: {run:?}");
        assert_eq!(shop.counts(&other).await, (8, 2, 2));
        let newest = shop.ledger.last_run().await.expect("the ledger answers");
        assert_eq!(newest.as_ref(), Some(&run), "it is on record");
        assert_eq!((run.sales, run.mismatches, run.repaired), (2, 2, 2));
    });
}

async fn a_run_records_each_kind_with_what_was_repaired_and_raised(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy_all(&id, &crowd(3)).await;
    shop.lose_outbox(&id).await;
    shop.ledger.refuse(attempt("buyer-1", 1, 1).buyer, &id);
    only_in_ledger(&shop, &forged(&shop, &id, 9).await).await;
    let run = reconcile(&shop, NOW, Thoroughness::Whole).await;
    let mut expected = repaired(&[(Drift::MissingInLedger, 2), (Drift::MissingInGate, 1)]);
    expected.raised(Drift::MissingInLedger, 1);
    assert_eq!(run.findings, expected);
    assert_eq!((run.sales, run.mismatches, run.repaired, run.raised), (1, 4, 3, 1));
    assert_eq!((run.trigger, run.thoroughness), (Trigger::OnDemand, Thoroughness::Whole));
    assert!(!run.node.is_empty() && run.error.is_none() && run.sku.is_none());
    assert_eq!(shop.ledger.last_run().await.expect("the ledger answers"), Some(run));
}

/// Though nothing else was compared.
async fn what_a_worker_finds_is_on_record(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let lost = RecordedPurchase {
        sale: SaleId { generation: Generation(Uuid::from_u128(1)), ..id.clone() },
        ..forged(&shop, &id, 1).await
    };
    let entry = Entry { id: None, body: EntryBody::Purchases(vec![lost]) };
    let recorded = shop.record_entries(&id, vec![entry]).await.expect("the stores answer");
    let mut raised = Findings::default();
    raised.raised(Drift::EntryOfAnOldGeneration, 1);
    assert_eq!(recorded.findings, raised);
    let reconcile = shop.reconcile(NOW);
    reconcile.drift_met(recorded.findings).await;
    let run = shop.ledger.last_run().await.expect("the ledger answers").expect("a run");
    assert_eq!((run.trigger, run.sales, run.findings), (Trigger::Worker, 0, raised));
}

/// What tells something is kept ten times as long.
async fn a_run_without_findings_is_forgotten_before_one_with(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    shop.lose_outbox(&id).await;
    let reconcile = shop.reconcile(NOW);
    let whole = async || {
        let run = reconcile.run(None, Thoroughness::Whole, Trigger::OnDemand).await;
        run.expect("the stores answer").0
    };
    let kept = async || {
        let runs = shop.ledger.runs(None, 10).await.expect("the ledger answers");
        runs.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    let (telling, silent) = (whole().await, whole().await);
    assert_eq!(kept().await, [silent, telling]);
    shop.stores.number_runs_from(silent.0 + ReconciliationRun::KEPT_MAX).await;
    let next = whole().await;
    assert!(kept().await.starts_with(&[next]));
    assert!(kept().await.contains(&telling) && !kept().await.contains(&silent));
    shop.stores.number_runs_from(telling.0 + ReconciliationRun::TELLING_KEPT_MAX).await;
    whole().await;
    assert!(!kept().await.contains(&telling), "{:?}", kept().await);
}

/// Nodes share the ledger; a process of the embedded engine has it alone.
mod turns {
    use super::*;

    #[test]
    fn while_another_node_compares_a_tick_is_left_to_it_and_who_asks_hears_so() {
        run(async {
            let shop = crate::shop::redis().await;
            let turn_wait_max = Duration::from_millis(1);
            let limits = ReconcileLimits { turn_wait_max, ..ReconcileLimits::default() };
            let reconcile = shop.reconcile_within(limits);
            let lasts = Duration::from_secs(20);
            assert!(shop.ledger.take_turn("another", lasts, lasts).await.expect("it answers"));
            let demanded =
                async || reconcile.run(None, Thoroughness::Counters, Trigger::OnDemand).await;
            let ticks = async |rest| {
                let ran = reconcile.run_if_free(Thoroughness::Counters, Trigger::Schedule, rest);
                ran.await.expect("the stores answer").is_some()
            };
            assert!(matches!(demanded().await, Err(ReconcileError::Busy)));
            assert!(!ticks(Duration::ZERO).await);
            assert_eq!(shop.ledger.last_run().await.expect("the ledger answers"), None);
            shop.ledger.end_turn("another", true).await.expect("it answers");
            assert!(!ticks(lasts).await, "the other has just done it");
            assert!(demanded().await.is_ok());
            assert!(ticks(lasts).await, "the last was its own");
        });
    }

    #[test]
    fn a_run_that_loses_its_turn_stops() {
        run(async {
            let shop = crate::shop::redis().await;
            let mut ids = Vec::new();
            for sku in [WIDGET, "GADGET-002"] {
                let id = shop.sell(sku, 10, 1, When::Active).await;
                shop.buy(&id, "ada").await;
                shop.lose_outbox(&id).await;
                ids.push(id);
            }
            // It froze for so long that another node has begun.
            let stolen = shop.stores.steal_turn();
            shop.gate.before_audit(stolen);
            let limits = ReconcileLimits {
                settled_after_ms: NOW,
                turn_renew_after: Duration::ZERO,
                ..ReconcileLimits::default()
            };
            let reconcile = shop.reconcile_within(limits);
            let run = reconcile.run(None, Thoroughness::Whole, Trigger::OnDemand).await;
            assert!(matches!(run, Err(ReconcileError::Port(_))), "{run:?}");
            let last = shop.ledger.last_run().await.expect("the ledger answers");
            let last = last.expect("the run is on record");
            assert!(last.error.is_some());
            assert_eq!(last.mismatches, 0, "it goes on to no purchase");
            for id in &ids {
                assert_eq!(shop.counts(id).await, (9, 1, 0));
            }
        });
    }
}
