//! A watched lane: what each batch takes.

use std::{cell::Cell, rc::Rc};

use futures::future::LocalBoxFuture;
use opentelemetry::{KeyValue, trace::SpanKind};
use stampede_application::ports::{BatchTook, Causes, GateLane, Judged, PortError};
use stampede_domain::{Attempt, SaleId};

use super::{Watch, spans::BatchSpan};

/// The name of its spans.
const DECIDE: &str = "gate.decide";

/// A lane, and what watches it.
pub(super) struct WatchedLane {
    lane: Rc<dyn GateLane>,
    watch: Watch,
    /// Whether the failure that was answered last is told by a span already.
    is_told: Cell<bool>,
}

impl WatchedLane {
    pub(super) fn new(lane: Rc<dyn GateLane>, watch: Watch) -> Self {
        Self { lane, watch, is_told: Cell::new(false) }
    }

    async fn traced(
        &self,
        mut span: BatchSpan,
        id: &SaleId,
        batch: &[Attempt],
    ) -> Result<Judged, PortError> {
        let judged = span.around(self.lane.decide(id, batch)).await;
        let attempts = i64::try_from(batch.len()).unwrap_or(i64::MAX);
        span.tell(&KeyValue::new("batch.attempts", attempts));
        span.tell(&KeyValue::new("sale.sku", id.sku.as_str().to_owned()));
        if let Err(error) = &judged {
            span.fail(error_type(error), &Causes(error).to_string());
            self.is_told.set(true);
        }
        judged
    }
}

// By hand and not by async_trait: a batch that is not traced gets the lane's own future, and no
// other is allocated around it.
impl GateLane for WatchedLane {
    fn decide<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        id: &'life1 SaleId,
        batch: &'life2 [Attempt],
    ) -> LocalBoxFuture<'async_trait, Result<Judged, PortError>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait,
    {
        let traces = batch.iter().filter_map(|attempt| attempt.traceparent.as_ref());
        match self.watch.spans.of_batch(DECIDE, &SpanKind::Client, traces) {
            None => self.lane.decide(id, batch),
            Some(span) => Box::pin(self.traced(span, id, batch)),
        }
    }

    fn measured(&self, batch: &BatchTook, judged: &Result<Judged, PortError>) {
        self.watch.batches.measured(batch, judged);
        // Whoever asked for the batch comes here at once after its answer.
        if let Err(error) = judged
            && !self.is_told.take()
        {
            let told = || Causes(error).to_string();
            self.watch.spans.failed(DECIDE, SpanKind::Client, batch.took, error_type(error), told);
        }
    }
}

/// A port's failure as a word.
pub(crate) fn error_type(error: &PortError) -> &'static str {
    match error {
        PortError::Unavailable { .. } => "unavailable",
        PortError::Inconsistent { .. } => "inconsistent",
    }
}
