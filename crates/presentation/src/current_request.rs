//! The request that a task works on, for the log lines that it writes.
//!
//! No span is made of a request: most write no line, and a span would cost each of them more than
//! its parsing. Whoever writes the lines asks here.

use std::future::Future;

use actix_web::http::header::HeaderValue;
use tokio::task::futures::TaskLocalFuture;

tokio::task_local! {
    static CURRENT: CurrentRequest;
}

/// What a log line says of the request that it belongs to.
#[derive(Debug)]
pub(crate) struct CurrentRequest {
    /// Visible ASCII.
    pub(crate) correlation: HeaderValue,
    pub(crate) method: &'static str,
}

impl CurrentRequest {
    /// `answering`, as work on this request.
    pub(crate) fn around<F: Future>(self, answering: F) -> TaskLocalFuture<Self, F> {
        CURRENT.scope(self, answering)
    }

    /// What `answer` makes, as work on this request.
    pub(crate) fn during<R>(self, answer: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(self, answer)
    }
}

/// Tells `with` the correlation id and the method of the request that the calling task is
/// answering; `None` if it answers none.
pub fn current_request<R>(with: impl FnOnce(&str, &'static str) -> R) -> Option<R> {
    let told = CURRENT
        .try_with(|request| with(request.correlation.to_str().unwrap_or_default(), request.method));
    told.ok()
}
