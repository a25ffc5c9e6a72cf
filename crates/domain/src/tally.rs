//! What a gate counts while it judges: units left, and what each buyer holds.

use std::collections::HashMap;

use crate::{Attempt, BuyerId, Instant, Position, Purchase, Sale};

/// The counters and holdings that [`decide`](crate::decide) reads and moves.
///
/// Holds at least the buyers of the batch that is judged: an engine in memory passes its whole
/// map, one over a store the rows of the batch's buyers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Units that nobody holds.
    pub stock: u32,
    /// Units standing, that is sold and not cancelled.
    pub sold: u32,
    /// The last position given.
    pub position: u64,
    /// Each buyer's purchases, oldest first.
    pub holdings: HashMap<BuyerId, Vec<Purchase>>,
}

impl Tally {
    /// A sale that has sold nothing yet, its map reserved for as many buyers as it has units.
    ///
    /// Growing the map of a million buyers under load would stall every buyer for its length.
    #[must_use]
    pub fn new(initial_stock: u32) -> Self {
        Self {
            stock: initial_stock,
            sold: 0,
            position: 0,
            holdings: HashMap::with_capacity(initial_stock as usize),
        }
    }

    /// The buyer's purchases, oldest first; empty if there are none.
    #[must_use]
    pub fn purchases(&self, buyer: &BuyerId) -> &[Purchase] {
        self.holdings.get(buyer).map_or(&[], Vec::as_slice)
    }

    /// The buyer's purchases, oldest first, to be added to.
    ///
    /// A new list has room for one: most buyers buy once, and left to itself it has room for four.
    pub fn purchases_mut(&mut self, buyer: &BuyerId) -> &mut Vec<Purchase> {
        self.holdings.entry(buyer.clone()).or_insert_with(|| Vec::with_capacity(1))
    }

    /// Units that the buyer holds.
    #[must_use]
    pub fn held(&self, buyer: &BuyerId) -> u32 {
        held(self.purchases(buyer))
    }

    /// Takes the attempt's units of `sale` for its buyer; the caller has judged that it may.
    pub(crate) fn take(&mut self, sale: &Sale, attempt: &Attempt, now: Instant) -> Purchase {
        self.stock -= attempt.qty;
        self.sold += attempt.qty;
        self.position += 1;
        let (remaining, position) = (self.stock, Position(self.position));
        let purchases = self.purchases_mut(&attempt.buyer);
        let purchase = Purchase {
            bits: attempt.bits,
            at: now,
            qty: attempt.qty,
            key: attempt.key,
            remaining,
            position,
            ordinal: u32::try_from(purchases.len() + 1).unwrap_or(u32::MAX),
            held_after: held(purchases) + attempt.qty,
            cancelled: false,
            unit_price: sale.price,
        };
        purchases.push(purchase);
        purchase
    }
}

/// Units of what is not cancelled.
pub(crate) fn held(purchases: &[Purchase]) -> u32 {
    purchases.iter().filter(|purchase| !purchase.cancelled).map(|purchase| purchase.qty).sum()
}
