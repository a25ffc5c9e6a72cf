//! The currencies that a price may be in.

use std::{fmt, num::NonZeroU8};

use serde::{Deserialize, Serialize};

/// What a shop may charge in, sorted: the active codes of ISO 4217, list one, as of 2026, without
/// those of funds and indexed units (such as CLF), of accounting (XDR, XSU, XUA), metals, bonds,
/// tests and none (XXX). Lately come: SLE, VED, ZWG, XCG; gone: HRK, CUC, SLL, ZWL, ANG, BGN.
const ACTIVE: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BHD",
    "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF",
    "CLP", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN",
    "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD",
    "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES",
    "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL",
    "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN",
    "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP",
    "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK",
    "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT",
    "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VED", "VES",
    "VND", "VUV", "WST", "XAF", "XCD", "XCG", "XOF", "XPF", "YER", "ZAR", "ZMW", "ZWG",
];

/// An ISO 4217 code: three upper-case letters, of which none is zero, so that having no price
/// takes no more room than having one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "[u8; 3]", into = "[u8; 3]")]
pub struct Currency([NonZeroU8; 3]);

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
        ACTIVE.binary_search(&text).map_err(|_| CurrencyError)?;
        Self::of_record(text.as_bytes())
    }

    /// Reads a code of a record, listed or not: the list may have lost it since it was written.
    ///
    /// # Errors
    ///
    /// [`CurrencyError`] if it is not three upper-case letters.
    pub fn of_record(letters: &[u8]) -> Result<Self, CurrencyError> {
        let letter = |letter: u8| {
            NonZeroU8::new(letter).filter(|_| letter.is_ascii_uppercase()).ok_or(CurrencyError)
        };
        let &[first, second, third] = letters else { return Err(CurrencyError) };
        Ok(Self([letter(first)?, letter(second)?, letter(third)?]))
    }

    /// The code, in ASCII.
    #[must_use]
    pub fn letters(self) -> [u8; 3] {
        self.0.map(NonZeroU8::get)
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
        currency.letters()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Letters, by construction.
        f.write_str(std::str::from_utf8(&self.letters()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_of_codes() {
        assert!(ACTIVE.is_sorted_by(|one, next| one < next), "each once");
        for code in ACTIVE {
            assert_eq!(Currency::parse(code).unwrap().to_string(), *code);
        }
    }

    #[test]
    fn a_currency_is_an_active_code_in_upper_case() {
        for code in ["EUR", "USD", "JPY", "KWD", "VES", "SLE", "ZWG", "XCG"] {
            assert_eq!(Currency::parse(code).unwrap().letters(), *code.as_bytes());
        }
        for wrong in ["", "eur", "Eur", "EURO", "EU", "QQQ", "\u{20ac}"] {
            assert_eq!(Currency::parse(wrong), Err(CurrencyError), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_withdrawn_or_no_money_of_a_shop_is_refused() {
        for gone in ["DEM", "HRK", "CUC", "SLL", "ZWL", "ANG", "BGN", "VEF"] {
            assert_eq!(Currency::parse(gone), Err(CurrencyError), "{gone}");
        }
        for other in ["XTS", "XXX", "XAU", "XDR", "CLF", "USN", "UYI"] {
            assert_eq!(Currency::parse(other), Err(CurrencyError), "{other}");
        }
    }

    #[test]
    fn a_record_keeps_a_code_that_the_list_has_lost() {
        assert_eq!(Currency::of_record(b"DEM").unwrap().to_string(), "DEM");
        for wrong in [&b"eur"[..], b"EU", b"EURO", b"EU\0", b""] {
            assert_eq!(Currency::of_record(wrong), Err(CurrencyError), "{wrong:?}");
        }
    }
}
