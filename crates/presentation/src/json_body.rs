//! The bytes of a JSON body, within their limits of size and time.

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue},
    web::Data,
};
use bytes::{Bytes, BytesMut};
use futures::Stream;
use tokio::time::{Sleep, sleep};

use crate::{error::ApiError, worker::Worker};

/// The body of a request that says that it is JSON; not parsed yet.
pub(crate) struct JsonBody(pub(crate) Bytes);

impl FromRequest for JsonBody {
    type Error = ApiError;
    type Future = Reading;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Reading {
        let headers = request.headers();
        if !is_json(headers) || is_encoded(headers) {
            return Reading::Refused(Some(ApiError::UnsupportedMediaType));
        }
        let Some(worker) = request.app_data::<Data<Worker>>() else {
            return Reading::Refused(Some(ApiError::Internal));
        };
        let limits = &worker.node.settings.limits;
        let bytes_max = limits.body_bytes_max;
        if announced_bytes(headers).is_some_and(|bytes| bytes > bytes_max) {
            return Reading::Refused(Some(ApiError::PayloadTooLarge { bytes_max }));
        }
        Reading::Body(Arriving::new(payload.take(), bytes_max, limits.body_timeout))
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
    pieces: Payload,
    /// What has come: mostly one piece, which is not copied.
    came: Bytes,
    bytes_max: usize,
    time_max: Duration,
    /// Whether it was looked for before.
    awaited: bool,
    /// Set when the body is looked for in vain again: most come with their head and need no timer.
    late: Option<Pin<Box<Sleep>>>,
}

impl Arriving {
    fn new(pieces: Payload, bytes_max: usize, time_max: Duration) -> Self {
        Self { pieces, came: Bytes::new(), bytes_max, time_max, awaited: false, late: None }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<JsonBody, ApiError>> {
        if let Poll::Ready(read) = self.read(context) {
            let body = JsonBody(mem::take(&mut self.came));
            let read = read.map(|()| body);
            return Poll::Ready(read.map_err(|error| refusal(&error, self.bytes_max)));
        }
        if !mem::replace(&mut self.awaited, true) {
            // The library looks for a body before it hands out what came with the head, and then
            // once more; but behind another request it looks once, and has to be asked.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let time_max = self.time_max;
        let late = self.late.get_or_insert_with(|| Box::pin(sleep(time_max)));
        late.as_mut().poll(context).map(|()| Err(ApiError::field("body", "did not arrive in time")))
    }

    /// Takes in what is there; ready once that is all.
    fn read(&mut self, context: &mut Context<'_>) -> Poll<Result<(), PayloadError>> {
        while let Some(piece) = ready!(Pin::new(&mut self.pieces).poll_next(context)) {
            let piece = piece?;
            if self.came.len() + piece.len() > self.bytes_max {
                return Poll::Ready(Err(PayloadError::Overflow));
            }
            self.came = joined(mem::take(&mut self.came), piece);
        }
        Poll::Ready(Ok(()))
    }
}

fn joined(first: Bytes, second: Bytes) -> Bytes {
    if first.is_empty() {
        return second;
    }
    let mut both = BytesMut::from(first);
    both.extend_from_slice(&second);
    both.freeze()
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

/// How long the head says that the body is; the parser has refused what is no number.
fn announced_bytes(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(CONTENT_TYPE).map(|value| value.to_str()) else {
        return false;
    };
    let kind = value.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

/// A few packed bytes can be gigabytes, and bodies are small: none is unpacked.
fn is_encoded(headers: &HeaderMap) -> bool {
    let encoding = headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
    encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity"))
}

fn refusal(error: &PayloadError, bytes_max: usize) -> ApiError {
    if matches!(error, PayloadError::Overflow) {
        return ApiError::PayloadTooLarge { bytes_max };
    }
    ApiError::field("body", "broke off")
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::{Wake, Waker},
    };

    use actix_http::h1;

    use super::*;

    const BYTES_MAX: usize = 16;

    /// Counts how often it was woken.
    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn arriving(payload: h1::Payload) -> Arriving {
        Arriving::new(payload.into(), BYTES_MAX, Duration::from_secs(5))
    }

    fn poll(body: &mut Arriving) -> Poll<Result<Bytes, ApiError>> {
        body.poll(&mut Context::from_waker(Waker::noop())).map_ok(|body| body.0)
    }

    /// There is no runtime here: whoever set a timer would panic.
    #[test]
    fn a_body_that_comes_right_behind_its_head_is_not_copied_and_sets_no_timer() {
        let (mut sender, payload) = h1::Payload::create(false);
        let mut body = arriving(payload);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        assert!(body.poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(woken.0.load(Ordering::Relaxed), 1, "it is to be looked for again");
        let piece = Bytes::from_static(br#"{"sku":"W-1"}"#);
        sender.feed_data(piece.clone());
        sender.feed_eof();
        let Poll::Ready(Ok(read)) = poll(&mut body) else { unreachable!("it has come") };
        assert_eq!((read.as_ptr(), read.len()), (piece.as_ptr(), piece.len()));
    }

    #[tokio::test]
    async fn pieces_become_one_body_however_late_they_come() {
        let (mut sender, payload) = h1::Payload::create(false);
        let mut body = arriving(payload);
        assert!(poll(&mut body).is_pending());
        for piece in [r#"{"sku""#, ":", r#""W-1"}"#] {
            sender.feed_data(Bytes::from_static(piece.as_bytes()));
            assert!(poll(&mut body).is_pending());
        }
        sender.feed_eof();
        let Poll::Ready(Ok(read)) = poll(&mut body) else { unreachable!("it has come") };
        assert_eq!(read, r#"{"sku":"W-1"}"#);
    }

    #[tokio::test]
    async fn a_body_that_outgrows_its_limit_is_refused_by_the_piece_that_does() {
        let (mut sender, payload) = h1::Payload::create(false);
        let mut body = arriving(payload);
        sender.feed_data(Bytes::from_static(&[b' '; BYTES_MAX]));
        assert!(poll(&mut body).is_pending());
        sender.feed_data(Bytes::from_static(b" "));
        let Poll::Ready(Err(refused)) = poll(&mut body) else { unreachable!("it is too large") };
        assert!(matches!(refused, ApiError::PayloadTooLarge { bytes_max: BYTES_MAX }));
    }

    #[test]
    fn a_body_that_breaks_off_is_refused() {
        let (sender, payload) = h1::Payload::create(false);
        let mut body = arriving(payload);
        drop(sender);
        let Poll::Ready(Err(refused)) = poll(&mut body) else { unreachable!("it has ended") };
        assert!(matches!(refused, ApiError::Validation(_)));
    }
}
