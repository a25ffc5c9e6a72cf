//! Inserting purchases in bulk.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use stampede_application::ports::CommitError;
use stampede_domain::{Epoch, PurchaseNo, RecordedPurchase, SaleId, TraceParent};

use super::{failure::refused, rows::narrow};
use crate::settlement::Inserted;

/// Rows of one statement: more make it no faster and hold its memory longer.
pub(super) const ROWS_PER_STATEMENT_MAX: usize = 1_000;

/// Inserts purchases of one sale under `epoch` and counts their units as sold; returns which were
/// not there before. Voided purchases are left out.
///
/// The caller holds the sale's row. One round trip for each 1,000 purchases.
///
/// # Errors
///
/// [`CommitError`]; the transaction is of no further use.
pub(super) async fn insert_purchases(
    connection: &mut PgConnection,
    id: &SaleId,
    epoch: Epoch,
    purchases: &[&RecordedPurchase],
) -> Result<Inserted, CommitError> {
    let numbers: Vec<PurchaseNo> = purchases.iter().map(|one| one.purchase.no()).collect();
    let mut parts = Vec::new();
    for (rows, numbers) in
        purchases.chunks(ROWS_PER_STATEMENT_MAX).zip(numbers.chunks(ROWS_PER_STATEMENT_MAX))
    {
        let columns = Columns::of(rows, numbers)?;
        let new: Option<Vec<String>> = sqlx::query_scalar(include_str!("insert_purchases.sql"))
            .bind(id.generation.0)
            .bind(narrow(epoch.number)?)
            .bind(epoch.nonce.cast_signed())
            .bind(columns.purchase_no)
            .bind(columns.bits)
            .bind(columns.buyer)
            .bind(columns.purchased_at)
            .bind(columns.qty)
            .bind(columns.key_hash)
            .bind(columns.remaining)
            .bind(columns.position)
            .bind(columns.ordinal)
            .bind(columns.held_after)
            .bind(columns.cancelled)
            .bind(columns.traceparent)
            .bind(columns.unit_price_minor)
            .bind(columns.currency)
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| refused(error, id))?;
        parts.push((numbers, new));
    }
    if parts.iter().all(|(_, new)| new.is_none()) {
        return Ok(Inserted::All(numbers.len()));
    }
    let mut inserted = HashSet::new();
    for (numbers, new) in parts {
        match new {
            Some(new) => {
                inserted.extend(new.iter().filter_map(|number| PurchaseNo::parse(number).ok()));
            }
            None => inserted.extend(numbers),
        }
    }
    Ok(Inserted::These(inserted))
}

/// Purchases by column, as `UNNEST` takes them.
struct Columns<'a> {
    purchase_no: Vec<&'a str>,
    bits: Vec<&'a [u8]>,
    buyer: Vec<&'a str>,
    purchased_at: Vec<DateTime<Utc>>,
    qty: Vec<i64>,
    key_hash: Vec<&'a [u8]>,
    remaining: Vec<i64>,
    position: Vec<i64>,
    ordinal: Vec<i64>,
    held_after: Vec<i64>,
    cancelled: Vec<bool>,
    traceparent: Vec<Option<&'a str>>,
    unit_price_minor: Vec<Option<i64>>,
    currency: Vec<Option<String>>,
}

impl<'a> Columns<'a> {
    /// Room for so many rows: columns that grow would each be copied as often as they double.
    fn with_capacity(rows: usize) -> Self {
        Self {
            purchase_no: Vec::with_capacity(rows),
            bits: Vec::with_capacity(rows),
            buyer: Vec::with_capacity(rows),
            purchased_at: Vec::with_capacity(rows),
            qty: Vec::with_capacity(rows),
            key_hash: Vec::with_capacity(rows),
            remaining: Vec::with_capacity(rows),
            position: Vec::with_capacity(rows),
            ordinal: Vec::with_capacity(rows),
            held_after: Vec::with_capacity(rows),
            cancelled: Vec::with_capacity(rows),
            traceparent: Vec::with_capacity(rows),
            unit_price_minor: Vec::with_capacity(rows),
            currency: Vec::with_capacity(rows),
        }
    }

    /// Turns rows into columns; a value that no column can hold is a fault of the data.
    fn of(rows: &[&'a RecordedPurchase], numbers: &'a [PurchaseNo]) -> Result<Self, CommitError> {
        let mut columns = Self::with_capacity(rows.len());
        for (row, number) in rows.iter().zip(numbers) {
            let purchase = &row.purchase;
            columns.purchase_no.push(number.as_str());
            columns.bits.push(&purchase.bits.0);
            columns.buyer.push(row.buyer.as_str());
            columns.purchased_at.push(purchase.at.to_utc());
            columns.qty.push(purchase.qty.into());
            columns.key_hash.push(&purchase.key.0);
            columns.remaining.push(purchase.remaining.into());
            columns.position.push(narrow(purchase.position.0)?);
            columns.ordinal.push(purchase.ordinal.into());
            columns.held_after.push(purchase.held_after.into());
            columns.cancelled.push(purchase.cancelled);
            columns.traceparent.push(row.traceparent.as_ref().map(TraceParent::as_str));
            let price = purchase.unit_price;
            columns.unit_price_minor.push(price.map(|price| price.minor));
            columns.currency.push(price.map(|price| price.currency.to_string()));
        }
        Ok(columns)
    }
}
