//! What the gate has and the ledger has not, although it is not on its way.

use std::collections::HashSet;

use stampede_domain::{Epoch, Purchase, PurchaseNo, RecordedPurchase, SaleId};

use super::{
    Reconcile,
    compare_sale::Taken,
    comparison::{Comparison, Left, Next},
};
use crate::ports::{Drift, EntryBody, Findings, Holding, PortError};

/// What a person is told of a purchase that no commit gets into the ledger.
const REFUSED: &str = "accepted at the gate, refused by the ledger for its data";

/// What the ledger is known to lack for a good reason.
enum Expected {
    These {
        on_their_way: HashSet<PurchaseNo>,
        /// For a person.
        raised: HashSet<PurchaseNo>,
    },
    /// More waits than is looked through.
    TooMany,
}

impl Reconcile {
    /// Records what the gate has and the ledger has not, and is not on its way. The gate is read
    /// first: what it has by then must be in the ledger.
    pub(super) async fn complete_ledger(
        &self,
        comparison: &mut Comparison,
        rows: &mut usize,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let id = comparison.audit.snapshot.sale.id.clone();
        let settled_before = comparison.audit.at.plus_millis(-self.limits.settled_after_ms);
        let settled_to = self.settled_to(&id);
        // Read once, when first needed: what is compared was accepted before, so that it is in
        // here, recorded, or lost.
        let mut expected = None;
        while let Next::Gate(cursor) = &comparison.next {
            if *rows == 0 {
                return Ok(());
            }
            self.keep_turn().await?;
            let Some(page) = self.stores.gate.holdings(&id, cursor.as_ref()).await? else {
                comparison.next = Next::Nothing;
                return Ok(());
            };
            let purchases: usize = page.holdings.iter().map(|(_, held)| held.len()).sum();
            *rows = rows.saturating_sub(purchases.max(1));
            let mut settled = Vec::new();
            for (buyer, purchases) in page.holdings {
                let (old, young): (Vec<_>, Vec<_>) = purchases.into_iter().partition(|purchase| {
                    purchase.at < settled_before || purchase.position <= settled_to
                });
                for purchase in young {
                    comparison.left.on_its_way(purchase.position);
                }
                settled.push((buyer, old));
            }
            let left = &mut comparison.left;
            self.record_missing(&id, page.epoch, settled, &mut expected, left, findings).await?;
            comparison.next = match page.next {
                Some(next) => Next::Gate(Some(next)),
                None => Next::Ledger(None),
            };
        }
        Ok(())
    }

    async fn record_missing(
        &self,
        id: &SaleId,
        epoch: Epoch,
        holdings: Vec<Holding>,
        expected: &mut Option<Expected>,
        left: &mut Left,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let of = |purchases: &[Purchase]| purchases.iter().map(Purchase::no).collect::<Vec<_>>();
        let numbers: Vec<_> = holdings.iter().flat_map(|(_, held)| of(held)).collect();
        if numbers.is_empty() {
            return Ok(());
        }
        let known = self.stores.ledger.known(id, &numbers).await?;
        if known.len() == numbers.len() {
            return Ok(());
        }
        if expected.is_none() {
            *expected = Some(self.expected(id).await?);
        }
        // With more on its way than is looked through, nothing is known to be lost.
        let Some(Expected::These { on_their_way, raised }) = expected else {
            let all = holdings.iter().flat_map(|(_, held)| held);
            all.for_each(|purchase| left.on_its_way(purchase.position));
            return Ok(());
        };
        let mut lost = Vec::new();
        for (buyer, purchases) in holdings {
            for purchase in purchases.into_iter().filter(|purchase| !known.contains(&purchase.no()))
            {
                if on_their_way.contains(&purchase.no()) {
                    left.on_its_way(purchase.position);
                    continue;
                }
                if raised.contains(&purchase.no()) {
                    left.raised = true;
                    continue;
                }
                lost.push(RecordedPurchase {
                    sale: id.clone(),
                    epoch,
                    buyer: buyer.clone(),
                    purchase,
                    traceparent: None,
                });
            }
        }
        // A worker may have recorded and removed an entry between the two reads.
        self.retain_unrecorded(id, &mut lost).await?;
        if lost.is_empty() {
            return Ok(());
        }
        let found = lost.len();
        tracing::error!(sale = %id, found, "purchases of the gate are missing in the ledger");
        self.record_lost(id, lost, findings).await
    }

    /// Records what was lost; a purchase that the ledger refuses for its data is for a person, and
    /// keeps no other out.
    async fn record_lost(
        &self,
        id: &SaleId,
        lost: Vec<RecordedPurchase>,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let mut parts = vec![lost];
        while let Some(mut part) = parts.pop() {
            match self.commit(id, EntryBody::Purchases(part.clone())).await? {
                Taken::Recorded => findings.repaired(Drift::MissingInLedger, part.len()),
                Taken::Refused if part.len() > 1 => {
                    let second = part.split_off(part.len() / 2);
                    parts.extend([second, part]);
                }
                Taken::Refused => {
                    for refused in part {
                        self.raise(refused, REFUSED, Drift::MissingInLedger, findings).await?;
                    }
                }
                Taken::Late => {}
                Taken::Drifted => {
                    part.extend(parts.into_iter().flatten());
                    return self.settle_sold_twice(id, part, findings).await;
                }
            }
        }
        Ok(())
    }

    /// Purchases of the sale that are on their way, or wait for a person. The outbox first: what a
    /// worker raises meanwhile is then found behind it.
    async fn expected(&self, id: &SaleId) -> Result<Expected, PortError> {
        let entries = self.stores.outbox.waiting(id, self.limits.waiting_max).await?;
        if entries.len() >= self.limits.waiting_max {
            return Ok(Expected::TooMany);
        }
        let waiting = entries.iter().flat_map(|entry| entry.body.purchase_numbers());
        let on_their_way: HashSet<PurchaseNo> = waiting.collect();
        let raised = self.raised(id).await?;
        Ok(Expected::These { on_their_way, raised })
    }

    /// Purchases of the sale that wait for a person, as dead letters.
    pub(super) async fn raised(&self, id: &SaleId) -> Result<HashSet<PurchaseNo>, PortError> {
        let mut numbers = HashSet::new();
        let (mut after, mut seen) = (None, 0);
        while seen < self.limits.waiting_max {
            let letters = self.stores.outbox.dead_letters(after.as_ref(), self.limits.page).await?;
            seen += letters.len();
            let Some((last, _)) = letters.last() else { break };
            after = Some(last.clone());
            let purchases = letters.iter().filter_map(|(_, letter)| letter.purchase.as_ref());
            let own = purchases.filter(|purchase| purchase.sale == *id);
            numbers.extend(own.map(|own| own.purchase.no()));
        }
        Ok(numbers)
    }
}
