//! A watched ledger: what each commit takes.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use opentelemetry::{
    KeyValue,
    trace::{Span as _, SpanKind},
};
use stampede_application::ports::{
    Causes, CommitError, DeadLetter, Entry, Ledger, OnRecord, PortError, ReconciliationRun, RunId,
    Settled, Voided,
};
use stampede_domain::{Position, PurchaseNo, RecordedPurchase, SaleId};

use super::{Watch, error_type, fail, purchases, traces, within};

/// The name of its spans.
const COMMIT: &str = "ledger.commit";

/// A ledger, and what watches its commits; the rest of it goes through as it is.
pub(super) struct WatchedLedger {
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) watch: Watch,
}

impl WatchedLedger {
    /// Commits within a span: of the work that the commit is a part of, or of its own purchases.
    async fn traced(&self, entries: &[Entry], rows: usize) -> Result<Vec<Settled>, CommitError> {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        let rows = || KeyValue::new("commit.purchases", rows);
        if let Some(mut span) = within(COMMIT, SpanKind::Client) {
            let settled = self.ledger.commit(entries).await;
            span.set_attribute(rows());
            if let Err(error) = &settled {
                fail(&mut span, outcome(&settled), Causes(error).to_string());
            }
            return settled;
        }
        let began = Instant::now();
        let batch = self.watch.spans.of_batch(COMMIT, &SpanKind::Client, traces(entries));
        let Some(mut span) = batch else {
            let settled = self.ledger.commit(entries).await;
            if let Err(error) = &settled {
                let told = || Causes(error).to_string();
                let (took, error) = (began.elapsed(), outcome(&settled));
                self.watch.spans.failed(COMMIT, SpanKind::Client, took, error, told);
            }
            return settled;
        };
        let settled = span.around(self.ledger.commit(entries)).await;
        span.tell(&rows());
        if let Err(error) = &settled {
            span.fail(outcome(&settled), &Causes(error).to_string());
        }
        settled
    }
}

#[async_trait]
impl Ledger for WatchedLedger {
    async fn commit(&self, entries: &[Entry]) -> Result<Vec<Settled>, CommitError> {
        let began = Instant::now();
        let rows = entries.iter().map(|entry| purchases(&entry.body).len()).sum();
        let settled = self.traced(entries, rows).await;
        self.watch.figures.committed(rows, began.elapsed(), outcome(&settled));
        settled
    }

    async fn known(
        &self,
        id: &SaleId,
        numbers: &[PurchaseNo],
    ) -> Result<HashSet<PurchaseNo>, PortError> {
        self.ledger.known(id, numbers).await
    }

    async fn on_record(&self, id: &SaleId, numbers: &[PurchaseNo]) -> Result<OnRecord, PortError> {
        self.ledger.on_record(id, numbers).await
    }

    async fn count_between(
        &self,
        id: &SaleId,
        after: Position,
        to: Position,
    ) -> Result<u64, PortError> {
        self.ledger.count_between(id, after, to).await
    }

    async fn page(
        &self,
        id: &SaleId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<RecordedPurchase>, PortError> {
        self.ledger.page(id, after, limit).await
    }

    async fn void(
        &self,
        letter: &DeadLetter,
        at: stampede_domain::Instant,
    ) -> Result<Voided, PortError> {
        self.ledger.void(letter, at).await
    }

    async fn record_run(&self, run: &ReconciliationRun) -> Result<RunId, PortError> {
        self.ledger.record_run(run).await
    }

    async fn runs(
        &self,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<(RunId, ReconciliationRun)>, PortError> {
        self.ledger.runs(before, limit).await
    }

    async fn take_turn(
        &self,
        node: &str,
        lasts: Duration,
        rest: Duration,
    ) -> Result<bool, PortError> {
        self.ledger.take_turn(node, lasts, rest).await
    }

    async fn end_turn(&self, node: &str, compared_all: bool) -> Result<(), PortError> {
        self.ledger.end_turn(node, compared_all).await
    }
}

/// What came of a commit, as a label.
fn outcome(settled: &Result<Vec<Settled>, CommitError>) -> &'static str {
    match settled {
        Ok(_) => "committed",
        Err(CommitError::Port(error)) => error_type(error),
        Err(CommitError::Busy { .. }) => "busy",
        Err(CommitError::Data(_)) => "data",
        Err(CommitError::Drift { .. }) => "drift",
    }
}
