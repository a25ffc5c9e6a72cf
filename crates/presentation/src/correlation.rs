//! What ties a request to its log lines: the header `X-Correlation-Id`.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use stampede_application::ports::Randomness;
use uuid::Builder;

/// The header, in the request and in the answer.
pub(crate) static X_CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
/// The most characters of an id.
const CHARS_MAX: usize = 128;

/// The request's id if it is 1 to 128 visible ASCII characters, else a fresh one.
pub(crate) fn read_or_make(headers: &HeaderMap, randomness: &dyn Randomness) -> HeaderValue {
    let given = headers.get(&X_CORRELATION_ID).filter(|value| {
        (1..=CHARS_MAX).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
    });
    given.cloned().unwrap_or_else(|| make(randomness))
}

fn make(randomness: &dyn Randomness) -> HeaderValue {
    let mut bytes = [0; 16];
    randomness.fill(&mut bytes);
    let mut text = [0; 32];
    let id = Builder::from_random_bytes(bytes).into_uuid();
    let text: &str = id.simple().encode_lower(&mut text);
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("none"))
}
