//! What makes repeating an attempt harmless: the header `Idempotency-Key`.

use actix_web::http::header::{HeaderMap, HeaderName};
use stampede_domain::AttemptKey;

/// The header, and the field that an answer names.
pub(crate) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// By this it is found: a name given as text would be parsed and copied for each request.
static NAME: HeaderName = HeaderName::from_static("idempotency-key");
/// The most characters of a key.
const CHARS_MAX: usize = 255;

/// Reads the key; `Ok(None)` if there is none.
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<AttemptKey>, &'static str> {
    let Some(value) = headers.get(&NAME) else { return Ok(None) };
    let visible = value.as_bytes().iter().all(u8::is_ascii_graphic);
    match value.to_str() {
        Ok(text) if visible && (1..=CHARS_MAX).contains(&text.len()) => {
            Ok(Some(AttemptKey::from_idempotency_key(text)))
        }
        Ok(_) | Err(_) => Err("must be 1 to 255 visible ASCII characters, without spaces"),
    }
}
