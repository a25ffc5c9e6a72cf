//! What stands behind the question mark.

use std::borrow::Cow;

use actix_web::{HttpRequest, web::Query};
use stampede_domain::{Sku, SkuError, State};

use crate::{error::ApiError, fields::Fields};

/// The most rows of one answer, and the default.
pub(crate) const ROWS_MAX: usize = 100;

/// The parameters of a query, percent-decoded; the first of a name counts.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the request's query.
    ///
    /// # Errors
    ///
    /// 400 naming `query` if it is not form-encoded UTF-8.
    pub(crate) fn read(request: &HttpRequest) -> Result<Self, ApiError> {
        Query::<Vec<(String, String)>>::from_query(request.query_string())
            .map(|query| Self(query.into_inner()))
            .map_err(|_| ApiError::field("query", "must be name=value pairs, percent-encoded"))
    }

    /// The parameter's text, if it is there.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The sku, if one is given; a bad one goes to `fields`.
    pub(crate) fn sku(&self, fields: &mut Fields) -> Option<Sku> {
        let text = self.get("sku")?;
        fields.note("sku", Sku::parse(text).map_err(|error| error.to_string()))
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
        fields.note("cursor", read(text).ok_or("must be the nextCursor of an earlier answer"))
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
