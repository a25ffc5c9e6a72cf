//! Spans of work that is done for many traces at once.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, SystemTime},
};

use opentelemetry::{
    Context, KeyValue,
    global::{BoxedSpan, BoxedTracer},
    trace::{
        FutureExt as _, Link, Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status,
        TraceContextExt as _, TraceFlags, TraceId, TraceState, Tracer as _,
    },
};
use stampede_domain::TraceParent;

/// Traces of one batch that have a span of it, the first left out; the span's links, too.
const FOLLOWERS_MAX: usize = 31;
/// What a span is given when it is begun after a failure, by which samplers know it.
pub const ERROR_TYPE: &str = "error.type";

/// Makes spans; none if traces are not exported.
#[derive(Clone, Debug, Default)]
pub struct Spans(Option<Arc<BoxedTracer>>);

/// The spans of one piece of work, one a trace. The first is the work's own, with links to all;
/// each of the others has a link to that.
pub(crate) struct BatchSpan {
    /// The first span, and what makes spans within it.
    context: Context,
    followers: Vec<BoxedSpan>,
}

impl Spans {
    /// Spans by this tracer.
    #[must_use]
    pub fn by(tracer: Arc<BoxedTracer>) -> Self {
        Self(Some(tracer))
    }

    /// Begins spans of a work for those of its traces that are recorded; `None` if none is.
    pub(crate) fn of_batch<'a>(
        &self,
        name: &'static str,
        kind: &SpanKind,
        all: impl Iterator<Item = &'a TraceParent>,
    ) -> Option<BatchSpan> {
        let tracer = self.0.as_ref()?;
        let mut recorded = all.filter(|trace| trace.is_sampled()).map(span_context);
        let first = recorded.next()?;
        let others: Vec<_> = recorded.take(FOLLOWERS_MAX).collect();
        let begin = |parent: SpanContext, links: Vec<SpanContext>| {
            let links = links.into_iter().map(Link::with_context).collect();
            let builder = SpanBuilder::from_name(name).with_kind(kind.clone()).with_links(links);
            tracer.build_with_context(builder, &Context::new().with_remote_span_context(parent))
        };
        let links = std::iter::once(&first).chain(&others).cloned().collect();
        let leading = begin(first, links);
        let led_by = leading.span_context().clone();
        let followers = others.into_iter().map(|other| begin(other, vec![led_by.clone()]));
        let followers = followers.collect();
        let context = Context::new().with_value(self.clone()).with_span(leading);
        Some(BatchSpan { context, followers })
    }

    /// Records waits that ended then, each within its trace, if that is recorded.
    pub(crate) fn waited<'a>(
        &self,
        name: &'static str,
        ended: SystemTime,
        waits: impl Iterator<Item = (&'a TraceParent, SystemTime)>,
    ) {
        let Some(tracer) = &self.0 else { return };
        let recorded = waits.filter(|(trace, _)| trace.is_sampled());
        for (trace, since) in recorded.take(FOLLOWERS_MAX + 1) {
            let parent = Context::new().with_remote_span_context(span_context(trace));
            // The clocks of two machines may differ by more than the wait.
            let builder = SpanBuilder::from_name(name).with_start_time(since.min(ended));
            tracer.build_with_context(builder, &parent).end_with_timestamp(ended);
        }
    }

    /// Records a failure that no recorded trace belongs to, as a trace of its own.
    pub(crate) fn failed(
        &self,
        name: &'static str,
        kind: SpanKind,
        took: Duration,
        error: &'static str,
        told: impl FnOnce() -> String,
    ) {
        let Some(tracer) = &self.0 else { return };
        let builder = SpanBuilder::from_name(name)
            .with_kind(kind)
            .with_start_time(ago(took))
            .with_attributes([KeyValue::new(ERROR_TYPE, error)]);
        let mut span = tracer.build_with_context(builder, &Context::new());
        if span.is_recording() {
            span.set_status(Status::error(told()));
        }
    }
}

impl BatchSpan {
    /// Does `work` within the first span.
    pub(crate) async fn around<T>(&self, work: impl Future<Output = T>) -> T {
        work.with_context(self.context.clone()).await
    }

    /// Tells all of them.
    pub(crate) fn tell(&mut self, attribute: &KeyValue) {
        self.context.span().set_attribute(attribute.clone());
        for follower in &mut self.followers {
            follower.set_attribute(attribute.clone());
        }
    }

    /// Marks all of them as failed.
    pub(crate) fn fail(&mut self, error: &'static str, told: &str) {
        self.tell(&KeyValue::new(ERROR_TYPE, error));
        let status = Status::error(told.to_owned());
        self.context.span().set_status(status.clone());
        for follower in &mut self.followers {
            follower.set_status(status.clone());
        }
    }
}

