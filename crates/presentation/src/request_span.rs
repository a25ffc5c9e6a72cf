//! Spans of requests. Which are traced is decided once, by the head of a request; it costs those
//! that are not a look at one header and a branch, and nothing at all where nothing is exported.

use std::{
    cell::Cell,
    fmt,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use actix_web::{
    dev::ServiceResponse,
    http::{
        StatusCode,
        header::{HeaderMap, HeaderName, HeaderValue},
    },
};
use opentelemetry::{
    Context, KeyValue,
    global::{BoxedSpan, BoxedTracer},
    trace::{
        Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _,
        TraceFlags, TraceId, TraceState, Tracer as _,
    },
};
use stampede_application::ports::Randomness;
use stampede_domain::TraceParent;

use crate::{current_request::current_traceparent, error::ApiError};

/// The trace that the request belongs to, as W3C has it.
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The span that answered, for whoever asks what became of a request.
static TRACERESPONSE: HeaderName = HeaderName::from_static("traceresponse");
/// What a span is given when it is begun after a failure, by which samplers know it.
pub const ERROR_TYPE: &str = "error.type";
/// What a request's span is given when it is begun, for all spans of the request.
pub const CORRELATION_ID: &str = "correlation_id";

/// How requests are traced.
#[derive(Clone)]
pub struct Tracing {
    /// Makes the spans. It may refuse to record one, as where there are too many.
    pub tracer: Arc<BoxedTracer>,
    /// Of the requests that nobody has decided about, the part that is traced, from 0 to 1.
    pub ratio: f64,
    /// Whether what the caller has decided holds.
    pub heeds_caller: bool,
    /// Of failures that were not traced, so many in a second get a span at their end, of each
    /// worker thread: where all of a crowd is refused, the others pay nothing for it.
    pub failures_per_s_max: u32,
}

impl fmt::Debug for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracing").field("ratio", &self.ratio).finish_non_exhaustive()
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// What one worker thread traces.
pub(crate) struct RequestSpans {
    tracing: Tracing,
    /// A throw up to this is traced.
    up_to: u64,
    /// The last throw; no secret, and never 0.
    dice: Cell<u64>,
    /// The failures that got a span at their end: since when they are counted, for a second, and
    /// how many they are.
    failed: Cell<(Instant, u32)>,
}

/// The span of a request that is traced.
pub(crate) struct RequestSpan(BoxedSpan);

/// What is said of a request at its end.
pub(crate) struct Ending<'a> {
    pub(crate) method: &'static str,
    pub(crate) route: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) correlation: &'a HeaderValue,
    pub(crate) arrived: Instant,
    pub(crate) took: Duration,
    /// The word for what went wrong.
    pub(crate) error: Option<&'static str>,
}

impl RequestSpans {
    /// As the node was told.
    pub(crate) fn new(tracing: Tracing, randomness: &dyn Randomness) -> Self {
        let mut seed = [0; 8];
        randomness.fill(&mut seed);
        Self::seeded(tracing, u64::from_ne_bytes(seed) | 1)
    }

    fn seeded(tracing: Tracing, seed: u64) -> Self {
        let up_to = part_of_all(tracing.ratio);
        Self { tracing, up_to, dice: Cell::new(seed), failed: Cell::new((Instant::now(), 0)) }
    }

    /// Begins the span of a request that is traced; `None` for all others.
    pub(crate) fn begin(
        &self,
        headers: &HeaderMap,
        method: &'static str,
        correlation: &HeaderValue,
    ) -> Option<RequestSpan> {
        let decided = headers.get(&TRACEPARENT).filter(|_| self.tracing.heeds_caller);
        let decided = decided.and_then(|header| TraceParent::says_sampled(header.as_bytes()));
        if !decided.unwrap_or_else(|| self.throw()) {
            return None;
        }
        let builder = SpanBuilder::from_name(method)
            .with_kind(SpanKind::Server)
            .with_attributes([correlation_id(correlation)]);
        let span = self.tracing.tracer.build_with_context(builder, &caller(headers));
        span.span_context().is_sampled().then_some(RequestSpan(span))
    }

    /// Ends the span. A failure of ours that has none gets one, which begins when the request did,
    /// while there are not too many.
    pub(crate) fn end(&self, span: Option<RequestSpan>, headers: &HeaderMap, ending: &Ending<'_>) {
        let mut span = match span {
            Some(RequestSpan(span)) => span,
            None if ending.status.is_server_error() && self.may_tell(ending) => {
                let builder = SpanBuilder::from_name(ending.method)
                    .with_kind(SpanKind::Server)
                    .with_start_time(ago(ending.took))
                    .with_attributes([
                        KeyValue::new(ERROR_TYPE, ending.word()),
                        correlation_id(ending.correlation),
                    ]);
                self.tracing.tracer.build_with_context(builder, &caller(headers))
            }
            None => return,
        };
        if !span.is_recording() {
            return;
        }
        span.update_name(format!("{} {}", ending.method, ending.route));
        span.set_attributes([
            KeyValue::new("http.request.method", ending.method),
            KeyValue::new("http.route", ending.route),
            KeyValue::new("http.response.status_code", i64::from(ending.status.as_u16())),
        ]);
        if ending.status.is_client_error() || ending.status.is_server_error() {
            span.set_attribute(KeyValue::new(ERROR_TYPE, ending.word()));
        }
        if ending.status.is_server_error() {
            span.set_status(Status::error(ending.word()));
        }
    }

