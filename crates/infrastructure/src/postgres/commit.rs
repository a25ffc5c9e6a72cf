//! The commit: entries of the outbox become the record, all or none, twice as if once.

use std::collections::{HashMap, HashSet};

use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use sqlx_macros::FromRow;
use stampede_application::ports::{
    CommitError, Entry, EntryBody, PortError, RecordedChange, Settled,
};
use stampede_domain::{Epoch, Generation, PurchaseNo, RecordedPurchase, SaleId};
use uuid::Uuid;

use super::{
    STORE,
    failure::{is_lock_timeout, not_committed, refused, unavailable},
    insert::{Pace, insert_purchases},
    rows::{epoch, narrow},
};
use crate::settlement::{Sorted, Standing, generations, settle};

/// What a commit begins with.
///
/// Plans are made while the tables are small and kept while they grow: no statement of a commit may
/// come to read a table from end to end for as long as nobody has analysed it.
const BEGIN: &str = "BEGIN; SET LOCAL enable_seqscan = off";

/// Commits entries in one transaction: quickly, and once more with care if that was refused.
pub(super) async fn commit(pool: &PgPool, entries: &[Entry]) -> Result<Vec<Settled>, CommitError> {
    match commit_at(Pace::Quick, pool, entries).await {
        Err(CommitError::Data(_) | CommitError::Drift { .. }) => {
            commit_at(Pace::Careful, pool, entries).await
        }
        committed => committed,
    }
}

async fn commit_at(
    pace: Pace,
    pool: &PgPool,
    entries: &[Entry],
) -> Result<Vec<Settled>, CommitError> {
    let mut transaction = pool.begin_with(BEGIN).await.map_err(not_committed)?;
    match record(&mut transaction, entries, pace).await {
        Ok(settled) => {
            transaction.commit().await.map_err(not_committed)?;
            Ok(settled)
        }
        Err(CommitError::Port(error)) => Err(error.into()),
        Err(refused) => {
            // Before anybody goes on: the rows that it held are free.
            transaction.rollback().await.map_err(not_committed)?;
            Err(refused)
        }
    }
}

/// Does what a commit does, within its transaction.
///
/// 1. Take the rows of all sales; of several, only if nobody holds any of them.
/// 2. Apply the changes of the current epoch, so that purchases meet the newest stock and limit.
/// 3. Insert the purchases of the current epoch, and count their units as sold.
/// 4. Look up the rest: what the ledger has is done, what it has not is stale or orphaned.
async fn record(
    connection: &mut PgConnection,
    entries: &[Entry],
    pace: Pace,
) -> Result<Vec<Settled>, CommitError> {
    let generations = generations(STORE, entries)?;
    let held = hold(connection, entries, &generations).await?;
    let standing =
        |recorded: &RecordedPurchase| held.standing(recorded.sale.generation, recorded.epoch);
    for entry in entries {
        if let EntryBody::Change(change) = &entry.body
            && held.standing(change.sale.id.generation, change.epoch) == Standing::Current
        {
            apply(connection, change).await?;
        }
    }
    let sorted = Sorted::by_standing(entries, standing);
    let mut inserted = HashMap::new();
    for (id, purchases) in &sorted.to_insert {
        let Some(epoch) = held.epoch(id.generation) else { continue };
        let new = insert_purchases(connection, id, epoch, purchases, pace).await?;
        inserted.insert(id.generation, new);
    }
    let known = known(connection, &sorted.late).await?;
    let settled = entries.iter().map(|entry| match &entry.body {
        EntryBody::Purchases(recorded) => settle(recorded, standing, &mut inserted, &known),
        EntryBody::Change(change) => match held.standing(change.sale.id.generation, change.epoch) {
            Standing::Current => Settled::Committed { inserted: 0 },
            Standing::OtherEpoch(_) | Standing::Gone => Settled::Dropped,
        },
        // Refused before anything was done.
        EntryBody::Newer { .. } | EntryBody::Broken { .. } => Settled::Dropped,
    });
    Ok(settled.collect())
}

/// The epochs of the living sales whose rows a commit holds.
struct Held(HashMap<Generation, Epoch>);

/// A living sale's row, as a commit holds it.
#[derive(FromRow)]
struct Row {
    generation: Uuid,
    epoch_number: i64,
    epoch_nonce: i64,
}

