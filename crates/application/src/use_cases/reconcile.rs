//! Operations compare gate and ledger, and mend what has drifted apart, without stopping a sale.

mod complete_ledger;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use stampede_domain::{Position, SaleId, Sku, State};

use super::{Drift, Findings};
use crate::ports::{
    Aligned, Audit, Catalogue, CatalogueCursor, CatalogueRow, Causes, Clock, CommitError, Entry,
    EntryBody, Ledger, Outbox, PortError, ReconciliationRun, RecordedChange, Repaired, SaleGate,
    Settled,
};

/// How much of a sale is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoroughness {
    /// Counters first; purchase by purchase only where those disagree, or a sale has just ended.
    Counters,
    /// Purchase by purchase.
    Whole,
}

/// What reconciliation may cost, and what it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReconcileLimits {
    /// Sales, purchases or entries in memory at a time.
    pub page: usize,
    /// A purchase younger than this is on its way and no drift, in milliseconds.
    pub settled_after_ms: i64,
    /// Entries of one sale, and dead letters of all, that are looked through in the outbox.
    pub waiting_max: usize,
}

impl Default for ReconcileLimits {
    fn default() -> Self {
        Self { page: 1_000, settled_after_ms: 10_000, waiting_max: 10_000 }
    }
}

/// Sales one after the other that cannot be compared before a run is given up: one that stays
/// closed keeps no other from being mended, but a store that is away is not asked for each.
const FAILURES_IN_A_ROW_MAX: u32 = 3;

/// What became of something that the ledger lacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// The ledger has it.
    Recorded,
    /// Its epoch or its sale has ended meanwhile: the next run looks again.
    Late,
    /// The ledger refuses it for its data.
    Refused,
}

/// Compares gate and ledger.
///
/// Any number of nodes may run it at the same time: every repair is conditional, so running it
/// twice mends once. It streams, so a sale of a million buyers takes bounded memory.
pub struct Reconcile {
    catalogue: Arc<dyn Catalogue>,
    ledger: Arc<dyn Ledger>,
    gate: Arc<dyn SaleGate>,
    outbox: Arc<dyn Outbox>,
    clock: Arc<dyn Clock>,
    limits: ReconcileLimits,
    /// Ended sales that were compared whole and agreed; they cannot drift by themselves.
    final_runs: Mutex<HashSet<SaleId>>,
}

impl Reconcile {
    /// Over all that can disagree.
    #[must_use]
    pub fn new(
        catalogue: Arc<dyn Catalogue>,
        ledger: Arc<dyn Ledger>,
        gate: Arc<dyn SaleGate>,
        outbox: Arc<dyn Outbox>,
        clock: Arc<dyn Clock>,
        limits: ReconcileLimits,
    ) -> Self {
        Self { catalogue, ledger, gate, outbox, clock, limits, final_runs: Mutex::default() }
    }

    /// Compares every sale, or the one of `sku`, and puts the run on record.
    ///
    /// # Errors
    ///
    /// [`PortError`] if a store was away or a sale could not be compared, which the others were
    /// nevertheless; what was mended stays mended.
    pub async fn run(
        &self,
        sku: Option<&Sku>,
        thoroughness: Thoroughness,
    ) -> Result<(ReconciliationRun, Findings), PortError> {
        let started_at = self.clock.now();
        let mut findings = Findings::default();
        let mut sales = 0;
        let outcome = self.compare_all(sku, thoroughness, &mut findings, &mut sales).await;
        let run = ReconciliationRun {
            started_at,
            finished_at: self.clock.now(),
            sales,
            mismatches: findings.total(),
            repaired: findings.repaired,
            error: outcome.as_ref().err().map(ToString::to_string),
        };
        self.ledger.record_run(&run).await?;
        outcome.map(|()| (run, findings))
    }

