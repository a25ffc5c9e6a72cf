//! How sales stand in the catalogue, and what is noted of one that is over.

use std::collections::HashMap;

use serde_json::json;
use stampede_application::ports::{PortError, SaleStanding};
use stampede_domain::{Epoch, Instant, SaleId};
use uuid::Uuid;

use super::{
    EmbeddedDatabase,
    failure::unavailable,
    rows::{epoch, hex},
};

pub(super) async fn standing(
    database: &EmbeddedDatabase,
    ids: &[SaleId],
) -> Result<Vec<SaleStanding>, PortError> {
    let generations: Vec<String> = ids.iter().map(|id| hex(id.generation.0.as_bytes())).collect();
    let rows: Vec<(Uuid, String, i64, i64, bool)> = sqlx::query_as(
        "SELECT generation, sku, epoch_number, epoch_nonce, deleted_at IS NOT NULL FROM sales
         WHERE generation IN (SELECT unhex(value) FROM json_each(?1))",
    )
    .bind(json!(generations).to_string())
    .fetch_all(database.readers())
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
    database: &EmbeddedDatabase,
    id: &SaleId,
    epoch: Epoch,
    at: Instant,
) -> Result<(), PortError> {
    let statement = "UPDATE sales SET over_at = max(coalesce(over_at, ?4), ?4)
         WHERE generation = ?1 AND epoch_number = ?2 AND epoch_nonce = ?3 AND deleted_at IS NULL";
    note(database, statement, id, epoch, at).await
}

pub(super) async fn note_final_run(
    database: &EmbeddedDatabase,
    id: &SaleId,
    epoch: Epoch,
    at: Instant,
) -> Result<(), PortError> {
    let statement = "UPDATE sales SET final_run_at = ?4
         WHERE generation = ?1 AND epoch_number = ?2 AND epoch_nonce = ?3 AND deleted_at IS NULL";
    note(database, statement, id, epoch, at).await
}

async fn note(
    database: &EmbeddedDatabase,
    statement: &'static str,
    id: &SaleId,
    epoch: Epoch,
    at: Instant,
) -> Result<(), PortError> {
    let mut writing = database.write().await?;
    sqlx::query(statement)
        .bind(id.generation.0)
        .bind(epoch.number.cast_signed())
        .bind(epoch.nonce.cast_signed())
        .bind(at.millis())
        .execute(&mut *writing.transaction)
        .await
        .map_err(unavailable)?;
    writing.commit().await
}
