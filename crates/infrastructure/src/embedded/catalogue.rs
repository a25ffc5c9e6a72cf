//! The catalogue port over the embedded engine's file.

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, SqliteConnection};
use stampede_application::ports::{
    Buried, Catalogue, CatalogueCursor, CatalogueRow, Created, LockedSale, PortError, SaleStanding,
};
use stampede_domain::{Epoch, Generation, Instant, Sale, SaleId, Sku};
use uuid::Uuid;

use super::{
    EmbeddedDatabase,
    failure::unavailable,
    locked_sale::EmbeddedLockedSale,
    rows::{SaleRow, epoch},
    standing,
};

/// Archived purchases that one transaction removes, so that none keeps the turn for long.
const EXPIRED_PER_TRANSACTION_MAX: i64 = 10_000;
/// What a sale's row is read by.
pub(super) const SALE_COLUMNS: &str = "generation, sku, epoch_number, epoch_nonce, product_name, \
     description, picture, price_minor, currency, stock, sold, starts, ends, limit_per_buyer, \
     acknowledge, paused, ended_by_admin, version, created_at, over_at, final_run_at";

/// Which sales exist, in the embedded engine's file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EmbeddedCatalogue {
    database: EmbeddedDatabase,
    sales_max: u32,
}

impl EmbeddedCatalogue {
    /// The catalogue in `database`, for at most `sales_max` sales that are not deleted: the gate
    /// holds all of them in memory.
    #[must_use]
    pub fn new(database: EmbeddedDatabase, sales_max: u32) -> Self {
        Self { database, sales_max }
    }

    /// Raises the epoch of every sale that is not deleted, under one `nonce`; returns how many.
    ///
    /// Called once at each start, before any sale is opened: the gate's memory is a new one, so
    /// that every version of this life is above those of the last. The versions of the rows stay,
    /// since the journal may still hold a change of the last life.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn raise_epochs(&self, nonce: u64) -> Result<u64, PortError> {
        let mut writing = self.database.write().await?;
        let raised = sqlx::query(
            "UPDATE sales SET epoch_number = epoch_number + 1, epoch_nonce = ?1
             WHERE deleted_at IS NULL",
        )
        .bind(nonce.cast_signed())
        .execute(&mut *writing.transaction)
        .await
        .map_err(unavailable)?
        .rows_affected();
        writing.commit().await?;
        Ok(raised)
    }

    /// Raises the epoch of one sale that is not deleted, for a gate that is made anew while it
    /// runs; nothing happens if there is no such sale.
    ///
    /// # Errors
    ///
    /// [`PortError`] leaves open whether it is raised.
    pub(super) async fn raise_epoch(&self, id: &SaleId, nonce: u64) -> Result<(), PortError> {
        let mut writing = self.database.write().await?;
        sqlx::query(
            "UPDATE sales SET epoch_number = epoch_number + 1, epoch_nonce = ?2, final_run_at = NULL
             WHERE generation = ?1 AND deleted_at IS NULL",
        )
        .bind(id.generation.0)
        .bind(nonce.cast_signed())
        .execute(&mut *writing.transaction)
        .await
        .map_err(unavailable)?;
        writing.commit().await
    }
}

