//! Columns as both SQL stores keep them, and the domain's values that they are.

use std::{collections::BTreeMap, error::Error};

use serde_json::json;
use stampede_application::ports::{Drift, DriftCount, Findings, Thoroughness, Trigger};
use stampede_domain::{Acknowledgement, Currency, Price, Sku};

/// Why a column cannot be read as what it must be.
pub(crate) type Unreadable = Box<dyn Error + Send + Sync>;

/// The level of an acknowledgement's word.
pub(crate) fn acknowledgement(word: &str) -> Result<Acknowledgement, Unreadable> {
    match word {
        "gate" => Ok(Acknowledgement::Gate),
        "ledger" => Ok(Acknowledgement::Ledger),
        other => Err(format!("{other} is no acknowledgement level").into()),
    }
}

/// The two columns of a price, which are there together or not at all.
pub(crate) fn price(
    minor: Option<i64>,
    currency: Option<&str>,
) -> Result<Option<Price>, Unreadable> {
    let Some((minor, currency)) = minor.zip(currency) else { return Ok(None) };
    Ok(Some(Price { minor, currency: Currency::of_record(currency.as_bytes())? }))
}

/// Bytes of a fixed length.
pub(crate) fn bytes<const N: usize>(column: &[u8]) -> Result<[u8; N], Unreadable> {
    Ok(column.try_into()?)
}

/// The columns of a run that are words.
pub(crate) struct RunWords<'a> {
    pub(crate) trigger: &'a str,
    pub(crate) thoroughness: &'a str,
    pub(crate) sku: Option<&'a str>,
    pub(crate) drifts: &'a str,
}

impl RunWords<'_> {
    pub(crate) fn read(
        &self,
    ) -> Result<(Trigger, Thoroughness, Option<Sku>, Findings), Unreadable> {
        let trigger = Trigger::parse(self.trigger).ok_or("a trigger of another version")?;
        let thoroughness = Thoroughness::parse(self.thoroughness);
        let thoroughness = thoroughness.ok_or("a thoroughness of another version")?;
        let sku = self.sku.map(Sku::parse).transpose()?;
        Ok((trigger, thoroughness, sku, findings(self.drifts)?))
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
