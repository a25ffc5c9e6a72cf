//! Runs of reconciliation that a newer version has put on record, in both ledgers.

use std::sync::Arc;

use stampede_application::{
    ports::{Findings, Ledger, ReconciliationRun, Thoroughness, Trigger},
    use_cases::ViewRuns,
};
use stampede_infrastructure::{
    embedded::{EmbeddedDatabase, EmbeddedLedger},
    postgres::PostgresLedger,
};
use stampede_testkit::builders::a_sale;

use super::postgres_records::database;

/// What makes the newest run one whose words nobody here knows.
const NEWER: &str = "UPDATE reconciliation_runs SET trigger = 'eclipse' \
                     WHERE id = (SELECT max(id) FROM reconciliation_runs)";

/// Two runs, the newer of the two last.
async fn record(ledger: &dyn Ledger) {
    for trigger in [Trigger::Start, Trigger::Schedule] {
        let at = a_sale().build().created_at;
        let run = ReconciliationRun {
            started_at: at,
            finished_at: at,
            node: "node".into(),
            trigger,
            thoroughness: Thoroughness::Counters,
            sku: None,
            sales: 0,
            mismatches: 0,
            repaired: 0,
            raised: 0,
            findings: Findings::default(),
            error: None,
        };
        ledger.record_run(&run).await.expect("the ledger records");
    }
}

async fn hides_no_other(ledger: Arc<dyn Ledger>) {
    let last = ledger.last_run().await.expect("the ledger answers").map(|run| run.trigger);
    assert_eq!(last, Some(Trigger::Start));
    let (runs, next) = ViewRuns::new(ledger).page(None, 1).await.expect("the ledger answers");
    let triggers: Vec<Trigger> = runs.iter().map(|(_, run)| run.trigger).collect();
    assert_eq!((triggers, next), (vec![Trigger::Start], None));
}

#[tokio::test]
async fn a_run_of_a_newer_version_hides_no_other() {
    let (_database, pool) = database().await;
    let ledger = PostgresLedger::new(pool.clone());
    record(&ledger).await;
    sqlx::query(NEWER).execute(&pool).await.expect("Postgres answers");
    hides_no_other(Arc::new(ledger)).await;

    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = EmbeddedDatabase::open(folder.path()).await.expect("the database opens");
    let ledger = EmbeddedLedger::new(file.clone());
    record(&ledger).await;
    sqlx::query(NEWER).execute(file.writer()).await.expect("the file answers");
    hides_no_other(Arc::new(ledger)).await;
}
