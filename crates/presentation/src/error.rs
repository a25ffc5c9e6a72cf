//! Why a request has no answer that it asked for: the only place that knows statuses and codes.

mod from_use_cases;

use std::borrow::Cow;

use actix_web::{
    HttpResponse, ResponseError,
    body::BoxBody,
    http::{StatusCode, header},
};
use serde::Serialize;
use stampede_application::ports::PortError;
use utoipa::ToSchema;

use crate::{
    envelope::{ApiFailure, FailureAnswer, False},
    fields::Fields,
};

/// After how many seconds a client may ask again when we do not know or shed load.
const RETRY_AFTER_S: u64 = 1;
/// After how many seconds a full installation may have room again.
const RETRY_WHEN_FULL_S: u64 = 60;

/// Every code that an answer may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = ErrorCode)]
pub(crate) enum Code {
    /// Outside the window, paused, or ended by an admin.
    SaleNotActive,
    /// Fewer units are left than asked for.
    SoldOut,
    /// The buyer would hold more than the limit.
    AlreadyPurchased,
    /// The sale has begun or ended.
    SaleNotModifiable,
    /// A bad header, path, query or body.
    ValidationError,
    /// The admin key is missing or wrong.
    Unauthorized,
    /// The key is known and lacks the right.
    #[cfg_attr(not(test), expect(dead_code, reason = "every key has every right so far"))]
    Forbidden,
    /// No such sku, purchase or route.
    NotFound,
    /// The route has other methods.
    MethodNotAllowed,
    /// The body is too large.
    PayloadTooLarge,
    /// Path and query are too long.
    UriTooLong,
    /// The body is not JSON, or packed.
    UnsupportedMediaType,
    /// The headers are too many or too large.
    HeadersTooLarge,
    /// The sku exists.
    AlreadyExists,
    /// The product has changed since it was read.
    PreconditionFailed,
    /// The key bought another quantity before.
    IdempotencyKeyReused,
    /// Too many requests.
    RateLimited,
    /// A store is down, or we are shedding load.
    ServiceUnavailable,
    /// A bug.
    InternalError,
}

