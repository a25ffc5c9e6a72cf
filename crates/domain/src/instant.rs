//! A point in time, as the stores and the wire know it: whole milliseconds since 1970 in UTC.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
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
        f.write_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
