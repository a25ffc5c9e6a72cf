//! A buyer attempts to buy.

use std::sync::Arc;

use stampede_domain::{
    Acknowledgement, Attempt, AttemptKey, BuyerId, Decision, Rejection, Sale, Sku, TraceParent,
    limits,
};

use super::FindSale;
use crate::{
    coalescer::{Coalescer, Outcome, Shed},
    ports::{Causes, PortError, Randomness},
};

/// What a buyer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurchaseRequest {
    /// Who asks.
    pub buyer: BuyerId,
    /// What for.
    pub sku: Sku,
    /// Units; `None` for one.
    pub qty: Option<u32>,
    /// The client's key, if it sent one.
    pub key: Option<AttemptKey>,
    /// The trace of the request.
    pub traceparent: Option<TraceParent>,
}

/// What the buyer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// The gate decided, and what the decision names has survived that much.
    Decided {
        /// What it decided.
        decision: Decision,
        /// What a purchase that it names has survived.
        acknowledged: Acknowledgement,
    },
    /// There is no such sale.
    UnknownSale,
    /// The quantity is not between 1 and the sale's limit; nothing was asked.
    QtyOutOfRange {
        /// The sale's limit per buyer.
        max: u32,
    },
    /// It was refused for what waits already; the gate was not asked.
    Shed(Shed),
    /// We do not know; the attempt may be repeated as it is.
    Undecided,
}

/// Attempts purchases through one worker thread's coalescer.
pub struct AttemptPurchase {
    coalescer: Coalescer,
    find: Arc<FindSale>,
    randomness: Arc<dyn Randomness>,
}

impl AttemptPurchase {
    /// Over the calling thread's coalescer.
    #[must_use]
    pub fn new(coalescer: Coalescer, find: Arc<FindSale>, randomness: Arc<dyn Randomness>) -> Self {
        Self { coalescer, find, randomness }
    }

    /// Asks the gate; one round trip, shared with whoever else asks at the same time.
    pub async fn run(&self, request: PurchaseRequest) -> Attempted {
        match self.attempt(&request).await {
            Ok(attempted) => attempted,
            Err(error) => {
                tracing::warn!(sku = %request.sku, error = %Causes(&error),
                    "an attempt was not decided");
                Attempted::Undecided
            }
        }
    }

    async fn attempt(&self, request: &PurchaseRequest) -> Result<Attempted, PortError> {
        let Some(sale) = self.find.known(&request.sku).await? else {
            return Ok(Attempted::UnknownSale);
        };
        let first = self.ask(&sale.sale, request).await;
        if first != Attempted::UnknownSale {
            return Ok(first);
        }
        // The gate has another generation than this node knew: the catalogue tells which.
        let Some(sale) = self.find.looked_up(&request.sku).await? else {
            return Ok(Attempted::UnknownSale);
        };
        let second = self.ask(&sale.sale, request).await;
        // In the catalogue and not in the gate: not known to be gone, so not a 404.
        Ok(if second == Attempted::UnknownSale { Attempted::Undecided } else { second })
    }

    async fn ask(&self, sale: &Sale, request: &PurchaseRequest) -> Attempted {
        let max = sale.limit_per_buyer;
        let qty = request.qty.unwrap_or(1);
        let fits = (1..=max).contains(&qty);
        // Only a key can make more than the limit worth asking: it may have bought another quantity.
        if !fits && (request.key.is_none() || !limits::LIMIT_PER_BUYER.contains(&qty)) {
            return Attempted::QtyOutOfRange { max };
        }
        let make = || Attempt {
            buyer: request.buyer.clone(),
            key: request.key.unwrap_or_else(|| self.randomness.attempt_key()),
            bits: self.randomness.purchase_bits(),
            qty,
            traceparent: request.traceparent.clone(),
        };
        let ticket = match self.coalescer.submit(&sale.id, sale.acknowledge, make) {
            Ok(ticket) => ticket,
            Err(why) => return Attempted::Shed(why),
        };
        match ticket.await {
            Outcome::Decided {
                decision: Decision::Rejected(Rejection::AlreadyPurchased(_)),
                ..
            } if !fits => Attempted::QtyOutOfRange { max },
            Outcome::Decided { decision, acknowledged } => {
                Attempted::Decided { decision, acknowledged }
            }
            Outcome::UnknownSale => Attempted::UnknownSale,
            Outcome::Shed(why) => Attempted::Shed(why),
            Outcome::Undecided => Attempted::Undecided,
        }
    }
}
