//! Purchases that cannot be recorded, waiting for a person.

use sqlx::types::Json;
use stampede_application::ports::{PortError, Raised};
use stampede_domain::RecordedPurchase;

use super::{PostgresLedger, deadline::within, failure::unavailable};

/// A dead letter of the ledger: its id, the purchase, and why it was refused.
pub type LedgerLetter = (i64, RecordedPurchase, String);

impl PostgresLedger {
    /// Raises a purchase. Repeated, the first letter stays as it is.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn raise_dead_letter(
        &self,
        purchase: &RecordedPurchase,
        error: &str,
    ) -> Result<Raised, PortError> {
        let raising = sqlx::query(
            "INSERT INTO dead_letters (generation, purchase_no, purchase, error)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (purchase_no) DO NOTHING",
        )
        .bind(purchase.sale.generation.0)
        .bind(purchase.purchase.no().to_string())
        .bind(Json(purchase))
        .bind(error)
        .execute(&self.pool);
        let done = within(self.answer_max, async { raising.await.map_err(unavailable) }).await?;
        Ok(if done.rows_affected() == 0 { Raised::Before } else { Raised::Now })
    }

    /// Dead letters of the ledger, oldest first, after the id `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn dead_letters(
        &self,
        after: Option<i64>,
        limit: usize,
    ) -> Result<Vec<LedgerLetter>, PortError> {
        within(self.answer_max, async {
            let rows: Vec<(i64, Json<RecordedPurchase>, String)> = sqlx::query_as(
                "SELECT id, purchase, error FROM dead_letters WHERE id > $1 ORDER BY id LIMIT $2",
            )
            .bind(after.unwrap_or(0))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await
            .map_err(unavailable)?;
            Ok(rows.into_iter().map(|(id, Json(purchase), error)| (id, purchase, error)).collect())
        })
        .await
    }

    /// One dead letter of the ledger; `None` if there is none of that id.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn dead_letter(&self, id: i64) -> Result<Option<LedgerLetter>, PortError> {
        within(self.answer_max, async {
            let row: Option<(i64, Json<RecordedPurchase>, String)> =
                sqlx::query_as("SELECT id, purchase, error FROM dead_letters WHERE id = $1")
                    .bind(id)
                    .fetch_optional(&self.pool)
                    .await
                    .map_err(unavailable)?;
            Ok(row.map(|(id, Json(purchase), error)| (id, purchase, error)))
        })
        .await
    }

    /// Removes a dead letter of the ledger; `None` if there is none of that id. The caller has
    /// recorded its purchase, or voided it.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn take_dead_letter(&self, id: i64) -> Result<Option<LedgerLetter>, PortError> {
        within(self.answer_max, async {
            let row: Option<(i64, Json<RecordedPurchase>, String)> = sqlx::query_as(
                "DELETE FROM dead_letters WHERE id = $1 RETURNING id, purchase, error",
            )
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
            Ok(row.map(|(id, Json(purchase), error)| (id, purchase, error)))
        })
        .await
    }
}
