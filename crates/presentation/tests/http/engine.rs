//! An engine for routing tests: the rules over a map, which can be told to be away.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use stampede_application::ports::{
    Aligned, Amended, Audit, Buried, Catalogue, CatalogueCursor, CatalogueRow, Change, Changed,
    Clock, CommitError, Created, DeadLetter, DeadLetterId, Durability, Entry, EntryBody, EntryId,
    Fault, GateLane, Held, HoldingsCursor, HoldingsPage, Judged, Ledger, LockedSale, Loss,
    OnRecord, Outbox, PortError, PutDecision, Raised, Randomness, Readmission, Rebuilt,
    ReconciliationRun, RecordedChange, Repaired, RunId, SaleGate, SaleStanding, Settled, Snapshot,
    StoreProbe, Trail, Voided, Worth,
};
use stampede_domain::{
    Acknowledgement, Attempt, BuyerId, Epoch, Instant, Position, PurchaseNo, RecordedPurchase,
    Sale, SaleId, Shard, Sku, State, Tally, Version, decide,
};
use tokio::sync::{Notify, OwnedMutexGuard};

/// The instant at which every test begins: 2026-02-15T10:00:00Z.
pub(crate) const BEGINNING: i64 = 1_771_149_600_000;

/// Whoever asks the catalogue for this sku meets a bug.
pub(crate) const BUG: &str = "A-BUG";

/// A gate, catalogue, ledger and outbox over one map.
#[derive(Default)]
pub(crate) struct FakeEngine {
    now: AtomicI64,
    away: AtomicBool,
    drawn: AtomicU64,
    state: Mutex<Rows>,
    audits: Arc<tokio::sync::Mutex<()>>,
    audits_begun: Notify,
}

#[derive(Default)]
struct Rows {
    sales: HashMap<Sku, Row>,
    letters: Vec<(DeadLetterId, DeadLetter)>,
    epochs: u64,
    runs: Vec<ReconciliationRun>,
    another_compares: bool,
}

struct Row {
    sale: Sale,
    tally: Tally,
    epoch: Epoch,
    version: Version,
}

impl Row {
    fn snapshot(&self) -> Snapshot {
        let (stock, sold) = (self.tally.stock, self.tally.sold);
        Snapshot { sale: self.sale.clone(), stock, sold, version: self.version }
    }

    fn catalogued(&self) -> CatalogueRow {
        let (epoch, version, sold) = (self.epoch, self.version, self.tally.sold);
        let (over_at, final_run_at) = (None, None);
        CatalogueRow { sale: self.sale.clone(), epoch, version, sold, over_at, final_run_at }
    }
}

impl FakeEngine {
    pub(crate) fn new() -> Arc<Self> {
        let engine = Self::default();
        engine.now.store(BEGINNING, Ordering::Relaxed);
        Arc::new(engine)
    }

    /// Moves the clock.
    pub(crate) fn set_seconds(&self, since_beginning: i64) {
        self.now.store(BEGINNING + since_beginning * 1_000, Ordering::Relaxed);
    }

    /// Lets every store be away, or come back.
    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    /// Sells one unit to a buyer nobody else is, as another node would; the new snapshot.
    pub(crate) fn sell_one(&self, sku: &str) -> Snapshot {
        let mut rows = self.rows();
        let row = rows.sales.get_mut(sku).expect("a sale");
        row.tally.stock -= 1;
        row.tally.sold += 1;
        row.version = row.version.plus(1);
        row.snapshot()
    }

    /// The sale as it stands.
    pub(crate) fn snapshot_of(&self, sku: &str) -> Snapshot {
        self.rows().sales.get(sku).expect("a sale").snapshot()
    }

    /// Gives one unit back, as a cancellation would; the new snapshot.
    pub(crate) fn restock_one(&self, sku: &str) -> Snapshot {
        let mut rows = self.rows();
        let row = rows.sales.get_mut(sku).expect("a sale");
        row.tally.stock += 1;
        row.tally.sold -= 1;
        row.version = row.version.plus(1);
        row.snapshot()
    }

