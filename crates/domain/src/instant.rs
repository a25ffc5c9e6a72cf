//! A point in time, as the stores and the wire know it: whole milliseconds since 1970 in UTC.

use std::fmt;

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
///
/// Whole milliseconds, because that is what the wire shows and what windows are judged by;
/// one integer compares and travels more cheaply than a calendar date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

/// Why an instant was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an instant from 1970 to 9999 in RFC 3339, such as 2026-02-15T10:00:00.000Z")]
pub struct InstantError;

impl Instant {
    /// The last instant that RFC 3339 can write: the end of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// The instant `millis` after 1970, clamped to what RFC 3339 can write.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(0, Self::MAX.0))
    }

    /// Reads RFC 3339 with any offset; digits below the millisecond are cut.
    ///
    /// # Errors
    ///
    /// [`InstantError`] if the text is no instant, or one that cannot be written back.
    pub fn parse(text: &str) -> Result<Self, InstantError> {
        let parsed = DateTime::parse_from_rfc3339(text).map_err(|_| InstantError)?;
        let millis = parsed.timestamp_millis();
        if (0..=Self::MAX.0).contains(&millis) { Ok(Self(millis)) } else { Err(InstantError) }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// This instant moved by `millis`, which may be negative.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this instant, negative if `earlier` is later.
    #[must_use]
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// RFC 3339 in UTC with milliseconds, as the wire shows it: 24 bytes, all ASCII.
    ///
    /// Digit by digit, since every receipt has one: the calendar's own formatter takes two
    /// allocations for it.
    #[must_use]
    pub fn text(self) -> [u8; 24] {
        let at = self.to_utc();
        let mut text = *b"0000-00-00T00:00:00.000Z";
        put_digits(&mut text[0..4], at.year().unsigned_abs());
        put_digits(&mut text[5..7], at.month());
        put_digits(&mut text[8..10], at.day());
        put_digits(&mut text[11..13], at.hour());
        put_digits(&mut text[14..16], at.minute());
        put_digits(&mut text[17..19], at.second());
        put_digits(&mut text[20..23], at.timestamp_subsec_millis());
        text
    }

    /// The calendar date and time in UTC.
    #[must_use]
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Instant {
    fn from(date: DateTime<Utc>) -> Self {
        Self::from_millis(date.timestamp_millis())
    }
}

/// RFC 3339 in UTC with milliseconds, as the wire shows it.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

/// Fills `places` with the last decimal digits of a number.
pub(crate) fn put_digits(places: &mut [u8], number: u32) {
    let mut rest = number;
    for place in places.iter_mut().rev() {
        *place = b"0123456789"[(rest % 10) as usize];
        rest /= 10;
    }
}

#[cfg(test)]
mod tests {
    use chrono::SecondsFormat;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_instant_by_hand_is_the_instant_of_the_calendar(millis in 0..=Instant::MAX.0) {
            let instant = Instant::from_millis(millis);
            let calendar = instant.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true);
            prop_assert_eq!(instant.to_string(), calendar);
        }
    }

    #[test]
    fn the_ends_of_time_and_of_leap_years_are_written_as_they_were_read() {
        for text in [
            "1970-01-01T00:00:00.000Z",
            "1972-02-29T23:59:59.999Z",
            "2000-02-29T00:00:00.001Z",
            "2024-12-31T23:59:59.999Z",
            "2100-02-28T23:59:59.999Z",
            "2100-03-01T00:00:00.000Z",
            "9999-12-31T23:59:59.999Z",
        ] {
            assert_eq!(Instant::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn an_instant_is_written_in_utc_with_milliseconds() {
        let instant = Instant::parse("2026-02-15T11:00:00.1234+01:00").unwrap();
        assert_eq!(instant.to_string(), "2026-02-15T10:00:00.123Z");
    }

    #[test]
    fn text_without_an_offset_is_refused() {
        assert_eq!(Instant::parse("2026-02-15T10:00:00"), Err(InstantError));
        assert_eq!(Instant::parse("1969-12-31T23:59:59Z"), Err(InstantError));
    }
}
