//! What stands behind the question mark.

use std::borrow::Cow;

use actix_web::HttpRequest;
use stampede_domain::{Sku, SkuError, State};
use url::form_urlencoded;

use crate::{error::ApiError, fields::Fields};

/// The most rows of one answer, and the default.
pub(crate) const ROWS_MAX: usize = 100;

/// The parameters of a query; the first of a name counts.
///
/// Read anew for each that is asked for: they are few, and so none has to be copied.
pub(crate) struct Parameters<'a>(&'a str);

impl<'a> Parameters<'a> {
    /// Those of the request.
    pub(crate) fn of(request: &'a HttpRequest) -> Self {
        Self(request.query_string())
    }

    /// The parameter's text, percent-decoded, if it is there.
    fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut all = form_urlencoded::parse(self.0.as_bytes());
        all.find(|(given, _)| given == name).map(|(_, value)| value)
    }

    /// The sku, if one is given; a bad one goes to `fields`.
    pub(crate) fn sku(&self, fields: &mut Fields) -> Option<Sku> {
        let text = self.get("sku")?;
        fields.note("sku", Sku::parse(&text).map_err(|error| error.to_string()))
    }

    /// How many rows are asked for; a bad number goes to `fields`.
    pub(crate) fn limit(&self, fields: &mut Fields) -> usize {
        let Some(text) = self.get("limit") else { return ROWS_MAX };
        let rows = text.parse().ok().filter(|rows| (1..=ROWS_MAX).contains(rows));
        let wrong = format!("must be a whole number from 1 to {ROWS_MAX}");
        fields.note("limit", rows.ok_or(wrong)).unwrap_or(ROWS_MAX)
    }

    /// The state, if one is given; a bad one goes to `fields`.
    pub(crate) fn state(&self, fields: &mut Fields) -> Option<State> {
        let all = [State::Upcoming, State::Active, State::Ended];
        let text = self.get("state")?;
        let state = all.into_iter().find(|state| state.as_str() == text);
        fields.note("state", state.ok_or("must be UPCOMING, ACTIVE or ENDED"))
    }

    /// Where to go on, if a place is given, as `read` understands it; a bad one goes to `fields`.
    pub(crate) fn cursor<T>(
        &self,
        fields: &mut Fields,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.get("cursor")?;
        fields.note("cursor", read(&text).ok_or("must be the nextCursor of an earlier answer"))
    }
}

/// The sku in a path.
///
/// # Errors
///
/// 400 naming `sku`.
pub(crate) fn sku_of_path(request: &HttpRequest) -> Result<Sku, ApiError> {
    parsed_sku_of_path(request)
        .map_err(|error| ApiError::field("sku", Cow::from(error.to_string())))
}

/// The sku in a path, for a route whose body may be bad too.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn parsed_sku_of_path(request: &HttpRequest) -> Result<Sku, SkuError> {
    Sku::parse(request.match_info().get("sku").unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_name_counts_and_what_is_plain_is_not_copied() {
        let parameters = Parameters("sku=W-1&sku=W-2&state=&a+b=c%20d&wrong=%ff");
        assert!(matches!(parameters.get("sku"), Some(Cow::Borrowed("W-1"))));
        assert_eq!(parameters.get("state").as_deref(), Some(""));
        assert_eq!(parameters.get("a b").as_deref(), Some("c d"));
        assert_eq!(parameters.get("wrong").as_deref(), Some("\u{fffd}"));
        assert_eq!(parameters.get("limit"), None);
    }
}