    /// Puts a run of another node on record.
    pub(crate) fn has_run(&self, run: ReconciliationRun) {
        self.rows().runs.push(run);
    }

    /// Lets another node have the turn to reconcile, or end it.
    pub(crate) fn set_another_compares(&self, it_does: bool) {
        self.rows().another_compares = it_does;
    }

    /// Whoever compares a sale from now on waits until this is dropped.
    pub(crate) async fn hold_audits(&self) -> OwnedMutexGuard<()> {
        self.audits.clone().lock_owned().await
    }

    /// Waits until somebody compares a sale.
    pub(crate) async fn audit_waits(&self) {
        self.audits_begun.notified().await;
    }

    /// Runs on record.
    pub(crate) fn runs(&self) -> usize {
        self.rows().runs.len()
    }

    /// Puts a letter there.
    pub(crate) fn put_letter(&self, id: &str, letter: DeadLetter) {
        self.rows().letters.push((DeadLetterId(id.into()), letter));
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn here(&self) -> Result<MutexGuard<'_, Rows>, PortError> {
        if self.away.load(Ordering::Relaxed) {
            return Err(PortError::unavailable("fake", "told to be away"));
        }
        Ok(self.rows())
    }

    fn of<T>(&self, id: &SaleId, read: impl FnOnce(&mut Row) -> T) -> Result<Option<T>, PortError> {
        let mut rows = self.here()?;
        Ok(rows.sales.get_mut(&id.sku).filter(|row| row.sale.id == *id).map(read))
    }
}

impl Clock for FakeEngine {
    fn now(&self) -> Instant {
        Instant::from_millis(self.now.load(Ordering::Relaxed))
    }
}

impl Randomness for FakeEngine {
    fn fill(&self, bytes: &mut [u8]) {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        for (byte, drawn) in bytes.iter_mut().zip(drawn.to_be_bytes().iter().rev().cycle()) {
            *byte = *drawn;
        }
    }
}

/// One thread's lane to the fake engine.
struct FakeLane(Arc<FakeEngine>);

#[async_trait(?Send)]
impl GateLane for FakeLane {
    async fn decide(&self, id: &SaleId, batch: &[Attempt]) -> Result<Judged, PortError> {
        let now = self.0.now();
        let judged = self.0.of(id, |row| {
            let decisions = decide(&row.sale, &mut row.tally, batch, now);
            row.version = row.version.plus(1);
            let decisions = decisions.into_iter().map(Some).collect();
            let trail = Trail { epoch: row.epoch, acknowledge: row.sale.acknowledge, entry: None };
            Judged::Decided { decisions, stock: row.tally.stock, version: row.version, trail }
        })?;
        Ok(judged.unwrap_or(Judged::UnknownSale))
    }
}

/// The engine as a gate, which hands out lanes to itself.
pub(crate) struct FakeGate(pub(crate) Arc<FakeEngine>);

#[async_trait]
impl SaleGate for FakeGate {
    fn acknowledges(&self) -> Acknowledgement {
        Acknowledgement::Gate
    }

    async fn room(&self) -> Result<Option<u64>, PortError> {
        Ok(None)
    }

    fn lane(&self) -> Rc<dyn GateLane> {
        Rc::new(FakeLane(self.0.clone()))
    }

    async fn open(&self, sale: &Sale, _: Epoch) -> Result<Snapshot, PortError> {
        let found = self.0.of(&sale.id, |row| row.snapshot())?;
        Ok(found.expect("the catalogue has it"))
    }

    async fn snapshot(&self, id: &SaleId) -> Result<Option<Snapshot>, PortError> {
        self.0.of(id, |row| row.snapshot())
    }

    async fn purchases(&self, id: &SaleId, buyer: &BuyerId) -> Result<Option<Held>, PortError> {
        self.0.of(id, |row| Held {
            purchases: row.tally.purchases(buyer).to_vec(),
            epoch: row.epoch,
            acknowledge: row.sale.acknowledge,
        })
    }

