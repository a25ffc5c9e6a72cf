//! Whether a client has an answer already.

use actix_web::{
    HttpMessage, HttpRequest,
    http::header::{EntityTag, HeaderValue, IF_NONE_MATCH, IfNoneMatch},
};

/// Whether `If-None-Match` names this tag, compared weakly.
pub(crate) fn is_known(request: &HttpRequest, etag: &HeaderValue) -> bool {
    if !request.headers().contains_key(IF_NONE_MATCH) {
        return false;
    }
    let tag = etag.to_str().ok().and_then(|text| text.parse::<EntityTag>().ok());
    match (request.get_header::<IfNoneMatch>(), tag) {
        (Some(IfNoneMatch::Any), Some(_)) => true,
        (Some(IfNoneMatch::Items(known)), Some(tag)) => {
            known.iter().any(|known| known.weak_eq(&tag))
        }
        (Some(_) | None, _) => false,
    }
}

/// A weak tag of a hash: its first half, in hex.
pub(crate) fn of_hash(hash: &[u8]) -> HeaderValue {
    let half = hash.iter().take(16).fold(0_u128, |half, &byte| half << 8 | u128::from(byte));
    HeaderValue::try_from(format!("W/\"{half:032x}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("W/\"\""))
}
