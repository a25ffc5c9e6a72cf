//! What the server counted, what its sales lost and what the ledger gained.

use std::time::{Duration, Instant};

use stampede_testkit::shop::Shop;
use tokio::time::sleep;

use crate::wrk::Closed;

/// How often it is looked whether the ledger has everything. Each look asks both stores.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long the ledger may take to have everything: minutes, so that a slow machine is no fault.
const SETTLED_LIMIT: Duration = Duration::from_mins(5);
/// The label of an attempt that was refused.
const REFUSED: &str = r#"route="/api/v1/purchases",status_code="503""#;

/// The books of some sales at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Books {
    /// Attempts of any sale that this server accepted and answered.
    pub(crate) successes: u64,
    /// Attempts of any sale that it answered by 503: it does not know, or has too much to do.
    pub(crate) refused: u64,
    /// Units that the gate has sold.
    pub(crate) sold: u64,
    /// Units that the ledger has.
    pub(crate) recorded: u64,
}

/// What clients were told in one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answered {
    /// Attempts that were answered as accepted.
    pub(crate) successes: u64,
    /// Attempts that were answered by 503.
    pub(crate) refused: u64,
    /// Attempts whose answer nobody got, or that said that it is not known; the refused too.
    pub(crate) unknown: u64,
}

/// What the clients of a closed loop were told, of whom each may have hung up once.
pub(crate) fn answered(closed: &Closed, connections: u32) -> Answered {
    let Closed { answered, refused, .. } = *closed;
    Answered { successes: answered, refused, unknown: u64::from(connections) + refused }
}

impl Books {
    /// As they are now, whatever is still on its way.
    pub(crate) async fn now(shop: &Shop, skus: &[String]) -> Self {
        let successes = outcomes(shop, "SUCCESS").await;
        let refused = shop.counter_so_far("http_requests_total", REFUSED).await;
        let mut books = Self { successes, refused, ..Self::default() };
        for sku in skus {
            let product = shop.product(sku).await;
            let data = product.data();
            let count = |field: &str| data[field].as_u64().expect("a count");
            books.sold += count("totalPurchases");
            books.recorded += count("persistedPurchases");
        }
        books
    }

    /// Once the ledger has everything that was sold and nothing moves any more; and since when.
    ///
    /// Two looks in a row have to be equal: an attempt whose client hung up may still be under way.
    pub(crate) async fn settled(shop: &Shop, skus: &[String]) -> (Self, Instant) {
        let begun = Instant::now();
        let mut last = None;
        loop {
            let at = Instant::now();
            let books = Self::now(shop, skus).await;
            match last {
                Some((same, since)) if same == books && books.sold == books.recorded => {
                    return (books, since);
                }
                Some(_) | None => last = Some((books, at)),
            }
            assert!(begun.elapsed() < SETTLED_LIMIT, "the ledger has not what was sold: {books:?}");
            sleep(LOOK_EVERY).await;
        }
    }

    /// Holds what clients were told since `before` to what was sold and recorded.
    ///
    /// What a client did not hear of may have been sold, and the server counts it only if it was
    /// there to be answered: it leaves those that hung up, and the gate has decided.
    pub(crate) fn check(self, before: Self, told: Answered) {
        let sold = self.sold - before.sold;
        let recorded = self.recorded - before.recorded;
        let counted = self.successes - before.successes;
        assert_eq!(sold, recorded, "sold, and in the ledger");
        let refusals = self.refused - before.refused;
        let Answered { successes, refused, unknown } = told;
        assert!(
            refused <= refusals,
            "wrong answers: {refused} of another status, and the server counted {refusals} of 503"
        );
        assert!(
            successes <= counted && counted <= sold && sold <= successes + unknown,
            "wrong answers: {successes} were told that they bought, {unknown} do not know; the \
             server counted {counted}, and {sold} were sold"
        );
    }
}

/// Decided attempts of this outcome, by the server's own count.
pub(crate) async fn outcomes(shop: &Shop, outcome: &str) -> u64 {
    let label = format!("outcome=\"{outcome}\"");
    shop.counter_so_far("purchase_outcomes_total", &label).await
}

#[cfg(test)]
mod tests {
    use super::{Answered, Books};

    fn held(counted: u64, sold: u64, recorded: u64) -> bool {
        let before = Books { successes: 10, ..Books::default() };
        let after = Books { successes: 10 + counted, refused: 2, sold, recorded };
        let told = Answered { successes: 100, refused: 2, unknown: 5 };
        std::panic::catch_unwind(|| after.check(before, told)).is_ok()
    }

    #[test]
    fn what_clients_were_told_is_sold_and_recorded_and_hardly_more() {
        assert!(held(100, 100, 100));
        assert!(held(103, 105, 105), "some hung up");
        assert!(!held(99, 99, 99), "one was told of a purchase that is nowhere");
        assert!(!held(100, 106, 106), "more than asked");
        assert!(!held(100, 100, 99), "not in the ledger");
        assert!(!held(101, 100, 100), "counted and not sold");
    }

    #[test]
    fn another_status_than_200_is_503() {
        let told = Answered { refused: 1, unknown: 1, ..Answered::default() };
        let held = |refused| {
            let after = Books { refused, ..Books::default() };
            std::panic::catch_unwind(|| after.check(Books::default(), told)).is_ok()
        };
        assert!(held(1) && held(2));
        assert!(!held(0));
    }
}
