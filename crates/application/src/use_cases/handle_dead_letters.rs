//! An operator lists, replays or discards dead letters.

use std::sync::Arc;

use stampede_domain::{PurchaseNo, SaleId, Shard, Sku};

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

/// What became of a dead letter's purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterFate {
    /// It is in the ledger.
    Recorded,
    /// The gate has taken it in again, and it is on its way to the ledger.
    Readmitted,
    /// It was refused once more, and waits for a person still.
    SetAsideAgain,
    /// It is voided, and nothing brings it back.
    Discarded,
    /// It was in the ledger already, and was not voided.
    RecordedMeanwhile,
}

/// Some of the dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterPage {
    /// The letters.
    pub letters: Vec<(DeadLetterId, DeadLetter)>,
    /// Behind which the list goes on, if it does.
    pub next: Option<DeadLetterId>,
}

/// How often one listing reads on to find letters of one sku.
const READS_MAX: usize = 100;

/// Handles purchases that were raised.
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

    /// Dead letters in the outbox's order, after `after`, at most `limit`; with `sku` only those
    /// of purchases of that sku.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    pub async fn list(
        &self,
        after: Option<&DeadLetterId>,
        limit: usize,
        sku: Option<&Sku>,
    ) -> Result<LetterPage, PortError> {
        let is_wanted = |letter: &DeadLetter| {
            let of = letter.purchase.as_ref().map(|purchase| &purchase.sale.sku);
            sku.is_none() || of == sku
        };
        let mut place = after.cloned();
        let mut letters: Vec<(DeadLetterId, DeadLetter)> = Vec::new();
        for _ in 0..READS_MAX {
            let read = self.outbox.dead_letters(place.as_ref(), limit + 1).await?;
            let is_last = read.len() <= limit;
            for (id, letter) in read {
                place = Some(id.clone());
                if !is_wanted(&letter) {
                    continue;
                }
                if letters.len() == limit {
                    let next = letters.last().map(|(last, _)| last.clone());
                    return Ok(LetterPage { letters, next });
                }
                letters.push((id, letter));
            }
            if is_last {
                return Ok(LetterPage { letters, next: None });
            }
        }
        Ok(LetterPage { letters, next: place })
    }

    /// Records the purchase once more, as if it had just come from the outbox; should it be refused
    /// again, it stays a dead letter: under this id or, if that wrote it in a safer place, another.
    /// A letter that another of the same purchase stands beside stays too.
    ///
    /// # Errors
    ///
    /// [`DeadLetterError`].
    pub async fn replay(&self, id: &DeadLetterId) -> Result<LetterFate, DeadLetterError> {
        let letter = self.find(id).await?;
        let Some(purchase) = letter.purchase else { return Err(DeadLetterError::NotReplayable) };
        let (sale, number) = (purchase.sale.clone(), purchase.purchase.no());
        let entry = Entry { id: None, body: EntryBody::Purchases(vec![purchase]) };
        let mut recorded = self.record.run(Shard::of(&sale.sku), vec![entry]).await?;
        if let Some(why) = recorded.apart.remove(&sale) {
            return Err(why.into());
        }
        let fate = if recorded.letters.contains(&number) {
            LetterFate::SetAsideAgain
        } else if recorded.readmitted > 0 {
            LetterFate::Readmitted
        } else if recorded.inserted > 0 {
            LetterFate::Recorded
        } else {
            self.fate_on_record(&sale, number).await?
        };
        // Refused again without a new letter, this may be the only one that it has.
        if fate != LetterFate::SetAsideAgain || recorded.raised > 0 {
            self.outbox.take_dead_letter(id).await?;
        }
        Ok(fate)
    }

    /// Voids the purchase: nothing brings it back. One that was recorded meanwhile
    /// stays on record, and only its letter goes.
    ///
    /// # Errors
    ///
    /// [`DeadLetterError`].
    pub async fn discard(&self, id: &DeadLetterId) -> Result<LetterFate, DeadLetterError> {
        let letter = self.find(id).await?;
        let fate = match self.ledger.void(&letter, self.clock.now()).await? {
            Voided::Done => LetterFate::Discarded,
            Voided::Recorded => LetterFate::RecordedMeanwhile,
        };
        self.outbox.take_dead_letter(id).await?;
        Ok(fate)
    }

    /// What became of a purchase that is not new to anybody: it was on record before, or has been
    /// voided by way of another letter.
    async fn fate_on_record(
        &self,
        sale: &SaleId,
        number: PurchaseNo,
    ) -> Result<LetterFate, PortError> {
        let on_record = self.ledger.on_record(sale, &[number]).await?;
        if on_record.numbers.contains(&number) {
            Ok(LetterFate::Recorded)
        } else if on_record.voided.contains(&number) {
            Ok(LetterFate::Discarded)
        } else {
            // Its letter is all there is of it.
            Err(PortError::unavailable("ledger", "the purchase is not on record"))
        }
    }

    async fn find(&self, id: &DeadLetterId) -> Result<DeadLetter, DeadLetterError> {
        self.outbox.dead_letter(id).await?.ok_or(DeadLetterError::Unknown)
    }
}