impl Held {
    fn read(rows: Vec<Row>) -> Result<Self, PortError> {
        let mut held = HashMap::with_capacity(rows.len());
        for row in rows {
            let epoch = epoch(row.epoch_number, row.epoch_nonce)?;
            held.insert(Generation(row.generation), epoch);
        }
        Ok(Self(held))
    }

    fn epoch(&self, generation: Generation) -> Option<Epoch> {
        self.0.get(&generation).copied()
    }

    fn standing(&self, generation: Generation, of: Epoch) -> Standing {
        match self.epoch(generation) {
            Some(current) if current == of => Standing::Current,
            Some(current) => Standing::OtherEpoch(current),
            None => Standing::Gone,
        }
    }
}

/// Takes the rows of `generations`, those that are not deleted.
///
/// One row alone is waited for. Several are not: who waits for one of them with the others in hand
/// keeps those from everybody, for as long as a stranger pleases.
async fn hold(
    connection: &mut PgConnection,
    entries: &[Entry],
    generations: &[Generation],
) -> Result<Held, CommitError> {
    let is_alone = generations.len() == 1;
    let lock_mode = if is_alone { "FOR UPDATE" } else { "FOR UPDATE SKIP LOCKED" };
    let rows = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT generation, epoch_number, epoch_nonce FROM sales
         WHERE generation = ANY($1) AND deleted_at IS NULL
         {lock_mode}"
    )))
    .bind(ids(generations))
    .fetch_all(&mut *connection)
    .await;
    let held = match rows {
        Ok(rows) => Held::read(rows)?,
        Err(error) if is_alone && is_lock_timeout(&error) => {
            return Err(busy(entries, &ids(generations), unavailable(error)));
        }
        Err(error) => return Err(not_committed(error)),
    };
    if is_alone || held.0.len() == generations.len() {
        return Ok(held);
    }
    // What was not taken is deleted, or in others' hands, which a plain read does not wait for.
    let mut missing = generations.to_vec();
    missing.retain(|generation| held.epoch(*generation).is_none());
    let there: Vec<Uuid> = sqlx::query_scalar(
        "SELECT generation FROM sales WHERE generation = ANY($1) AND deleted_at IS NULL",
    )
    .bind(ids(&missing))
    .fetch_all(connection)
    .await
    .map_err(not_committed)?;
    if there.is_empty() {
        return Ok(held);
    }
    Err(busy(entries, &there, PortError::unavailable(STORE, InOthersHands)))
}

/// Others hold the rows of these generations.
fn busy(entries: &[Entry], generations: &[Uuid], error: PortError) -> CommitError {
    let named: HashSet<&SaleId> = entries.iter().filter_map(|entry| entry.body.sale()).collect();
    let is_held = |sale: &&SaleId| generations.contains(&sale.generation.0);
    CommitError::Busy { sales: named.into_iter().filter(is_held).cloned().collect(), error }
}

/// Why a commit of several sales was not begun.
#[derive(Debug, thiserror::Error)]
#[error("others hold the sale's row")]
struct InOthersHands;

fn ids(generations: &[Generation]) -> Vec<Uuid> {
    generations.iter().map(|generation| generation.0).collect()
}

/// Writes a change over a lower version; over its own or a higher one it is in the row already.
async fn apply(connection: &mut PgConnection, change: &RecordedChange) -> Result<(), CommitError> {
    let sale = &change.sale;
    sqlx::query(
        "UPDATE sales
         SET product_name = $3, stock = $4::int8::int4, starts = $5, ends = $6,
             limit_per_buyer = $7::int8::int4, acknowledge = $8, paused = $9,
             ended_by_admin = $10, version = $2, description = $11, picture = $12,
             price_minor = $13, currency = $14
         WHERE generation = $1 AND version < $2",
    )
    .bind(sale.id.generation.0)
    .bind(narrow(change.version.0)?)
    .bind(&sale.product_name)
    .bind(i64::from(sale.initial_stock))
    .bind(sale.window.start.to_utc())
    .bind(sale.window.end.to_utc())
    .bind(i64::from(sale.limit_per_buyer))
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

/// Which of these purchases the ledger has: standing, archived or voided.
async fn known(
    connection: &mut PgConnection,
    purchases: &[&RecordedPurchase],
) -> Result<HashSet<PurchaseNo>, CommitError> {
    if purchases.is_empty() {
        return Ok(HashSet::new());
    }
    let numbers: Vec<PurchaseNo> =
        purchases.iter().map(|recorded| recorded.purchase.no()).collect();
    Ok(super::ledger::known(connection, &numbers).await?)
}
