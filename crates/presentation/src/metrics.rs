//! What the web layer counts: what every request counts by its worker's tally, the rest by
//! OpenTelemetry's meter.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::http::Method;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Meter, UpDownCounter},
};

use stampede_application::Shed;

use crate::{connection::Ended, error::Code, tally::Tallies};

/// The outcome of an attempt that was accepted, now or before.
pub(crate) const SUCCESS: &str = "SUCCESS";

/// The instruments. Safe to share.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// Requests and decided attempts.
    pub(crate) tallies: Tallies,
    connections_ended: Counter<u64>,
    streams: UpDownCounter<i64>,
    streams_refused: Counter<u64>,
    streams_open: AtomicUsize,
}

impl Metrics {
    /// Makes the instruments.
    pub(crate) fn new(meter: &Meter) -> Self {
        let metrics = Self {
            tallies: Tallies::default(),
            connections_ended: meter
                .u64_counter("http_connections_ended")
                .with_description("Connections that the server ended, by reason")
                .build(),
            streams: meter
                .i64_up_down_counter("sse_connections_active")
                .with_description("Event streams open now")
                .build(),
            streams_refused: meter
                .u64_counter("sse_connections_refused")
                .with_description("Event streams refused, as many as may be were open")
                .build(),
            streams_open: AtomicUsize::new(0),
        };
        // A dashboard shows zero, not nothing, before the first shopper comes.
        metrics.streams.add(0, &[]);
        metrics.streams_refused.add(0, &[]);
        for reason in Ended::ALL {
            metrics.connections_ended.add(0, &[KeyValue::new("reason", reason.as_str())]);
        }
        metrics
    }

    /// Counts one connection that the server ended.
    pub(crate) fn connection_ended(&self, why: Ended) {
        self.connections_ended.add(1, &[KeyValue::new("reason", why.as_str())]);
    }

    /// Counts one more stream, unless `max` are open.
    pub(crate) fn open_stream(&self, max: usize) -> bool {
        let opened = self.streams_open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| {
            (open < max).then_some(open + 1)
        });
        if opened.is_ok() {
            self.streams.add(1, &[]);
        } else {
            self.streams_refused.add(1, &[]);
        }
        opened.is_ok()
    }

    /// Counts one stream less.
    pub(crate) fn close_stream(&self) {
        self.streams_open.fetch_sub(1, Ordering::Relaxed);
        self.streams.add(-1, &[]);
    }
}

/// Every outcome of a decided attempt.
pub(crate) const OUTCOME_WORDS: [&str; 4] = [
    SUCCESS,
    Code::SoldOut.as_str(),
    Code::AlreadyPurchased.as_str(),
    Code::SaleNotActive.as_str(),
];

/// Every word that [`shed_word`] has.
pub(crate) const SHED_WORDS: [&str; 4] = [
    shed_word(Shed::Full),
    shed_word(Shed::Late),
    shed_word(Shed::Silent),
    shed_word(Shed::Unconfirmed),
];

/// Why an attempt was shed, as a label.
pub(crate) const fn shed_word(why: Shed) -> &'static str {
    match why {
        Shed::Full => "full",
        Shed::Late => "late",
        Shed::Silent => "silent",
        Shed::Unconfirmed => "unconfirmed",
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
