//! What one unit costs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What one unit costs, in the smallest unit of its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Cents, yen, and so on.
    pub minor: i64,
    /// What they are cents of.
    pub currency: Currency,
}

/// An ISO 4217 code: three upper-case letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "[u8; 3]", into = "[u8; 3]")]
pub struct Currency([u8; 3]);

/// Why a currency was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an ISO 4217 code in upper case, such as EUR")]
pub struct CurrencyError;

impl Currency {
    /// Reads a code that the list has today.
    ///
    /// # Errors
    ///
    /// [`CurrencyError`] if it has not, or has it in another case.
    pub fn parse(text: &str) -> Result<Self, CurrencyError> {
        let listed = iso_currency::Currency::from_code(text).ok_or(CurrencyError)?;
        Self::of_record(listed.code().as_bytes())
    }

    /// Reads a code of a record, listed or not: the list may have lost it since it was written.
    ///
    /// # Errors
    ///
    /// [`CurrencyError`] if it is not three upper-case letters.
    pub fn of_record(letters: &[u8]) -> Result<Self, CurrencyError> {
        let code: [u8; 3] = letters.try_into().map_err(|_| CurrencyError)?;
        if code.iter().all(u8::is_ascii_uppercase) { Ok(Self(code)) } else { Err(CurrencyError) }
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Letters, by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl TryFrom<[u8; 3]> for Currency {
    type Error = CurrencyError;

    fn try_from(code: [u8; 3]) -> Result<Self, CurrencyError> {
        Self::of_record(&code)
    }
}

impl From<Currency> for [u8; 3] {
    fn from(currency: Currency) -> Self {
        currency.0
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_is_a_code_of_the_list_in_upper_case() {
        for code in ["EUR", "USD", "JPY", "KWD", "XTS"] {
            assert_eq!(Currency::parse(code).unwrap().as_str(), code);
        }
        for wrong in ["", "eur", "Eur", "EURO", "EU", "QQQ", "\u{20ac}"] {
            assert_eq!(Currency::parse(wrong), Err(CurrencyError), "{wrong:?}");
        }
    }

    #[test]
    fn a_record_keeps_a_code_that_the_list_has_lost() {
        assert_eq!(Currency::parse("DEM"), Err(CurrencyError));
        assert_eq!(Currency::of_record(b"DEM").unwrap().as_str(), "DEM");
        assert_eq!(Currency::of_record(b"eur"), Err(CurrencyError));
    }
}
