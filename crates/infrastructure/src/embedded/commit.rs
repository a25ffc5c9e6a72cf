//! The commit: entries of the journal become the record, all or none, twice as if once.

use std::collections::HashMap;

use serde_json::json;
use sqlx::SqliteConnection;
use stampede_application::ports::{CommitError, Entry, EntryBody, RecordedChange, Settled};
use stampede_domain::{Generation, PurchaseNo, RecordedPurchase};
use uuid::Uuid;

use super::{
    EmbeddedDatabase, STORE,
    failure::{refused, unavailable},
    insert::{Living, Pace, insert_purchases},
    rows::{hex, narrow},
};
use crate::settlement::{Sorted, Standing, generations, settle};

/// Commits entries in one transaction with one sync.
///
/// 1. Apply the changes, so that purchases meet the newest stock and limit.
/// 2. Insert the purchases of living sales, and count their units as sold.
/// 3. Look up those of deleted sales: what the archive has is done, what it has not is orphaned.
///
/// Purchases are inserted many at a time. If some are there already, as after a crash, that tells
/// not which, and all of it is done once more, one purchase at a time.
///
/// An entry of an earlier epoch is as good as one of the current: the epoch is raised at each
/// start, while the journal stays, and gate, journal and ledger are one file that cannot lose one
/// of them alone. What an earlier life of the process has journalled was accepted for good, and
/// the gate counts it when it starts.
pub(super) async fn commit(
    database: &EmbeddedDatabase,
    entries: &[Entry],
) -> Result<Vec<Settled>, CommitError> {
    let together = commit_at(database, entries, Pace::Together).await?;
    match together {
        Some(settled) => Ok(settled),
        None => Ok(commit_at(database, entries, Pace::Apart).await?.unwrap_or_default()),
    }
}

/// Commits at that pace; nothing at all if it is one at which nobody can tell what was new.
async fn commit_at(
    database: &EmbeddedDatabase,
    entries: &[Entry],
    pace: Pace,
) -> Result<Option<Vec<Settled>>, CommitError> {
    let generations = generations(STORE, entries)?;
    let mut writing = database.write().await?;
    let connection = &mut *writing.transaction;
    for entry in entries {
        if let EntryBody::Change(change) = &entry.body {
            apply(connection, change).await?;
        }
    }
    let living = living(connection, &generations).await?;
    let stands = |generation: Generation| {
        if living.contains_key(&generation) { Standing::Current } else { Standing::Gone }
    };
    let standing = |recorded: &RecordedPurchase| stands(recorded.sale.generation);
    let sorted = Sorted::by_standing(entries, standing);
    let mut inserted = HashMap::new();
    for (id, purchases) in &sorted.to_insert {
        let Some(living) = living.get(&id.generation) else { continue };
        let new = insert_purchases(connection, id, *living, purchases, pace).await?;
        let Some(new) = new else { return Ok(None) };
        inserted.insert(id.generation, new);
    }
    let late: Vec<PurchaseNo> = sorted.late.iter().map(|recorded| recorded.purchase.no()).collect();
    let known = super::ledger::known(connection, &late).await?;
    writing.commit().await?;
    let settled = entries.iter().map(|entry| match &entry.body {
        EntryBody::Purchases(recorded) => settle(recorded, standing, &mut inserted, &known),
        EntryBody::Change(change) if stands(change.sale.id.generation) == Standing::Current => {
            Settled::Committed { inserted: 0 }
        }
        // The last two were refused before anything was done.
        EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. } => {
            Settled::Dropped
        }
    });
    Ok(Some(settled.collect()))
}

/// Those of `generations` that are not deleted.
async fn living(
    connection: &mut SqliteConnection,
    generations: &[Generation],
) -> Result<HashMap<Generation, Living>, CommitError> {
    let asked: Vec<String> = generations.iter().map(|one| hex(one.0.as_bytes())).collect();
    let living: Vec<(Uuid, i64, bool)> = sqlx::query_as(
        "SELECT generation, limit_per_buyer,
             EXISTS (SELECT 1 FROM voided WHERE voided.generation = sales.generation)
         FROM sales
         WHERE deleted_at IS NULL AND generation IN (SELECT unhex(value) FROM json_each(?1))",
    )
    .bind(json!(asked).to_string())
    .fetch_all(connection)
    .await
    .map_err(unavailable)?;
    let living = living.into_iter().map(|(generation, limit_per_buyer, has_voided)| {
        (Generation(generation), Living { limit_per_buyer, has_voided })
    });
    Ok(living.collect())
}

/// Writes a change over a lower version; over its own or a higher one it is in the row already, and
/// a deleted sale is left as it is.
async fn apply(
    connection: &mut SqliteConnection,
    change: &RecordedChange,
) -> Result<(), CommitError> {
    let sale = &change.sale;
    sqlx::query(
        "UPDATE sales
         SET product_name = ?3, stock = ?4, starts = ?5, ends = ?6, limit_per_buyer = ?7,
             acknowledge = ?8, paused = ?9, ended_by_admin = ?10, version = ?2,
             description = ?11, picture = ?12, price_minor = ?13, currency = ?14
         WHERE generation = ?1 AND version < ?2 AND deleted_at IS NULL",
    )
    .bind(sale.id.generation.0)
    .bind(narrow(change.version.0)?)
    .bind(&sale.product_name)
    .bind(sale.initial_stock)
    .bind(sale.window.start.millis())
    .bind(sale.window.end.millis())
    .bind(sale.limit_per_buyer)
    .bind(sale.acknowledge.to_string())
    .bind(sale.paused)
    .bind(sale.ended_by_admin)
    .bind(&sale.description)
    .bind(&sale.picture)
    .bind(sale.price.map(|price| price.minor))
    .bind(sale.price.map(|price| price.currency.to_string()))
    .execute(connection)
    .await
    .map_err(|error| refused(error, &sale.id))?;
    Ok(())
}
