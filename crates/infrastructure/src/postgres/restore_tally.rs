//! What a restore judges by, and the end of one.

use std::collections::HashMap;

use sqlx::AssertSqlSafe;
use sqlx_macros::FromRow;
use stampede_application::ports::PortError;
use stampede_domain::{BuyerId, Epoch, Purchase, Sale, SaleId, Tally};

use super::{
    PostgresLedger,
    catalogue::SALE_COLUMNS,
    deadline::within,
    failure::{inconsistent, unavailable},
    rows::{PURCHASE_COLUMNS, PurchaseRow, SaleRow},
};

impl PostgresLedger {
    /// Numbers the purchases of a buyer anew, by position, where one is missing before another;
    /// `false` if the epoch is lost.
    ///
    /// A buyer's purchases may reach the ledger in another order than the gate accepted them, and
    /// one may be voided. A gate that is written from here counts places without gaps.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn close_gaps(&self, id: &SaleId, epoch: Epoch) -> Result<bool, PortError> {
        within(self.answer_max, async {
            let Some(mut transaction) = self.enter(id, epoch).await? else { return Ok(false) };
            sqlx::query(
                "UPDATE purchases SET ordinal = new.ordinal, held_after = new.held_after
                 FROM (
                     SELECT purchase_no,
                         row_number() OVER by_position AS ordinal,
                         sum(CASE WHEN cancelled THEN 0 ELSE qty END) OVER by_position AS held_after
                     FROM purchases
                     WHERE generation = $1 AND buyer IN (
                         SELECT buyer FROM purchases WHERE generation = $1
                         GROUP BY buyer HAVING max(ordinal) <> count(*))
                     WINDOW by_position AS (PARTITION BY buyer ORDER BY position)
                 ) AS new
                 WHERE purchases.purchase_no = new.purchase_no",
            )
            .bind(id.generation.0)
            .execute(&mut *transaction)
            .await
            .map_err(unavailable)?;
            transaction.commit().await.map_err(unavailable)?;
            Ok(true)
        })
        .await
    }

    /// The sale and its counters, with all that `buyers` hold; `None` if the epoch is lost.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn tally_in_epoch(
        &self,
        id: &SaleId,
        epoch: Epoch,
        buyers: &[&BuyerId],
    ) -> Result<Option<(Sale, Tally)>, PortError> {
        within(self.answer_max, async {
            #[derive(FromRow)]
            struct Row {
                #[sqlx(flatten)]
                sale: SaleRow,
                position: i64,
            }
            let Some(mut transaction) = self.enter(id, epoch).await? else { return Ok(None) };
            let row: Row = sqlx::query_as(AssertSqlSafe(format!(
                "SELECT {SALE_COLUMNS}, COALESCE(
                     (SELECT MAX(position) FROM purchases WHERE generation = $1), 0) AS position
                 FROM sales WHERE generation = $1"
            )))
            .bind(id.generation.0)
            .fetch_one(&mut *transaction)
            .await
            .map_err(unavailable)?;
            let names: Vec<&str> = buyers.iter().map(|buyer| buyer.as_str()).collect();
            // By the index of purchases_ordinal_once.
            let held: Vec<PurchaseRow> = sqlx::query_as(AssertSqlSafe(format!(
                "SELECT {PURCHASE_COLUMNS} FROM purchases
                 WHERE generation = $1 AND buyer = ANY($2) ORDER BY buyer, ordinal"
            )))
            .bind(id.generation.0)
            .bind(names)
            .fetch_all(&mut *transaction)
            .await
            .map_err(unavailable)?;
            transaction.commit().await.map_err(unavailable)?;

            let mut holdings: HashMap<BuyerId, Vec<Purchase>> = HashMap::new();
            for row in held {
                let recorded = row.read(id)?;
                holdings.entry(recorded.buyer).or_default().push(recorded.purchase);
            }
            let position = u64::try_from(row.position).map_err(inconsistent)?;
            let row = row.sale.read()?;
            let stock = row.sale.initial_stock.saturating_sub(row.sold);
            Ok(Some((row.sale, Tally { stock, sold: row.sold, position, holdings })))
        })
        .await
    }

    /// Lets others take the epoch at once, since this restore is over. If it is lost, the epoch is
    /// free within 5 s.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn end_restore(&self, id: &SaleId, epoch: Epoch) -> Result<(), PortError> {
        within(self.answer_max, async {
            sqlx::query(
                "UPDATE sales SET restore_until = to_timestamp(0)
                 WHERE generation = $1 AND epoch_number = $2 AND epoch_nonce = $3",
            )
            .bind(id.generation.0)
            .bind(epoch.number.cast_signed())
            .bind(epoch.nonce.cast_signed())
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
            Ok(())
        })
        .await
    }
}
