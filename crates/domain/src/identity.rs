//! Who buys what: sku, generation, sale and buyer.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A product's code: 1 to 64 of `A-Z a-z 0-9 -`. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sku(Arc<str>);

/// Why a sku was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 characters of A-Z, a-z, 0-9 and -")]
pub struct SkuError;

impl Sku {
    /// The most characters of a sku.
    pub const CHARS_MAX: usize = 64;

    /// Reads a sku exactly as written: no trimming, case matters.
    ///
    /// # Errors
    ///
    /// [`SkuError`] if the text is not 1 to 64 of the allowed characters.
    pub fn parse(text: &str) -> Result<Self, SkuError> {
        let allowed = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if allowed && (1..=Self::CHARS_MAX).contains(&text.len()) {
            Ok(Self(text.into()))
        } else {
            Err(SkuError)
        }
    }

    /// The sku as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Sku {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sku {
    type Error = SkuError;

    fn try_from(text: String) -> Result<Self, SkuError> {
        Self::parse(&text)
    }
}

impl From<Sku> for String {
    fn from(sku: Sku) -> Self {
        sku.0.as_ref().into()
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One creation of a sale: a sku that is deleted and created again gets another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub Uuid);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

/// One sale for ever: its sku and which creation of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SaleId {
    /// What is on offer.
    pub sku: Sku,
    /// Which creation of the sku this is.
    pub generation: Generation,
}

impl fmt::Display for SaleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.sku, self.generation)
    }
}

/// Who buys: 1 to 255 code points, trimmed, no control characters. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BuyerId(Arc<str>);

/// Why a buyer's name was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 255 characters after trimming, without control characters")]
pub struct BuyerIdError;

impl BuyerId {
    /// The most code points of a buyer's name.
    pub const CHARS_MAX: usize = 255;

    /// Trims white space and reads the name; case matters.
    ///
    /// # Errors
    ///
    /// [`BuyerIdError`] if nothing is left, too much is left, or a control character is in it.
    pub fn parse(text: &str) -> Result<Self, BuyerIdError> {
        let trimmed = text.trim();
        let fits = !trimmed.is_empty()
            && (trimmed.len() <= Self::CHARS_MAX || trimmed.chars().count() <= Self::CHARS_MAX);
        if fits && !trimmed.chars().any(char::is_control) {
            Ok(Self(trimmed.into()))
        } else {
            Err(BuyerIdError)
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for BuyerId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for BuyerId {
    type Error = BuyerIdError;

    fn try_from(text: String) -> Result<Self, BuyerIdError> {
        Self::parse(&text)
    }
}

impl From<BuyerId> for String {
    fn from(buyer: BuyerId) -> Self {
        buyer.0.as_ref().into()
    }
}

impl fmt::Display for BuyerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sku_is_1_to_64_letters_digits_and_hyphens() {
        assert!(Sku::parse("WIDGET-001").is_ok());
        assert!(Sku::parse(&"x".repeat(64)).is_ok());
        for wrong in ["", "a b", "a_b", "ä", &"x".repeat(65)] {
            assert_eq!(Sku::parse(wrong), Err(SkuError), "{wrong:?}");
        }
    }

    #[test]
    fn a_buyer_is_trimmed_and_counted_in_code_points() {
        assert_eq!(BuyerId::parse("  Ada ").unwrap().as_str(), "Ada");
        assert!(BuyerId::parse(&"ö".repeat(255)).is_ok());
        for wrong in ["", "   ", "a\u{7}b", &"ö".repeat(256)] {
            assert_eq!(BuyerId::parse(wrong), Err(BuyerIdError), "{wrong:?}");
        }
    }
}
