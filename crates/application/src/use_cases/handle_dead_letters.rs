//! An operator lists, replays or discards dead letters.

use std::sync::Arc;

use stampede_domain::Shard;

use super::RecordPurchases;
use crate::ports::{
    Clock, DeadLetter, DeadLetterId, Entry, EntryBody, Ledger, Outbox, PortError, Voided,
};

/// Why a dead letter stays where it is.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// There is none of that id.
    #[error("no such dead letter")]
    Unknown,
    /// It was never readable: it can only be discarded.
    #[error("the entry was not readable, it can only be discarded")]
    NotReplayable,
    /// We do not know; repeating it is harmless.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Handles purchases that were set aside.
pub struct HandleDeadLetters {
    outbox: Arc<dyn Outbox>,
    ledger: Arc<dyn Ledger>,
    record: Arc<RecordPurchases>,
    clock: Arc<dyn Clock>,
}

impl HandleDeadLetters {
    /// Over the outbox, where dead letters lie, and the ledger.
    #[must_use]
    pub fn new(
        outbox: Arc<dyn Outbox>,
        ledger: Arc<dyn Ledger>,
        record: Arc<RecordPurchases>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { outbox, ledger, record, clock }
    }

    /// Dead letters, oldest first, after `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn list(
        &self,
        after: Option<&DeadLetterId>,
        limit: usize,
    ) -> Result<Vec<(DeadLetterId, DeadLetter)>, PortError> {
        self.outbox.dead_letters(after, limit).await
    }

    /// Records the purchase once more, as if it had just come from the outbox; should the ledger
    /// refuse it again, it becomes a new dead letter.
    ///
    /// # Errors
    ///
    /// [`DeadLetterError`].
    pub async fn replay(&self, id: &DeadLetterId) -> Result<(), DeadLetterError> {
        let letter = self.find(id).await?;
        let Some(purchase) = letter.purchase else { return Err(DeadLetterError::NotReplayable) };
        let shard = Shard::of(&purchase.sale.sku);
        let entry = Entry { id: None, body: EntryBody::Purchases(vec![purchase]) };
        let recorded = self.record.run(shard, vec![entry]).await?;
        if !recorded.apart.is_empty() {
            return Err(PortError::unavailable("ledger", Apart).into());
        }
        self.outbox.exhume(id).await?;
        Ok(())
    }

    /// Gives the purchase up for good: nothing brings it back. One that was recorded meanwhile
    /// stays on record, and only its letter goes.
    ///
    /// # Errors
    ///
    /// [`DeadLetterError`].
    pub async fn discard(&self, id: &DeadLetterId) -> Result<(), DeadLetterError> {
        let letter = self.find(id).await?;
        match self.ledger.void(&letter, self.clock.now()).await? {
            Voided::Done => {}
            Voided::Recorded => {
                let number = letter.purchase.as_ref().map(|lost| lost.purchase.no().to_string());
                tracing::warn!(purchase = number, "it is on record, and was not given up");
            }
        }
        self.outbox.exhume(id).await?;
        Ok(())
    }

    async fn find(&self, id: &DeadLetterId) -> Result<DeadLetter, DeadLetterError> {
        self.outbox.dead_letter(id).await?.ok_or(DeadLetterError::Unknown)
    }
}

/// Gate and ledger do not come together yet; the letter stays where it is.
#[derive(Debug, thiserror::Error)]
#[error("gate and ledger of the sale disagree")]
struct Apart;
