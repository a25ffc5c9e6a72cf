//! What is on record, and what a person voids because it is not.

use std::collections::HashSet;

use sqlx::PgPool;
use sqlx_macros::FromRow;
use stampede_application::ports::{DeadLetter, OnRecord, PortError, Voided};
use stampede_domain::{Instant, Position, PurchaseNo, SaleId};

use super::{
    failure::{inconsistent, unavailable},
    rows::epoch,
};

/// One statement, so that the numbers and the life are of one instant.
pub(super) async fn on_record(
    pool: &PgPool,
    id: &SaleId,
    numbers: &[PurchaseNo],
) -> Result<OnRecord, PortError> {
    #[derive(FromRow)]
    struct Row {
        epoch_number: Option<i64>,
        epoch_nonce: Option<i64>,
        numbers: Vec<String>,
        voided: Vec<String>,
    }
    let numbers: Vec<&str> = numbers.iter().map(PurchaseNo::as_str).collect();
    let row: Row = sqlx::query_as(include_str!("on_record.sql"))
        .bind(id.generation.0)
        .bind(numbers)
        .fetch_one(pool)
        .await
        .map_err(unavailable)?;
    let columns = row.epoch_number.zip(row.epoch_nonce);
    let epoch = columns.map(|(number, nonce)| epoch(number, nonce)).transpose()?;
    Ok(OnRecord { epoch, numbers: parse(&row.numbers)?, voided: parse(&row.voided)? })
}

fn parse(numbers: &[String]) -> Result<HashSet<PurchaseNo>, PortError> {
    numbers.iter().map(|number| PurchaseNo::parse(number).map_err(inconsistent)).collect()
}

pub(super) async fn count_between(
    pool: &PgPool,
    id: &SaleId,
    after: Position,
    to: Position,
) -> Result<u64, PortError> {
    let column = |position: Position| i64::try_from(position.0).unwrap_or(i64::MAX);
    let counted: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM purchases WHERE generation = $1 AND position > $2 AND position <= $3",
    )
    .bind(id.generation.0)
    .bind(column(after))
    .bind(column(to))
    .fetch_one(pool)
    .await
    .map_err(unavailable)?;
    u64::try_from(counted).map_err(inconsistent)
}

/// Takes the sale's row first, as every commit does: of a commit and this one is the first.
pub(super) async fn void(
    pool: &PgPool,
    letter: &DeadLetter,
    at: Instant,
) -> Result<Voided, PortError> {
    // What was not readable has no number, and nothing can bring it back.
    let Some(recorded) = &letter.purchase else { return Ok(Voided::Done) };
    let (number, generation) = (recorded.purchase.no(), recorded.sale.generation.0);
    let mut transaction = pool.begin().await.map_err(unavailable)?;
    sqlx::query("SELECT FROM sales WHERE generation = $1 FOR UPDATE")
        .bind(generation)
        .execute(&mut *transaction)
        .await
        .map_err(unavailable)?;
    let is_recorded: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM purchases WHERE purchase_no = $1)
             OR EXISTS (SELECT FROM purchases_archive WHERE purchase_no = $1)",
    )
    .bind(number.as_str())
    .fetch_one(&mut *transaction)
    .await
    .map_err(unavailable)?;
    if is_recorded {
        return Ok(Voided::Recorded);
    }
    sqlx::query(
        "INSERT INTO voided (purchase_no, generation, error, voided_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT (purchase_no) DO NOTHING",
    )
    .bind(number.as_str())
    .bind(generation)
    .bind(&letter.error)
    .bind(at.to_utc())
    .execute(&mut *transaction)
    .await
    .map_err(unavailable)?;
    transaction.commit().await.map_err(unavailable)?;
    Ok(Voided::Done)
}
