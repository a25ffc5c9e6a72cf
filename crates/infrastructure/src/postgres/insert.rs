//! Inserting purchases in bulk.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, Row as _, postgres::PgArguments, query::Query};
use stampede_application::ports::CommitError;
use stampede_domain::{Epoch, PurchaseNo, RecordedPurchase, SaleId, TraceParent};

use super::{failure::refused, rows::narrow};
use crate::settlement::Inserted;

/// Rows of one statement: more make it no faster and hold its memory longer.
pub(super) const ROWS_PER_STATEMENT_MAX: usize = 1_000;

/// By which statement purchases are inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// By one that knows no repeats, if none is seen: what it refuses may be one all the same, and
    /// is to be tried again with care.
    Quick,
    /// By the one that knows them, and whose refusals count.
    Careful,
}

/// Inserts purchases of one sale under `epoch` and counts their units as sold; returns which were
/// not there before. Voided purchases are left out.
///
/// The caller holds the sale's row. One round trip for each 1,000 purchases, and one more for those
/// among which a repeat is seen.
///
/// # Errors
///
/// [`CommitError`]; the transaction is of no further use.
pub(super) async fn insert_purchases(
    connection: &mut PgConnection,
    id: &SaleId,
    epoch: Epoch,
    purchases: &[&RecordedPurchase],
    pace: Pace,
) -> Result<Inserted, CommitError> {
    let numbers: Vec<PurchaseNo> = purchases.iter().map(|one| one.purchase.no()).collect();
    let mut parts = Vec::new();
    for (rows, numbers) in
        purchases.chunks(ROWS_PER_STATEMENT_MAX).zip(numbers.chunks(ROWS_PER_STATEMENT_MAX))
    {
        let columns = Columns::of(rows, numbers)?;
        let number = narrow(epoch.number)?;
        let over = |sql| {
            columns.bound(
                sqlx::query(sql).bind(id.generation.0).bind(number).bind(epoch.nonce.cast_signed()),
            )
        };
        if pace == Pace::Quick {
            let (lowest, highest) = columns.runs();
            let inserted = over(include_str!("insert_new_purchases.sql"))
                .bind(lowest)
                .bind(highest)
                .bind(columns.units())
                .execute(&mut *connection)
                .await
                .map_err(|error| refused(error, id))?;
            if inserted.rows_affected() > 0 {
                parts.push((numbers, None));
                continue;
            }
        }
        let new: Vec<String> = over(include_str!("insert_purchases.sql"))
            .fetch_one(&mut *connection)
            .await
            .and_then(|row| row.try_get(0))
            .map_err(|error| refused(error, id))?;
        parts.push((numbers, Some(new)));
    }
    Ok(among(parts))
}

/// What is new of all parts: of each all numbers, or those that its statement told.
fn among(parts: Vec<(&[PurchaseNo], Option<Vec<String>>)>) -> Inserted {
    if parts.iter().all(|(_, new)| new.is_none()) {
        return Inserted::All(parts.iter().map(|(numbers, _)| numbers.len()).sum());
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
    Inserted::These(inserted)
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

    /// Binds them in the order in which both statements take them.
    fn bound<'q>(
        &self,
        query: Query<'q, Postgres, PgArguments>,
    ) -> Query<'q, Postgres, PgArguments> {
        query
            .bind(&self.purchase_no)
            .bind(&self.bits)
            .bind(&self.buyer)
            .bind(&self.purchased_at)
            .bind(&self.qty)
            .bind(&self.key_hash)
            .bind(&self.remaining)
            .bind(&self.position)
            .bind(&self.ordinal)
            .bind(&self.held_after)
            .bind(&self.cancelled)
            .bind(&self.traceparent)
            .bind(&self.unit_price_minor)
            .bind(&self.currency)
    }

    /// Lowest and highest of each unbroken run of positions; a read of one sale is mostly one run.
    fn runs(&self) -> (Vec<i64>, Vec<i64>) {
        let runs = self.position.chunk_by(|one, next| one.checked_add(1) == Some(*next));
        runs.map(|run| (run[0], run[run.len() - 1])).unzip()
    }

    /// The units that stand: those of a cancelled purchase do not.
    fn units(&self) -> i64 {
        let rows = self.qty.iter().zip(&self.cancelled);
        rows.map(|(qty, is_cancelled)| if *is_cancelled { 0 } else { *qty }).sum()
    }
}
