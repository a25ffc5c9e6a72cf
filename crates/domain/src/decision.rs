//! The judgement of attempts: the specification of a sale.

use crate::{Attempt, Instant, Purchase, Sale, Tally, tally::held};

/// What the gate says of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The units are the buyer's.
    Accepted(Purchase),
    /// The same attempt was accepted before; this is its purchase.
    Replayed(Purchase),
    /// The same key bought another quantity before; nothing was decided.
    KeyReused,
    /// An expected no; nothing was taken.
    Rejected(Rejection),
}

/// Why an attempt was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The buyer would hold more than the limit; with the newest purchase that they hold.
    AlreadyPurchased(Option<Purchase>),
    /// Outside the window, paused, or ended by an admin.
    SaleNotActive,
    /// Fewer units are left than asked for.
    SoldOut,
}

impl Rejection {
    /// Whether a later change of the sale can turn this rejection into an acceptance.
    ///
    /// Such a rejection says nothing about an earlier sending of the same attempt that may
    /// still be on its way.
    #[must_use]
    pub fn can_be_undone(&self) -> bool {
        match self {
            Self::AlreadyPurchased(_) => false,
            Self::SaleNotActive | Self::SoldOut => true,
        }
    }
}

/// Decides a batch of attempts in order, moving `tally` as units are taken.
///
/// The order of judging is part of the contract: replay by key, limit per buyer, window and
/// pause, stock. So a buyer who retries after the end still learns that they bought, and a
/// sold-out sale inside its window says so. The second attempt of one buyer in a batch sees
/// the first. `lua/attempt.lua` takes the same decisions atomically inside Redis, and a test
/// holds decisions and tallies equal on generated sequences of batches.
#[must_use]
pub fn decide(sale: &Sale, tally: &mut Tally, batch: &[Attempt], now: Instant) -> Vec<Decision> {
    batch.iter().map(|attempt| decide_one(sale, tally, attempt, now)).collect()
}

/// Decides one attempt.
fn decide_one(sale: &Sale, tally: &mut Tally, attempt: &Attempt, now: Instant) -> Decision {
    let purchases = tally.purchases(&attempt.buyer);
    if let Some(known) = purchases.iter().find(|known| known.key == attempt.key) {
        return if known.qty == attempt.qty {
            Decision::Replayed(*known)
        } else {
            Decision::KeyReused
        };
    }
    if held(purchases).saturating_add(attempt.qty) > sale.limit_per_buyer {
        return Decision::Rejected(Rejection::AlreadyPurchased(purchases.last().copied()));
    }
    if !sale.accepts(now) {
        return Decision::Rejected(Rejection::SaleNotActive);
    }
    if attempt.qty > tally.stock {
        return Decision::Rejected(Rejection::SoldOut);
    }
    Decision::Accepted(tally.take(sale, attempt, now))
}
