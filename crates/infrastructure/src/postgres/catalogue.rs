//! The catalogue port over Postgres.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction};
use stampede_application::ports::{
    Buried, Catalogue, CatalogueCursor, CatalogueRow, Created, LockedSale, PortError, SaleStanding,
};
use stampede_domain::{Epoch, Generation, Instant, Sale, SaleId, Sku};
use uuid::Uuid;

use super::{
    PostgresLimits,
    deadline::within,
    failure::unavailable,
    locked_sale::PostgresLockedSale,
    rows::{SaleRow, epoch},
    standing,
};

/// The advisory lock that creations take one after the other; any number that nothing else uses.
const CREATION_LOCK: i64 = 0x5354_414d_5045_4445;
/// How long a sale's purchases may take on their way to the archive: millions move in one
/// transaction, beyond the limits of ordinary statements.
const BURIAL_MAX: Duration = Duration::from_mins(10);
/// Archived purchases that one statement removes, so that none runs long.
const EXPIRED_PER_STATEMENT_MAX: i64 = 10_000;
/// What a sale's row is read by.
pub(super) const SALE_COLUMNS: &str = "generation, sku, epoch_number, epoch_nonce, product_name, \
     description, picture, price_minor, currency, stock, sold, starts, ends, limit_per_buyer, \
     acknowledge, paused, ended_by_admin, version, created_at, over_at, final_run_at";

/// Which sales exist, in Postgres. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PostgresCatalogue {
    pool: PgPool,
    sales_max: u32,
    answer_max: Duration,
}

impl PostgresCatalogue {
    /// The catalogue behind `pool`, whose tables are up to date.
    #[must_use]
    pub fn new(pool: PgPool, limits: &PostgresLimits) -> Self {
        Self { pool, sales_max: limits.sales_max, answer_max: limits.answer_timeout }
    }
}

#[async_trait]
impl Catalogue for PostgresCatalogue {
    async fn create(&self, sale: &Sale, nonce: u64) -> Result<Created, PortError> {
        within(self.answer_max, async {
            let mut transaction = self.pool.begin().await.map_err(unavailable)?;
            // One creation at a time: the count below stays true, and nobody creates and buries the
            // sku between reading its tombstones and writing its row.
            sqlx::query("SELECT pg_advisory_xact_lock($1)")
                .bind(CREATION_LOCK)
                .execute(&mut *transaction)
                .await
                .map_err(unavailable)?;
            let last = match last_of(&mut transaction, &sale.id.sku).await? {
                Last::Living => return Ok(Created::Exists),
                Last::Buried(number) => number,
                Last::None => 0,
            };
            let living: i64 =
                sqlx::query_scalar("SELECT count(*) FROM sales WHERE deleted_at IS NULL")
                    .fetch_one(&mut *transaction)
                    .await
                    .map_err(unavailable)?;
            if living >= i64::from(self.sales_max) {
                return Ok(Created::Full);
            }
            let epoch = Epoch { number: last + 1, nonce };
            insert(&mut transaction, sale, epoch).await?;
            transaction.commit().await.map_err(unavailable)?;
            Ok(Created::Recorded(epoch))
        })
        .await
    }

    async fn find(&self, sku: &Sku) -> Result<Option<CatalogueRow>, PortError> {
        within(self.answer_max, async {
            let row: Option<SaleRow> = sqlx::query_as(AssertSqlSafe(format!(
                "SELECT {SALE_COLUMNS} FROM sales WHERE sku = $1 AND deleted_at IS NULL"
            )))
            .bind(sku.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
            row.map(SaleRow::read).transpose()
        })
        .await
    }

    async fn page(
        &self,
        after: Option<&CatalogueCursor>,
        limit: usize,
    ) -> Result<Vec<CatalogueRow>, PortError> {
        within(self.answer_max, async {
            // The first page starts after what is newer than everything.
            let created_at = after.map_or(Instant::MAX, |cursor| cursor.created_at);
            let generation = after.map_or(Uuid::max(), |cursor| cursor.generation.0);
            let rows: Vec<SaleRow> = sqlx::query_as(AssertSqlSafe(format!(
                "SELECT {SALE_COLUMNS} FROM sales
                 WHERE deleted_at IS NULL AND (created_at, generation) < ($1, $2)
                 ORDER BY created_at DESC, generation DESC LIMIT $3"
            )))
            .bind(created_at.to_utc())
            .bind(generation)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)?;
            rows.into_iter().map(SaleRow::read).collect()
        })
        .await
    }

