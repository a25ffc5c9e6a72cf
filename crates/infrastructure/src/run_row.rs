//! A run of reconciliation as both SQL stores keep it.

use std::collections::BTreeMap;

use serde_json::json;
use sqlx::FromRow;
use stampede_application::ports::{
    Drift, DriftCount, Findings, ReconciliationRun, RunId, Thoroughness, Trigger,
};
use stampede_domain::{Instant, Sku};

use crate::column::Unreadable;

/// A run's row, whose times are of the store's type.
#[derive(FromRow)]
pub(crate) struct RunRow<T> {
    id: i64,
    started_at: T,
    finished_at: T,
    sales: i64,
    mismatches: i64,
    repaired: i64,
    error: Option<String>,
    node: String,
    trigger: String,
    thoroughness: String,
    sku: Option<String>,
    raised: i64,
    drifts: String,
}

impl<T> RunRow<T> {
    /// The runs of these rows. One whose words only a newer version knows is left out, so that
    /// nodes of two versions can work beside each other.
    pub(crate) fn read_all(
        rows: Vec<Self>,
        instant: impl Fn(T) -> Instant,
    ) -> Result<Vec<(RunId, ReconciliationRun)>, Unreadable> {
        let runs = rows.into_iter().filter_map(|row| {
            let words = Trigger::parse(&row.trigger).zip(Thoroughness::parse(&row.thoroughness));
            let Some((trigger, thoroughness)) = words else {
                tracing::debug!(run = row.id, "a run of another version is not shown");
                return None;
            };
            Some(row.read(trigger, thoroughness, &instant))
        });
        runs.collect()
    }

    fn read(
        self,
        trigger: Trigger,
        thoroughness: Thoroughness,
        instant: impl Fn(T) -> Instant,
    ) -> Result<(RunId, ReconciliationRun), Unreadable> {
        let run = ReconciliationRun {
            started_at: instant(self.started_at),
            finished_at: instant(self.finished_at),
            node: self.node,
            trigger,
            thoroughness,
            sku: self.sku.as_deref().map(Sku::parse).transpose()?,
            sales: self.sales.try_into()?,
            mismatches: self.mismatches.try_into()?,
            repaired: self.repaired.try_into()?,
            raised: self.raised.try_into()?,
            findings: findings(&self.drifts)?,
            error: self.error,
        };
        Ok((RunId(self.id), run))
    }
}

/// Findings as a JSON object by kind of drift.
pub(crate) fn drifts(findings: &Findings) -> String {
    let by_kind: BTreeMap<_, _> = findings
        .0
        .iter()
        .map(|(drift, count)| {
            let DriftCount { repaired, raised } = *count;
            (drift.as_str(), json!({ "repaired": repaired, "raised": raised }))
        })
        .collect();
    json!(by_kind).to_string()
}

/// Kinds that only a newer version knows are left out.
fn findings(drifts: &str) -> Result<Findings, Unreadable> {
    let by_kind: BTreeMap<String, BTreeMap<String, u32>> = serde_json::from_str(drifts)?;
    let known = by_kind.into_iter().filter_map(|(name, counts)| {
        let of = |word: &str| counts.get(word).copied().unwrap_or_default();
        Some((Drift::parse(&name)?, DriftCount { repaired: of("repaired"), raised: of("raised") }))
    });
    Ok(Findings(known.collect()))
}

#[cfg(test)]
mod tests {
    use stampede_application::ports::Trigger;
    use stampede_domain::Instant;

    use super::RunRow;

    fn row(id: i64, trigger: &str, drifts: &str) -> RunRow<i64> {
        RunRow {
            id,
            started_at: 1,
            finished_at: 2,
            sales: 3,
            mismatches: 0,
            repaired: 0,
            error: None,
            node: "node-1".into(),
            trigger: trigger.into(),
            thoroughness: "whole".into(),
            sku: None,
            raised: 0,
            drifts: drifts.into(),
        }
    }

    #[test]
    fn a_run_whose_words_only_a_newer_version_knows_hides_no_other() {
        let newer = [row(3, "eclipse", "{}"), row(2, "schedule", r#"{"lunar":{"raised":1}}"#)];
        let rows = newer.into_iter().chain([row(1, "start", "{}")]).collect();
        let runs = RunRow::read_all(rows, Instant::from_millis).unwrap();
        let read: Vec<_> = runs.iter().map(|(id, run)| (id.0, run.trigger)).collect();
        assert_eq!(read, [(2, Trigger::Schedule), (1, Trigger::Start)]);
        assert!(runs[0].1.findings.0.is_empty(), "a kind that is not known is left out");
    }
}
