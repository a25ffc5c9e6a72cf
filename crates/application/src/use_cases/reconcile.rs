//! Operations compare gate and ledger, and mend what has drifted apart, without stopping a sale.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use stampede_domain::{
    Epoch, Instant, Position, Purchase, PurchaseNo, RecordedPurchase, SaleId, Sku, State,
};

use super::{Drift, Findings};
use crate::ports::{
    Audit, Catalogue, CatalogueCursor, CatalogueRow, Clock, CommitError, Entry, EntryBody, Holding,
    Ledger, Outbox, PortError, ReconciliationRun, RecordedChange, Repaired, SaleGate,
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
    /// Entries of one sale that are looked through in the outbox.
    pub waiting_max: usize,
}

impl Default for ReconcileLimits {
    fn default() -> Self {
        Self { page: 1_000, settled_after_ms: 10_000, waiting_max: 10_000 }
    }
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
    /// [`PortError`] if a store was away; what was mended until then stays mended.
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
        let mut after = None;
        loop {
            let rows = self.catalogue.page(after.as_ref(), self.limits.page).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(CatalogueCursor {
                created_at: last.sale.created_at,
                generation: last.sale.id.generation,
            });
            for row in &rows {
                *sales += 1;
                self.compare(row, thoroughness, findings).await?;
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
        if ended && !on_the_way && findings.total() == before {
            self.final_runs().insert(id.clone());
        }
        Ok(())
    }

    /// Records what the gate has and the ledger has not; whether anything was left because it is
    /// still on its way. The gate is read first: what it has by then must be in the ledger.
    async fn complete_ledger(
        &self,
        id: &SaleId,
        now: Instant,
        findings: &mut Findings,
    ) -> Result<bool, PortError> {
        let mut cursor = None;
        let mut left = false;
        loop {
            let Some(page) = self.gate.holdings(id, cursor.as_ref()).await? else {
                return Ok(left);
            };
            let settled_before = now.plus_millis(-self.limits.settled_after_ms);
            let mut settled = Vec::new();
            for (buyer, purchases) in page.holdings {
                let (old, young): (Vec<_>, Vec<_>) =
                    purchases.into_iter().partition(|purchase| purchase.at < settled_before);
                left |= !young.is_empty();
                settled.push((buyer, old));
            }
            left |= self.record_missing(id, page.epoch, settled, findings).await?;
            cursor = page.next;
            if cursor.is_none() {
                return Ok(left);
            }
        }
    }

    async fn record_missing(
        &self,
        id: &SaleId,
        epoch: Epoch,
        holdings: Vec<Holding>,
        findings: &mut Findings,
    ) -> Result<bool, PortError> {
        let of = |purchases: &[Purchase]| purchases.iter().map(Purchase::no).collect::<Vec<_>>();
        let numbers: Vec<_> = holdings.iter().flat_map(|(_, held)| of(held)).collect();
        if numbers.is_empty() {
            return Ok(false);
        }
        let known = self.ledger.known(id, &numbers).await?;
        if known.len() == numbers.len() {
            return Ok(false);
        }
        let waiting = self.waiting(id).await?;
        let mut lost = Vec::new();
        let mut left = false;
        for (buyer, purchases) in holdings {
            for purchase in purchases.into_iter().filter(|purchase| !known.contains(&purchase.no()))
            {
                if waiting.contains(&purchase.no()) {
                    left = true;
                    continue;
                }
                lost.push(RecordedPurchase {
                    sale: id.clone(),
                    epoch,
                    buyer: buyer.clone(),
                    purchase,
                    traceparent: None,
                    unit_price: None,
                });
            }
        }
        // A worker may have recorded and removed an entry between the two reads.
        let again: Vec<_> = lost.iter().map(|lost| lost.purchase.no()).collect();
        let recorded = self.ledger.known(id, &again).await?;
        lost.retain(|lost| !recorded.contains(&lost.purchase.no()));
        if lost.is_empty() {
            return Ok(left);
        }
        let found = lost.len();
        tracing::error!(sale = %id, found, "purchases of the gate are missing in the ledger");
        let entry = Entry { id: None, body: EntryBody::Purchases(lost) };
        self.commit(id, entry).await?;
        findings.add(Drift::MissingInLedger, found, found);
        Ok(left)
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
        self.commit(id, Entry { id: None, body: EntryBody::Change(Box::new(change)) }).await?;
        findings.add(Drift::DefinitionDiffers, 1, 1);
        Ok(())
    }

    async fn commit(&self, id: &SaleId, entry: Entry) -> Result<(), PortError> {
        match self.ledger.commit(&[entry]).await {
            Ok(_) => Ok(()),
            Err(CommitError::Port(error)) => Err(error),
            Err(CommitError::Drift { .. }) => self.gate.rebuild(id).await.map(drop),
            Err(error @ CommitError::Data(_)) => Err(PortError::inconsistent("ledger", error)),
        }
    }

    async fn waiting(&self, id: &SaleId) -> Result<HashSet<PurchaseNo>, PortError> {
        let entries = self.outbox.waiting(id, self.limits.waiting_max).await?;
        Ok(entries.iter().flat_map(|entry| entry.body.purchase_numbers()).collect())
    }

    fn final_runs(&self) -> std::sync::MutexGuard<'_, HashSet<SaleId>> {
        self.final_runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