    async fn lock(&self, sku: &Sku) -> Result<Option<Box<dyn LockedSale>>, PortError> {
        let locked = PostgresLockedSale::take(&self.pool, sku, self.answer_max).await?;
        Ok(locked.map(|locked| Box::new(locked) as Box<dyn LockedSale>))
    }

    async fn bury(
        &self,
        id: &SaleId,
        seen: Option<Epoch>,
        nonce: u64,
        at: Instant,
    ) -> Result<Buried, PortError> {
        let (mut transaction, row) = within(self.answer_max, take_to_bury(&self.pool, id)).await?;
        let Some((number, old_nonce, is_buried)) = row else { return Ok(Buried::Unknown) };
        let last = epoch(number, old_nonce)?;
        if is_buried {
            return Ok(Buried::Buried(last));
        }
        if seen.is_some_and(|seen| seen != last) {
            return Ok(Buried::Moved);
        }
        let next = Epoch { number: last.number + 1, nonce };
        within(BURIAL_MAX + self.answer_max, async {
            entomb(&mut transaction, id.generation, next, at).await?;
            transaction.commit().await.map_err(unavailable)
        })
        .await?;
        Ok(Buried::Buried(next))
    }

    async fn tombstone(&self, sku: &Sku) -> Result<Option<(SaleId, Epoch)>, PortError> {
        within(self.answer_max, async {
            let row: Option<(Uuid, i64, i64)> = sqlx::query_as(
                "SELECT generation, epoch_number, epoch_nonce FROM sales
                 WHERE sku = $1 AND deleted_at IS NOT NULL ORDER BY epoch_number DESC LIMIT 1",
            )
            .bind(sku.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
            let Some((generation, number, nonce)) = row else { return Ok(None) };
            let id = SaleId { sku: sku.clone(), generation: Generation(generation) };
            Ok(Some((id, epoch(number, nonce)?)))
        })
        .await
    }

    async fn standing(&self, ids: &[SaleId]) -> Result<Vec<SaleStanding>, PortError> {
        within(self.answer_max, standing::standing(&self.pool, ids)).await
    }

    async fn note_over(&self, id: &SaleId, epoch: Epoch, at: Instant) -> Result<(), PortError> {
        within(self.answer_max, standing::note_over(&self.pool, id, epoch, at)).await
    }

    async fn note_final_run(
        &self,
        id: &SaleId,
        epoch: Epoch,
        at: Instant,
    ) -> Result<(), PortError> {
        within(self.answer_max, standing::note_final_run(&self.pool, id, epoch, at)).await
    }

    async fn expire_archive(&self, before: Instant) -> Result<u64, PortError> {
        let mut expired = 0;
        loop {
            let removing = sqlx::query(
                "DELETE FROM purchases_archive WHERE purchase_no IN
                     (SELECT purchase_no FROM purchases_archive WHERE deleted_at < $1 LIMIT $2)",
            )
            .bind(before.to_utc())
            .bind(EXPIRED_PER_STATEMENT_MAX)
            .execute(&self.pool);
            let removed = within(self.answer_max, async { removing.await.map_err(unavailable) });
            let removed = removed.await?.rows_affected();
            expired += removed;
            if removed == 0 {
                return Ok(expired);
            }
        }
    }
}

/// What the catalogue has of a sku.
enum Last {
    /// A sale that is not deleted.
    Living,
    /// Tombstones; the number of the highest epoch.
    Buried(u64),
    /// Nothing.
    None,
}

/// What there is of a sku. A sale whose burial is under way lives until it is committed; its row
/// is not waited for, since all creations would wait with this one.
async fn last_of(connection: &mut PgConnection, sku: &Sku) -> Result<Last, PortError> {
    let rows: Vec<(i64, i64, bool)> = sqlx::query_as(
        "SELECT epoch_number, epoch_nonce, deleted_at IS NULL FROM sales
         WHERE sku = $1",
    )
    .bind(sku.as_str())
    .fetch_all(connection)
    .await
    .map_err(unavailable)?;
    let mut last = Last::None;
    for (number, nonce, is_living) in rows {
        let number = epoch(number, nonce)?.number;
        last = match last {
            Last::Living => Last::Living,
            Last::Buried(_) | Last::None if is_living => Last::Living,
            Last::Buried(highest) => Last::Buried(highest.max(number)),
            Last::None => Last::Buried(number),
        };
    }
    Ok(last)
}

/// Writes the row of a new sale.
async fn insert(connection: &mut PgConnection, sale: &Sale, epoch: Epoch) -> Result<(), PortError> {
    sqlx::query(
        "INSERT INTO sales (generation, sku, epoch_number, epoch_nonce, product_name,
             initial_stock, stock, starts, ends, limit_per_buyer, acknowledge, paused,
             ended_by_admin, version, created_at, description, picture, price_minor, currency)
         VALUES ($1, $2, $3, $4, $5, $6::int8::int4, $6::int8::int4, $7, $8, $9::int8::int4,
             $10, $11, $12, $13, $14, $15, $16, $17, $18)",
    )
    .bind(sale.id.generation.0)
    .bind(sale.id.sku.as_str())
    .bind(epoch.number.cast_signed())
    .bind(epoch.nonce.cast_signed())
    .bind(&sale.product_name)
    .bind(i64::from(sale.initial_stock))
    .bind(sale.window.start.to_utc())
    .bind(sale.window.end.to_utc())
    .bind(i64::from(sale.limit_per_buyer))
    .bind(sale.acknowledge.to_string())
    .bind(sale.paused)
    .bind(sale.ended_by_admin)
    .bind(epoch.first_version().0.cast_signed())
    .bind(sale.created_at.to_utc())
    .bind(&sale.description)
    .bind(&sale.picture)
    .bind(sale.price.map(|price| price.minor))
    .bind(sale.price.map(|price| price.currency.to_string()))
    .execute(connection)
    .await
    .map_err(unavailable)?;
    Ok(())
}

