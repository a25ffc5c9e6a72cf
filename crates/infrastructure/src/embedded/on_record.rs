//! What is on record, and what a person voids because it is not.

use std::collections::HashSet;

use serde_json::json;
use stampede_application::ports::{DeadLetter, OnRecord, PortError, Voided};
use stampede_domain::{Instant, Position, PurchaseNo, SaleId};

use super::{
    EmbeddedDatabase,
    failure::{inconsistent, unavailable},
    rows::epoch,
};

/// One statement, so that the numbers and the life are of one instant.
pub(super) async fn on_record(
    database: &EmbeddedDatabase,
    id: &SaleId,
    numbers: &[PurchaseNo],
) -> Result<OnRecord, PortError> {
    let numbers: Vec<&str> = numbers.iter().map(PurchaseNo::as_str).collect();
    let row: (Option<i64>, Option<i64>, String, String) =
        sqlx::query_as(include_str!("on_record.sql"))
            .bind(id.generation.0)
            .bind(json!(numbers).to_string())
            .fetch_one(database.readers())
            .await
            .map_err(unavailable)?;
    let columns = row.0.zip(row.1);
    let epoch = columns.map(|(number, nonce)| epoch(number, nonce)).transpose()?;
    Ok(OnRecord { epoch, numbers: parse(&row.2)?, voided: parse(&row.3)? })
}

/// Numbers of a JSON array.
fn parse(numbers: &str) -> Result<HashSet<PurchaseNo>, PortError> {
    let numbers: Vec<String> = serde_json::from_str(numbers).map_err(inconsistent)?;
    numbers.iter().map(|number| PurchaseNo::parse(number).map_err(inconsistent)).collect()
}

pub(super) async fn count_between(
    database: &EmbeddedDatabase,
    id: &SaleId,
    after: Position,
    to: Position,
) -> Result<u64, PortError> {
    let column = |position: Position| i64::try_from(position.0).unwrap_or(i64::MAX);
    let counted: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM purchases WHERE generation = ?1 AND position > ?2 AND position <= ?3",
    )
    .bind(id.generation.0)
    .bind(column(after))
    .bind(column(to))
    .fetch_one(database.readers())
    .await
    .map_err(unavailable)?;
    u64::try_from(counted).map_err(inconsistent)
}

/// Within the file's one turn to write, as every commit is.
pub(super) async fn void(
    database: &EmbeddedDatabase,
    letter: &DeadLetter,
    at: Instant,
) -> Result<Voided, PortError> {
    // What was not readable has no number, and nothing can bring it back.
    let Some(recorded) = &letter.purchase else { return Ok(Voided::Done) };
    let number = recorded.purchase.no();
    let mut writing = database.write().await?;
    let is_recorded: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM purchases WHERE purchase_no = ?1)
             OR EXISTS (SELECT 1 FROM purchases_archive WHERE purchase_no = ?1)",
    )
    .bind(number.as_str())
    .fetch_one(&mut *writing.transaction)
    .await
    .map_err(unavailable)?;
    if is_recorded {
        return Ok(Voided::Recorded);
    }
    sqlx::query(
        "INSERT INTO voided (purchase_no, generation, error, voided_at)
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT (purchase_no) DO NOTHING",
    )
    .bind(number.as_str())
    .bind(recorded.sale.generation.0)
    .bind(&letter.error)
    .bind(at.millis())
    .execute(&mut *writing.transaction)
    .await
    .map_err(unavailable)?;
    writing.commit().await?;
    Ok(Voided::Done)
}