    async fn change(&self, id: &SaleId, change: Change) -> Result<Changed, PortError> {
        let now = self.0.now();
        let changed = self.0.of(id, |row| {
            if row.sale.phase(row.tally.stock, now).state == State::Ended {
                return Changed::Ended { snapshot: row.snapshot(), epoch: row.epoch };
            }
            let before = row.sale.clone();
            match change {
                Change::Pause => row.sale.paused = true,
                Change::Resume => row.sale.paused = false,
                Change::End => row.sale.ended_by_admin = true,
            }
            if row.sale != before {
                row.version = row.version.plus(1);
            }
            let (sale, epoch, version) = (row.sale.clone(), row.epoch, row.version);
            let body = EntryBody::Change(Box::new(RecordedChange { sale, epoch, version }));
            let entry = Entry { id: None, body };
            Changed::Applied { snapshot: row.snapshot(), epoch, entry }
        })?;
        Ok(changed.unwrap_or(Changed::UnknownSale))
    }

    async fn amend(&self, sale: &Sale, _epoch: Epoch, seen: Version) -> Result<Amended, PortError> {
        let now = self.0.now();
        let amended = self.0.of(&sale.id, |row| {
            if row.sale.phase(row.tally.stock, now).state != State::Upcoming {
                return Amended::NotUpcoming;
            }
            if row.version != seen {
                return Amended::Moved;
            }
            row.sale = sale.clone();
            row.tally.stock = sale.initial_stock;
            row.version = row.version.plus(1);
            Amended::Applied(row.version)
        })?;
        Ok(amended.unwrap_or(Amended::UnknownSale))
    }

    async fn forget(&self, _: &SaleId, _: Epoch) -> Result<(), PortError> {
        self.0.here().map(|_| ())
    }

    async fn listed(&self, shard: Shard) -> Result<Vec<SaleId>, PortError> {
        let rows = self.0.here()?;
        let ids = rows.sales.values().map(|row| row.sale.id.clone());
        Ok(ids.filter(|id| Shard::of(&id.sku) == shard).collect())
    }

    async fn shut(&self, _: &SaleId) -> Result<(), PortError> {
        self.0.here().map(|_| ())
    }

    async fn holdings(
        &self,
        _: &SaleId,
        _: Option<&HoldingsCursor>,
    ) -> Result<Option<HoldingsPage>, PortError> {
        Ok(None)
    }

    async fn repair(
        &self,
        _: &SaleId,
        lost: &[RecordedPurchase],
    ) -> Result<Vec<Repaired>, PortError> {
        Ok(vec![Repaired::Present; lost.len()])
    }

    async fn audit(&self, _: &SaleId) -> Result<Option<Audit>, PortError> {
        self.0.audits_begun.notify_one();
        drop(self.0.audits.lock().await);
        Ok(None)
    }

    async fn align(&self, _: &SaleId, _: Epoch) -> Result<Aligned, PortError> {
        Ok(Aligned::Already)
    }

    async fn rebuild(&self, id: &SaleId) -> Result<Rebuilt, PortError> {
        let found = self.0.of(id, |row| row.snapshot())?;
        let snapshot = found.ok_or_else(|| PortError::unavailable("fake", "no such sale"))?;
        Ok(Rebuilt { snapshot, raised: 0 })
    }
}

#[async_trait]
impl Catalogue for FakeEngine {
    async fn create(&self, sale: &Sale, nonce: u64) -> Result<Created, PortError> {
        let mut rows = self.here()?;
        if rows.sales.contains_key(&sale.id.sku) {
            return Ok(Created::Exists);
        }
        rows.epochs += 1;
        let epoch = Epoch { number: rows.epochs, nonce };
        let (tally, version) = (Tally::new(sale.initial_stock), epoch.first_version());
        let row = Row { sale: sale.clone(), tally, epoch, version };
        rows.sales.insert(sale.id.sku.clone(), row);
        Ok(Created::Recorded(epoch))
    }

    async fn find(&self, sku: &Sku) -> Result<Option<CatalogueRow>, PortError> {
        assert_ne!(sku.as_str(), BUG, "a bug that a test plants");
        Ok(self.here()?.sales.get(sku).map(Row::catalogued))
    }