impl Code {
    /// The word on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::SaleNotActive => "SALE_NOT_ACTIVE",
            Self::SoldOut => "SOLD_OUT",
            Self::AlreadyPurchased => "ALREADY_PURCHASED",
            Self::SaleNotModifiable => "SALE_NOT_MODIFIABLE",
            Self::ValidationError => "VALIDATION_ERROR",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Self::UriTooLong => "URI_TOO_LONG",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::HeadersTooLarge => "HEADERS_TOO_LARGE",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::PreconditionFailed => "PRECONDITION_FAILED",
            Self::IdempotencyKeyReused => "IDEMPOTENCY_KEY_REUSED",
            Self::RateLimited => "RATE_LIMITED",
            Self::ServiceUnavailable => "SERVICE_UNAVAILABLE",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }

    /// The status that it comes with. A decided rejection is an answer, so 200.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::SaleNotActive
            | Self::SoldOut
            | Self::AlreadyPurchased
            | Self::SaleNotModifiable => StatusCode::OK,
            Self::ValidationError => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::AlreadyExists => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// A request that was not answered as it asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("Some fields are not valid; see fields.")]
    Validation(Fields),
    #[error("X-Admin-Key is missing or wrong.")]
    Unauthorized,
    /// What there is none of.
    #[error("{0}")]
    NotFound(&'static str),
    #[error("This route answers {allow}.")]
    MethodNotAllowed { allow: String },
    #[error("The body may have {bytes_max} bytes.")]
    PayloadTooLarge { bytes_max: usize },
    #[error("Path and query may have {bytes_max} bytes.")]
    UriTooLong { bytes_max: usize },
    #[error("Send the body as application/json, not packed (no Content-Encoding).")]
    UnsupportedMediaType,
    #[error("A request may have {lines_max} header lines of {bytes_max} bytes in all.")]
    HeadersTooLarge { lines_max: usize, bytes_max: usize },
    #[error("A product of this sku exists.")]
    AlreadyExists,
    #[error("The sale has begun or ended, so it can no longer be changed in this way.")]
    SaleNotModifiable,
    #[error("The product has changed since it was read; read it again.")]
    PreconditionFailed,
    #[error("This Idempotency-Key bought another quantity; use a new key.")]
    IdempotencyKeyReused,
    #[error("Too many requests; wait {retry_after_s} s.")]
    RateLimited { retry_after_s: u64 },
    /// Too many wait or watch already; nothing was asked.
    #[error("Too many ask at once; repeat the request as it is.")]
    Overloaded,
    /// Whoever noticed has logged it.
    #[error("We do not know whether this was done; repeat the request as it is.")]
    Undecided,
    #[error("This node cannot decide attempts at this moment.")]
    NotReady,
    #[error("No more products fit into this installation; delete one first.")]
    Full,
    #[error("A store does not answer; repeat the request as it is.")]
    Port(#[from] PortError),
    /// Whoever noticed has logged it.
    #[error("Something went wrong on our side.")]
    Internal,
}

impl ApiError {
    /// One bad field.
    pub(crate) fn field(name: &'static str, wrong: impl Into<Cow<'static, str>>) -> Self {
        Self::Validation(Fields::one(name, wrong))
    }

    /// No such sale, or product.
    pub(crate) fn no_such_sku() -> Self {
        Self::NotFound("There is no product of this sku.")
    }

    /// Its word on the wire.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Validation(_) => Code::ValidationError,
            Self::Unauthorized => Code::Unauthorized,
            Self::NotFound(_) => Code::NotFound,
            Self::MethodNotAllowed { .. } => Code::MethodNotAllowed,
            Self::PayloadTooLarge { .. } => Code::PayloadTooLarge,
            Self::UriTooLong { .. } => Code::UriTooLong,
            Self::UnsupportedMediaType => Code::UnsupportedMediaType,
            Self::HeadersTooLarge { .. } => Code::HeadersTooLarge,
            Self::AlreadyExists => Code::AlreadyExists,
            Self::SaleNotModifiable => Code::SaleNotModifiable,
            Self::PreconditionFailed => Code::PreconditionFailed,
            Self::IdempotencyKeyReused => Code::IdempotencyKeyReused,
            Self::RateLimited { .. } => Code::RateLimited,
            Self::Overloaded | Self::Undecided | Self::NotReady | Self::Full | Self::Port(_) => {
                Code::ServiceUnavailable
            }
            Self::Internal => Code::InternalError,
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::RateLimited { retry_after_s } => Some(*retry_after_s),
            Self::Overloaded | Self::Undecided | Self::NotReady | Self::Port(_) => {
                Some(RETRY_AFTER_S)
            }
            Self::Full => Some(RETRY_WHEN_FULL_S),
            Self::Validation(_)
            | Self::Unauthorized
            | Self::NotFound(_)
            | Self::MethodNotAllowed { .. }
            | Self::PayloadTooLarge { .. }
            | Self::UriTooLong { .. }
            | Self::UnsupportedMediaType
            | Self::HeadersTooLarge { .. }
            | Self::AlreadyExists
            | Self::SaleNotModifiable
            | Self::PreconditionFailed
            | Self::IdempotencyKeyReused
            | Self::Internal => None,
        }
    }

    /// Logs a failure of ours; what a client did wrong is no failure.
    fn log(&self) {
        if let Self::Port(error) = self {
            let failure: &dyn std::error::Error = error;
            match error {
                PortError::Unavailable { store, .. } => {
                    tracing::warn!(store, error = failure, "a store does not answer");
                }
                PortError::Inconsistent { store, .. } => {
                    tracing::error!(store, error = failure, "a store answered what must not be");
                }
            }
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code().status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        self.log();
        let mut response = HttpResponse::build(self.status_code());
        let retry_after = self.retry_after_s();
        if let Some(seconds) = retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Self::MethodNotAllowed { allow } = self {
            response.insert_header((header::ALLOW, allow.as_str()));
        }
        let fields =
            if let Self::Validation(fields) = self { Some(fields.as_map().clone()) } else { None };
        response.json(FailureAnswer {
            success: False,
            error: ApiFailure {
                code: self.code(),
                message: self.to_string(),
                fields,
                retry_after,
                purchase: None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::*;

    /// The table of the published contract.
    const CONTRACT: [(u16, &[&str]); 14] = [
        (200, &["SALE_NOT_ACTIVE", "SOLD_OUT", "ALREADY_PURCHASED", "SALE_NOT_MODIFIABLE"]),
        (400, &["VALIDATION_ERROR"]),
        (401, &["UNAUTHORIZED"]),
        (403, &["FORBIDDEN"]),
        (404, &["NOT_FOUND"]),
        (405, &["METHOD_NOT_ALLOWED"]),
        (409, &["ALREADY_EXISTS"]),
        (412, &["PRECONDITION_FAILED"]),
        (413, &["PAYLOAD_TOO_LARGE"]),
        (414, &["URI_TOO_LONG"]),
        (415, &["UNSUPPORTED_MEDIA_TYPE"]),
        (422, &["IDEMPOTENCY_KEY_REUSED"]),
        (429, &["RATE_LIMITED"]),
        (431, &["HEADERS_TOO_LARGE"]),
    ];
    const CONTRACT_OURS: [(u16, &str); 2] = [(500, "INTERNAL_ERROR"), (503, "SERVICE_UNAVAILABLE")];

    const ALL: [Code; 19] = [
        Code::SaleNotActive,
        Code::SoldOut,
        Code::AlreadyPurchased,
        Code::SaleNotModifiable,
        Code::ValidationError,
        Code::Unauthorized,
        Code::Forbidden,
        Code::NotFound,
        Code::MethodNotAllowed,
        Code::PayloadTooLarge,
        Code::UriTooLong,
        Code::UnsupportedMediaType,
        Code::HeadersTooLarge,
        Code::AlreadyExists,
        Code::PreconditionFailed,
        Code::IdempotencyKeyReused,
        Code::RateLimited,
        Code::ServiceUnavailable,
        Code::InternalError,
    ];

    #[test]
    fn the_codes_are_those_of_the_contract_with_their_statuses() {
        let groups =
            CONTRACT.iter().flat_map(|(status, codes)| codes.iter().map(|c| (*status, *c)));
        let mut published: Vec<(u16, &str)> = groups.chain(CONTRACT_OURS).collect();
        let mut ours: Vec<_> = ALL.iter().map(|c| (c.status().as_u16(), c.as_str())).collect();
        published.sort_unstable();
        ours.sort_unstable();
        assert_eq!(ours, published);
    }

    #[test]
    fn the_document_names_every_code() {
        let schema = serde_json::to_value(Code::schema()).unwrap();
        let words: Vec<_> = ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(schema["enum"], serde_json::json!(words));
        assert_eq!(serde_json::to_value(ALL).unwrap(), serde_json::json!(words));
    }
}
