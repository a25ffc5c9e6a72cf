//! A recorded purchase, sentence by sentence.

use stampede_application::ports::{Entry, EntryBody};
use stampede_domain::{
    AttemptKey, BuyerId, Epoch, Instant, Position, Purchase, PurchaseBits, RecordedPurchase, Sale,
    TraceParent,
};

use super::a_price;

/// A purchase that is made.
#[derive(Clone, Debug)]
pub struct PurchaseBuilder {
    recorded: RecordedPurchase,
    stock: u32,
}

/// The first purchase of `sale`: one unit, by a buyer of that position alone, at its start.
///
/// Number, key, instant and what remains follow from the sale and the position.
#[must_use]
pub fn a_purchase(sale: &Sale, epoch: Epoch) -> PurchaseBuilder {
    let recorded = RecordedPurchase {
        sale: sale.id.clone(),
        epoch,
        buyer: BuyerId::parse("nobody").expect("a buyer"),
        purchase: Purchase {
            bits: PurchaseBits([0; 10]),
            at: sale.window.start,
            qty: 1,
            key: AttemptKey([0; 16]),
            remaining: 0,
            position: Position(0),
            ordinal: 1,
            held_after: 1,
            cancelled: false,
            unit_price: sale.price,
        },
        traceparent: None,
    };
    PurchaseBuilder { recorded, stock: sale.initial_stock }.at_position(1)
}

impl PurchaseBuilder {
    /// At that place of its sale, by a buyer of that place.
    #[must_use]
    pub fn at_position(mut self, position: u64) -> Self {
        let generation = self.recorded.sale.generation.0.as_u128();
        let places = position.to_be_bytes();
        let purchase = &mut self.recorded.purchase;
        purchase.position = Position(position);
        purchase.bits.0[..2].copy_from_slice(&generation.to_be_bytes()[14..]);
        purchase.bits.0[2..].copy_from_slice(&places);
        purchase.key.0[8..].copy_from_slice(&places);
        let units = u32::try_from(position).unwrap_or(u32::MAX);
        purchase.remaining = self.stock.saturating_sub(units);
        self.by(&format!("buyer {position}"))
    }

    /// By that buyer.
    #[must_use]
    pub fn by(mut self, buyer: &str) -> Self {
        self.recorded.buyer = BuyerId::parse(buyer).expect("a buyer");
        self
    }

    /// Of so many units, the buyer's only ones.
    #[must_use]
    pub fn units(mut self, units: u32) -> Self {
        self.recorded.purchase.qty = units;
        self.recorded.purchase.held_after = units;
        self
    }

    /// The buyer's purchase of that place, after which they hold so many units.
    #[must_use]
    pub fn as_their(mut self, ordinal: u32, held_after: u32) -> Self {
        self.recorded.purchase.ordinal = ordinal;
        self.recorded.purchase.held_after = held_after;
        self
    }

    /// By the attempt of that key.
    #[must_use]
    pub fn keyed(mut self, key: AttemptKey) -> Self {
        self.recorded.purchase.key = key;
        self
    }

    /// At that instant.
    #[must_use]
    pub fn at(mut self, instant: Instant) -> Self {
        self.recorded.purchase.at = instant;
        self
    }

    /// Within that trace.
    #[must_use]
    pub fn traced(mut self, traceparent: &str) -> Self {
        let traceparent = TraceParent::parse(traceparent).expect("a traceparent");
        self.recorded.traceparent = Some(traceparent);
        self
    }

    /// For so much a unit.
    #[must_use]
    pub fn priced(mut self, minor: i64, currency: &str) -> Self {
        self.recorded.purchase.unit_price = Some(a_price(minor, currency));
        self
    }

    /// Cancelled since.
    #[must_use]
    pub fn cancelled(mut self) -> Self {
        self.recorded.purchase.cancelled = true;
        self
    }

    /// The purchase.
    #[must_use]
    pub fn build(self) -> RecordedPurchase {
        self.recorded
    }

    /// An entry of the outbox that carries it alone.
    #[must_use]
    pub fn entry(self) -> Entry {
        Entry { id: None, body: EntryBody::Purchases(vec![self.recorded]) }
    }
}
