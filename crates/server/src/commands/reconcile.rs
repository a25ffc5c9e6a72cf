//! `stampede reconcile`.

use std::fmt::Write as _;

use anyhow::bail;
use stampede_application::{
    ports::ReconciliationRun,
    use_cases::{Drift, Findings, Thoroughness},
};
use stampede_domain::Sku;

use crate::{engine, settings::Settings, telemetry::Metrics, wiring::Node};

/// Every kind of drift, in the order of the table.
const DRIFTS: [Drift; 4] = [
    Drift::MissingInLedger,
    Drift::MissingInGate,
    Drift::CountersDisagree,
    Drift::DefinitionDiffers,
];

/// Compares gate and ledger once, purchase by purchase, and prints what it found.
pub(super) async fn reconcile(settings: Settings, sku: Option<Sku>) -> anyhow::Result<()> {
    let metrics = Metrics::install()?;
    let engine = engine::open(&settings).await?;
    let node = Node::new(engine, &settings, &metrics.meter());
    let outcome = node.reconcile.run(sku.as_ref(), Thoroughness::Whole).await;
    node.ending.close.await;
    let (run, findings) = outcome?;
    if let Some(sku) = sku.filter(|_| run.sales == 0) {
        bail!("there is no product of the sku {sku}");
    }
    super::print(&table(&run, &findings))
}

fn table(run: &ReconciliationRun, findings: &Findings) -> String {
    let took_ms = run.finished_at.millis_since(run.started_at);
    let mut table = format!("{} sales compared in {took_ms} ms\n\n", run.sales);
    // Writing to a String cannot fail.
    let _ = writeln!(table, "{:<22}{:>8}", "drift", "found");
    for drift in DRIFTS {
        let found = findings.drifts.get(&drift).copied().unwrap_or_default();
        let _ = writeln!(table, "{:<22}{found:>8}", drift.as_str());
    }
    let _ = writeln!(table, "{:<22}{:>8}", "all", run.mismatches);
    let _ = writeln!(table, "{:<22}{:>8}", "mended", run.repaired);
    table
}
