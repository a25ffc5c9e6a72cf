//! What the web layer counts, by OpenTelemetry's meter.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use actix_web::http::{Method, StatusCode};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram, Meter, UpDownCounter},
};

use crate::error::Code;

/// Upper bounds of the durations' buckets, in seconds.
const DURATION_BOUNDS_S: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The outcome of an attempt that was accepted, now or before.
pub(crate) const SUCCESS: &str = "SUCCESS";

/// The instruments. Safe to share: each counts on atomics.
#[derive(Debug)]
pub(crate) struct Metrics {
    requests: Counter<u64>,
    errors: Counter<u64>,
    durations: Histogram<f64>,
    outcomes: Counter<u64>,
    streams: UpDownCounter<i64>,
    streams_open: AtomicUsize,
}

impl Metrics {
    /// Makes the instruments; the exporter appends `_total` to counters.
    pub(crate) fn new(meter: &Meter) -> Self {
        let metrics = Self {
            requests: meter
                .u64_counter("http_requests")
                .with_description("Requests answered")
                .build(),
            errors: meter
                .u64_counter("http_errors")
                .with_description("Requests answered with a status of 400 or more")
                .build(),
            durations: meter
                .f64_histogram("http_request_duration_seconds")
                .with_description("Time from a request's head to its answer's head")
                .with_boundaries(DURATION_BOUNDS_S.to_vec())
                .build(),
            outcomes: meter
                .u64_counter("purchase_outcomes")
                .with_description("Decided attempts by outcome")
                .build(),
            streams: meter
                .i64_up_down_counter("sse_connections_active")
                .with_description("Event streams open now")
                .build(),
            streams_open: AtomicUsize::new(0),
        };
        // A dashboard shows zero, not nothing, before the first shopper comes.
        metrics.streams.add(0, &[]);
        metrics
    }

    /// Counts one answered request; `route` is a template, never a raw path.
    pub(crate) fn request(
        &self,
        method: &Method,
        route: &'static str,
        status: StatusCode,
        took: Duration,
    ) {
        let labels = [
            KeyValue::new("method", method_word(method)),
            KeyValue::new("route", route),
            KeyValue::new("status_code", i64::from(status.as_u16())),
        ];
        self.requests.add(1, &labels);
        self.durations.record(took.as_secs_f64(), &labels);
        if status.is_client_error() || status.is_server_error() {
            self.errors.add(1, &labels);
        }
    }

    /// Counts one accepted attempt.
    pub(crate) fn accepted(&self) {
        self.outcomes.add(1, &[KeyValue::new("outcome", SUCCESS)]);
    }

    /// Counts one rejected attempt.
    pub(crate) fn rejected(&self, code: Code) {
        self.outcomes.add(1, &[KeyValue::new("outcome", code.as_str())]);
    }

    /// Counts one more stream, unless `max` are open.
    pub(crate) fn open_stream(&self, max: usize) -> bool {
        let opened = self.streams_open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| {
            (open < max).then_some(open + 1)
        });
        if opened.is_ok() {
            self.streams.add(1, &[]);
        }
        opened.is_ok()
    }

    /// Counts one stream less.
    pub(crate) fn close_stream(&self) {
        self.streams_open.fetch_sub(1, Ordering::Relaxed);
        self.streams.add(-1, &[]);
    }
}

/// The method as a label: a client may send any word, and each would be a new series.
pub(crate) fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "OTHER",
    }
}
