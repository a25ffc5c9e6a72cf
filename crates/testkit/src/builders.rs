//! Sales and purchases for tests, made so that a test names only what it is about.
//!
//! `a_sale().sku("WIDGET-002").stock(10).limit(2).build()` and
//! `a_purchase(&sale, epoch).by("ada").units(2).at_position(3).build()` read as a sentence. All
//! is made of the arguments, nothing of chance: the same sentence makes the same value.

mod offset_clock;
mod purchase;
mod sale;

pub use offset_clock::OffsetClock;
pub use purchase::{PurchaseBuilder, a_purchase};
pub use sale::{SaleBuilder, a_price, a_sale};
