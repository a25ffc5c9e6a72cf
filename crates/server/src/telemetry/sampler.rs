//! How many traces are begun.

use std::sync::Arc;

use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanKind, TraceContextExt as _, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

use super::allowance::Allowance;

/// What a span is given when it is begun after a failure, at the edge and at the ports.
const OF_FAILURES: [&str; 2] =
    [stampede_presentation::ERROR_TYPE, stampede_infrastructure::ERROR_TYPE];

/// Records every span that it is asked about, as only those are made that are to be recorded; but
/// no more traces in a second than are allowed, whatever callers ask for, and apart from those no
/// more failures.
#[derive(Clone, Debug)]
pub(super) struct Bounded {
    begun: Arc<Allowance>,
    failed: Arc<Allowance>,
}

impl Bounded {
    pub(super) fn new(traces_per_s_max: u32) -> Self {
        let allowance = || Arc::new(Allowance::new(traces_per_s_max));
        Self { begun: allowance(), failed: allowance() }
    }
}

impl ShouldSample for Bounded {
    fn should_sample(
        &self,
        parent_context: Option<&Context>,
        _trace_id: TraceId,
        _name: &str,
        span_kind: &SpanKind,
        attributes: &[KeyValue],
        _links: &[Link],
    ) -> SamplingResult {
        let is_failure = attributes.iter().any(|one| OF_FAILURES.contains(&one.key.as_str()));
        let is_recorded = match span_kind {
            _ if is_failure => self.failed.take(),
            SpanKind::Server => self.begun.take(),
            // The rest of a trace that was begun.
            SpanKind::Client | SpanKind::Producer | SpanKind::Consumer | SpanKind::Internal => true,
        };
        let decision =
            if is_recorded { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop };
        let trace_state = parent_context.map_or_else(TraceState::default, |parent| {
            parent.span().span_context().trace_state().clone()
        });
        SamplingResult { decision, attributes: Vec::new(), trace_state }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_is_bounded_and_what_was_begun_goes_on() {
        let recorded = |per_s_max, kind, attributes: &[KeyValue]| {
            let sampler = Bounded::new(per_s_max);
            let trace = TraceId::from(1_u128);
            let result = sampler.should_sample(None, trace, "", &kind, attributes, &[]);
            result.decision == SamplingDecision::RecordAndSample
        };
        let [at_the_edge, at_a_port] = OF_FAILURES.map(|name| [KeyValue::new(name, "unavailable")]);
        for (kind, attributes, is_bounded) in [
            (SpanKind::Server, &[][..], true),
            (SpanKind::Server, &at_the_edge[..], true),
            (SpanKind::Client, &at_a_port[..], true),
            (SpanKind::Client, &[][..], false),
            (SpanKind::Consumer, &[][..], false),
        ] {
            assert!(recorded(1, kind.clone(), attributes), "{kind:?}");
            assert_eq!(!recorded(0, kind.clone(), attributes), is_bounded, "{kind:?}");
        }
    }
}
