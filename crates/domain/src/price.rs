//! What one unit costs.

use serde::{Deserialize, Serialize};

use crate::Currency;

/// What one unit costs, in the smallest unit of its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Cents, yen, and so on.
    pub minor: i64,
    /// What they are cents of.
    pub currency: Currency,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An engine in memory has one in each of a million purchases, priced or not.
    #[test]
    fn having_no_price_takes_no_room_of_its_own() {
        assert_eq!(size_of::<Option<Price>>(), 16);
    }
}
