//! A watched worker: how old what it takes from the outbox is, and what recording it takes.

use std::{
    collections::HashSet,
    future::Future,
    time::{Duration, Instant, SystemTime},
};

use opentelemetry::trace::SpanKind;
use stampede_application::{
    ports::{Causes, Entry, EntryId, PortError},
    use_cases::Recorded,
};
use stampede_domain::RecordedPurchase;

use super::{Watch, error_type, purchases, spans::ago, traces};

/// The name of the spans of what waited in the outbox.
const WAIT: &str = "outbox.wait";
/// The name of the spans of what a worker records.
const RECORD: &str = "outbox.record";

impl Watch {
    /// Does the work of recording what one read of the outbox brought.
    pub(crate) async fn recording(
        &self,
        entries: &[Entry],
        work: impl Future<Output = Result<Recorded, PortError>>,
    ) -> Result<Recorded, PortError> {
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
                let failed = match &recorded {
                    Ok(recorded) => recorded.apart.values().next(),
                    Err(error) => Some(error),
                };
                if let Some(error) = failed {
                    span.fail(error_type(error), &Causes(error).to_string());
                }
                recorded
            }
        };
        if let Ok(recorded) = &recorded {
            self.waited(entries, &recorded.done, taken);
        }
        recorded
    }

    /// Tells how long what was taken then, and is done, had waited. What is not done comes again,
    /// and waits until then.
    fn waited(&self, entries: &[Entry], done: &[EntryId], taken: SystemTime) {
        let done: HashSet<_> = done.iter().collect();
        let is_done = |entry: &&Entry| entry.id.as_ref().is_some_and(|id| done.contains(id));
        let all = entries.iter().filter(is_done).flat_map(|entry| purchases(&entry.body));
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use opentelemetry::{global::BoxedTracer, trace::TracerProvider as _};
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
    use stampede_application::ports::{EntryBody, EntryId};
    use stampede_domain::Epoch;
    use stampede_testkit::builders::{a_purchase, a_sale};

    use super::*;
    use crate::watched::Spans;

    /// As where somebody holds the row of one of the sales.
    #[tokio::test]
    async fn what_is_not_recorded_goes_on_waiting() {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
        let tracer = Arc::new(BoxedTracer::new(Box::new(provider.tracer("test"))));
        let meter = opentelemetry::global::meter("test");
        let watch = Watch::new(&meter).with(Spans::by(tracer));
        let (done, kept) = (a_sale().sku("DONE").build(), a_sale().sku("KEPT").build());
        let entries = [(&done, 1), (&kept, 2)].map(|(sale, trace): (_, u8)| {
            let trace = format!("00-{trace:032x}-000000000000dead-01");
            let bought = a_purchase(sale, Epoch { number: 1, nonce: 7 }).traced(&trace).build();
            let id = Some(EntryId(sale.id.sku.to_string()));
            Entry { id, body: EntryBody::Purchases(vec![bought]) }
        });
        let held = PortError::inconsistent("ledger", "somebody holds the row");
        let mut recorded = Recorded::default();
        recorded.done.push(EntryId("DONE".into()));
        recorded.apart.insert(kept.id.clone(), held);
        watch.recording(&entries, async { Ok(recorded) }).await.unwrap();
        let spans = exporter.get_finished_spans().unwrap();
        let named = |name| spans.iter().filter(move |span| span.name == name);
        let waited: Vec<_> = named(WAIT).map(|span| span.span_context.trace_id()).collect();
        assert_eq!(waited, [1_u128.into()]);
        assert_eq!(named(RECORD).count(), 2);
        for record in named(RECORD) {
            assert!(matches!(record.status, opentelemetry::trace::Status::Error { .. }));
        }
    }
}
