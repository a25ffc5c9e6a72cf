//! The ports as they are watched: what a batch and a commit take, and spans of those that belong
//! to a trace that is recorded.
//!
//! Architecture invariant: what stands around a port watches it, so that neither use cases nor
//! adapters know of it; the one exception is the script's own round trip, deep in the lane.

mod batches;
mod figures;
mod lane;
mod ledger;
mod outbox;
mod spans;

use std::{rc::Rc, sync::Arc};

use opentelemetry::metrics::Meter;
use prometheus::core::Collector;
use stampede_application::ports::{Entry, EntryBody, GateLane, Ledger};
use stampede_domain::{RecordedPurchase, TraceParent};

use self::{batches::Batches, figures::Figures, lane::WatchedLane, ledger::WatchedLedger};

pub(crate) use lane::error_type;
pub use spans::{ERROR_TYPE, Spans};
pub(crate) use spans::{fail, within};

/// What watches the ports of a node; cheap to clone.
#[derive(Clone, Debug)]
pub struct Watch {
    batches: Batches,
    figures: Figures,
    spans: Spans,
}

impl Watch {
    /// Makes the instruments.
    pub(crate) fn new(meter: &Meter) -> Self {
        Self { batches: Batches::new(), figures: Figures::new(meter), spans: Spans::default() }
    }

    /// The same, and makes spans.
    pub(crate) fn with(self, spans: Spans) -> Self {
        Self { spans, ..self }
    }

    /// The lane, watched, for the calling thread.
    #[must_use]
    pub fn lane(&self, lane: Rc<dyn GateLane>) -> Rc<dyn GateLane> {
        Rc::new(WatchedLane::new(lane, self.clone()))
    }

    /// What a registry shows besides what the meter's does.
    #[must_use]
    pub fn collectors(&self) -> Vec<Box<dyn Collector>> {
        self.batches.collectors()
    }

    /// The ledger, its commits watched.
    #[must_use]
    pub fn ledger(&self, ledger: Arc<dyn Ledger>) -> Arc<dyn Ledger> {
        Arc::new(WatchedLedger { ledger, watch: self.clone() })
    }
}

/// The traces of the purchases in `entries`.
fn traces(entries: &[Entry]) -> impl Iterator<Item = &TraceParent> {
    let all = entries.iter().flat_map(|entry| purchases(&entry.body));
    all.filter_map(|recorded| recorded.traceparent.as_ref())
}

/// The purchases of one entry.
fn purchases(body: &EntryBody) -> &[RecordedPurchase] {
    match body {
        EntryBody::Purchases(purchases) => purchases,
        EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. } => &[],
    }
}
