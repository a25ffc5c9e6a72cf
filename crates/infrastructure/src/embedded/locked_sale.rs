//! A sale's row in one holder's hand.

use async_trait::async_trait;
use sqlx::AssertSqlSafe;
use stampede_application::ports::{CatalogueRow, LockedSale, PortError, PutDecision};
use stampede_domain::Sku;
use tokio::sync::OwnedMutexGuard;

use super::{EmbeddedDatabase, catalogue::SALE_COLUMNS, failure::unavailable, rows::SaleRow};

/// The turn to change definitions, and the row as it was when the turn came.
///
/// No transaction stays open meanwhile, because the holder waits for the gate, and the gate writes
/// into the same file; no other process can open it, so a lock in memory is lock enough. What the
/// outbox brings meanwhile is told apart by its version.
pub(super) struct EmbeddedLockedSale {
    database: EmbeddedDatabase,
    row: CatalogueRow,
    _turn: OwnedMutexGuard<()>,
}

impl EmbeddedLockedSale {
    /// Takes the row of the living sale of `sku`, waiting for whoever changes a definition.
    pub(super) async fn take(
        database: &EmbeddedDatabase,
        sku: &Sku,
    ) -> Result<Option<Self>, PortError> {
        let turn = database.definition_turn().await?;
        let row: Option<SaleRow> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT {SALE_COLUMNS} FROM sales WHERE sku = ?1 AND deleted_at IS NULL"
        )))
        .bind(sku.as_str())
        .fetch_optional(database.readers())
        .await
        .map_err(unavailable)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Self { database: database.clone(), row: row.read()?, _turn: turn }))
    }
}

#[async_trait]
impl LockedSale for EmbeddedLockedSale {
    fn row(&self) -> &CatalogueRow {
        &self.row
    }

    async fn finish(self: Box<Self>, decision: PutDecision) -> Result<(), PortError> {
        let PutDecision::Write(sale, version) = decision else { return Ok(()) };
        let mut writing = self.database.write().await?;
        // A correction before the start is as if the sale had been created so: both stocks move.
        sqlx::query(
            "UPDATE sales
             SET product_name = ?2, initial_stock = ?3, stock = ?3, starts = ?4, ends = ?5,
                 limit_per_buyer = ?6, acknowledge = ?7, paused = ?8, ended_by_admin = ?9,
                 version = ?10, description = ?11, picture = ?12, price_minor = ?13,
                 currency = ?14
             WHERE generation = ?1 AND version < ?10",
        )
        .bind(self.row.sale.id.generation.0)
        .bind(&sale.product_name)
        .bind(sale.initial_stock)
        .bind(sale.window.start.millis())
        .bind(sale.window.end.millis())
        .bind(sale.limit_per_buyer)
        .bind(sale.acknowledge.to_string())
        .bind(sale.paused)
        .bind(sale.ended_by_admin)
        .bind(version.0.cast_signed())
        .bind(&sale.description)
        .bind(&sale.picture)
        .bind(sale.price.map(|price| price.minor))
        .bind(sale.price.map(|price| price.currency.to_string()))
        .execute(&mut *writing.transaction)
        .await
        .map_err(unavailable)?;
        writing.commit().await
    }
}