#[async_trait]
impl Catalogue for EmbeddedCatalogue {
    async fn create(&self, sale: &Sale, nonce: u64) -> Result<Created, PortError> {
        let mut writing = self.database.write().await?;
        let connection = &mut *writing.transaction;
        let (is_living, last, living): (bool, i64, i64) = sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM sales WHERE sku = ?1 AND deleted_at IS NULL),
                 (SELECT COALESCE(MAX(epoch_number), 0) FROM sales WHERE sku = ?1),
                 (SELECT COUNT(*) FROM sales WHERE deleted_at IS NULL)",
        )
        .bind(sale.id.sku.as_str())
        .fetch_one(&mut *connection)
        .await
        .map_err(unavailable)?;
        if is_living {
            return Ok(Created::Exists);
        }
        if living >= i64::from(self.sales_max) {
            return Ok(Created::Full);
        }
        let epoch = epoch(last + 1, nonce.cast_signed())?;
        insert(connection, sale, epoch).await?;
        writing.commit().await?;
        Ok(Created::Recorded(epoch))
    }

    async fn find(&self, sku: &Sku) -> Result<Option<CatalogueRow>, PortError> {
        let row: Option<SaleRow> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT {SALE_COLUMNS} FROM sales WHERE sku = ?1 AND deleted_at IS NULL"
        )))
        .bind(sku.as_str())
        .fetch_optional(self.database.readers())
        .await
        .map_err(unavailable)?;
        row.map(SaleRow::read).transpose()
    }

    async fn page(
        &self,
        after: Option<&CatalogueCursor>,
        limit: usize,
    ) -> Result<Vec<CatalogueRow>, PortError> {
        // The first page starts after what is newer than everything.
        let created_at = after.map_or(Instant::MAX, |cursor| cursor.created_at);
        let generation = after.map_or(Uuid::max(), |cursor| cursor.generation.0);
        let rows: Vec<SaleRow> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT {SALE_COLUMNS} FROM sales
             WHERE deleted_at IS NULL AND (created_at, generation) < (?1, ?2)
             ORDER BY created_at DESC, generation DESC LIMIT ?3"
        )))
        .bind(created_at.millis())
        .bind(generation)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(self.database.readers())
        .await
        .map_err(unavailable)?;
        rows.into_iter().map(SaleRow::read).collect()
    }

    async fn lock(&self, sku: &Sku) -> Result<Option<Box<dyn LockedSale>>, PortError> {
        let locked = EmbeddedLockedSale::take(&self.database, sku).await?;
        Ok(locked.map(|locked| Box::new(locked) as Box<dyn LockedSale>))
    }

    async fn bury(
        &self,
        id: &SaleId,
        seen: Option<Epoch>,
        nonce: u64,
        at: Instant,
    ) -> Result<Buried, PortError> {
        // Whoever holds the row to change it lets it go first.
        let _turn = self.database.definition_turn().await?;
        let mut writing = self.database.write().await?;
        let connection = &mut *writing.transaction;
        let row: Option<(i64, i64, bool)> = sqlx::query_as(
            "SELECT epoch_number, epoch_nonce, deleted_at IS NOT NULL FROM sales
             WHERE generation = ?1 AND sku = ?2",
        )
        .bind(id.generation.0)
        .bind(id.sku.as_str())
        .fetch_optional(&mut *connection)
        .await
        .map_err(unavailable)?;
        let Some((number, old_nonce, is_buried)) = row else { return Ok(Buried::Unknown) };
        let last = epoch(number, old_nonce)?;
        if is_buried {
            return Ok(Buried::Buried(last));
        }
        if seen.is_some_and(|seen| seen != last) {
            return Ok(Buried::Moved);
        }
        let next = Epoch { number: last.number + 1, nonce };
        entomb(connection, id.generation, next, at).await?;
        writing.commit().await?;
        Ok(Buried::Buried(next))
    }

    async fn tombstone(&self, sku: &Sku) -> Result<Option<(SaleId, Epoch)>, PortError> {
        let row: Option<(Uuid, i64, i64)> = sqlx::query_as(
            "SELECT generation, epoch_number, epoch_nonce FROM sales
             WHERE sku = ?1 AND deleted_at IS NOT NULL ORDER BY epoch_number DESC LIMIT 1",
        )
        .bind(sku.as_str())
        .fetch_optional(self.database.readers())
        .await
        .map_err(unavailable)?;
        let Some((generation, number, nonce)) = row else { return Ok(None) };
        let id = SaleId { sku: sku.clone(), generation: Generation(generation) };
        Ok(Some((id, epoch(number, nonce)?)))
    }

    async fn standing(&self, ids: &[SaleId]) -> Result<Vec<SaleStanding>, PortError> {
        standing::standing(&self.database, ids).await
    }

    async fn note_over(&self, id: &SaleId, epoch: Epoch, at: Instant) -> Result<(), PortError> {
        standing::note_over(&self.database, id, epoch, at).await
    }

    async fn note_final_run(
        &self,
        id: &SaleId,
        epoch: Epoch,
        at: Instant,
    ) -> Result<(), PortError> {
        standing::note_final_run(&self.database, id, epoch, at).await
    }

    async fn expire_archive(&self, before: Instant) -> Result<u64, PortError> {
        let mut expired = 0;
        loop {
            let mut writing = self.database.write().await?;
            let removed = sqlx::query(
                "DELETE FROM purchases_archive WHERE purchase_no IN
                     (SELECT purchase_no FROM purchases_archive WHERE deleted_at < ?1 LIMIT ?2)",
            )
            .bind(before.millis())
            .bind(EXPIRED_PER_TRANSACTION_MAX)
            .execute(&mut *writing.transaction)
            .await
            .map_err(unavailable)?
            .rows_affected();
            writing.commit().await?;
            expired += removed;
            if removed == 0 {
                return Ok(expired);
            }
        }
    }
}

/// Writes the row of a new sale.
async fn insert(
    connection: &mut SqliteConnection,
    sale: &Sale,
    epoch: Epoch,
) -> Result<(), PortError> {
    sqlx::query(
        "INSERT INTO sales (generation, sku, epoch_number, epoch_nonce, product_name,
             initial_stock, stock, starts, ends, limit_per_buyer, acknowledge, paused,
             ended_by_admin, version, created_at, description, picture, price_minor, currency)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
             ?18)",
    )
    .bind(sale.id.generation.0)
    .bind(sale.id.sku.as_str())
    .bind(epoch.number.cast_signed())
    .bind(epoch.nonce.cast_signed())
    .bind(&sale.product_name)
    .bind(sale.initial_stock)
    .bind(sale.window.start.millis())
    .bind(sale.window.end.millis())
    .bind(sale.limit_per_buyer)
    .bind(sale.acknowledge.to_string())
    .bind(sale.paused)
    .bind(sale.ended_by_admin)
    .bind(epoch.first_version().0.cast_signed())
    .bind(sale.created_at.millis())
    .bind(&sale.description)
    .bind(&sale.picture)
    .bind(sale.price.map(|price| price.minor))
    .bind(sale.price.map(|price| price.currency.to_string()))
    .execute(connection)
    .await
    .map_err(unavailable)?;
    Ok(())
}

/// Makes a row a tombstone under `epoch` and moves the sale's purchases to the archive.
async fn entomb(
    connection: &mut SqliteConnection,
    generation: Generation,
    epoch: Epoch,
    at: Instant,
) -> Result<(), PortError> {
    sqlx::query(
        "UPDATE sales SET epoch_number = ?2, epoch_nonce = ?3, deleted_at = ?4
         WHERE generation = ?1",
    )
    .bind(generation.0)
    .bind(epoch.number.cast_signed())
    .bind(epoch.nonce.cast_signed())
    .bind(at.millis())
    .execute(&mut *connection)
    .await
    .map_err(unavailable)?;
    sqlx::query(include_str!("archive_purchases.sql"))
        .bind(generation.0)
        .bind(at.millis())
        .execute(&mut *connection)
        .await
        .map_err(unavailable)?;
    sqlx::query("DELETE FROM purchases WHERE generation = ?1")
        .bind(generation.0)
        .execute(connection)
        .await
        .map_err(unavailable)?;
    Ok(())
}
