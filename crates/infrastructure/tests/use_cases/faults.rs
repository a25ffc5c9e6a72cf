//! Real adapters that fail when they are told to.

use std::{
    collections::{HashSet, VecDeque},
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures::future::BoxFuture;
use stampede_application::ports::{
    Aligned, Amended, Audit, Change, Changed, CommitError, DeadLetter, Entry, EntryBody, GateLane,
    Held, HoldingsCursor, HoldingsPage, Ledger, OnRecord, PortError, Rebuilt, ReconciliationRun,
    Repaired, RunId, SaleGate, Settled, Snapshot, Voided,
};
use stampede_domain::{
    Acknowledgement, BuyerId, Epoch, Instant, Position, PurchaseNo, RecordedPurchase, Sale, SaleId,
    Shard, Version,
};

/// A ledger that can be taken away, and counts what it refuses.
pub(crate) struct FaultyLedger {
    ledger: Arc<dyn Ledger>,
    away: AtomicBool,
    refused: AtomicU32,
    /// Whose purchases of which sale it refuses for their data.
    refuses: Mutex<Option<(BuyerId, SaleId)>>,
    /// The sale whose entries break a constraint of it, whatever the gate does.
    drifts: Mutex<Option<SaleId>>,
    drifted: AtomicU32,
    commits: AtomicU32,
    fails: Mutex<VecDeque<CommitError>>,
    after_commit: Mutex<Option<BoxFuture<'static, ()>>>,
}

impl FaultyLedger {
    pub(crate) fn over(ledger: Arc<dyn Ledger>) -> Self {
        Self {
            ledger,
            away: AtomicBool::new(false),
            refused: AtomicU32::new(0),
            refuses: Mutex::default(),
            drifts: Mutex::default(),
            drifted: AtomicU32::new(0),
            commits: AtomicU32::new(0),
            fails: Mutex::default(),
            after_commit: Mutex::default(),
        }
    }

    /// From now on this sale drifts; `None` if none does any more.
    pub(crate) fn drift(&self, sale: Option<&SaleId>) {
        *self.drifts.lock().expect("nobody panics in it") = sale.cloned();
    }

    /// The next commits fail in these ways, one each.
    pub(crate) fn fail_next(&self, failures: impl IntoIterator<Item = CommitError>) {
        self.fails.lock().expect("nobody panics in it").extend(failures);
    }

    /// Commits that were refused because a sale has drifted.
    pub(crate) fn drifted(&self) -> u32 {
        self.drifted.load(Ordering::Relaxed)
    }

    /// This happens right after the next commit.
    pub(crate) fn after_commit(&self, happens: impl Future<Output = ()> + Send + 'static) {
        *self.after_commit.lock().expect("nobody panics in it") = Some(Box::pin(happens));
    }

    fn holds_together(&self, entries: &[Entry]) -> Result<(), CommitError> {
        let drifts = self.drifts.lock().expect("nobody panics in it");
        let Some(sale) = &*drifts else { return Ok(()) };
        if !entries.iter().any(|entry| entry.body.sale() == Some(sale)) {
            return Ok(());
        }
        self.drifted.fetch_add(1, Ordering::Relaxed);
        Err(drift_of(sale))
    }

    pub(crate) fn go_away(&self) {
        self.away.store(true, Ordering::Relaxed);
    }

    pub(crate) fn come_back(&self) {
        self.away.store(false, Ordering::Relaxed);
    }

    /// From now on a purchase of this buyer in this sale is refused for its data.
    pub(crate) fn refuse(&self, buyer: BuyerId, sale: &SaleId) {
        *self.refuses.lock().expect("nobody panics in it") = Some((buyer, sale.clone()));
    }

    fn is_refused(&self, entries: &[Entry]) -> bool {
        let refuses = self.refuses.lock().expect("nobody panics in it");
        let Some((buyer, sale)) = &*refuses else { return false };
        entries.iter().any(|entry| match &entry.body {
            EntryBody::Purchases(all) => {
                all.iter().any(|one| one.buyer == *buyer && one.sale == *sale)
            }
            EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. } => false,
        })
    }

    /// Commits that were asked for.
    pub(crate) fn commits(&self) -> u32 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Commits of one purchase alone that were refused for its data.
    pub(crate) fn refused_alone(&self) -> u32 {
        self.refused.load(Ordering::Relaxed)
    }

    fn answer(&self) -> Result<(), PortError> {
        if self.away.load(Ordering::Relaxed) {
            return Err(taken_away());
        }
        Ok(())
    }
}

/// What a ledger says of a sale that has sold more than there was.
pub(crate) fn drift_of(sale: &SaleId) -> CommitError {
    CommitError::Drift { sale: sale.clone(), constraint: "sold_within_stock".into() }
}

