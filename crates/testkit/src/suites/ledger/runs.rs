//! Runs of reconciliation on record.

use stampede_application::ports::{
    Drift, Findings, ReconciliationRun, RunId, Thoroughness, Trigger,
};
use stampede_domain::Sku;

use crate::{builders::a_sale, suites::Records};

/// A run that found nothing.
fn a_run() -> ReconciliationRun {
    let started_at = a_sale().build().created_at;
    ReconciliationRun {
        started_at,
        finished_at: started_at.plus_millis(1_234),
        node: "node-1".into(),
        trigger: Trigger::Schedule,
        thoroughness: Thoroughness::Counters,
        sku: None,
        sales: 3,
        mismatches: 0,
        repaired: 0,
        raised: 0,
        findings: Findings::default(),
        error: None,
    }
}

async fn record(records: &Records, run: &ReconciliationRun) -> RunId {
    records.ledger.record_run(run).await.expect("the ledger records")
}

/// The last run on record is the last, finished or not.
pub async fn the_newest_run_of_reconciliation_is_on_record(records: &Records) {
    let last = async || records.ledger.last_run().await.expect("the ledger answers");
    assert_eq!(last().await, None);
    let first = a_run();
    record(records, &first).await;
    assert_eq!(last().await.as_ref(), Some(&first));
    let second = ReconciliationRun { error: Some("redis is unavailable".into()), ..first };
    record(records, &second).await;
    assert_eq!(last().await, Some(second));
}

/// Each kind with what was found of it, and all that tells why and by whom.
pub async fn a_run_reads_back_whole(records: &Records) {
    let mut findings = Findings::default();
    for (number, drift) in Drift::ALL.into_iter().enumerate() {
        findings.repaired(drift, number);
        findings.raised(drift, 2);
    }
    let total = findings.total();
    let run = ReconciliationRun {
        trigger: Trigger::OnDemand,
        thoroughness: Thoroughness::Whole,
        sku: Some(Sku::parse("WIDGET-001").expect("a sku")),
        mismatches: total.found(),
        repaired: total.repaired,
        raised: total.raised,
        findings,
        ..a_run()
    };
    let id = record(records, &run).await;
    let read = records.ledger.runs(None, 10).await.expect("the ledger answers");
    assert_eq!(read, [(id, run)]);
}

/// From behind any of them, as many as are asked for.
pub async fn runs_are_listed_newest_first_page_by_page(records: &Records) {
    let mut ids = Vec::new();
    for sales in 0..5 {
        ids.push(record(records, &ReconciliationRun { sales, ..a_run() }).await);
    }
    ids.reverse();
    let (mut before, mut read) = (None, Vec::new());
    for expected in [2, 2, 1, 0] {
        let page = records.ledger.runs(before, 2).await.expect("the ledger answers");
        assert_eq!(page.len(), expected);
        before = page.last().map(|(id, _)| *id).or(before);
        read.extend(page);
    }
    let read_ids: Vec<RunId> = read.iter().map(|(id, _)| *id).collect();
    assert_eq!(read_ids, ids);
    let sales: Vec<u32> = read.iter().map(|(_, run)| run.sales).collect();
    assert_eq!(sales, [4, 3, 2, 1, 0]);
}