    async fn page(
        &self,
        after: Option<&CatalogueCursor>,
        limit: usize,
    ) -> Result<Vec<CatalogueRow>, PortError> {
        let mut all: Vec<_> = self.here()?.sales.values().map(Row::catalogued).collect();
        let key = |row: &CatalogueRow| (row.sale.created_at, row.sale.id.generation);
        all.sort_by_key(|row| std::cmp::Reverse(key(row)));
        if let Some(after) = after {
            all.retain(|row| key(row) < (after.created_at, after.generation));
        }
        all.truncate(limit);
        Ok(all)
    }

    async fn lock(&self, sku: &Sku) -> Result<Option<Box<dyn LockedSale>>, PortError> {
        let row = self.here()?.sales.get(sku).map(Row::catalogued);
        Ok(row.map(|row| Box::new(FakeLock(row)) as Box<dyn LockedSale>))
    }

    async fn bury(
        &self,
        id: &SaleId,
        _: Option<Epoch>,
        nonce: u64,
        _: Instant,
    ) -> Result<Buried, PortError> {
        let mut rows = self.here()?;
        rows.epochs += 1;
        let number = rows.epochs;
        let row = rows.sales.remove(&id.sku);
        Ok(row.map_or(Buried::Unknown, |_| Buried::Buried(Epoch { number, nonce })))
    }

    async fn tombstone(&self, _: &Sku) -> Result<Option<(SaleId, Epoch)>, PortError> {
        self.here().map(|_| None)
    }

    async fn standing(&self, ids: &[SaleId]) -> Result<Vec<SaleStanding>, PortError> {
        let rows = self.here()?;
        let of = |id: &SaleId| rows.sales.get(&id.sku).filter(|row| row.sale.id == *id);
        let stands = |row: &Row| SaleStanding::Living(row.epoch);
        Ok(ids.iter().map(|id| of(id).map_or(SaleStanding::Unknown, stands)).collect())
    }

    async fn note_over(&self, _: &SaleId, _: Epoch, _: Instant) -> Result<(), PortError> {
        self.here().map(|_| ())
    }

    async fn note_final_run(&self, _: &SaleId, _: Epoch, _: Instant) -> Result<(), PortError> {
        self.here().map(|_| ())
    }

    async fn expire_archive(&self, _: Instant) -> Result<u64, PortError> {
        Ok(0)
    }
}

/// A row that nobody contends for.
struct FakeLock(CatalogueRow);

#[async_trait]
impl LockedSale for FakeLock {
    fn row(&self) -> &CatalogueRow {
        &self.0
    }

    async fn finish(self: Box<Self>, _: PutDecision) -> Result<(), PortError> {
        Ok(())
    }
}

#[async_trait]
impl Ledger for FakeEngine {
    async fn commit(&self, entries: &[Entry]) -> Result<Vec<Settled>, CommitError> {
        drop(self.here()?);
        let inserted = |entry: &Entry| entry.body.purchase_numbers().count();
        Ok(entries.iter().map(|entry| Settled::Committed { inserted: inserted(entry) }).collect())
    }

    async fn known(&self, _: &SaleId, _: &[PurchaseNo]) -> Result<HashSet<PurchaseNo>, PortError> {
        Ok(HashSet::new())
    }

    async fn page(
        &self,
        _: &SaleId,
        _: Option<Position>,
        _: usize,
    ) -> Result<Vec<RecordedPurchase>, PortError> {
        Ok(Vec::new())
    }

    async fn on_record(&self, id: &SaleId, _: &[PurchaseNo]) -> Result<OnRecord, PortError> {
        let epoch = self.of(id, |row| row.epoch)?;
        Ok(OnRecord { epoch, numbers: HashSet::new(), voided: HashSet::new() })
    }

    async fn count_between(&self, _: &SaleId, _: Position, _: Position) -> Result<u64, PortError> {
        Ok(0)
    }

    async fn void(&self, _: &DeadLetter, _: Instant) -> Result<Voided, PortError> {
        self.here().map(|_| Voided::Done)
    }

    async fn record_run(&self, run: &ReconciliationRun) -> Result<RunId, PortError> {
        let mut rows = self.here()?;
        rows.runs.push(run.clone());
        Ok(RunId(i64::try_from(rows.runs.len()).expect("few runs")))
    }

