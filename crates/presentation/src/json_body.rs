//! The bytes of a JSON body, within their limits of size and time.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    Error, FromRequest, HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::header::{CONTENT_TYPE, HeaderMap},
    web::{self, Data},
};
use bytes::Bytes;
use tokio::time::{Sleep, sleep};

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
        let Some(worker) = request.app_data::<Data<Worker>>() else {
            return Reading::Refused(Some(ApiError::Internal));
        };
        let limits = worker.node.settings.limits;
        Reading::Body(Arriving {
            read: Bytes::from_request(request, payload),
            bytes_max: limits.body_bytes_max,
            time_max: limits.body_timeout,
            late: None,
        })
    }
}

/// A body on its way in.
pub(crate) enum Reading {
    /// Refused by its head.
    Refused(Option<ApiError>),
    /// Being read.
    Body(Arriving),
}

/// A body within its limits. The server itself limits only how long the head may take.
pub(crate) struct Arriving {
    read: <Bytes as FromRequest>::Future,
    bytes_max: usize,
    time_max: Duration,
    /// Set when the body is first waited for: most come with their head and need no timer.
    late: Option<Pin<Box<Sleep>>>,
}

impl Arriving {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<JsonBody, ApiError>> {
        if let Poll::Ready(body) = Pin::new(&mut self.read).poll(context) {
            return Poll::Ready(
                body.map(JsonBody).map_err(|error| refusal(&error, self.bytes_max)),
            );
        }
        let time_max = self.time_max;
        let late = self.late.get_or_insert_with(|| Box::pin(sleep(time_max)));
        late.as_mut().poll(context).map(|()| Err(ApiError::field("body", "did not arrive in time")))
    }
}

impl Future for Reading {
    type Output = Result<JsonBody, ApiError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Refused(error) => Poll::Ready(Err(error.take().unwrap_or(ApiError::Internal))),
            Self::Body(arriving) => arriving.poll(context),
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
