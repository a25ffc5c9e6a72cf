//! Who asks, as the open identity mode has it: the header `X-User-Id`.

use actix_web::http::header::{HeaderMap, HeaderName};
use stampede_domain::BuyerId;

/// The header, and the field that an answer names.
pub(crate) const X_USER_ID: &str = "X-User-Id";
/// By this it is found: a name given as text would be parsed and copied for each request.
static NAME: HeaderName = HeaderName::from_static("x-user-id");
/// What is wrong with a missing or bad one.
const WRONG: &str = "send 1 to 255 characters of UTF-8, without control characters";

/// Reads the buyer from the header's bytes, which are UTF-8 and not Latin-1.
pub(crate) fn read(headers: &HeaderMap) -> Result<BuyerId, &'static str> {
    let bytes = headers.get(&NAME).ok_or(WRONG)?.as_bytes();
    let text = std::str::from_utf8(bytes).map_err(|_| WRONG)?;
    BuyerId::parse(text).map_err(|_| WRONG)
}
