//! The request that a task works on, for the log lines that it writes and the purchases that it
//! makes.
//!
//! No span is made of a request unless its trace is recorded: most write no line, and a span would
//! cost each of them more than its parsing. Whoever writes the lines asks here.

use std::future::Future;

use actix_web::http::header::HeaderValue;
use stampede_domain::TraceParent;
use tokio::task::futures::TaskLocalFuture;

tokio::task_local! {
    static CURRENT: CurrentRequest;
}

/// What is said of a request by what is done for it.
#[derive(Debug)]
pub struct CurrentRequest {
    /// Visible ASCII.
    pub(crate) correlation: HeaderValue,
    pub(crate) method: &'static str,
    /// The ids of its trace and of its span, if they are recorded.
    pub(crate) traced: Option<(u128, u64)>,
}

impl CurrentRequest {
    /// Its correlation id.
    #[must_use]
    pub fn correlation_id(&self) -> &str {
        self.correlation.to_str().unwrap_or_default()
    }

    /// Its method, as a word.
    #[must_use]
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// The id of its trace, if that is recorded.
    #[must_use]
    pub fn trace_id(&self) -> Option<u128> {
        self.traced.map(|(trace, _)| trace)
    }

    /// `answering`, as work on this request.
    pub(crate) fn around<F: Future>(self, answering: F) -> TaskLocalFuture<Self, F> {
        CURRENT.scope(self, answering)
    }

    /// What `answer` makes, as work on this request.
    pub(crate) fn during<R>(self, answer: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(self, answer)
    }
}

/// Tells `with` of the request that the calling task is answering; `None` if it answers none.
pub fn current_request<R>(with: impl FnOnce(&CurrentRequest) -> R) -> Option<R> {
    CURRENT.try_with(with).ok()
}

/// What ties a purchase to the span of the request that the calling task is answering; `None` if
/// that has none.
pub(crate) fn current_traceparent() -> Option<TraceParent> {
    let traced = current_request(|request| request.traced).flatten();
    traced.map(|(trace, span)| TraceParent::new(trace, span, true))
}
