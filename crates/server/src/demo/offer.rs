//! What the demo sells, over and over.

use stampede_domain::{Currency, CurrencyError, Price};

/// Something on offer.
pub(super) struct Offer {
    /// Begins the sku; a number follows.
    pub(super) code: &'static str,
    /// What shoppers read first.
    pub(super) name: &'static str,
    /// What they read then.
    pub(super) description: &'static str,
    /// What one unit costs: minor units, and of what.
    price: (i64, &'static str),
    /// Units.
    pub(super) stock: u32,
    /// Units that one buyer may hold.
    pub(super) limit_per_buyer: u32,
}

/// All of them; prices in the currencies that differ in their decimals or their place.
pub(super) const OFFERS: [Offer; 6] = [
    Offer {
        code: "AURORA-LAMP",
        name: "Aurora desk lamp, first edition",
        description: "A brushed-aluminium lamp that warms from daylight to candle as the evening \
            goes on. First edition, with its number engraved under the foot.",
        price: (12_900, "EUR"),
        stock: 250,
        limit_per_buyer: 1,
    },
    Offer {
        code: "NIMBUS-SNEAKER",
        name: "Nimbus running shoe, midnight blue",
        description: "A light, springy shoe for long mornings, knitted in one piece. Midnight \
            blue was made once and will not be made again.",
        price: (16_500, "USD"),
        stock: 180,
        limit_per_buyer: 1,
    },
    Offer {
        code: "TERRA-MUG",
        name: "Terra mug, hand-glazed",
        description: "Thrown and glazed by hand, so that no two look alike. Holds 300 ml, keeps \
            its warmth, and may go into the dishwasher.",
        price: (2_400, "EUR"),
        stock: 400,
        limit_per_buyer: 3,
    },
    Offer {
        code: "VOLT-BOARD",
        name: "Volt 75 keyboard, walnut case",
        description: "A compact mechanical keyboard in solid walnut, with quiet tactile switches \
            that you can swap without soldering.",
        price: (21_900, "USD"),
        stock: 120,
        limit_per_buyer: 1,
    },
    Offer {
        code: "FESTIVAL-PASS",
        name: "Summer festival, two-day pass",
        description: "Two days, three stages and a lake to jump into. One pass lets one person \
            in on both days, camping included.",
        price: (8_950, "EUR"),
        stock: 500,
        limit_per_buyer: 2,
    },
    Offer {
        code: "ORBIT-WATCH",
        name: "Orbit automatic watch, numbered",
        description: "A slim automatic watch with a domed crystal and a dial that shows the \
            phase of the moon. One hundred pieces, each with its number.",
        price: (148_000, "JPY"),
        stock: 100,
        limit_per_buyer: 1,
    },
];

impl Offer {
    /// Where the page has its picture.
    pub(super) fn picture(&self) -> String {
        format!("/pictures/{}.svg", self.code.to_lowercase())
    }

    /// What one unit costs.
    ///
    /// # Errors
    ///
    /// If the list of currencies has lost its currency.
    pub(super) fn price(&self) -> Result<Price, CurrencyError> {
        let (minor, code) = self.price;
        Ok(Price { minor, currency: Currency::parse(code)? })
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, path::Path};

    use stampede_domain::{Sku, limits};

    use super::*;

    #[test]
    fn every_offer_is_one_that_an_admin_could_make() {
        for offer in OFFERS {
            let price = offer.price().unwrap();
            assert!(limits::PRICE_MINOR.contains(&price.minor), "{}", offer.code);
            let words = offer.description;
            assert!(limits::DESCRIPTION_CHARS.contains(&words.chars().count()));
            assert!(!words.contains("  ") && !words.chars().any(char::is_control), "{words}");
            assert!(limits::PRODUCT_NAME_CHARS.contains(&offer.name.chars().count()));
            assert!(limits::INITIAL_STOCK.contains(&offer.stock), "{}", offer.code);
            assert!(limits::LIMIT_PER_BUYER.contains(&offer.limit_per_buyer), "{}", offer.code);
            assert!(Sku::parse(&format!("{}-001", offer.code)).is_ok(), "{}", offer.code);
        }
    }

    #[test]
    fn every_offer_has_its_own_code_and_a_picture_that_the_page_brings() {
        let codes: HashSet<_> = OFFERS.iter().map(|offer| offer.code).collect();
        assert_eq!(codes.len(), OFFERS.len());
        let public = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../frontend/public");
        for offer in OFFERS {
            let picture = offer.picture();
            assert!(picture.starts_with("/pictures/"), "{picture}");
            assert!(public.join(&picture[1..]).is_file(), "no frontend/public{picture}");
        }
    }
}
