//! A watched lane: what each batch takes.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use opentelemetry::{KeyValue, trace::SpanKind};
use stampede_application::ports::{Causes, GateLane, Judged, PortError};
use stampede_domain::{Attempt, SaleId};

use super::Watch;

/// The name of its spans.
const DECIDE: &str = "gate.decide";

/// A lane, and what watches it.
pub(super) struct WatchedLane {
    pub(super) lane: Rc<dyn GateLane>,
    pub(super) watch: Watch,
}

#[async_trait(?Send)]
impl GateLane for WatchedLane {
    fn leaves(&self, waited: Duration, waiting: usize) {
        self.watch.figures.left(waited, waiting);
    }

    async fn decide(&self, id: &SaleId, batch: &[Attempt]) -> Result<Judged, PortError> {
        let began = Instant::now();
        let traces = batch.iter().filter_map(|attempt| attempt.traceparent.as_ref());
        let judged = match self.watch.spans.of_batch(DECIDE, &SpanKind::Client, traces) {
            None => {
                let judged = self.lane.decide(id, batch).await;
                if let Err(error) = &judged {
                    let told = || Causes(error).to_string();
                    let (took, error) = (began.elapsed(), error_type(error));
                    self.watch.spans.failed(DECIDE, SpanKind::Client, took, error, told);
                }
                judged
            }
            Some(mut span) => {
                let judged = span.around(self.lane.decide(id, batch)).await;
                let attempts = i64::try_from(batch.len()).unwrap_or(i64::MAX);
                span.tell(&KeyValue::new("batch.attempts", attempts));
                span.tell(&KeyValue::new("sale.sku", id.sku.as_str().to_owned()));
                if let Err(error) = &judged {
                    span.fail(error_type(error), &Causes(error).to_string());
                }
                judged
            }
        };
        self.watch.figures.decided(batch.len(), began.elapsed(), outcome(&judged));
        judged
    }
}

/// What came of a batch, as a label.
fn outcome(judged: &Result<Judged, PortError>) -> &'static str {
    match judged {
        Ok(Judged::Decided { .. }) => "decided",
        Ok(Judged::UnknownSale) => "unknown_sale",
        Err(error) => error_type(error),
    }
}

/// A port's failure as a word.
pub(super) fn error_type(error: &PortError) -> &'static str {
    match error {
        PortError::Unavailable { .. } => "unavailable",
        PortError::Inconsistent { .. } => "inconsistent",
    }
}
