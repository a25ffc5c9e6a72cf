//! The correlation id of a request, on all spans that this process makes of it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use opentelemetry::{
    Context, KeyValue, Value,
    trace::{Span as _, SpanId, TraceContextExt as _},
};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};
use stampede_presentation::CORRELATION_ID;

/// Spans that are remembered, of ended ones too: what is recorded of a purchase may come ten seconds
/// after its answer.
const SPANS_MAX: usize = 16_384;

/// Gives each span the correlation id of the span that it is within, if that was made here and it
/// has none: a client that goes on from our `traceresponse` makes a request of its own.
#[derive(Debug, Default)]
pub(super) struct CorrelationIds(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    of_spans: HashMap<SpanId, Value>,
    /// Oldest first.
    spans: VecDeque<SpanId>,
}

impl Known {
    fn remember(&mut self, span: SpanId, id: Value) {
        if self.spans.len() == SPANS_MAX
            && let Some(oldest) = self.spans.pop_front()
        {
            self.of_spans.remove(&oldest);
        }
        self.spans.push_back(span);
        self.of_spans.insert(span, id);
    }
}

impl SpanProcessor for CorrelationIds {
    fn on_start(&self, span: &mut Span, within: &Context) {
        let outer = within.span().span_context().span_id();
        let said = said_of(span);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let inherited = known.of_spans.get(&outer).filter(|_| said.is_none()).cloned();
        if let Some(id) = &inherited {
            span.set_attribute(KeyValue::new(CORRELATION_ID, id.clone()));
        }
        if let Some(id) = said.or(inherited) {
            known.remember(span.span_context().span_id(), id);
        }
    }

    fn on_end(&self, _span: SpanData) {}

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// The correlation id that a span was begun with.
fn said_of(span: &Span) -> Option<Value> {
    let said = span.exported_data()?.attributes;
    said.into_iter().find(|one| one.key.as_str() == CORRELATION_ID).map(|one| one.value)
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{Tracer as _, TracerProvider as _};
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};

    use super::*;

    #[test]
    fn what_is_within_a_request_has_its_correlation_id_however_deep_and_late() {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(CorrelationIds::default())
            .with_simple_exporter(exporter.clone())
            .build();
        let tracer = provider.tracer("test");
        let within = |outer: &Context| {
            Context::new().with_remote_span_context(outer.span().span_context().clone())
        };
        let begin = |name: &'static str, outer: &Context| {
            Context::new().with_span(tracer.start_with_context(name, outer))
        };
        let begin_request = |name: &'static str, id: &'static str, outer: &Context| {
            let builder = tracer.span_builder(name);
            let builder = builder.with_attributes([KeyValue::new(CORRELATION_ID, id)]);
            Context::new().with_span(tracer.build_with_context(builder, outer))
        };
        let request = begin_request("request", "of-ada", &Context::new());
        let batch = begin("batch", &within(&request));
        drop(begin("script", &batch));
        request.span().end();
        let late = within(&request);
        drop((request, batch));
        drop(begin("recorded", &late));
        let next = begin_request("next request", "of-ben", &late);
        drop(begin("next batch", &within(&next)));
        drop(next);
        drop(begin("another", &Context::new()));
        let told: HashMap<_, _> = exporter
            .get_finished_spans()
            .unwrap()
            .into_iter()
            .map(|span| (span.name.to_string(), span.attributes))
            .collect();
        for name in ["request", "batch", "script", "recorded"] {
            assert_eq!(told[name], [KeyValue::new(CORRELATION_ID, "of-ada")], "{name}");
        }
        for name in ["next request", "next batch"] {
            assert_eq!(told[name], [KeyValue::new(CORRELATION_ID, "of-ben")], "{name}");
        }
        assert_eq!(told["another"], []);
    }

    #[test]
    fn the_oldest_spans_are_forgotten_first() {
        let mut known = Known::default();
        let span = |number: usize| SpanId::from(number as u64);
        for number in 1..=SPANS_MAX + 1 {
            known.remember(span(number), Value::from("x"));
        }
        assert_eq!((known.spans.len(), known.of_spans.len()), (SPANS_MAX, SPANS_MAX));
        assert!(!known.of_spans.contains_key(&span(1)));
        assert!(known.of_spans.contains_key(&span(SPANS_MAX + 1)));
    }
}
