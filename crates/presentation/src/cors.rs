//! Which pages of other origins may call, and read what they are answered.

use actix_cors::Cors;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, HeaderMap, HeaderValue, ORIGIN,
    VARY,
};

/// How long a browser may remember what an origin is allowed, in seconds.
const MAX_AGE_S: usize = 3_600;
/// Headers that pages of other origins may send.
const HEADERS: [&str; 8] = [
    "content-type",
    "x-user-id",
    "idempotency-key",
    "x-admin-key",
    "if-match",
    "if-none-match",
    "x-correlation-id",
    "traceparent",
];
/// Headers that pages of other origins may read.
const EXPOSED: [&str; 4] = ["etag", "location", "retry-after", "x-correlation-id"];

/// What browsers allow pages of other origins.
pub(crate) fn layer(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "DELETE"])
        .allowed_headers(HEADERS)
        .expose_headers(EXPOSED)
        .max_age(MAX_AGE_S)
        // Others get their answer without the permission to read it, as without this layer.
        .block_on_origin_mismatch(false);
    if origins.iter().any(|origin| origin == "*") {
        return cors.allow_any_origin();
    }
    let allowed = origins.to_vec();
    cors.allowed_origin_fn(move |origin, _| is_named(&allowed, origin))
}

/// Permits the page that asked to read an answer that was given before the layer was reached.
pub(crate) fn permit(origins: &[String], asked: &HeaderMap, answer: &mut HeaderMap) {
    if origins.is_empty() {
        return;
    }
    answer.append(VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = asked.get(ORIGIN) else { return };
    let any = origins.iter().any(|named| named == "*");
    if any || is_named(origins, origin) {
        let exposed = EXPOSED.join(", ");
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if let Ok(exposed) = HeaderValue::try_from(exposed) {
            answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
    }
}

fn is_named(origins: &[String], origin: &HeaderValue) -> bool {
    origins.iter().any(|named| named.as_bytes() == origin.as_bytes())
}
