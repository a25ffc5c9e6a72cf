//! Inserting purchases in bulk.

use std::collections::HashSet;

use serde_json::json;
use sqlx::{AssertSqlSafe, SqliteConnection};
use stampede_application::ports::CommitError;
use stampede_domain::{PurchaseNo, RecordedPurchase, SaleId, TraceParent};

use super::{
    failure::{inconsistent, refused, unavailable},
    rows::narrow,
};
use crate::settlement::Inserted;

/// Rows of the statements: each of these lengths is prepared once and kept. An execution is a hop
/// to SQLite's thread and back, of which more rows save little.
const STATEMENT_ROWS: [usize; 3] = [64, 8, 1];

/// Parameters without numbers: what has one is looked up by its name each time it is bound.
const INSERT: &str = "INSERT INTO purchases (
    purchase_no, bits, generation, epoch_number, epoch_nonce, buyer, purchased_at, qty,
    key_hash, remaining, position, ordinal, held_after, limit_per_buyer, cancelled,
    traceparent, unit_price_minor, currency
) VALUES ";
/// One row.
const ROW: &str = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
/// The conflict target is named: a repeat is harmless, and any other conflict raises.
const END: &str = " ON CONFLICT (purchase_no) DO NOTHING";

/// How purchases are inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Many by one statement, which tells how many were new, and not which.
    Together,
    /// One by one.
    Apart,
}

/// A sale that is not deleted, as far as its purchases depend on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Living {
    pub(super) limit_per_buyer: i64,
    /// Whether a person has voided a purchase of it.
    pub(super) has_voided: bool,
}

/// Inserts purchases of one sale, each under its own epoch, and counts their units as sold; returns
/// which were not there before, or `None` if at this pace nobody can tell. Voided purchases are
/// left out.
///
/// # Errors
///
/// [`CommitError`]; the transaction is then of no further use, as it is after `None`.
pub(super) async fn insert_purchases(
    connection: &mut SqliteConnection,
    id: &SaleId,
    living: Living,
    purchases: &[&RecordedPurchase],
    pace: Pace,
) -> Result<Option<Inserted>, CommitError> {
    let voided =
        if living.has_voided { voided(connection, purchases).await? } else { HashSet::new() };
    let mut units_new = 0;
    let inserted = if pace == Pace::Together && voided.is_empty() {
        let mut rest = purchases;
        for rows in STATEMENT_ROWS {
            while let Some((part, behind)) = rest.split_at_checked(rows) {
                if insert(connection, id, living, part).await? < rows {
                    return Ok(None);
                }
                rest = behind;
            }
        }
        units_new += purchases.iter().map(|one| units(one)).sum::<i64>();
        Inserted::All(purchases.len())
    } else {
        let mut new = HashSet::new();
        for one in purchases {
            let number = one.purchase.no();
            if !voided.contains(&number) && insert(connection, id, living, &[*one]).await? == 1 {
                new.insert(number);
                units_new += units(one);
            }
        }
        Inserted::These(new)
    };
    if inserted.len() > 0 {
        sqlx::query("UPDATE sales SET sold = sold + ?2, final_run_at = NULL WHERE generation = ?1")
            .bind(id.generation.0)
            .bind(units_new)
            .execute(connection)
            .await
            .map_err(|error| refused(error, id))?;
    }
    Ok(Some(inserted))
}

/// Inserts rows by one statement; returns how many were not there before.
async fn insert(
    connection: &mut SqliteConnection,
    id: &SaleId,
    living: Living,
    rows: &[&RecordedPurchase],
) -> Result<usize, CommitError> {
    let statement = [INSERT, ROW, &[", ", ROW].concat().repeat(rows.len() - 1), END].concat();
    let mut insert = sqlx::query(AssertSqlSafe(statement));
    for row in rows {
        let purchase = &row.purchase;
        insert = insert
            .bind(purchase.no().as_str().to_owned())
            .bind(purchase.bits.0.to_vec())
            .bind(id.generation.0)
            .bind(narrow(row.epoch.number)?)
            .bind(row.epoch.nonce.cast_signed())
            .bind(row.buyer.as_str())
            .bind(purchase.at.millis())
            .bind(purchase.qty)
            .bind(purchase.key.0.to_vec())
            .bind(purchase.remaining)
            .bind(narrow(purchase.position.0)?)
            .bind(purchase.ordinal)
            .bind(purchase.held_after)
            .bind(living.limit_per_buyer)
            .bind(purchase.cancelled)
            .bind(row.traceparent.as_ref().map(TraceParent::as_str))
            .bind(purchase.unit_price.map(|price| price.minor))
            .bind(purchase.unit_price.map(|price| price.currency.to_string()));
    }
    let done = insert.execute(connection).await.map_err(|error| refused(error, id))?;
    Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
}

/// Units that count as sold.
fn units(recorded: &RecordedPurchase) -> i64 {
    if recorded.purchase.cancelled { 0 } else { recorded.purchase.qty.into() }
}

/// Which of these purchases a person has voided.
async fn voided(
    connection: &mut SqliteConnection,
    purchases: &[&RecordedPurchase],
) -> Result<HashSet<PurchaseNo>, CommitError> {
    let numbers: Vec<PurchaseNo> = purchases.iter().map(|one| one.purchase.no()).collect();
    let numbers: Vec<&str> = numbers.iter().map(PurchaseNo::as_str).collect();
    let voided: Vec<String> = sqlx::query_scalar(
        "SELECT purchase_no FROM voided WHERE purchase_no IN (SELECT value FROM json_each(?1))",
    )
    .bind(json!(numbers).to_string())
    .fetch_all(connection)
    .await
    .map_err(unavailable)?;
    let voided = voided.iter().map(|number| PurchaseNo::parse(number).map_err(inconsistent));
    Ok(voided.collect::<Result<_, _>>()?)
}
