//! Operations compare gate and ledger, and repair what has drifted apart, without stopping a sale.

mod compare_sale;
mod comparison;
mod complete_gate;
mod complete_ledger;
mod marks;
mod sold_twice;
mod strays;
mod sweep;
mod turn;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use stampede_domain::{Instant, Sku};
use tokio::sync;

use self::{marks::Marks, sweep::Failures, turn::HeldTurn};
use super::RecordPurchases;
use crate::{
    live_sales::LiveSales,
    ports::{
        Catalogue, CatalogueCursor, Causes, Findings, Ledger, Outbox, PortError, ReconciliationRun,
        RunId, SaleGate, Thoroughness, Trigger,
    },
};

/// What reconciliation may cost, and what it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReconcileLimits {
    /// Sales, purchases or entries in memory at a time.
    pub page: usize,
    /// A purchase younger than this is on its way and no drift, in milliseconds.
    pub settled_after_ms: i64,
    /// Entries of one sale, and dead letters of all, that are looked through in the outbox.
    pub waiting_max: usize,
    /// Purchases that a run compares one by one although nothing tells against their sales.
    pub sweep_rows: usize,
    /// An entry of the outbox older than this is looked after, whoever has it in hand, in
    /// milliseconds.
    pub overdue_after_ms: i64,
    /// How long whoever asks for a run waits until another has ended.
    pub turn_wait_max: Duration,
    /// How long a turn is not renewed for.
    pub turn_renew_after: Duration,
    /// How long a run that nobody waits for gives way to buyers, in all.
    pub given_way_max: Duration,
}

impl Default for ReconcileLimits {
    fn default() -> Self {
        Self {
            page: 1_000,
            settled_after_ms: 10_000,
            waiting_max: 10_000,
            sweep_rows: 20_000,
            overdue_after_ms: 30_000,
            turn_wait_max: Duration::from_secs(5),
            turn_renew_after: Duration::from_secs(5),
            given_way_max: Duration::from_mins(2),
        }
    }
}

/// All that can disagree, and what is on sale.
#[derive(Clone)]
pub struct ReconcileStores {
    /// Which sales there are.
    pub catalogue: Arc<dyn Catalogue>,
    /// What is on record, the runs themselves too.
    pub ledger: Arc<dyn Ledger>,
    /// What is sold.
    pub gate: Arc<dyn SaleGate>,
    /// What is on its way between the two.
    pub outbox: Arc<dyn Outbox>,
    /// When runs begin and end, and whether buyers come first.
    pub live: Arc<LiveSales>,
}

/// Hears of every run, on record or not.
pub type RunSeen = Arc<dyn Fn(&ReconciliationRun) + Send + Sync>;

/// Why gate and ledger were not compared.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReconcileError {
    /// There is no such sale.
    #[error("there is no sale of this sku")]
    Unknown,
    /// Another run did not end in time.
    #[error("another run of reconciliation is at work")]
    Busy,
    /// A store was away; what was repaired stays repaired. A sale that alone could not be compared
    /// is told by the run's own error.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Compares gate and ledger.
///
/// One node at a time does, to save the others the work; every repair is conditional, so that two
/// at once repair once. It streams, so a sale of a million buyers takes bounded memory.
pub struct Reconcile {
    stores: ReconcileStores,
    /// What entries are recorded by that nobody reads.
    record: Arc<RecordPurchases>,
    /// The life of this process, by which its turns and its runs are told from those of others.
    node: String,
    limits: ReconcileLimits,
    seen: RunSeen,
    /// One run at a time in this process; a node of its own name would be let in.
    running: sync::Mutex<()>,
    held: Mutex<HeldTurn>,
    marks: Marks,
}

/// What a run is to do.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    sku: Option<&'a Sku>,
    thoroughness: Thoroughness,
    trigger: Trigger,
}

impl Reconcile {
    /// Over all that can disagree, as a node that no other is called.
    #[must_use]
    pub fn new(
        stores: ReconcileStores,
        record: Arc<RecordPurchases>,
        node: String,
        limits: ReconcileLimits,
        seen: RunSeen,
    ) -> Self {
        let (running, held) = (sync::Mutex::default(), Mutex::default());
        Self { stores, record, node, limits, seen, running, held, marks: Marks::default() }
    }

