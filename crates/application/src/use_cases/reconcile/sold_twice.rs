//! What gate and ledger have each sold although only one of them had it to sell.

use std::collections::HashSet;

use stampede_domain::{PurchaseNo, RecordedPurchase, SaleId, Shard};

use super::Reconcile;
use crate::ports::{DeadLetter, Drift, Findings, PortError, Raised, Readmission};

impl Reconcile {
    /// Makes the sale anew, after the ledger refused some of these purchases of the gate for a
    /// constraint: what still fits is recorded, what does not is raised.
    pub(super) async fn settle_sold_twice(
        &self,
        id: &SaleId,
        mut purchases: Vec<RecordedPurchase>,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let rebuilt = self.stores.gate.rebuild(id).await?;
        let found = purchases.len();
        self.retain_unrecorded(id, &mut purchases).await?;
        if purchases.is_empty() {
            // Which of them was refused nobody knows by now; one was, and another's loss for it
            // is told.
            let twice = usize::from(rebuilt.raised == 0);
            findings.repaired(Drift::SoldTwice, twice);
            findings.repaired(Drift::MissingInLedger, found - twice);
            return Ok(());
        }
        findings.repaired(Drift::MissingInLedger, found - purchases.len());
        // A restore raises what it has no place for, and tells of it; a gate that is made from the
        // ledger alone does not know of it any more, and may still have one.
        let raised = self.raised(id).await?;
        purchases.retain(|one| !raised.contains(&one.purchase.no()));
        self.offer_again(id, purchases, findings).await
    }

    async fn offer_again(
        &self,
        id: &SaleId,
        purchases: Vec<RecordedPurchase>,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let Some(row) = self.row(id).await? else { return Ok(()) };
        let answers = self.stores.outbox.readmit(&purchases, row.epoch).await?;
        for (purchase, answer) in purchases.into_iter().zip(answers) {
            match answer {
                Readmission::Adopted => findings.repaired(Drift::SoldTwice, 1),
                Readmission::Refused(why) => {
                    self.raise(purchase, why.as_str(), Drift::SoldTwice, findings).await?;
                }
            }
        }
        Ok(())
    }

    /// Raises a purchase for a person, who is told why, unless it was before.
    pub(super) async fn raise(
        &self,
        purchase: RecordedPurchase,
        why: &str,
        drift: Drift,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let shard = Shard::of(&purchase.sale.sku);
        let (sale, number) = (purchase.sale.clone(), purchase.purchase.no());
        let letter = DeadLetter::of(purchase, why);
        if self.stores.outbox.raise(shard, &letter).await? == Raised::Now {
            tracing::error!(%sale, purchase = %number, why,
                "a purchase becomes a dead letter");
            findings.raised(drift, 1);
        }
        Ok(())
    }

    /// Keeps those that the ledger has not.
    pub(super) async fn retain_unrecorded(
        &self,
        id: &SaleId,
        purchases: &mut Vec<RecordedPurchase>,
    ) -> Result<(), PortError> {
        let numbers: Vec<PurchaseNo> = purchases.iter().map(|one| one.purchase.no()).collect();
        let recorded: HashSet<PurchaseNo> = self.stores.ledger.known(id, &numbers).await?;
        purchases.retain(|one| !recorded.contains(&one.purchase.no()));
        Ok(())
    }
}
