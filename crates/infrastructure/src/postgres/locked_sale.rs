//! A sale's row in one holder's hand.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, PgPool, Postgres, Transaction};
use stampede_application::ports::{CatalogueRow, LockedSale, PortError, PutDecision};
use stampede_domain::Sku;

use super::{catalogue::SALE_COLUMNS, deadline::within, failure::unavailable, rows::SaleRow};

/// A row lock of Postgres, held by a transaction; dropping it rolls the transaction back.
pub(super) struct PostgresLockedSale {
    transaction: Transaction<'static, Postgres>,
    row: CatalogueRow,
    answer_max: Duration,
}

impl PostgresLockedSale {
    /// Takes the row of the living sale of `sku`, waiting for whoever holds it.
    pub(super) async fn take(
        pool: &PgPool,
        sku: &Sku,
        answer_max: Duration,
    ) -> Result<Option<Self>, PortError> {
        within(answer_max, async {
            let mut transaction = pool.begin().await.map_err(unavailable)?;
            let row: Option<SaleRow> = sqlx::query_as(AssertSqlSafe(format!(
                "SELECT {SALE_COLUMNS} FROM sales WHERE sku = $1 AND deleted_at IS NULL FOR UPDATE"
            )))
            .bind(sku.as_str())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(unavailable)?;
            let Some(row) = row else { return Ok(None) };
            Ok(Some(Self { transaction, row: row.read()?, answer_max }))
        })
        .await
    }
}

#[async_trait]
impl LockedSale for PostgresLockedSale {
    fn row(&self) -> &CatalogueRow {
        &self.row
    }

    async fn finish(mut self: Box<Self>, decision: PutDecision) -> Result<(), PortError> {
        within(self.answer_max, async {
            let PutDecision::Write(sale, version) = decision else {
                return self.transaction.rollback().await.map_err(unavailable);
            };
            // A correction before the start is as if the sale had been created so: both stocks
            // move.
            sqlx::query(
                "UPDATE sales
                 SET product_name = $2, initial_stock = $3::int8::int4, stock = $3::int8::int4,
                     starts = $4, ends = $5, limit_per_buyer = $6::int8::int4, acknowledge = $7,
                     paused = $8, ended_by_admin = $9, version = $10, description = $11,
                     picture = $12, price_minor = $13, currency = $14
                 WHERE generation = $1",
            )
            .bind(self.row.sale.id.generation.0)
            .bind(&sale.product_name)
            .bind(i64::from(sale.initial_stock))
            .bind(sale.window.start.to_utc())
            .bind(sale.window.end.to_utc())
            .bind(i64::from(sale.limit_per_buyer))
            .bind(sale.acknowledge.to_string())
            .bind(sale.paused)
            .bind(sale.ended_by_admin)
            .bind(version.0.cast_signed())
            .bind(&sale.description)
            .bind(&sale.picture)
            .bind(sale.price.map(|price| price.minor))
            .bind(sale.price.map(|price| price.currency.to_string()))
            .execute(&mut *self.transaction)
            .await
            .map_err(unavailable)?;
            self.transaction.commit().await.map_err(unavailable)
        })
        .await
    }
}
