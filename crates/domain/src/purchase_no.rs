//! The purchase number: the one formatter and the one parser of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Instant, instant::put_digits};

/// Crockford's base 32: no I, L, O or U, so that a number can be read out.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The 80 random bits of a purchase's number, drawn when the attempt is submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PurchaseBits(pub [u8; 10]);

/// `PUR-`, the UTC date of the purchase, and 80 random bits in four groups of four:
/// `PUR-20260215-7ZK4-9QXA-0B3M-WT51`.
///
/// Unique over all sales and servers, not to be guessed, possible to read out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PurchaseNo([u8; Self::LEN]);

/// Why a purchase number was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must look like PUR-20260215-7ZK4-9QXA-0B3M-WT51")]
pub struct PurchaseNoError;

impl PurchaseNo {
    /// Bytes of a number, all ASCII.
    pub const LEN: usize = 32;

    /// Makes the number of a purchase from its instant and random bits.
    #[must_use]
    pub fn new(at: Instant, bits: PurchaseBits) -> Self {
        let mut text = *b"PUR-00000000-0000-0000-0000-0000";
        let (year, month, day) = civil_date(at);
        put_digits(&mut text[4..12], year * 10_000 + month * 100 + day);
        let value = bits.0.iter().fold(0_u128, |value, &byte| value << 8 | u128::from(byte));
        let places = [13, 14, 15, 16, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29, 30, 31];
        for (index, place) in places.into_iter().enumerate() {
            let digit = (value >> (75 - 5 * index)) & 31;
            text[place] = DIGITS[usize::try_from(digit).unwrap_or(0)];
        }
        Self(text)
    }

    /// Reads a number exactly as written by us.
    ///
    /// # Errors
    ///
    /// [`PurchaseNoError`] if the text has another shape.
    pub fn parse(text: &str) -> Result<Self, PurchaseNoError> {
        let bytes: [u8; Self::LEN] = text.as_bytes().try_into().map_err(|_| PurchaseNoError)?;
        let shaped = bytes.iter().enumerate().all(|(place, byte)| match place {
            0..=3 => *byte == b"PUR-"[place],
            4..=11 => byte.is_ascii_digit(),
            12 | 17 | 22 | 27 => *byte == b'-',
            _ => DIGITS.contains(byte),
        });
        if shaped { Ok(Self(bytes)) } else { Err(PurchaseNoError) }
    }

    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Year, month and day in UTC.
fn civil_date(at: Instant) -> (u32, u32, u32) {
    use chrono::Datelike;
    let date = at.to_utc();
    (u32::try_from(date.year()).unwrap_or(0), date.month(), date.day())
}

impl fmt::Display for PurchaseNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_carries_the_date_and_all_80_bits() {
        let at = Instant::parse("2026-02-15T23:59:59.999Z").unwrap();
        let all = PurchaseNo::new(at, PurchaseBits([255; 10]));
        assert_eq!(all.as_str(), "PUR-20260215-ZZZZ-ZZZZ-ZZZZ-ZZZZ");
        let last = PurchaseNo::new(at, PurchaseBits([0, 0, 0, 0, 0, 0, 0, 0, 0, 1]));
        assert_eq!(last.as_str(), "PUR-20260215-0000-0000-0000-0001");
        let first = PurchaseNo::new(at, PurchaseBits([8, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(first.as_str(), "PUR-20260215-1000-0000-0000-0000");
    }

    #[test]
    fn a_number_reads_back_and_another_shape_is_refused() {
        let at = Instant::parse("2026-02-15T10:00:00Z").unwrap();
        let number = PurchaseNo::new(at, PurchaseBits([7; 10]));
        assert_eq!(PurchaseNo::parse(number.as_str()), Ok(number));
        for wrong in ["", "PUR-2026", "PUR-20260215-7ZK4-9QXA-0B3M-WTIL"] {
            assert_eq!(PurchaseNo::parse(wrong), Err(PurchaseNoError), "{wrong:?}");
        }
    }
}
