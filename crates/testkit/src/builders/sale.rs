//! A sale, sentence by sentence.

use stampede_domain::{
    Acknowledgement, Currency, Generation, Instant, Price, Sale, SaleId, Sku, Window,
};
use uuid::Uuid;

/// When sales of tests are created: 2026-02-15T09:00:00.123Z.
const CREATED_AT_MILLIS: i64 = 1_771_146_000_123;
/// An hour.
const HOUR_MILLIS: i64 = 3_600_000;

/// So much of that currency.
#[must_use]
pub fn a_price(minor: i64, currency: &str) -> Price {
    Price { minor, currency: Currency::parse(currency).expect("a currency") }
}

/// A sale that is made.
#[derive(Clone, Debug)]
pub struct SaleBuilder {
    sale: Sale,
}

/// The first creation of `WIDGET-001`, 100 units, one a buyer, active for an hour from an hour
/// after its creation on.
#[must_use]
pub fn a_sale() -> SaleBuilder {
    let created_at = Instant::from_millis(CREATED_AT_MILLIS);
    let sku = Sku::parse("WIDGET-001").expect("a sku");
    SaleBuilder {
        sale: Sale {
            id: SaleId { sku, generation: Generation(Uuid::from_u128(1)) },
            product_name: "Limited Edition Widget".into(),
            description: None,
            picture: None,
            price: None,
            initial_stock: 100,
            window: Window {
                start: created_at.plus_millis(HOUR_MILLIS),
                end: created_at.plus_millis(2 * HOUR_MILLIS),
            },
            limit_per_buyer: 1,
            acknowledge: Acknowledgement::Gate,
            paused: false,
            ended_by_admin: false,
            created_at,
        },
    }
}

impl SaleBuilder {
    /// Of that sku.
    #[must_use]
    pub fn sku(mut self, sku: &str) -> Self {
        self.sale.id.sku = Sku::parse(sku).expect("a sku");
        self
    }

    /// Of that creation.
    #[must_use]
    pub fn generation(mut self, generation: u128) -> Self {
        self.sale.id.generation = Generation(Uuid::from_u128(generation));
        self
    }

    /// With so many units.
    #[must_use]
    pub fn stock(mut self, units: u32) -> Self {
        self.sale.initial_stock = units;
        self
    }

    /// With so many units a buyer.
    #[must_use]
    pub fn limit(mut self, units: u32) -> Self {
        self.sale.limit_per_buyer = units;
        self
    }

    /// Called so.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.sale.product_name = name.into();
        self
    }

    /// With all that its page shows, a price included.
    #[must_use]
    pub fn with_a_page(mut self) -> Self {
        self.sale.description =
            Some("Gr\u{f6}\u{df}e \u{201e}L\u{201c}.\n\u{9650}\u{5b9a} \u{1f6d2}".into());
        self.sale.picture = Some("https://cdn.example.com/w/1.webp?v=2".into());
        self.priced(1_000_000_000_000, "JPY")
    }

    /// For so much a unit.
    #[must_use]
    pub fn priced(mut self, minor: i64, currency: &str) -> Self {
        self.sale.price = Some(a_price(minor, currency));
        self
    }

    /// Whose answered purchases must have survived that.
    #[must_use]
    pub fn acknowledged_at(mut self, level: Acknowledgement) -> Self {
        self.sale.acknowledge = level;
        self
    }

    /// Created so many milliseconds later than others, its window with it.
    #[must_use]
    pub fn created_later_by(mut self, millis: i64) -> Self {
        let Sale { window, created_at, .. } = &mut self.sale;
        *created_at = created_at.plus_millis(millis);
        window.start = window.start.plus_millis(millis);
        window.end = window.end.plus_millis(millis);
        self
    }

    /// The sale.
    #[must_use]
    pub fn build(self) -> Sale {
        self.sale
    }
}