/// What a ledger that is away says.
pub(crate) fn taken_away() -> PortError {
    PortError::unavailable("ledger", "it was taken away")
}

#[async_trait]
impl Ledger for FaultyLedger {
    async fn commit(&self, entries: &[Entry]) -> Result<Vec<Settled>, CommitError> {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.answer()?;
        let fails = self.fails.lock().expect("nobody panics in it").pop_front();
        fails.map_or(Ok(()), Err)?;
        self.holds_together(entries)?;
        let settled = if self.is_refused(entries) {
            Err(CommitError::Data(Arc::new(std::fmt::Error)))
        } else {
            self.ledger.commit(entries).await
        };
        let happens = self.after_commit.lock().expect("nobody panics in it").take();
        if let Some(happens) = happens {
            happens.await;
        }
        let purchases: usize = entries.iter().map(|one| one.body.purchase_numbers().count()).sum();
        if matches!(settled, Err(CommitError::Data(_))) && purchases == 1 {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        settled
    }

    async fn known(
        &self,
        id: &SaleId,
        numbers: &[PurchaseNo],
    ) -> Result<HashSet<PurchaseNo>, PortError> {
        self.answer()?;
        self.ledger.known(id, numbers).await
    }

    async fn page(
        &self,
        id: &SaleId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<RecordedPurchase>, PortError> {
        self.answer()?;
        self.ledger.page(id, after, limit).await
    }

    async fn on_record(&self, id: &SaleId, numbers: &[PurchaseNo]) -> Result<OnRecord, PortError> {
        self.answer()?;
        self.ledger.on_record(id, numbers).await
    }

    async fn count_between(
        &self,
        id: &SaleId,
        after: Position,
        to: Position,
    ) -> Result<u64, PortError> {
        self.answer()?;
        self.ledger.count_between(id, after, to).await
    }

    async fn void(&self, letter: &DeadLetter, at: Instant) -> Result<Voided, PortError> {
        self.answer()?;
        self.ledger.void(letter, at).await
    }

    async fn record_run(&self, run: &ReconciliationRun) -> Result<RunId, PortError> {
        self.answer()?;
        self.ledger.record_run(run).await
    }

    async fn runs(
        &self,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<(RunId, ReconciliationRun)>, PortError> {
        self.answer()?;
        self.ledger.runs(before, limit).await
    }

    async fn take_turn(
        &self,
        node: &str,
        lasts: Duration,
        rest: Duration,
    ) -> Result<bool, PortError> {
        self.answer()?;
        self.ledger.take_turn(node, lasts, rest).await
    }

    async fn end_turn(&self, node: &str, compared_all: bool) -> Result<(), PortError> {
        self.answer()?;
        self.ledger.end_turn(node, compared_all).await
    }
}

/// A gate that loses one call, or lets something else happen right before or after one.
pub(crate) struct FaultyGate {
    gate: Arc<dyn SaleGate>,
    loses_open: AtomicBool,
    loses_forget: AtomicBool,
    loses_rebuilds: AtomicBool,
    before_amend: Mutex<Option<BoxFuture<'static, ()>>>,
    after_change: Mutex<Option<BoxFuture<'static, ()>>>,
    before_audit: Mutex<Option<BoxFuture<'static, ()>>>,
    rebuilds: AtomicU32,
    compared: AtomicU32,
}

impl FaultyGate {
    pub(crate) fn over(gate: Arc<dyn SaleGate>) -> Self {
        Self {
            gate,
            loses_open: AtomicBool::new(false),
            loses_forget: AtomicBool::new(false),
            loses_rebuilds: AtomicBool::new(false),
            before_amend: Mutex::default(),
            after_change: Mutex::default(),
            before_audit: Mutex::default(),
            rebuilds: AtomicU32::new(0),
            compared: AtomicU32::new(0),
        }
    }

    /// The next call to open a sale does not arrive.
    pub(crate) fn lose_open(&self) {
        self.loses_open.store(true, Ordering::Relaxed);
    }

    /// The next call to forget a sale does not arrive.
    pub(crate) fn lose_forget(&self) {
        self.loses_forget.store(true, Ordering::Relaxed);
    }

    /// No call to make a sale anew arrives any more, or all of them do again.
    pub(crate) fn lose_rebuilds(&self, loses: bool) {
        self.loses_rebuilds.store(loses, Ordering::Relaxed);
    }

    /// This happens between what the next amendment has read and the amendment.
    pub(crate) fn before_amend(&self, happens: impl Future<Output = ()> + Send + 'static) {
        *self.before_amend.lock().expect("nobody panics in it") = Some(Box::pin(happens));
    }

    /// This happens right after the next change.
    pub(crate) fn after_change(&self, happens: impl Future<Output = ()> + Send + 'static) {
        *self.after_change.lock().expect("nobody panics in it") = Some(Box::pin(happens));
    }

    /// This happens right before a sale is next compared.
    pub(crate) fn before_audit(&self, happens: impl Future<Output = ()> + Send + 'static) {
        *self.before_audit.lock().expect("nobody panics in it") = Some(Box::pin(happens));
    }

    /// Purchases that were read to be compared one by one, since it was last asked.
    pub(crate) fn compared(&self) -> u32 {
        self.compared.swap(0, Ordering::Relaxed)
    }

    /// How often a sale was made anew because a use case asked for it.
    pub(crate) fn rebuilds(&self) -> u32 {
        self.rebuilds.load(Ordering::Relaxed)
    }
}

fn lost() -> PortError {
    PortError::unavailable("gate", "the call did not arrive")
}

#[async_trait]
impl SaleGate for FaultyGate {
    fn acknowledges(&self) -> Acknowledgement {
        self.gate.acknowledges()
    }

    async fn room(&self) -> Result<Option<u64>, PortError> {
        self.gate.room().await
    }

    fn lane(&self) -> Rc<dyn GateLane> {
        self.gate.lane()
    }

    async fn open(&self, sale: &Sale, epoch: Epoch) -> Result<Snapshot, PortError> {
        if self.loses_open.swap(false, Ordering::Relaxed) {
            return Err(lost());
        }
        self.gate.open(sale, epoch).await
    }

    async fn snapshot(&self, id: &SaleId) -> Result<Option<Snapshot>, PortError> {
        self.gate.snapshot(id).await
    }

    async fn purchases(&self, id: &SaleId, buyer: &BuyerId) -> Result<Option<Held>, PortError> {
        self.gate.purchases(id, buyer).await
    }

    async fn change(&self, id: &SaleId, change: Change) -> Result<Changed, PortError> {
        let changed = self.gate.change(id, change).await;
        let happens = self.after_change.lock().expect("nobody panics in it").take();
        if let Some(happens) = happens {
            happens.await;
        }
        changed
    }

    async fn amend(&self, sale: &Sale, epoch: Epoch, seen: Version) -> Result<Amended, PortError> {
        let happens = self.before_amend.lock().expect("nobody panics in it").take();
        if let Some(happens) = happens {
            happens.await;
        }
        self.gate.amend(sale, epoch, seen).await
    }

    async fn forget(&self, id: &SaleId, epoch: Epoch) -> Result<(), PortError> {
        if self.loses_forget.swap(false, Ordering::Relaxed) {
            return Err(lost());
        }
        self.gate.forget(id, epoch).await
    }

    async fn listed(&self, shard: Shard) -> Result<Vec<SaleId>, PortError> {
        self.gate.listed(shard).await
    }

    async fn shut(&self, id: &SaleId) -> Result<(), PortError> {
        self.gate.shut(id).await
    }

    async fn holdings(
        &self,
        id: &SaleId,
        from: Option<&HoldingsCursor>,
    ) -> Result<Option<HoldingsPage>, PortError> {
        let page = self.gate.holdings(id, from).await?;
        let held = page.iter().flat_map(|page| &page.holdings).map(|(_, held)| held.len());
        let read = u32::try_from(held.sum::<usize>()).expect("a page");
        self.compared.fetch_add(read, Ordering::Relaxed);
        Ok(page)
    }

    async fn repair(
        &self,
        id: &SaleId,
        lost: &[RecordedPurchase],
    ) -> Result<Vec<Repaired>, PortError> {
        let read = u32::try_from(lost.len()).expect("a page");
        self.compared.fetch_add(read, Ordering::Relaxed);
        self.gate.repair(id, lost).await
    }

    async fn audit(&self, id: &SaleId) -> Result<Option<Audit>, PortError> {
        let happens = self.before_audit.lock().expect("nobody panics in it").take();
        if let Some(happens) = happens {
            happens.await;
        }
        self.gate.audit(id).await
    }

    async fn align(&self, id: &SaleId, epoch: Epoch) -> Result<Aligned, PortError> {
        self.gate.align(id, epoch).await
    }

    async fn rebuild(&self, id: &SaleId) -> Result<Rebuilt, PortError> {
        self.rebuilds.fetch_add(1, Ordering::Relaxed);
        if self.loses_rebuilds.load(Ordering::Relaxed) {
            return Err(lost());
        }
        self.gate.rebuild(id).await
    }
}
