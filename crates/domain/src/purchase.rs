//! An accepted attempt on record.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    AttemptKey, BuyerId, Epoch, Instant, Price, PurchaseBits, PurchaseNo, SaleId, TraceParent,
};

/// A purchase's place among all of its sale, counted from 1 without gaps within an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub u64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A purchase as the gate remembers it for its buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// The random part of its number.
    pub bits: PurchaseBits,
    /// When the gate accepted it, by the clock of the gate's store.
    pub at: Instant,
    /// Units bought, at least 1.
    pub qty: u32,
    /// The key of the attempt, which a repeat is recognised by.
    pub key: AttemptKey,
    /// Units that nobody held right after it.
    pub remaining: u32,
    /// Its place among all purchases of the sale.
    pub position: Position,
    /// Its place among its buyer's purchases, from 1.
    pub ordinal: u32,
    /// Units that its buyer held right after it.
    pub held_after: u32,
    /// Whether it was cancelled: it stays on record, its units do not count.
    pub cancelled: bool,
    /// What one unit cost: the sale's price, which stands from its start on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Price>,
}

impl Purchase {
    /// The number that its buyer sees.
    #[must_use]
    pub fn no(&self) -> PurchaseNo {
        PurchaseNo::new(self.at, self.bits)
    }
}

/// A purchase with all that the ledger keeps of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedPurchase {
    /// The sale it belongs to.
    pub sale: SaleId,
    /// The life of the gate that accepted it.
    pub epoch: Epoch,
    /// Who bought.
    pub buyer: BuyerId,
    /// What was bought.
    pub purchase: Purchase,
    /// The trace of the request that bought it.
    pub traceparent: Option<TraceParent>,
}