    async fn compare_all(
        &self,
        sku: Option<&Sku>,
        thoroughness: Thoroughness,
        findings: &mut Findings,
        sales: &mut u32,
    ) -> Result<(), PortError> {
        if let Some(sku) = sku {
            if let Some(row) = self.catalogue.find(sku).await? {
                *sales += 1;
                self.compare(&row, thoroughness, findings).await?;
            }
            return Ok(());
        }
        let (mut after, mut first, mut in_a_row) = (None, None, 0);
        loop {
            let rows = self.catalogue.page(after.as_ref(), self.limits.page).await?;
            let Some(last) = rows.last() else { return first.map_or(Ok(()), Err) };
            after = Some(CatalogueCursor {
                created_at: last.sale.created_at,
                generation: last.sale.id.generation,
            });
            for row in &rows {
                *sales += 1;
                match self.compare(row, thoroughness, findings).await {
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

    async fn compare(
        &self,
        row: &CatalogueRow,
        thoroughness: Thoroughness,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let id = &row.sale.id;
        let Some(audit) = self.gate.audit(id).await? else { return Ok(()) };
        // Nothing that such a gate says can be recorded; made anew, both say the same.
        if self.is_in_another_life(row, &audit).await? {
            return Ok(());
        }
        if !audit.consistent {
            self.gate.rebuild(id).await?;
            findings.add(Drift::CountersDisagree, 1, 1);
            return Ok(());
        }
        self.compare_definition(row, &audit, findings).await?;
        let snapshot = &audit.snapshot;
        let ended = snapshot.sale.phase(snapshot.stock, audit.at).state == State::Ended;
        let final_due = ended && !self.final_runs().contains(id);
        let whole = thoroughness == Thoroughness::Whole || final_due;
        if !whole && snapshot.sold == row.sold {
            return Ok(());
        }
        let before = findings.total();
        let on_the_way = self.complete_ledger(id, audit.at, findings).await?;
        self.complete_gate(id, findings).await?;
        if on_the_way || findings.total() > before {
            return Ok(());
        }
        self.compare_counters(&audit, ended, findings).await?;
        if ended && findings.total() == before {
            self.final_runs().insert(id.clone());
        }
        Ok(())
    }

    /// Whether the gate was in another life than the ledger, which it is not any more, or the sale
    /// is gone: a ledger came back older, or the gate was on the wrong side of a partition.
    async fn is_in_another_life(
        &self,
        row: &CatalogueRow,
        audit: &Audit,
    ) -> Result<bool, PortError> {
        if audit.epoch == row.epoch {
            return Ok(false);
        }
        let id = &row.sale.id;
        // A restore may have lain between the two reads.
        let now = self.catalogue.find(&id.sku).await?.filter(|now| now.sale.id == *id);
        let Some(now) = now else { return Ok(true) };
        let aligned = self.gate.align(id, now.epoch).await?;
        if aligned == Aligned::Restored {
            tracing::warn!(sale = %id, "the gate was in another life than the ledger");
        }
        Ok(aligned != Aligned::Already)
    }

    /// Compares the units sold, after gate and ledger were found to name the same purchases; only
    /// while the gate stands as it did in `audit`, so that nothing was sold in between.
    async fn compare_counters(
        &self,
        audit: &Audit,
        ended: bool,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let id = &audit.snapshot.sale.id;
        let Some(row) = self.catalogue.find(&id.sku).await? else { return Ok(()) };
        let Some(now) = self.gate.audit(id).await? else { return Ok(()) };
        if row.sale.id != *id || now.snapshot != audit.snapshot || row.sold == now.snapshot.sold {
            return Ok(());
        }
        // Units of purchases that a person gave up: of a sale that is over they are not given back.
        if ended && now.snapshot.sold > row.sold {
            return Ok(());
        }
        let (gate, ledger) = (now.snapshot.sold, row.sold);
        tracing::error!(sale = %id, gate, ledger, "gate and ledger count different units as sold");
        self.gate.rebuild(id).await?;
        findings.add(Drift::CountersDisagree, 1, 1);
        Ok(())
    }

    /// Gives the gate back what the ledger has and the gate has not. The ledger is read first.
    async fn complete_gate(&self, id: &SaleId, findings: &mut Findings) -> Result<(), PortError> {
        let mut after: Option<Position> = None;
        loop {
            let page = self.ledger.page(id, after, self.limits.page).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.purchase.position);
            let answers = self.gate.repair(id, &page).await?;
            let count = |wanted| answers.iter().filter(|&&answer| answer == wanted).count();
            let (added, refused) = (count(Repaired::Added), count(Repaired::Refused));
            if added > 0 {
                tracing::error!(sale = %id, added, "purchases of the ledger were missing in the gate");
            }
            findings.add(Drift::MissingInGate, added, added);
            if refused > 0 {
                // More is sold than both can hold: only making the sale anew settles it.
                self.gate.rebuild(id).await?;
                findings.add(Drift::CountersDisagree, refused, refused);
                return Ok(());
            }
        }
    }

    async fn compare_definition(
        &self,
        row: &CatalogueRow,
        audit: &Audit,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let id = &row.sale.id;
        let gate = &audit.snapshot;
        if gate.sale == row.sale || gate.version <= row.version {
            return Ok(());
        }
        // A change is on its way, or was between the two reads.
        let waiting = self.outbox.waiting(id, self.limits.waiting_max).await?;
        let on_the_way = waiting.iter().any(|entry| matches!(entry.body, EntryBody::Change(_)));
        let now = self.catalogue.find(&id.sku).await?;
        let mended = now.is_none_or(|now| now.sale == gate.sale || now.version >= gate.version);
        if on_the_way || mended {
            return Ok(());
        }
        tracing::error!(sale = %id, "gate and catalogue describe the sale differently");
        let change =
            RecordedChange { sale: gate.sale.clone(), epoch: row.epoch, version: gate.version };
        let taken = self.commit(id, EntryBody::Change(Box::new(change))).await?;
        findings.add(Drift::DefinitionDiffers, 1, usize::from(taken == Taken::Recorded));
        Ok(())
    }

    async fn commit(&self, id: &SaleId, body: EntryBody) -> Result<Taken, PortError> {
        match self.ledger.commit(&[Entry { id: None, body }]).await {
            Ok(settled) => {
                let all = settled.iter().all(|one| matches!(one, Settled::Committed { .. }));
                Ok(if all { Taken::Recorded } else { Taken::Late })
            }
            Err(CommitError::Port(error)) => Err(error),
            // Made anew from both, the sale has room for it in both, or a person is told.
            Err(CommitError::Drift { .. }) => self.gate.rebuild(id).await.map(|_| Taken::Recorded),
            Err(CommitError::Data(error)) => {
                tracing::error!(sale = %id, %error, "the ledger refuses what it lacks");
                Ok(Taken::Refused)
            }
        }
    }

    fn final_runs(&self) -> std::sync::MutexGuard<'_, HashSet<SaleId>> {
        self.final_runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