/// Takes the row of a sale that is to be buried, in a transaction with time for it.
async fn take_to_bury(
    pool: &PgPool,
    id: &SaleId,
) -> Result<(Transaction<'static, Postgres>, Option<(i64, i64, bool)>), PortError> {
    let mut transaction = pool.begin().await.map_err(unavailable)?;
    let patience = format!("SET LOCAL statement_timeout = {}", BURIAL_MAX.as_millis());
    sqlx::query(AssertSqlSafe(patience)).execute(&mut *transaction).await.map_err(unavailable)?;
    let row = sqlx::query_as(
        "SELECT epoch_number, epoch_nonce, deleted_at IS NOT NULL FROM sales
         WHERE generation = $1 AND sku = $2 FOR UPDATE",
    )
    .bind(id.generation.0)
    .bind(id.sku.as_str())
    .fetch_optional(&mut *transaction)
    .await
    .map_err(unavailable)?;
    Ok((transaction, row))
}

/// Makes a held row a tombstone under `epoch` and moves the sale's purchases to the archive.
async fn entomb(
    connection: &mut PgConnection,
    generation: Generation,
    epoch: Epoch,
    at: Instant,
) -> Result<(), PortError> {
    sqlx::query(
        "UPDATE sales SET epoch_number = $2, epoch_nonce = $3, deleted_at = $4
         WHERE generation = $1",
    )
    .bind(generation.0)
    .bind(epoch.number.cast_signed())
    .bind(epoch.nonce.cast_signed())
    .bind(at.to_utc())
    .execute(&mut *connection)
    .await
    .map_err(unavailable)?;
    sqlx::query(include_str!("archive_purchases.sql"))
        .bind(generation.0)
        .bind(at.to_utc())
        .execute(&mut *connection)
        .await
        .map_err(unavailable)?;
    Ok(())
}
