//! Inserting purchases in bulk.

use std::collections::HashSet;

use serde_json::{Value, json};
use sqlx::SqliteConnection;
use stampede_application::ports::CommitError;
use stampede_domain::{PurchaseNo, RecordedPurchase, SaleId};

use super::{
    failure::{inconsistent, refused},
    rows::{hex, narrow},
};

/// Rows of one statement: more make it no faster and hold its memory longer.
const ROWS_PER_STATEMENT_MAX: usize = 1_000;

/// Inserts purchases of one sale, each under its own epoch, and counts their units as sold;
/// returns the numbers of those that were not there before. Voided purchases are left out.
///
/// # Errors
///
/// [`CommitError`]; the transaction is of no further use.
pub(super) async fn insert_purchases(
    connection: &mut SqliteConnection,
    id: &SaleId,
    purchases: &[&RecordedPurchase],
) -> Result<HashSet<PurchaseNo>, CommitError> {
    let mut inserted = HashSet::new();
    let mut units_new = 0;
    for chunk in purchases.chunks(ROWS_PER_STATEMENT_MAX) {
        let rows: Vec<Value> = chunk.iter().map(|one| columns(one)).collect::<Result<_, _>>()?;
        let new: Vec<(String, i64)> = sqlx::query_as(include_str!("insert_purchases.sql"))
            .bind(id.generation.0)
            .bind(Value::Array(rows).to_string())
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| refused(error, id))?;
        for (number, units) in new {
            inserted.insert(PurchaseNo::parse(&number).map_err(inconsistent)?);
            units_new += units;
        }
    }
    if !inserted.is_empty() {
        sqlx::query("UPDATE sales SET sold = sold + ?2, final_run_at = NULL WHERE generation = ?1")
            .bind(id.generation.0)
            .bind(units_new)
            .execute(connection)
            .await
            .map_err(|error| refused(error, id))?;
    }
    Ok(inserted)
}

/// A purchase as the statement takes it.
fn columns(row: &RecordedPurchase) -> Result<Value, CommitError> {
    let purchase = &row.purchase;
    Ok(json!([
        purchase.no().as_str(),
        hex(&purchase.bits.0),
        narrow(row.epoch.number)?,
        row.epoch.nonce.cast_signed(),
        row.buyer,
        purchase.at.millis(),
        purchase.qty,
        hex(&purchase.key.0),
        purchase.remaining,
        narrow(purchase.position.0)?,
        purchase.ordinal,
        purchase.held_after,
        i64::from(purchase.cancelled),
        row.traceparent,
        purchase.unit_price.map(|price| price.minor),
        purchase.unit_price.map(|price| price.currency.to_string()),
    ]))
}
