//! Stores of which little is asked: a ledger that is held, an outbox and a gate without sales.

use std::{
    collections::HashSet,
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use stampede_application::{
    ports::{
        Aligned, Amended, Audit, Change, Changed, CommitError, DeadLetter, DeadLetterId, Entry,
        EntryBody, EntryId, Findings, GateLane, Held, HoldingsCursor, HoldingsPage, Ledger,
        OnRecord, Outbox, PortError, Raised, Readmission, Rebuilt, ReconciliationRun, Repaired,
        RunId, SaleGate, Settled, Snapshot, Voided,
    },
    use_cases::{ConfirmLimits, ConfirmPurchases, ConfirmStores, DriftMet},
};
use stampede_domain::{
    Acknowledgement, BuyerId, Epoch, Instant, Position, PurchaseNo, RecordedPurchase, Sale, SaleId,
    Shard, Version,
};
use tokio::{sync::Semaphore, time::sleep};

use super::samples::snapshot;

pub(crate) const EPOCH: Epoch = Epoch { number: 1, nonce: 7 };

/// What it takes to list the sales of a shard.
pub(crate) const LISTING_TAKES: Duration = Duration::from_millis(100);

/// What a test sees of it, and lets through.
pub(crate) struct Stores {
    /// Purchases of each commit that began, in order.
    pub(crate) commits: Mutex<Vec<usize>>,
    /// Commits that may end.
    pub(crate) passes: Semaphore,
    /// The sale whose commits never end.
    pub(crate) stuck: Mutex<Option<SaleId>>,
    /// Whether the next commit panics.
    pub(crate) panics: AtomicBool,
    /// What the ledger has.
    recorded: Mutex<HashSet<PurchaseNo>>,
    /// The life that the ledger is in.
    pub(crate) epoch: Mutex<Epoch>,
    /// Purchases that each question was about, in order.
    questions: Mutex<Vec<usize>>,
    /// Questions that may be answered: all, unless a test takes them away.
    pub(crate) answers: Semaphore,
    /// Sales that began to be brought into the ledger's life; none ever is.
    pub(crate) aligning: Mutex<Vec<SaleId>>,
    /// The sale whose purchases the ledger refuses for a constraint.
    pub(crate) drifted: Mutex<Option<SaleId>>,
    /// Sales that were made anew.
    pub(crate) rebuilt: Mutex<Vec<SaleId>>,
    /// Purchases that a sale that is made anew raises.
    pub(crate) raised: AtomicUsize,
    /// Entries that left the outbox.
    done: Mutex<Vec<EntryId>>,
    /// What confirming has told.
    findings: Mutex<Findings>,
    /// Findings that may be put on record: all, unless a test takes them away.
    pub(crate) records: Semaphore,
}

impl Stores {
    /// With a ledger that lets so many commits through.
    pub(crate) fn letting_through(commits: usize) -> Arc<Self> {
        Arc::new(Self {
            commits: Mutex::default(),
            passes: Semaphore::new(commits),
            stuck: Mutex::default(),
            panics: AtomicBool::new(false),
            recorded: Mutex::default(),
            epoch: Mutex::new(EPOCH),
            questions: Mutex::default(),
            answers: Semaphore::new(Semaphore::MAX_PERMITS),
            aligning: Mutex::default(),
            drifted: Mutex::default(),
            rebuilt: Mutex::default(),
            raised: AtomicUsize::new(0),
            done: Mutex::default(),
            findings: Mutex::default(),
            records: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    pub(crate) fn confirm(self: &Arc<Self>) -> Arc<ConfirmPurchases> {
        self.confirm_within(ConfirmLimits::default())
    }

    pub(crate) fn confirm_within(self: &Arc<Self>, limits: ConfirmLimits) -> Arc<ConfirmPurchases> {
        let stores =
            ConfirmStores { ledger: self.clone(), outbox: self.clone(), gate: self.clone() };
        let met = self.clone();
        let drift_met: DriftMet = Arc::new(move |findings| {
            met.findings.lock().expect("nobody panics in it").merge(&findings);
            let met = met.clone();
            Box::pin(async move { drop(met.records.acquire().await) })
        });
        Arc::new(ConfirmPurchases::start(stores, Acknowledgement::Gate, limits, drift_met))
    }

    /// From now on no question is answered.
    pub(crate) fn hold_answers(&self) {
        self.answers.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn questions(&self) -> Vec<usize> {
        self.questions.lock().expect("nobody panics in it").clone()
    }

    pub(crate) fn findings(&self) -> Findings {
        self.findings.lock().expect("nobody panics in it").clone()
    }

    pub(crate) fn done(&self) -> Vec<EntryId> {
        self.done.lock().expect("nobody panics in it").clone()
    }

    pub(crate) fn commits(&self) -> Vec<usize> {
        self.commits.lock().expect("nobody panics in it").clone()
    }
}

fn is_of(entry: &Entry, sale: &SaleId) -> bool {
    match &entry.body {
        EntryBody::Purchases(purchases) => purchases.iter().any(|one| one.sale == *sale),
        EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. } => false,
    }
}

#[async_trait]
impl Ledger for Stores {
    async fn commit(&self, entries: &[Entry]) -> Result<Vec<Settled>, CommitError> {
        let rows: Vec<usize> =
            entries.iter().map(|entry| entry.body.purchase_numbers().count()).collect();
        self.commits.lock().expect("nobody panics in it").push(rows.iter().sum());
        assert!(!self.panics.swap(false, Ordering::Relaxed), "as the test asks");
        let stuck = self.stuck.lock().expect("nobody panics in it").clone();
        if stuck.is_some_and(|sale| entries.iter().any(|entry| is_of(entry, &sale))) {
            return std::future::pending().await;
        }
        self.passes.acquire().await.expect("never closed").forget();
        let drifted = self.drifted.lock().expect("nobody panics in it").clone();
        if let Some(sale) = drifted
            && entries.iter().any(|entry| is_of(entry, &sale))
        {
            return Err(CommitError::Drift { sale, constraint: "sold_within_stock".into() });
        }
        let mut recorded = self.recorded.lock().expect("nobody panics in it");
        let insert = |entry: &Entry| {
            let new = entry.body.purchase_numbers().filter(|number| recorded.insert(*number));
            Settled::Committed { inserted: new.collect::<Vec<_>>().len() }
        };
        Ok(entries.iter().map(insert).collect())
    }

    async fn known(
        &self,
        _id: &SaleId,
        _numbers: &[PurchaseNo],
    ) -> Result<HashSet<PurchaseNo>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn on_record(&self, _id: &SaleId, numbers: &[PurchaseNo]) -> Result<OnRecord, PortError> {
        self.questions.lock().expect("nobody panics in it").push(numbers.len());
        self.answers.acquire().await.expect("never closed").forget();
        let epoch = *self.epoch.lock().expect("nobody panics in it");
        let recorded = self.recorded.lock().expect("nobody panics in it");
        let numbers = numbers.iter().filter(|number| recorded.contains(*number)).copied().collect();
        Ok(OnRecord { epoch: Some(epoch), numbers, voided: HashSet::new() })
    }

    async fn count_between(
        &self,
        _id: &SaleId,
        _after: Position,
        _to: Position,
    ) -> Result<u64, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn page(
        &self,
        _id: &SaleId,
        _after: Option<Position>,
        _limit: usize,
    ) -> Result<Vec<RecordedPurchase>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn void(&self, _letter: &DeadLetter, _at: Instant) -> Result<Voided, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn record_run(&self, _run: &ReconciliationRun) -> Result<RunId, PortError> {
        Ok(RunId(1))
    }

    async fn runs(
        &self,
        _before: Option<RunId>,
        _limit: usize,
    ) -> Result<Vec<(RunId, ReconciliationRun)>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn take_turn(
        &self,
        _node: &str,
        _lasts: Duration,
        _rest: Duration,
    ) -> Result<bool, PortError> {
        Ok(true)
    }

    async fn end_turn(&self, _node: &str, _compared_all: bool) -> Result<(), PortError> {
        Ok(())
    }
}

#[async_trait]
impl Outbox for Stores {
    fn shards(&self) -> Vec<Shard> {
        Vec::new()
    }

    async fn read(
        &self,
        _shard: Shard,
        _consumer: &str,
        _rows_max: usize,
        _wait: Duration,
    ) -> Result<Vec<Entry>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn take_over(
        &self,
        _shard: Shard,
        _consumer: &str,
        _idle: Duration,
    ) -> Result<Vec<Entry>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn renew(
        &self,
        _shard: Shard,
        _consumer: &str,
        _ids: &[EntryId],
    ) -> Result<(), PortError> {
        unreachable!("nobody asks it here")
    }

    async fn done(&self, _shard: Shard, ids: &[EntryId]) -> Result<(), PortError> {
        self.done.lock().expect("nobody panics in it").extend_from_slice(ids);
        Ok(())
    }

    async fn readmit(
        &self,
        _stale: &[RecordedPurchase],
        _epoch: Epoch,
    ) -> Result<Vec<Readmission>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn waiting(&self, _id: &SaleId, _entries_max: usize) -> Result<Vec<Entry>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn waiting_in(
        &self,
        _id: &SaleId,
        _epoch: Epoch,
        _entries_max: usize,
    ) -> Result<Option<Vec<Entry>>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn overdue(
        &self,
        _shard: Shard,
        _before: Instant,
        _entries_max: usize,
    ) -> Result<Vec<Entry>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn depth(&self) -> Result<u64, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn raise(&self, _shard: Shard, _letter: &DeadLetter) -> Result<Raised, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn dead_letters(
        &self,
        _after: Option<&DeadLetterId>,
        _limit: usize,
    ) -> Result<Vec<(DeadLetterId, DeadLetter)>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn dead_letter(&self, _id: &DeadLetterId) -> Result<Option<DeadLetter>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn take_dead_letter(&self, _id: &DeadLetterId) -> Result<Option<DeadLetter>, PortError> {
        unreachable!("nobody asks it here")
    }
}

#[async_trait]
impl SaleGate for Stores {
    fn acknowledges(&self) -> Acknowledgement {
        Acknowledgement::Gate
    }

    async fn room(&self) -> Result<Option<u64>, PortError> {
        unreachable!("nobody asks it here")
    }

    fn lane(&self) -> Rc<dyn GateLane> {
        unreachable!("nobody asks it here")
    }

    async fn open(&self, _sale: &Sale, _epoch: Epoch) -> Result<Snapshot, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn snapshot(&self, _id: &SaleId) -> Result<Option<Snapshot>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn purchases(&self, _id: &SaleId, _buyer: &BuyerId) -> Result<Option<Held>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn change(&self, _id: &SaleId, _change: Change) -> Result<Changed, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn amend(
        &self,
        _sale: &Sale,
        _epoch: Epoch,
        _seen: Version,
    ) -> Result<Amended, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn forget(&self, _id: &SaleId, _epoch: Epoch) -> Result<(), PortError> {
        unreachable!("nobody asks it here")
    }

    async fn listed(&self, _shard: Shard) -> Result<Vec<SaleId>, PortError> {
        sleep(LISTING_TAKES).await;
        Ok(Vec::new())
    }

    async fn shut(&self, _id: &SaleId) -> Result<(), PortError> {
        unreachable!("nobody asks it here")
    }

    async fn holdings(
        &self,
        _id: &SaleId,
        _from: Option<&HoldingsCursor>,
    ) -> Result<Option<HoldingsPage>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn repair(
        &self,
        _id: &SaleId,
        _lost: &[RecordedPurchase],
    ) -> Result<Vec<Repaired>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn audit(&self, _id: &SaleId) -> Result<Option<Audit>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn align(&self, id: &SaleId, _epoch: Epoch) -> Result<Aligned, PortError> {
        self.aligning.lock().expect("nobody panics in it").push(id.clone());
        std::future::pending().await
    }

    async fn rebuild(&self, id: &SaleId) -> Result<Rebuilt, PortError> {
        self.rebuilt.lock().expect("nobody panics in it").push(id.clone());
        let snapshot = snapshot(id.sku.as_str(), id.generation.0.as_u128(), 1, 0);
        Ok(Rebuilt { snapshot, raised: self.raised.load(Ordering::Relaxed) })
    }
}
