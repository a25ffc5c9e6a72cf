//! Step 3 of a restore, second half: survivors are judged again, on the ledger's tally.

use std::collections::HashSet;

use stampede_application::ports::{CommitError, NoPlace, PortError};
use stampede_domain::{
    Attempt, BuyerId, Decision, Instant, Purchase, RecordedPurchase, Rejection, Sale, Window,
    decide,
};

use super::steps::Run;
use crate::redis::failure::NotNow;

impl Run<'_> {
    /// Gives the ledger what it lacks of `survivors`, oldest first; what does not fit any more is
    /// raised as a dead letter: accepted at the gate, lost in a fault.
    pub(super) async fn admit(&self, survivors: &[RecordedPurchase]) -> Result<(), PortError> {
        let (ledger, id) = (&self.restorer.ledger, &self.sale.id);
        let buyers: HashSet<&BuyerId> = survivors.iter().map(|recorded| &recorded.buyer).collect();
        let buyers: Vec<&BuyerId> = buyers.into_iter().collect();
        let tally = ledger.tally_in_epoch(id, self.epoch, &buyers).await?;
        let (sale, mut tally) = tally.ok_or(NotNow::RestoredElsewhere)?;
        let sale = without_time(sale);
        let (mut admitted, mut refused) = (Vec::new(), Vec::new());
        let attempts: Vec<Attempt> = survivors.iter().map(attempt).collect();
        let decisions = decide(&sale, &mut tally, &attempts, sale.window.start);
        for (survivor, decision) in survivors.iter().zip(decisions) {
            match place(decision) {
                Ok(purchase) => {
                    // The receipt stays as it was answered; only the place is new.
                    let Purchase { at, remaining, unit_price, .. } = survivor.purchase;
                    let purchase = Purchase { at, remaining, unit_price, ..purchase };
                    let epoch = self.epoch;
                    admitted.push(RecordedPurchase { purchase, epoch, ..survivor.clone() });
                }
                Err(why) => refused.push((survivor.clone(), why.as_str().to_owned())),
            }
        }
        self.record(&admitted, &mut refused).await?;
        if refused.is_empty() {
            return Ok(());
        }
        let raised = ledger.raise_dead_letters(id, self.epoch, &refused).await?;
        let raised = raised.ok_or(NotNow::RestoredElsewhere)?;
        if raised > 0 {
            tracing::error!(sale = %id, purchases = raised,
                "purchases were accepted at the gate and lost in a fault");
        }
        self.count_raised(raised);
        Ok(())
    }

    async fn record(
        &self,
        admitted: &[RecordedPurchase],
        refused: &mut Vec<(RecordedPurchase, String)>,
    ) -> Result<(), PortError> {
        match self.record_all(admitted).await {
            Ok(()) => Ok(()),
            Err(CommitError::Port(error) | CommitError::Busy { error, .. }) => Err(error),
            Err(CommitError::Data(_) | CommitError::Drift { .. }) if admitted.len() > 1 => {
                // One of them is refused: alone, it keeps nobody else out, nor the sale closed.
                for one in admitted {
                    match self.record_all(std::slice::from_ref(one)).await {
                        Ok(()) => {}
                        Err(CommitError::Port(error) | CommitError::Busy { error, .. }) => {
                            return Err(error);
                        }
                        Err(error @ (CommitError::Data(_) | CommitError::Drift { .. })) => {
                            refused.push((one.clone(), error.to_string()));
                        }
                    }
                }
                Ok(())
            }
            Err(error @ (CommitError::Data(_) | CommitError::Drift { .. })) => {
                refused.extend(admitted.iter().map(|one| (one.clone(), error.to_string())));
                Ok(())
            }
        }
    }

    async fn record_all(&self, admitted: &[RecordedPurchase]) -> Result<(), CommitError> {
        if admitted.is_empty() {
            return Ok(());
        }
        let ledger = &self.restorer.ledger;
        match ledger.record_survivors(&self.sale.id, self.epoch, admitted).await? {
            Some(_) => Ok(()),
            None => Err(CommitError::Port(NotNow::RestoredElsewhere.into())),
        }
    }
}

/// The sale as it judges what was accepted before: by stock, limit and key. Window and pause were
/// judged then.
fn without_time(sale: Sale) -> Sale {
    let window = Window { start: Instant::from_millis(0), end: Instant::MAX };
    Sale { window, paused: false, ended_by_admin: false, ..sale }
}

/// The attempt that the purchase was.
fn attempt(recorded: &RecordedPurchase) -> Attempt {
    Attempt {
        buyer: recorded.buyer.clone(),
        key: recorded.purchase.key,
        bits: recorded.purchase.bits,
        qty: recorded.purchase.qty,
        traceparent: recorded.traceparent.clone(),
    }
}

/// The place that an attempt was given, or why it has none.
fn place(decision: Decision) -> Result<Purchase, NoPlace> {
    match decision {
        Decision::Accepted(purchase) => Ok(purchase),
        Decision::Replayed(_) | Decision::KeyReused => Err(NoPlace::BoughtAgain),
        Decision::Rejected(Rejection::AlreadyPurchased(_)) => Err(NoPlace::OverLimit),
        // Without its time a sale is always active: only units may be missing.
        Decision::Rejected(Rejection::SoldOut | Rejection::SaleNotActive) => Err(NoPlace::SoldOut),
    }
}