    /// Compares every sale, or the one of `sku`, once no other run is at work, and puts the run on
    /// record.
    ///
    /// # Errors
    ///
    /// [`ReconcileError`].
    pub async fn run(
        &self,
        sku: Option<&Sku>,
        thoroughness: Thoroughness,
        trigger: Trigger,
    ) -> Result<(RunId, ReconciliationRun), ReconcileError> {
        if let Some(sku) = sku
            && self.stores.catalogue.find(sku).await?.is_none()
        {
            return Err(ReconcileError::Unknown);
        }
        let _here = self.wait_for_turn().await?;
        Ok(self.run_in_turn(Wanted { sku, thoroughness, trigger }).await?)
    }

    /// Compares every sale and puts the run on record; `None` if another run is at work, or one of
    /// another node has ended less than `rest` ago.
    ///
    /// # Errors
    ///
    /// As [`ReconcileError::Port`].
    pub async fn run_if_free(
        &self,
        thoroughness: Thoroughness,
        trigger: Trigger,
        rest: Duration,
    ) -> Result<Option<ReconciliationRun>, PortError> {
        let Some(_here) = self.turn_if_free(rest).await? else { return Ok(None) };
        let wanted = Wanted { sku: None, thoroughness, trigger };
        self.run_in_turn(wanted).await.map(|(_, run)| Some(run))
    }

    /// Puts on record what somebody has found who had purchases to record.
    pub async fn drift_met(&self, findings: Findings) {
        if findings == Findings::default() {
            return;
        }
        let (thoroughness, trigger) = (Thoroughness::Counters, Trigger::Worker);
        let wanted = Wanted { sku: None, thoroughness, trigger };
        let now = self.stores.live.now();
        if let Err(error) = self.on_record(now, wanted, 0, findings, None).await {
            tracing::warn!(error = %Causes(&error), "drift that was met is not on record");
        }
    }

    async fn run_in_turn(
        &self,
        wanted: Wanted<'_>,
    ) -> Result<(RunId, ReconciliationRun), PortError> {
        let started_at = self.stores.live.now();
        let (mut findings, mut sales) = (Findings::default(), 0);
        self.begin_parts(wanted.trigger);
        let outcome = self.compare_all(wanted, &mut findings, &mut sales).await;
        let error = outcome.as_ref().map_or_else(Some, Option::as_ref).map(ToString::to_string);
        let run = self.on_record(started_at, wanted, sales, findings, error).await;
        self.end_turn(outcome.is_ok() && wanted.sku.is_none()).await;
        outcome.and(run)
    }

    async fn on_record(
        &self,
        started_at: Instant,
        wanted: Wanted<'_>,
        sales: u32,
        findings: Findings,
        error: Option<String>,
    ) -> Result<(RunId, ReconciliationRun), PortError> {
        let total = findings.total();
        let run = ReconciliationRun {
            started_at,
            finished_at: self.stores.live.now(),
            node: self.node.clone(),
            trigger: wanted.trigger,
            thoroughness: wanted.thoroughness,
            sku: wanted.sku.cloned(),
            sales,
            mismatches: total.found(),
            repaired: total.repaired,
            raised: total.raised,
            findings,
            error,
        };
        (self.seen)(&run);
        if run.mismatches > 0 {
            let (found, repaired, raised) = (run.mismatches, run.repaired, run.raised);
            tracing::error!(found, repaired, raised, drifts = ?run.findings.0,
                "gate and ledger disagreed");
        }
        Ok((self.stores.ledger.record_run(&run).await?, run))
    }

    /// Compares what is wanted; tells the first failure of single sales.
    async fn compare_all(
        &self,
        wanted: Wanted<'_>,
        findings: &mut Findings,
        sales: &mut u32,
    ) -> Result<Option<PortError>, PortError> {
        if let Some(sku) = wanted.sku {
            if let Some(row) = self.stores.catalogue.find(sku).await? {
                *sales += 1;
                self.compare(&row, wanted, findings).await?;
            }
            return Ok(None);
        }
        self.marks.begin_run();
        let mut failures = Failures::default();
        self.settle_strays(&mut failures, findings).await?;
        let mut after = None;
        loop {
            let rows = self.stores.catalogue.page(after.as_ref(), self.limits.page).await?;
            let Some(last) = rows.last() else { break };
            after = Some(CatalogueCursor {
                created_at: last.sale.created_at,
                generation: last.sale.id.generation,
            });
            for row in &rows {
                self.keep_turn().await?;
                *sales += 1;
                failures.note(self.compare(row, wanted, findings).await, Some(&row.sale.id));
                failures.give_up_after_many()?;
            }
        }
        self.marks.forget_unmet();
        self.sweep(&mut failures, findings).await?;
        failures.end()
    }
}
