//! The answers of one batch: one shared value, a place for each attempt.

use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use stampede_domain::Attempt;
use tokio::time::Instant;

use super::{Outcome, Shed};

/// Attempts that go together, and where their answers will stand.
pub(super) struct Batch {
    pub(super) attempts: Vec<Attempt>,
    /// When the first of them came.
    pub(super) opened: Instant,
    /// The place of the first of them: those before it were refused.
    first: usize,
    reply: Rc<Reply>,
}

/// What is answered, in order, and who waits for it.
#[derive(Default)]
struct Reply {
    outcomes: RefCell<Vec<Option<Outcome>>>,
    wakers: RefCell<Vec<Option<Waker>>>,
}

impl Batch {
    pub(super) fn opened(now: Instant) -> Self {
        Self { attempts: Vec::new(), opened: now, first: 0, reply: Rc::default() }
    }

    pub(super) fn push(&mut self, attempt: Attempt) -> Ticket {
        let place = self.first + self.attempts.len();
        self.attempts.push(attempt);
        self.reply.outcomes.borrow_mut().push(None);
        self.reply.wakers.borrow_mut().push(None);
        Ticket { reply: self.reply.clone(), place }
    }

    /// Refuses the oldest attempts, at most `count`, which nobody has sent; how many there were.
    pub(super) fn refuse(&mut self, count: usize, why: Shed) -> usize {
        let count = count.min(self.attempts.len());
        self.answer(std::iter::repeat_n(Some(Outcome::Shed(why)), count));
        self.attempts.drain(..count);
        self.first += count;
        count
    }

    /// Answers those of the attempts for which there is an outcome; in their order.
    pub(super) fn answer(&self, outcomes: impl Iterator<Item = Option<Outcome>>) {
        for (place, outcome) in (self.first..).zip(outcomes.take(self.attempts.len())) {
            let Some(outcome) = outcome else { continue };
            self.reply.outcomes.borrow_mut()[place] = Some(outcome);
            let waker = self.reply.wakers.borrow_mut()[place].take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// Answers all attempts alike.
    pub(super) fn answer_all(&self, outcome: Outcome) {
        self.answer(std::iter::repeat_n(Some(outcome), self.attempts.len()));
    }
}

impl Drop for Batch {
    /// What whoever had the batch in hand has not answered was not decided; its requests must not
    /// wait for ever.
    fn drop(&mut self) {
        let unanswered: Vec<_> =
            self.reply.outcomes.borrow().iter().skip(self.first).map(Option::is_none).collect();
        self.answer(unanswered.into_iter().map(|waits| waits.then_some(Outcome::Undecided)));
    }
}

/// One attempt's place in its batch's reply; resolves once it is answered.
pub struct Ticket {
    reply: Rc<Reply>,
    place: usize,
}

impl Future for Ticket {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        if let Some(outcome) = self.reply.outcomes.borrow().get(self.place).copied().flatten() {
            return Poll::Ready(outcome);
        }
        if let Some(waker) = self.reply.wakers.borrow_mut().get_mut(self.place) {
            *waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use stampede_domain::{AttemptKey, BuyerId, PurchaseBits};

    use super::*;

    fn attempt(number: u8) -> Attempt {
        Attempt {
            buyer: BuyerId::parse(&format!("buyer-{number}")).unwrap(),
            key: AttemptKey([number; 16]),
            bits: PurchaseBits([number; 10]),
            qty: 1,
            traceparent: None,
        }
    }

    #[tokio::test]
    async fn of_a_batch_that_was_cut_each_is_told_its_own() {
        let mut batch = Batch::opened(Instant::now());
        let mut tickets: Vec<_> = (0..4).map(|number| batch.push(attempt(number))).collect();
        assert_eq!(batch.refuse(2, Shed::Late), 2);
        tickets.push(batch.push(attempt(4)));
        assert_eq!(batch.attempts, [2, 3, 4].map(attempt));
        // As where a purchase that is named waits for the ledger, and the rest does not.
        let told = [None, Some(Outcome::UnknownSale), None];
        batch.answer(told.into_iter());
        let late = [Some(Outcome::Undecided), None, None];
        batch.answer(late.into_iter());
        drop(batch);
        let outcomes: Vec<_> = tickets.into_iter().map(FutureExt::now_or_never).collect();
        let shed = Some(Outcome::Shed(Shed::Late));
        let undecided = Some(Outcome::Undecided);
        assert_eq!(outcomes, [shed, shed, undecided, Some(Outcome::UnknownSale), undecided]);
    }
}
