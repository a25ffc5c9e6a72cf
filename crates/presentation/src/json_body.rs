//! The bytes of a JSON body, within their limit.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    Error, FromRequest, HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::header::{CONTENT_TYPE, HeaderMap},
    web::{self, Data},
};
use bytes::Bytes;

use crate::{error::ApiError, worker::Worker};

/// The body of a request that says that it is JSON; not parsed yet.
pub(crate) struct JsonBody(pub(crate) Bytes);

impl FromRequest for JsonBody {
    type Error = ApiError;
    type Future = Reading;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Reading {
        if !is_json(request.headers()) {
            return Reading::Refused(Some(ApiError::UnsupportedMediaType));
        }
        let worker = request.app_data::<Data<Worker>>();
        let bytes_max = worker.map_or(0, |worker| worker.node.settings.limits.body_bytes_max);
        Reading::Body(Bytes::from_request(request, payload), bytes_max)
    }
}

/// A body on its way in.
pub(crate) enum Reading {
    /// Refused by its head.
    Refused(Option<ApiError>),
    /// Being read, with its limit.
    Body(<Bytes as FromRequest>::Future, usize),
}

impl Future for Reading {
    type Output = Result<JsonBody, ApiError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Refused(error) => Poll::Ready(Err(error.take().unwrap_or(ApiError::Internal))),
            Self::Body(read, bytes_max) => {
                let bytes_max = *bytes_max;
                Pin::new(read)
                    .poll(context)
                    .map(|body| body.map(JsonBody).map_err(|error| refusal(&error, bytes_max)))
            }
        }
    }
}

/// The limit that bodies are read by.
pub(crate) fn limit(bytes_max: usize) -> web::PayloadConfig {
    web::PayloadConfig::new(bytes_max)
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(CONTENT_TYPE).map(|value| value.to_str()) else {
        return false;
    };
    let kind = value.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

fn refusal(error: &Error, bytes_max: usize) -> ApiError {
    match error.as_error::<PayloadError>() {
        Some(PayloadError::Overflow) => ApiError::PayloadTooLarge { bytes_max },
        Some(_) | None => ApiError::field("body", "broke off or is not encoded as it says"),
    }
}
