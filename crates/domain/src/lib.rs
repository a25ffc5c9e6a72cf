//! The rules of a flash sale, pure: no async, no I/O, no clock, no randomness.
//!
//! Start at [`decide`]: it is the specification that every engine repeats.
//!
//! Architecture invariant: nothing here names a store, the web or a runtime.
//! Time and random bits are arguments, so that every rule can be tested to the millisecond.

mod attempt;
mod currency;
mod decision;
mod epoch;
mod identity;
mod instant;
mod price;
mod purchase;
mod purchase_no;
mod sale;
mod shard;
mod tally;

pub use attempt::{Attempt, AttemptKey, TraceParent};
pub use currency::{Currency, CurrencyError};
pub use decision::{Decision, Rejection, decide};
pub use epoch::{CHANGES_PER_EPOCH, Epoch, Version};
pub use identity::{BuyerId, BuyerIdError, Generation, SaleId, Sku, SkuError};
pub use instant::{Instant, InstantError};
pub use price::Price;
pub use purchase::{Position, Purchase, RecordedPurchase};
pub use purchase_no::{PurchaseBits, PurchaseNo, PurchaseNoError};
pub use sale::{Acknowledgement, EndReason, Phase, Sale, State, Window, limits};
pub use shard::Shard;
pub use tally::Tally;