/// Begins a span within the one that the calling task works under; `None` if that is none of ours.
pub(crate) fn within(name: &'static str, kind: SpanKind) -> Option<BoxedSpan> {
    Context::map_current(|current| current.get::<Spans>().cloned())?.0.map(|tracer| {
        let builder = SpanBuilder::from_name(name).with_kind(kind);
        tracer.build_with_context(builder, &Context::current())
    })
}

/// Marks a span as failed.
pub(crate) fn fail(span: &mut BoxedSpan, error: &'static str, told: String) {
    span.set_attribute(KeyValue::new(ERROR_TYPE, error));
    span.set_status(Status::error(told));
}

/// The span that a trace's purchase came from, in another process as far as anybody knows.
fn span_context(trace: &TraceParent) -> SpanContext {
    let (trace_id, span_id) = trace.ids();
    let (trace_id, span_id) = (TraceId::from(trace_id), SpanId::from(span_id));
    SpanContext::new(trace_id, span_id, TraceFlags::SAMPLED, true, TraceState::default())
}

/// The instant so long ago.
#[expect(clippy::disallowed_methods, reason = "a span's instants are those of its machine")]
pub(super) fn ago(took: Duration) -> SystemTime {
    let now = SystemTime::now();
    now.checked_sub(took).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};

    use super::*;

    fn exported(work: impl FnOnce(&Spans)) -> Vec<SpanData> {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
        work(&Spans::by(Arc::new(BoxedTracer::new(Box::new(provider.tracer("test"))))));
        exporter.get_finished_spans().unwrap()
    }

    fn begin(spans: &Spans, traces: &[TraceParent]) -> Option<BatchSpan> {
        spans.of_batch("work", &SpanKind::Internal, traces.iter())
    }

    #[test]
    fn a_batch_is_one_work_with_a_link_to_each_trace_in_it_and_each_has_a_link_to_that() {
        let of_trace = |trace| TraceParent::new(trace, 7, true);
        let traces = [of_trace(1), of_trace(2), TraceParent::new(3, 7, false), of_trace(4)];
        let spans = exported(|spans| {
            let mut batch = begin(spans, &traces).unwrap();
            batch.fail("unavailable", "it is away");
        });
        let of = |trace: u128| {
            let trace = TraceId::from(trace);
            spans.iter().find(|span| span.span_context.trace_id() == trace)
        };
        let links = |span: &SpanData| {
            let links = span.links.iter().map(|link| link.span_context.trace_id());
            links.map(|trace| u128::from_be_bytes(trace.to_bytes())).collect::<Vec<_>>()
        };
        assert_eq!(spans.len(), 3);
        assert!(of(3).is_none(), "a trace that nobody records has no span");
        let first = of(1).unwrap();
        assert_eq!(links(first), [1, 2, 4]);
        for other in [2, 4] {
            let other = of(other).unwrap();
            assert_eq!(links(other), [1]);
            assert_eq!(other.links[0].span_context.span_id(), first.span_context.span_id());
        }
        for span in &spans {
            assert_eq!(span.parent_span_id, SpanId::from(7_u64));
            assert_eq!(span.status, Status::error("it is away"));
        }
    }

    #[test]
    fn a_batch_of_many_traces_has_spans_of_some() {
        let traces: Vec<_> = (1..=256).map(|trace| TraceParent::new(trace, 7, true)).collect();
        let spans = exported(|spans| drop(begin(spans, &traces)));
        assert_eq!(spans.len(), 1 + FOLLOWERS_MAX);
    }

    #[tokio::test]
    async fn what_is_done_within_a_batch_has_its_span_within_the_first() {
        let traces = [TraceParent::new(1, 7, true)];
        assert!(within("apart", SpanKind::Client).is_none());
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
        let spans = Spans::by(Arc::new(BoxedTracer::new(Box::new(provider.tracer("test")))));
        let batch = begin(&spans, &traces).unwrap();
        batch.around(async { drop(within("inner", SpanKind::Client)) }).await;
        drop(batch);
        let spans = exporter.get_finished_spans().unwrap();
        let [inner, outer] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!(inner.parent_span_id, outer.span_context.span_id());
    }

    #[test]
    fn nothing_is_made_where_nothing_is_exported_or_recorded() {
        let recorded = [TraceParent::new(1, 7, true)];
        assert!(begin(&Spans::default(), &recorded).is_none());
        assert!(exported(|spans| assert!(begin(spans, &[]).is_none())).is_empty());
    }
}
