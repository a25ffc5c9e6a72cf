//! A decided batch whose purchases wait for the ledger.

use std::{collections::HashSet, sync::Arc};

use stampede_domain::{Acknowledgement, Decision, Purchase, Rejection, SaleId};

use super::{Outcome, reply::Batch};
use crate::{
    ports::Trail,
    use_cases::{ConfirmPurchases, named},
};

/// What is left of a batch once all that names no purchase was answered.
pub(super) struct Confirming {
    confirm: Arc<ConfirmPurchases>,
    id: SaleId,
    batch: Batch,
    decisions: Vec<Option<Decision>>,
    acknowledged: Acknowledgement,
}

impl Confirming {
    /// Answers what names no purchase at once, and the rest by a task of its own.
    pub(super) fn of(
        confirm: &Arc<ConfirmPurchases>,
        id: &SaleId,
        batch: Batch,
        decisions: Vec<Option<Decision>>,
        trail: Trail,
    ) {
        let acknowledged = confirm.level(trail.acknowledge);
        batch.answer(decisions.iter().map(|decision| match decision {
            None => Some(Outcome::Undecided),
            Some(decision) if names(decision).is_some() => None,
            Some(decision) => Some(Outcome::Decided { decision: *decision, acknowledged }),
        }));
        if decisions.iter().flatten().all(|decision| names(decision).is_none()) {
            return;
        }
        let (confirm, id) = (confirm.clone(), id.clone());
        let confirming = Self { confirm, id, batch, decisions, acknowledged };
        tokio::task::spawn_local(confirming.run(trail));
    }

    async fn run(self, trail: Trail) {
        let asked = self.batch.attempts.iter().zip(&self.decisions);
        // Copies of one attempt name one purchase.
        let mut seen = HashSet::new();
        let told_again = asked.filter_map(|(attempt, decision)| {
            let told = match decision {
                Some(decision @ (Decision::Replayed(_) | Decision::Rejected(_))) => names(decision),
                // What was accepted is in the entry.
                Some(Decision::Accepted(_) | Decision::KeyReused) | None => None,
            };
            let told = told.filter(|purchase| seen.insert(purchase.no()))?;
            Some(named(&self.id, &trail, attempt, told))
        });
        let told_again = told_again.collect();
        let confirmed = self.confirm.batch(&self.id, trail.entry, told_again).await;
        self.batch.answer(self.decisions.iter().map(|decision| {
            let decision = decision.as_ref()?;
            let number = names(decision)?.no();
            let acknowledged = self.acknowledged;
            Some(if confirmed.recorded.contains(&number) {
                Outcome::Decided { decision: *decision, acknowledged }
            } else if confirmed.voided.contains(&number) {
                Outcome::Decided { decision: VOIDED, acknowledged }
            } else {
                Outcome::Undecided
            })
        }));
    }
}

/// What is said instead of a purchase that a person voided: the gate still counts its units
/// against the limit, and there is nothing to show for them.
const VOIDED: Decision = Decision::Rejected(Rejection::AlreadyPurchased(None));

/// The purchase that an answer would name.
fn names(decision: &Decision) -> Option<&Purchase> {
    match decision {
        Decision::Accepted(purchase)
        | Decision::Replayed(purchase)
        | Decision::Rejected(Rejection::AlreadyPurchased(Some(purchase))) => Some(purchase),
        Decision::KeyReused
        | Decision::Rejected(
            Rejection::AlreadyPurchased(None) | Rejection::SaleNotActive | Rejection::SoldOut,
        ) => None,
    }
}
