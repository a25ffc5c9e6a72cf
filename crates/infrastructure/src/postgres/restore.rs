//! The ledger's part of a restore: the epoch, and what stands under it.
//!
//! Only the gate of the redis engine calls this. The epoch is the only lock and the only fence:
//! whoever has taken it may go on, and every statement here demands it, so that a restorer that
//! was overtaken writes nothing and hears that it has lost. From the taking on no entry of an
//! older epoch commits, since a commit compares epochs under the same row lock.
//!
//! `restore_until` is a courtesy: it keeps others from taking the epoch from a restorer that makes
//! progress. Each step that writes or reads under the epoch renews it.

use sqlx::{AssertSqlSafe, PgConnection, Postgres, Transaction, types::Json};
use sqlx_macros::FromRow;
use stampede_application::ports::{CatalogueRow, CommitError, PortError};
use stampede_domain::{Epoch, Position, RecordedPurchase, SaleId};

use super::{
    PostgresLedger,
    catalogue::SALE_COLUMNS,
    deadline::within,
    failure::unavailable,
    insert::{Pace, insert_purchases},
    ledger::page,
    rows::{SaleRow, epoch},
};

/// A sale as somebody who would restore its gate finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restorable {
    /// Definition, epoch, version, and units sold.
    pub row: CatalogueRow,
    /// Whether it is deleted: its gate is to be forgotten under this epoch, not restored.
    pub deleted: bool,
    /// The epoch in which its gate was opened last: the row's, or one before it, if restores have
    /// come to nothing since.
    pub opened: Epoch,
}

impl PostgresLedger {
    /// The sale as it stands, tombstones included; `None` if the ledger never had it.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn restorable(&self, id: &SaleId) -> Result<Option<Restorable>, PortError> {
        within(self.answer_max, async {
            #[derive(FromRow)]
            struct Row {
                #[sqlx(flatten)]
                sale: SaleRow,
                deleted: bool,
                opened_number: i64,
                opened_nonce: i64,
            }
            let row: Option<Row> = sqlx::query_as(AssertSqlSafe(format!(
                "SELECT {SALE_COLUMNS}, deleted_at IS NOT NULL AS deleted,
                     COALESCE(opened_number, epoch_number) AS opened_number,
                     COALESCE(opened_nonce, epoch_nonce) AS opened_nonce
                 FROM sales WHERE generation = $1 AND sku = $2"
            )))
            .bind(id.generation.0)
            .bind(id.sku.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
            let Some(row) = row else { return Ok(None) };
            let opened = epoch(row.opened_number, row.opened_nonce)?;
            Ok(Some(Restorable { row: row.sale.read()?, deleted: row.deleted, opened }))
        })
        .await
    }

    /// Takes the next epoch for 5 s, if the sale is still in `seen` and nobody is at work on it;
    /// `None` if somebody was quicker, or the sale is deleted. Its number is above both the
    /// ledger's and `head_number`, which the gate's head has. Who would be at work for longer than
    /// 5 s was told so by another clock, before a failover, and is not waited for.
    ///
    /// # Errors
    ///
    /// [`PortError`] leaves open whether it is taken; nobody else takes it for 5 s then.
    pub async fn take_epoch(
        &self,
        id: &SaleId,
        seen: Epoch,
        head_number: u64,
        nonce: u64,
    ) -> Result<Option<Epoch>, PortError> {
        within(self.answer_max, async {
            let number: Option<i64> = sqlx::query_scalar(
                "UPDATE sales
                 SET epoch_number = GREATEST(epoch_number, $4) + 1, epoch_nonce = $5,
                     opened_number = COALESCE(opened_number, epoch_number),
                     opened_nonce = COALESCE(opened_nonce, epoch_nonce),
                     restore_until = clock_timestamp() + INTERVAL '5 seconds', final_run_at = NULL
                 WHERE generation = $1 AND epoch_number = $2 AND epoch_nonce = $3
                     AND (restore_until <= clock_timestamp()
                         OR restore_until > clock_timestamp() + INTERVAL '5 seconds')
                     AND deleted_at IS NULL
                 RETURNING epoch_number",
            )
            .bind(id.generation.0)
            .bind(seen.number.cast_signed())
            .bind(seen.nonce.cast_signed())
            .bind(head_number.cast_signed())
            .bind(nonce.cast_signed())
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
            number.map(|number| epoch(number, nonce.cast_signed())).transpose()
        })
        .await
    }

