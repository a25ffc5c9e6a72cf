//! Columns as both SQL stores keep them, and the domain's values that they are.

use std::error::Error;

use stampede_domain::{Acknowledgement, Currency, Price};

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
