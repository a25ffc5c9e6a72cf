//! Operations compare gate and ledger, and mend what has drifted apart, without stopping a sale.

mod compare_sale;
mod complete_gate;
mod complete_ledger;
mod sold_twice;
mod turn;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use stampede_domain::{SaleId, Sku};
use tokio::sync;

use crate::ports::{
    Catalogue, CatalogueCursor, Causes, Clock, Findings, Ledger, Outbox, PortError,
    ReconciliationRun, RunId, SaleGate, Thoroughness, Trigger,
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
    /// How long whoever asks for a run waits until another has ended.
    pub turn_wait_max: Duration,
}

impl Default for ReconcileLimits {
    fn default() -> Self {
        let turn_wait_max = Duration::from_secs(5);
        Self { page: 1_000, settled_after_ms: 10_000, waiting_max: 10_000, turn_wait_max }
    }
}

/// Sales one after the other that cannot be compared before a run is given up: one that stays
/// closed keeps no other from being mended, but a store that is away is not asked for each.
const FAILURES_IN_A_ROW_MAX: u32 = 3;

/// All that can disagree, and the time.
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
    /// When runs begin and end.
    pub clock: Arc<dyn Clock>,
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
    /// A store was away or a sale could not be compared, which the others were nevertheless; what
    /// was mended stays mended.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Compares gate and ledger.
///
/// One node at a time does, to save the others the work; every repair is conditional, so that two
/// at once mend once. It streams, so a sale of a million buyers takes bounded memory.
pub struct Reconcile {
    stores: ReconcileStores,
    /// The life of this process, by which its turns and its runs are told from those of others.
    node: String,
    limits: ReconcileLimits,
    seen: RunSeen,
    /// One run at a time in this process; a node of its own name would be let in.
    running: sync::Mutex<()>,
    /// Ended sales that were compared whole and agreed; they cannot drift by themselves.
    final_runs: Mutex<HashSet<SaleId>>,
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
        node: String,
        limits: ReconcileLimits,
        seen: RunSeen,
    ) -> Self {
        let (running, final_runs) = (sync::Mutex::default(), Mutex::default());
        Self { stores, node, limits, seen, running, final_runs }
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

    async fn run_in_turn(
        &self,
        wanted: Wanted<'_>,
    ) -> Result<(RunId, ReconciliationRun), PortError> {
        let started_at = self.stores.clock.now();
        let (mut findings, mut sales) = (Findings::default(), 0);
        let outcome = self.compare_all(wanted, &mut findings, &mut sales).await;
        let error = outcome.as_ref().err().map(ToString::to_string);
        let run = self.on_record(started_at, wanted, sales, findings, error).await;
        self.end_turn(outcome.is_ok() && wanted.sku.is_none()).await;
        outcome.and(run)
    }

    async fn on_record(
        &self,
        started_at: stampede_domain::Instant,
        wanted: Wanted<'_>,
        sales: u32,
        findings: Findings,
        error: Option<String>,
    ) -> Result<(RunId, ReconciliationRun), PortError> {
        let total = findings.total();
        let run = ReconciliationRun {
            started_at,
            finished_at: self.stores.clock.now(),
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

    async fn compare_all(
        &self,
        wanted: Wanted<'_>,
        findings: &mut Findings,
        sales: &mut u32,
    ) -> Result<(), PortError> {
        if let Some(sku) = wanted.sku {
            if let Some(row) = self.stores.catalogue.find(sku).await? {
                *sales += 1;
                self.compare(&row, wanted.thoroughness, findings).await?;
            }
            return Ok(());
        }
        let (mut after, mut first, mut in_a_row) = (None, None, 0);
        loop {
            let rows = self.stores.catalogue.page(after.as_ref(), self.limits.page).await?;
            let Some(last) = rows.last() else { return first.map_or(Ok(()), Err) };
            after = Some(CatalogueCursor {
                created_at: last.sale.created_at,
                generation: last.sale.id.generation,
            });
            for row in &rows {
                self.keep_turn().await?;
                *sales += 1;
                match self.compare(row, wanted.thoroughness, findings).await {
                    Ok(()) => in_a_row = 0,
                    Err(error) => {
                        tracing::warn!(sale = %row.sale.id,
                            error = %Causes(&error), "a sale is not compared");
                        in_a_row += 1;
                        first.get_or_insert(error);
                    }
                }
                if in_a_row == FAILURES_IN_A_ROW_MAX {
                    return first.map_or(Ok(()), Err);
                }
            }
        }
    }

    fn final_runs(&self) -> std::sync::MutexGuard<'_, HashSet<SaleId>> {
        self.final_runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
