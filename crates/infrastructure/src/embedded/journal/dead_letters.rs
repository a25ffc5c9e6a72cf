//! Purchases that the ledger refused, raised for a person.

use sqlx_macros::FromRow;
use stampede_application::ports::{DeadLetter, DeadLetterId, EntryBody, PortError, Raised};

use super::format;
use crate::embedded::{
    EmbeddedDatabase,
    failure::{inconsistent, unavailable},
};

/// A row as it is stored.
#[derive(FromRow)]
struct Row {
    id: i64,
    body: Option<String>,
    raw: Option<String>,
    error: String,
}

pub(super) async fn raise(
    database: &EmbeddedDatabase,
    letter: &DeadLetter,
) -> Result<Raised, PortError> {
    let generation = letter.purchase.as_ref().map(|recorded| recorded.sale.generation.0);
    let body =
        letter.purchase.as_ref().map(format::write_letter).transpose().map_err(inconsistent)?;
    let mut writing = database.write().await?;
    // Instant and bits are a purchase's number; whoever else has met it may know less of its trace.
    let done = sqlx::query(
        "INSERT INTO journal_dead_letters (generation, body, raw, error)
         SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (
             SELECT 1 FROM journal_dead_letters
             WHERE generation = ?1
                 AND json_extract(body, '$.purchases[0].purchase.bits')
                     = json_extract(?2, '$.purchases[0].purchase.bits')
                 AND json_extract(body, '$.purchases[0].purchase.at')
                     = json_extract(?2, '$.purchases[0].purchase.at'))",
    )
    .bind(generation)
    .bind(body)
    .bind(&letter.raw)
    .bind(&letter.error)
    .execute(&mut *writing.transaction)
    .await
    .map_err(unavailable)?;
    writing.commit().await?;
    Ok(if done.rows_affected() == 0 { Raised::Before } else { Raised::Now })
}

pub(super) async fn list(
    database: &EmbeddedDatabase,
    after: Option<&DeadLetterId>,
    limit: usize,
) -> Result<Vec<(DeadLetterId, DeadLetter)>, PortError> {
    let after: i64 = after.and_then(|id| id.0.parse().ok()).unwrap_or(0);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, body, raw, error FROM journal_dead_letters WHERE id > ?1 ORDER BY id LIMIT ?2",
    )
    .bind(after)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(database.readers())
    .await
    .map_err(unavailable)?;
    let letters = rows.into_iter().map(|row| (DeadLetterId(row.id.to_string()), row.into_letter()));
    Ok(letters.collect())
}

pub(super) async fn find(
    database: &EmbeddedDatabase,
    id: &DeadLetterId,
) -> Result<Option<DeadLetter>, PortError> {
    let Ok(id) = id.0.parse::<i64>() else { return Ok(None) };
    let row: Option<Row> =
        sqlx::query_as("SELECT id, body, raw, error FROM journal_dead_letters WHERE id = ?1")
            .bind(id)
            .fetch_optional(database.readers())
            .await
            .map_err(unavailable)?;
    Ok(row.map(Row::into_letter))
}

pub(super) async fn take(
    database: &EmbeddedDatabase,
    id: &DeadLetterId,
) -> Result<Option<DeadLetter>, PortError> {
    let Ok(id) = id.0.parse::<i64>() else { return Ok(None) };
    let mut writing = database.write().await?;
    let row: Option<Row> = sqlx::query_as(
        "DELETE FROM journal_dead_letters WHERE id = ?1 RETURNING id, body, raw, error",
    )
    .bind(id)
    .fetch_optional(&mut *writing.transaction)
    .await
    .map_err(unavailable)?;
    writing.commit().await?;
    Ok(row.map(Row::into_letter))
}

impl Row {
    /// The letter; one that this version cannot read is shown as it is kept.
    fn into_letter(self) -> DeadLetter {
        let Self { body, raw, error, .. } = self;
        match body.as_deref().map(|body| format::read(body.as_bytes())) {
            None => DeadLetter { purchase: None, raw, error },
            Some(EntryBody::Purchases(purchases)) => {
                DeadLetter { purchase: purchases.into_iter().next(), raw, error }
            }
            Some(EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. }) => {
                let error = format!("written by another version of this program; {error}");
                DeadLetter { purchase: None, raw: body, error }
            }
        }
    }
}
