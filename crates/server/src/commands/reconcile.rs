//! `stampede reconcile`.

use std::fmt::Write as _;

use anyhow::bail;
use stampede_application::{
    ports::{Drift, ReconciliationRun, Thoroughness, Trigger},
    use_cases::ReconcileError,
};
use stampede_domain::Sku;
use stampede_infrastructure::queue::QueueMetrics;

use crate::{engine, settings::Settings, telemetry::Metrics, wiring::Node};

/// Compares gate and ledger once, purchase by purchase, and prints what it found.
pub(super) async fn reconcile(settings: Settings, sku: Option<Sku>) -> anyhow::Result<()> {
    let metrics = Metrics::install()?;
    let counters = QueueMetrics::new(&metrics.meter());
    let engine = engine::open(&settings, &counters).await?;
    let node = Node::new(engine, &settings, counters);
    let outcome = node.reconcile.run(sku.as_ref(), Thoroughness::Whole, Trigger::Command).await;
    node.ending.close.await;
    let (_, run) = match (outcome, sku) {
        (Err(ReconcileError::Unknown), Some(sku)) => bail!("there is no sale of {sku}"),
        (outcome, _) => outcome?,
    };
    super::print(&table(&run))?;
    match run.error {
        Some(error) => bail!("not all could be compared: {error}"),
        None => Ok(()),
    }
}

fn table(run: &ReconciliationRun) -> String {
    let took_ms = run.finished_at.millis_since(run.started_at);
    let mut table = format!("{} sales compared in {took_ms} ms\n\n", run.sales);
    // Writing to a String cannot fail.
    let mut line = |name: &str, found: &str, repaired: &str, raised: &str| {
        let _ = writeln!(table, "{name:<28}{found:>10}{repaired:>10}{raised:>10}");
    };
    line("drift", "found", "repaired", "raised");
    for drift in Drift::ALL {
        let count = run.findings.of(drift);
        let [found, repaired, raised] =
            [count.found(), count.repaired, count.raised].map(|number| number.to_string());
        line(drift.as_str(), &found, &repaired, &raised);
    }
    let [found, repaired, raised] =
        [run.mismatches, run.repaired, run.raised].map(|number| number.to_string());
    line("all", &found, &repaired, &raised);
    table
}