    /// Whether a failure gets a span at its end.
    fn may_tell(&self, ending: &Ending<'_>) -> bool {
        let now = ending.arrived + ending.took;
        let (mut since, mut told) = self.failed.get();
        if now.saturating_duration_since(since) >= SECOND {
            (since, told) = (now, 0);
        }
        let may = told < self.tracing.failures_per_s_max;
        self.failed.set((since, told + u32::from(may)));
        may
    }

    /// Whether a request is traced that nobody has decided about.
    fn throw(&self) -> bool {
        // Marsaglia's xorshift: every number but 0 once, before any comes again.
        let mut thrown = self.dice.get();
        thrown ^= thrown << 13;
        thrown ^= thrown >> 7;
        thrown ^= thrown << 17;
        self.dice.set(thrown);
        thrown <= self.up_to
    }
}

impl RequestSpan {
    /// The ids of its trace and of itself.
    pub(crate) fn ids(&self) -> (u128, u64) {
        let context = self.0.span_context();
        let (trace, span) = (context.trace_id().to_bytes(), context.span_id().to_bytes());
        (u128::from_be_bytes(trace), u64::from_be_bytes(span))
    }

    /// Tells the caller which span answered.
    pub(crate) fn name_in(&self, headers: &mut HeaderMap) {
        let (trace, span) = self.ids();
        let named = TraceParent::new(trace, span, true);
        if let Ok(value) = HeaderValue::from_str(named.as_str()) {
            headers.insert(TRACERESPONSE.clone(), value);
        }
    }
}

impl Ending<'_> {
    /// The word for what went wrong, or the status where nobody has one.
    fn word(&self) -> &'static str {
        self.error.unwrap_or(if self.status.is_server_error() { "5xx" } else { "4xx" })
    }
}

fn correlation_id(correlation: &HeaderValue) -> KeyValue {
    KeyValue::new(CORRELATION_ID, correlation.to_str().unwrap_or_default().to_owned())
}

/// The word of the failure that an answer tells, if it is one of ours.
pub(crate) fn error_word<B>(response: &ServiceResponse<B>) -> Option<&'static str> {
    let error = response.response().error()?.as_error::<ApiError>()?;
    Some(error.code().as_str())
}

/// What a purchase's later life is tied to: the span of its request, or where there is none what
/// the caller has said. Where requests are traced, those that are not are so to the end.
pub(crate) fn traceparent(headers: &HeaderMap, traces: bool) -> Option<TraceParent> {
    if traces && let Some(own) = current_traceparent() {
        return Some(own);
    }
    let callers = given(headers);
    if traces { callers.map(TraceParent::unsampled) } else { callers }
}

fn given(headers: &HeaderMap) -> Option<TraceParent> {
    headers.get(&TRACEPARENT)?.to_str().ok().and_then(TraceParent::parse)
}

/// What a request's span belongs to: the caller's, if it has named one.
fn caller(headers: &HeaderMap) -> Context {
    let Some(given) = given(headers) else { return Context::new() };
    let (trace, span) = given.ids();
    let flags = if given.is_sampled() { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let (trace, span) = (TraceId::from(trace), SpanId::from(span));
    let context = SpanContext::new(trace, span, flags, true, TraceState::default());
    Context::new().with_remote_span_context(context)
}

/// That part of all numbers of 64 bits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the cast ends at the bounds, and a ratio is no more exact than this"
)]
fn part_of_all(ratio: f64) -> u64 {
    (ratio * u64::MAX as f64) as u64
}

/// The instant so long ago.
#[expect(clippy::disallowed_methods, reason = "a span's instants are those of its machine")]
fn ago(took: Duration) -> SystemTime {
    let now = SystemTime::now();
    now.checked_sub(took).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::noop::NoopTracer;

    use super::*;

    fn spans(ratio: f64) -> RequestSpans {
        let tracer = Arc::new(BoxedTracer::new(Box::new(NoopTracer::new())));
        RequestSpans::seeded(
            Tracing { tracer, ratio, heeds_caller: true, failures_per_s_max: 2 },
            7,
        )
    }

    #[test]
    fn of_failures_at_once_so_many_get_a_span_and_a_second_later_again() {
        let spans = spans(0.0);
        let (arrived, correlation) = (Instant::now(), HeaderValue::from_static("x"));
        spans.failed.set((arrived, 0));
        let told = [0, 0, 0, 999, 1_000, 1_000, 1_000, 2_500].map(|millis| {
            spans.may_tell(&Ending {
                method: "POST",
                route: "/",
                status: StatusCode::SERVICE_UNAVAILABLE,
                correlation: &correlation,
                arrived,
                took: Duration::from_millis(millis),
                error: None,
            })
        });
        assert_eq!(told, [true, true, false, false, true, true, false, true]);
    }

    #[test]
    fn a_ratio_of_the_requests_is_traced_that_nobody_has_decided_about() {
        let traced = |ratio| {
            let spans = spans(ratio);
            (0..10_000).filter(|_| spans.throw()).count()
        };
        assert_eq!((traced(0.0), traced(1.0)), (0, 10_000));
        assert!((2_400..2_600).contains(&traced(0.25)), "{}", traced(0.25));
    }
}
