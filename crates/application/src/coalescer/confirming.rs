//! A decided batch whose purchases wait for the ledger.

use std::rc::Rc;

use stampede_domain::{Acknowledgement, Decision, Purchase, Rejection, SaleId};

use super::{Outcome, Shared, reply::Batch};
use crate::{ports::Trail, use_cases::named};

/// What is left of a batch once all that names no purchase was answered.
pub(super) struct Confirming {
    shared: Rc<Shared>,
    id: SaleId,
    batch: Batch,
    decisions: Vec<Option<Decision>>,
    acknowledged: Acknowledgement,
    /// Purchases that wait, counted until this ends.
    waiting: usize,
}

impl Confirming {
    /// Answers what names no purchase at once, and the rest by a task of its own.
    pub(super) fn of(
        shared: &Rc<Shared>,
        id: &SaleId,
        batch: Batch,
        decisions: Vec<Option<Decision>>,
        trail: Trail,
    ) {
        let acknowledged = shared.confirm.level(trail.acknowledge);
        batch.answer(decisions.iter().map(|decision| match decision {
            None => Some(Outcome::Undecided),
            Some(decision) if names(decision).is_some() => None,
            Some(decision) => Some(Outcome::Decided { decision: *decision, acknowledged }),
        }));
        let waiting = decisions.iter().flatten().filter_map(names).count();
        if waiting == 0 {
            return;
        }
        shared.unconfirmed.set(shared.unconfirmed.get() + waiting);
        let (shared, id) = (shared.clone(), id.clone());
        let confirming = Self { shared, id, batch, decisions, acknowledged, waiting };
        tokio::task::spawn_local(confirming.run(trail));
    }

    async fn run(self, trail: Trail) {
        let asked = self.batch.attempts.iter().zip(&self.decisions);
        // What was accepted is in the entry.
        let told_again = asked.filter_map(|(attempt, decision)| match decision {
            Some(decision @ (Decision::Replayed(_) | Decision::Rejected(_))) => {
                names(decision).map(|purchase| named(&self.id, &trail, attempt, purchase))
            }
            Some(Decision::Accepted(_) | Decision::KeyReused) | None => None,
        });
        let told_again = told_again.collect();
        let confirmed = self.shared.confirm.batch(&self.id, trail.entry, told_again).await;
        self.batch.answer(self.decisions.iter().map(|decision| {
            let decision = decision.as_ref()?;
            let number = names(decision)?.no();
            let acknowledged = self.acknowledged;
            Some(if confirmed.recorded.contains(&number) {
                Outcome::Decided { decision: *decision, acknowledged }
            } else if confirmed.voided.contains(&number) {
                Outcome::Decided { decision: GIVEN_UP, acknowledged }
            } else {
                Outcome::Undecided
            })
        }));
    }
}

impl Drop for Confirming {
    fn drop(&mut self) {
        self.shared.unconfirmed.set(self.shared.unconfirmed.get() - self.waiting);
    }
}

/// What is said instead of a purchase that a person gave up: the gate still counts its units
/// against the limit, and there is nothing to show for them.
const GIVEN_UP: Decision = Decision::Rejected(Rejection::AlreadyPurchased(None));

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
