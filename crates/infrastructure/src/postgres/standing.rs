//! How sales stand in the catalogue, and what is noted of one that is over.

use std::collections::HashMap;

use sqlx::PgPool;
use stampede_application::ports::{PortError, SaleStanding};
use stampede_domain::{Epoch, Instant, SaleId};
use uuid::Uuid;

use super::{failure::unavailable, rows::epoch};

pub(super) async fn standing(
    pool: &PgPool,
    ids: &[SaleId],
) -> Result<Vec<SaleStanding>, PortError> {
    let generations: Vec<Uuid> = ids.iter().map(|id| id.generation.0).collect();
    let rows: Vec<(Uuid, String, i64, i64, bool)> = sqlx::query_as(
        "SELECT generation, sku, epoch_number, epoch_nonce, deleted_at IS NOT NULL FROM sales
         WHERE generation = ANY($1)",
    )
    .bind(generations)
    .fetch_all(pool)
    .await
    .map_err(unavailable)?;
    let mut known = HashMap::with_capacity(rows.len());
    for (generation, sku, number, nonce, is_deleted) in rows {
        let epoch = epoch(number, nonce)?;
        let stands =
            if is_deleted { SaleStanding::Buried(epoch) } else { SaleStanding::Living(epoch) };
        known.insert((generation, sku), stands);
    }
    let of = |id: &SaleId| known.get(&(id.generation.0, id.sku.to_string())).copied();
    Ok(ids.iter().map(|id| of(id).unwrap_or(SaleStanding::Unknown)).collect())
}

pub(super) async fn note_over(
    pool: &PgPool,
    id: &SaleId,
    epoch: Epoch,
    at: Instant,
) -> Result<(), PortError> {
    // GREATEST leaves out what is NULL.
    let statement = "UPDATE sales SET over_at = GREATEST(over_at, $4)
         WHERE generation = $1 AND epoch_number = $2 AND epoch_nonce = $3 AND deleted_at IS NULL";
    note(pool, statement, id, epoch, at).await
}

pub(super) async fn note_final_run(
    pool: &PgPool,
    id: &SaleId,
    epoch: Epoch,
    at: Instant,
) -> Result<(), PortError> {
    let statement = "UPDATE sales SET final_run_at = $4
         WHERE generation = $1 AND epoch_number = $2 AND epoch_nonce = $3 AND deleted_at IS NULL";
    note(pool, statement, id, epoch, at).await
}

async fn note(
    pool: &PgPool,
    statement: &'static str,
    id: &SaleId,
    epoch: Epoch,
    at: Instant,
) -> Result<(), PortError> {
    sqlx::query(statement)
        .bind(id.generation.0)
        .bind(epoch.number.cast_signed())
        .bind(epoch.nonce.cast_signed())
        .bind(at.to_utc())
        .execute(pool)
        .await
        .map_err(unavailable)?;
    Ok(())
}