    /// Keeps others from taking the epoch for 5 s more; `false` if it is lost.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn renew(&self, id: &SaleId, epoch: Epoch) -> Result<bool, PortError> {
        within(self.answer_max, async {
            let mut connection = self.pool.acquire().await.map_err(unavailable)?;
            hold(&mut connection, id, epoch).await
        })
        .await
    }

    /// Records what the gate still held and the ledger had not, under the new epoch and with the
    /// places that they were given in it; returns how many were not there before, or `None` if
    /// the epoch is lost and nothing was recorded. Voided purchases are left out.
    ///
    /// # Errors
    ///
    /// [`CommitError`]; nothing of the whole call is recorded (or, for a lost answer, all of it).
    pub async fn record_survivors(
        &self,
        id: &SaleId,
        epoch: Epoch,
        survivors: &[RecordedPurchase],
    ) -> Result<Option<usize>, CommitError> {
        within(self.answer_max, async {
            let Some(mut transaction) = self.enter(id, epoch).await? else { return Ok(None) };
            let survivors: Vec<&RecordedPurchase> = survivors.iter().collect();
            let inserted =
                insert_purchases(&mut transaction, id, epoch, &survivors, Pace::Careful).await?;
            transaction.commit().await.map_err(unavailable)?;
            Ok(Some(inserted.len()))
        })
        .await
    }

    /// Raises purchases for a person, each with why it could not be taken over; returns how
    /// many were not raised before, or `None` if the epoch is lost and none was. Repeating it
    /// is harmless.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn raise_dead_letters(
        &self,
        id: &SaleId,
        epoch: Epoch,
        letters: &[(RecordedPurchase, String)],
    ) -> Result<Option<usize>, PortError> {
        within(self.answer_max, async {
            let Some(mut transaction) = self.enter(id, epoch).await? else { return Ok(None) };
            let numbers = letters.iter().map(|(refused, _)| refused.purchase.no());
            let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
            let purchases: Vec<Json<&RecordedPurchase>> =
                letters.iter().map(|(refused, _)| Json(refused)).collect();
            let errors: Vec<&str> = letters.iter().map(|(_, error)| error.as_str()).collect();
            let raised = sqlx::query(
                "INSERT INTO dead_letters (generation, purchase_no, purchase, error)
                 SELECT $1, r.purchase_no, r.purchase, r.error
                 FROM UNNEST($2::text[], $3::jsonb[], $4::text[])
                     AS r (purchase_no, purchase, error)
                 ON CONFLICT (purchase_no) DO NOTHING",
            )
            .bind(id.generation.0)
            .bind(numbers)
            .bind(purchases)
            .bind(errors)
            .execute(&mut *transaction)
            .await
            .map_err(unavailable)?;
            transaction.commit().await.map_err(unavailable)?;
            Ok(Some(usize::try_from(raised.rows_affected()).unwrap_or(letters.len())))
        })
        .await
    }

    /// Purchases of the sale by position, after `after`, at most `limit`; `None` if the epoch is
    /// lost.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn page_in_epoch(
        &self,
        id: &SaleId,
        epoch: Epoch,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Option<Vec<RecordedPurchase>>, PortError> {
        within(self.answer_max, async {
            let Some(mut transaction) = self.enter(id, epoch).await? else { return Ok(None) };
            let page = page(&mut transaction, id, after, limit).await?;
            transaction.commit().await.map_err(unavailable)?;
            Ok(Some(page))
        })
        .await
    }

    /// Notes that the gate is about to be opened in `epoch`, and returns the sale to open it by;
    /// `None` if the epoch is lost. Repeating it is harmless.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn open_life(
        &self,
        id: &SaleId,
        epoch: Epoch,
    ) -> Result<Option<CatalogueRow>, PortError> {
        within(self.answer_max, async {
            let row: Option<SaleRow> = sqlx::query_as(AssertSqlSafe(format!(
                "UPDATE sales SET opened_number = NULL, opened_nonce = NULL
                 WHERE generation = $1 AND epoch_number = $2 AND epoch_nonce = $3
                     AND deleted_at IS NULL
                 RETURNING {SALE_COLUMNS}"
            )))
            .bind(id.generation.0)
            .bind(epoch.number.cast_signed())
            .bind(epoch.nonce.cast_signed())
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
            row.map(SaleRow::read).transpose()
        })
        .await
    }

    /// Begins a transaction that holds the sale's row in `epoch`; `None` if the epoch is lost.
    pub(super) async fn enter(
        &self,
        id: &SaleId,
        epoch: Epoch,
    ) -> Result<Option<Transaction<'static, Postgres>>, PortError> {
        let mut transaction = self.pool.begin().await.map_err(unavailable)?;
        let is_held = hold(&mut transaction, id, epoch).await?;
        Ok(is_held.then_some(transaction))
    }
}

/// Takes the sale's row if it is in `epoch`, and renews the courtesy; `false` if it is not.
async fn hold(connection: &mut PgConnection, id: &SaleId, epoch: Epoch) -> Result<bool, PortError> {
    let held = sqlx::query(
        "UPDATE sales SET restore_until = clock_timestamp() + INTERVAL '5 seconds'
         WHERE generation = $1 AND epoch_number = $2 AND epoch_nonce = $3 AND deleted_at IS NULL",
    )
    .bind(id.generation.0)
    .bind(epoch.number.cast_signed())
    .bind(epoch.nonce.cast_signed())
    .execute(connection)
    .await
    .map_err(unavailable)?;
    Ok(held.rows_affected() == 1)
}
