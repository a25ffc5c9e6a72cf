//! A watched worker: how old what it takes from the outbox is, and what recording it takes.

use std::{
    future::Future,
    time::{Duration, Instant, SystemTime},
};

use opentelemetry::trace::SpanKind;
use stampede_application::ports::{Causes, Entry, PortError};
use stampede_domain::RecordedPurchase;

use super::{Watch, lane::error_type, purchases, spans::ago, traces};

/// The name of the spans of what waited in the outbox.
const WAIT: &str = "outbox.wait";
/// The name of the spans of what a worker records.
const RECORD: &str = "outbox.record";

impl Watch {
    /// Does the work of recording what one read of the outbox brought.
    pub(crate) async fn recording<T>(
        &self,
        entries: &[Entry],
        work: impl Future<Output = Result<T, PortError>>,
    ) -> Result<T, PortError> {
        let (began, taken) = (Instant::now(), ago(Duration::ZERO));
        let batch = self.spans.of_batch(RECORD, &SpanKind::Consumer, traces(entries));
        let recorded = match batch {
            None => {
                let recorded = work.await;
                if let Err(error) = &recorded {
                    let told = || Causes(error).to_string();
                    let (took, error) = (began.elapsed(), error_type(error));
                    self.spans.failed(RECORD, SpanKind::Consumer, took, error, told);
                }
                recorded
            }
            Some(mut span) => {
                let recorded = span.around(work).await;
                if let Err(error) = &recorded {
                    span.fail(error_type(error), &Causes(error).to_string());
                }
                recorded
            }
        };
        // What is not recorded comes again, and has waited until then.
        if recorded.is_ok() {
            self.waited(entries, taken);
        }
        recorded
    }

    /// Tells how long what was taken then had waited.
    fn waited(&self, entries: &[Entry], taken: SystemTime) {
        let all = entries.iter().flat_map(|entry| purchases(&entry.body));
        if let Some(oldest) = all.clone().map(accepted).min() {
            self.figures.taken(taken.duration_since(oldest).unwrap_or_default());
        }
        let waits = all.filter_map(|one| Some((one.traceparent.as_ref()?, accepted(one))));
        self.spans.waited(WAIT, taken, waits);
    }
}

/// When the gate accepted it, by the clock of its store.
fn accepted(recorded: &RecordedPurchase) -> SystemTime {
    let millis = u64::try_from(recorded.purchase.at.millis()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}