    async fn runs(
        &self,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<(RunId, ReconciliationRun)>, PortError> {
        let rows = self.here()?;
        let all = (1..).map(RunId).zip(rows.runs.iter().cloned());
        let mut all: Vec<_> = all.filter(|(id, _)| before.is_none_or(|b| *id < b)).collect();
        all.reverse();
        all.truncate(limit);
        Ok(all)
    }

    async fn take_turn(&self, _: &str, _: Duration, _: Duration) -> Result<bool, PortError> {
        Ok(!self.here()?.another_compares)
    }

    async fn end_turn(&self, _: &str, _: bool) -> Result<(), PortError> {
        self.here().map(|_| ())
    }
}

#[async_trait]
impl Outbox for FakeEngine {
    fn shards(&self) -> Vec<Shard> {
        Shard::all().collect()
    }

    async fn read(
        &self,
        _: Shard,
        _: &str,
        _: usize,
        _: Duration,
    ) -> Result<Vec<Entry>, PortError> {
        Ok(Vec::new())
    }

    async fn take_over(&self, _: Shard, _: &str, _: Duration) -> Result<Vec<Entry>, PortError> {
        Ok(Vec::new())
    }

    async fn renew(&self, _: Shard, _: &str, _: &[EntryId]) -> Result<(), PortError> {
        Ok(())
    }

    async fn done(&self, _: Shard, _: &[EntryId]) -> Result<(), PortError> {
        Ok(())
    }

    async fn readmit(
        &self,
        stale: &[RecordedPurchase],
        _: Epoch,
    ) -> Result<Vec<Readmission>, PortError> {
        Ok(vec![Readmission::Adopted; stale.len()])
    }

    async fn waiting(&self, _: &SaleId, _: usize) -> Result<Vec<Entry>, PortError> {
        self.here().map(|_| Vec::new())
    }

    async fn waiting_in(
        &self,
        _: &SaleId,
        _: Epoch,
        _: usize,
    ) -> Result<Option<Vec<Entry>>, PortError> {
        self.here().map(|_| Some(Vec::new()))
    }

    async fn overdue(&self, _: Shard, _: Instant, _: usize) -> Result<Vec<Entry>, PortError> {
        Ok(Vec::new())
    }

    async fn depth(&self) -> Result<u64, PortError> {
        Ok(0)
    }

    async fn raise(&self, _: Shard, _: &DeadLetter) -> Result<Raised, PortError> {
        Ok(Raised::Now)
    }

    async fn dead_letters(
        &self,
        after: Option<&DeadLetterId>,
        limit: usize,
    ) -> Result<Vec<(DeadLetterId, DeadLetter)>, PortError> {
        let mut letters = self.here()?.letters.clone();
        letters.retain(|(id, _)| after.is_none_or(|after| id.0 > after.0));
        letters.truncate(limit);
        Ok(letters)
    }

    async fn dead_letter(&self, id: &DeadLetterId) -> Result<Option<DeadLetter>, PortError> {
        let rows = self.here()?;
        let found = rows.letters.iter().find(|(known, _)| known == id);
        Ok(found.map(|(_, letter)| letter.clone()))
    }

    async fn take_dead_letter(&self, id: &DeadLetterId) -> Result<Option<DeadLetter>, PortError> {
        let mut rows = self.here()?;
        let place = rows.letters.iter().position(|(known, _)| known == id);
        Ok(place.map(|place| rows.letters.remove(place).1))
    }
}

#[async_trait]
impl Durability for FakeEngine {
    async fn worth(&self) -> Result<Worth, PortError> {
        drop(self.here()?);
        Ok(Worth {
            level: Acknowledgement::Gate,
            may_lose: vec![(Fault::GatePowerLoss, Loss::LastTwoSeconds)],
            settings: vec![("appendfsync", "everysec".to_owned())],
            broken: None,
        })
    }
}

#[async_trait]
impl StoreProbe for FakeEngine {
    fn name(&self) -> &'static str {
        "fake"
    }

    async fn ping(&self) -> Result<(), PortError> {
        self.here().map(|_| ())
    }
}
