//! Reconciliation finds what was planted, repairs it, and leaves alone what is on its way.

#[path = "reconciliation/counters.rs"]
mod counters;
#[path = "reconciliation/definitions.rs"]
mod definitions;
#[path = "reconciliation/kinds.rs"]
mod kinds;
#[path = "reconciliation/lost_once.rs"]
mod lost_once;
#[path = "reconciliation/motion.rs"]
mod motion;
#[path = "reconciliation/purchases.rs"]
mod purchases;
#[path = "reconciliation/runs.rs"]
mod runs;
#[path = "reconciliation/strays.rs"]
mod strays;

use stampede_application::ports::{
    Drift, Entry, EntryBody, Findings, Ledger as _, ReconciliationRun, Thoroughness, Trigger,
};
use stampede_domain::{RecordedPurchase, SaleId};
use stampede_testkit::builders::a_purchase;

use crate::shop::Shop;

/// All that was ever bought is settled.
const NOW: i64 = -60_000;
/// Nothing that a test bought is settled.
const LATER: i64 = 60_000;

async fn reconcile(
    shop: &Shop,
    settled_after_ms: i64,
    thoroughness: Thoroughness,
) -> ReconciliationRun {
    let run = shop.reconcile(settled_after_ms).run(None, thoroughness, Trigger::OnDemand).await;
    run.expect("the stores answer").1
}

/// So many of each kind, all of them repaired.
fn repaired(drifts: &[(Drift, usize)]) -> Findings {
    let mut findings = Findings::default();
    for (drift, number) in drifts {
        findings.repaired(*drift, *number);
    }
    findings
}

/// A run that compares counters first finds so much, repairs it, and puts it on record.
async fn finds(shop: &Shop, drifts: &[(Drift, usize)]) {
    let run = reconcile(shop, NOW, Thoroughness::Counters).await;
    assert_eq!(run.findings, repaired(drifts));
    let total = run.findings.total();
    assert_eq!((run.mismatches, run.repaired, run.raised), (total.found(), total.repaired, 0));
    assert_eq!(run.error, None);
    let newest = shop.ledger.last_run().await.expect("the ledger answers");
    assert_eq!(newest, Some(run), "the run is on record");
}

/// Purchase by purchase, nothing is found.
async fn agrees(shop: &Shop) {
    let run = reconcile(shop, NOW, Thoroughness::Whole).await;
    assert_eq!(run.findings, Findings::default());
}

/// What all runs on record have found: restores, workers and reconciliation.
async fn on_record(shop: &Shop) -> Findings {
    let runs = shop.ledger.runs(None, 100).await.expect("the ledger answers");
    runs.iter().fold(Findings::default(), |mut all, (_, run)| {
        all.merge(&run.findings);
        all
    })
}

/// Puts a purchase into the ledger that the gate has never seen.
async fn only_in_ledger(shop: &Shop, lost: &RecordedPurchase) {
    let entry = Entry { id: None, body: EntryBody::Purchases(vec![lost.clone()]) };
    shop.ledger.commit(&[entry]).await.expect("the ledger commits");
}

async fn forged(shop: &Shop, id: &SaleId, position: u64) -> RecordedPurchase {
    let row = shop.row(id).await;
    a_purchase(&row.sale, row.epoch).at_position(position).build()
}
