//! A run of reconciliation as both SQL stores keep it.

use std::collections::BTreeMap;

use serde_json::json;
use sqlx_macros::FromRow;
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
    /// The run that a row of [`known_words`] is.
    pub(crate) fn read(
        self,
        instant: impl Fn(T) -> Instant,
    ) -> Result<(RunId, ReconciliationRun), Unreadable> {
        let run = ReconciliationRun {
            started_at: instant(self.started_at),
            finished_at: instant(self.finished_at),
            node: self.node,
            trigger: Trigger::parse(&self.trigger).ok_or("a trigger of another version")?,
            thoroughness: Thoroughness::parse(&self.thoroughness)
                .ok_or("a thoroughness of another version")?,
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

/// The triggers and the thoroughnesses that this version knows: a run of others, which a newer node
/// has put on record, is not read, so that nodes of two versions can work beside each other.
pub(crate) fn known_words() -> (Vec<&'static str>, Vec<&'static str>) {
    (
        Trigger::ALL.iter().map(|trigger| trigger.as_str()).collect(),
        Thoroughness::ALL.iter().map(|thoroughness| thoroughness.as_str()).collect(),
    )
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
