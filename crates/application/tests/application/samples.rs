//! Sales, attempts and a clock that is set by hand.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use stampede_application::{
    live_sales::{Freshness, LiveSales},
    ports::{Clock, Snapshot},
};
use stampede_domain::{
    Acknowledgement, Attempt, AttemptKey, BuyerId, Generation, Instant, PurchaseBits, Sale, SaleId,
    Sku, Version, Window,
};

pub(crate) const START: i64 = 1_000;
pub(crate) const END: i64 = 2_000;

/// A clock that stands until it is set.
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn at(millis: i64) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(millis)))
    }

    pub(crate) fn set(&self, millis: i64) {
        self.0.store(millis, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.load(Ordering::Relaxed))
    }
}

pub(crate) fn sku(text: &str) -> Sku {
    Sku::parse(text).expect("a sku")
}

pub(crate) fn snapshot(text: &str, generation: u128, version: u64, stock: u32) -> Snapshot {
    let sale = Sale {
        id: SaleId { sku: sku(text), generation: Generation(uuid::Uuid::from_u128(generation)) },
        product_name: text.into(),
        description: None,
        picture: None,
        price: None,
        initial_stock: 100,
        window: Window { start: Instant::from_millis(START), end: Instant::from_millis(END) },
        limit_per_buyer: 1,
        acknowledge: Acknowledgement::Gate,
        paused: false,
        ended_by_admin: false,
        created_at: Instant::from_millis(0),
    };
    Snapshot { sold: 100 - stock, sale, stock, version: Version(version) }
}

pub(crate) fn live_sales(clock: &Arc<HandClock>, freshness: Freshness) -> Arc<LiveSales> {
    Arc::new(LiveSales::new(clock.clone(), freshness))
}

pub(crate) fn attempt(number: u16) -> Attempt {
    let [high, low] = number.to_be_bytes();
    Attempt {
        buyer: BuyerId::parse(&format!("buyer-{number}")).expect("a buyer"),
        key: AttemptKey([0; 16]),
        bits: PurchaseBits([0, 0, 0, 0, 0, 0, 0, 0, high, low]),
        qty: 1,
        traceparent: None,
    }
}
