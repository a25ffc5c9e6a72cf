//! What this node knows of every sale: the latest snapshot each, watched by its streams.
//!
//! Status is answered from here and never by a store call per request. The feed, and this
//! node's own answers, bring snapshots in; a slow stream costs nothing, because it reads the
//! newest value when it gets to it.

mod age;
mod selling;
mod taking_in;
mod turning;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use stampede_domain::{Generation, Instant, Phase, Sale, SaleId, Shard, Sku, State, Version};
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;

pub use self::selling::given_way;
use self::{
    selling::Selling,
    taking_in::take_in,
    turning::{next_boundary, order, turn_at, turned},
};
use crate::ports::{Clock, Snapshot};

/// A sale as this node shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSale {
    /// The sale with all that an admin may have changed.
    pub sale: Arc<Sale>,
    /// Units that nobody holds.
    pub stock: u32,
    /// Raised by every change.
    pub version: Version,
    /// The version at which `sale` was last read whole; the stock may be newer.
    pub defined: Version,
    /// Its state when it was last looked at; streams are told when it turns.
    pub phase: Phase,
}

/// What this node knows of a sku.
#[derive(Clone, Debug)]
pub enum Known {
    /// The sale as it stands, and the instant that its phase is told by.
    Live(Arc<LiveSale>, Instant),
    /// The sale's shard has not been read for too long: we do not know.
    Stale,
    /// This node has no sale of that sku; the catalogue may.
    Unknown,
}

/// How long what was read of a shard may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The gate is in this process: always.
    Always,
    /// As long as the shard was read within this time.
    Within(Duration),
}

/// How many removed sales are remembered, so that a late message does not bring one back.
const REMOVED_MAX: usize = 1_024;

/// Every sale that is not deleted, by sku.
pub struct LiveSales {
    clock: Arc<dyn Clock>,
    freshness: Freshness,
    /// What `shards_read` counts from.
    origin: time::Instant,
    /// Milliseconds after `origin` at which each shard was last read, 0 for never.
    shards_read: [AtomicU64; Shard::COUNT as usize],
    /// Replaced whole when a sale comes or goes, so that readers take no lock.
    sales: ArcSwap<HashMap<Sku, watch::Sender<Arc<LiveSale>>>>,
    /// What writers share; readers never take it.
    writing: Mutex<Writing>,
    /// Counts up when a sale comes or goes.
    directory: watch::Sender<u64>,
    /// Wakes the turner when a window may have moved.
    windows: tokio::sync::Notify,
    selling: Selling,
}

/// What writers share.
#[derive(Default)]
struct Writing {
    /// Generations that were removed lately, oldest first.
    removed: VecDeque<Generation>,
}

impl LiveSales {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, freshness: Freshness) -> Self {
        Self {
            clock,
            freshness,
            origin: time::Instant::now(),
            shards_read: std::array::from_fn(|_| AtomicU64::new(0)),
            sales: ArcSwap::default(),
            writing: Mutex::default(),
            directory: watch::Sender::new(0),
            windows: tokio::sync::Notify::new(),
            selling: Selling::new(),
        }
    }

    /// The clock that phases are told by.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The sale of that sku.
    #[must_use]
    pub fn get(&self, sku: &Sku) -> Known {
        let sales = self.sales.load();
        match sales.get(sku) {
            Some(_) if !self.is_fresh(Shard::of(sku)) => Known::Stale,
            Some(sale) => {
                let now = self.clock.now();
                Known::Live(turned(sale, now), now)
            }
            None => Known::Unknown,
        }
    }

    /// The sale of that sku even if its shard was not read lately, for those who ask the gate.
    #[must_use]
    pub fn last_known(&self, sku: &Sku) -> Option<Arc<LiveSale>> {
        self.sales.load().get(sku).map(|sale| sale.borrow().clone())
    }

    /// The changes of one sale; it closes when the sale is deleted.
    #[must_use]
    pub fn watch(&self, sku: &Sku) -> Option<watch::Receiver<Arc<LiveSale>>> {
        self.sales.load().get(sku).map(watch::Sender::subscribe)
    }

    /// Wakes when a sale comes or goes.
    #[must_use]
    pub fn watch_directory(&self) -> watch::Receiver<u64> {
        self.directory.subscribe()
    }

    /// Every sale: upcoming and active ones first, those by start, ended ones by latest end.
    ///
    /// `None` if any shard was not read lately. Costs a walk over all sales.
    #[must_use]
    pub fn all(&self) -> Option<(Vec<Arc<LiveSale>>, Instant)> {
        if !Shard::all().all(|shard| self.is_fresh(shard)) {
            return None;
        }
        let now = self.clock.now();
        let sales = self.sales.load();
        let mut all: Vec<_> = sales.values().map(|sale| turned(sale, now)).collect();
        all.sort_by_cached_key(|live| order(live));
        Some((all, now))
    }

    /// The featured sale: the active one that ends first, else the next upcoming, else the last
    /// ended. `None` for the option if there is no sale at all; `Err` if a shard is stale.
    ///
    /// # Errors
    ///
    /// [`Stale`] if any shard was not read lately.
    pub fn featured(&self) -> Result<Option<(Arc<LiveSale>, Instant)>, Stale> {
        let (all, now) = self.all().ok_or(Stale)?;
        let rank = |live: &LiveSale| {
            let window = live.sale.window;
            match live.phase.state {
                State::Active => (0, window.end.millis()),
                State::Upcoming => (1, window.start.millis()),
                State::Ended => (2, -window.end.millis()),
            }
        };
        let first = all.into_iter().min_by_key(|live| (rank(live), live.sale.id.sku.clone()));
        Ok(first.map(|live| (live, now)))
    }

    /// Takes in a whole snapshot, unless a newer one is known or its generation was removed.
    pub fn apply(&self, snapshot: &Snapshot) {
        let phase = snapshot.sale.phase(snapshot.stock, self.clock.now());
        let live = Arc::new(LiveSale {
            sale: Arc::new(snapshot.sale.clone()),
            stock: snapshot.stock,
            version: snapshot.version,
            defined: snapshot.version,
            phase,
        });
        let writing = self.write();
        if writing.removed.contains(&snapshot.sale.id.generation) {
            return;
        }
        let sku = &snapshot.sale.id.sku;
        let sales = self.sales.load();
        match sales.get(sku) {
            Some(known) if known.borrow().sale.id == snapshot.sale.id => {
                let now = self.clock.now();
                known.send_if_modified(|current| take_in(current, &live, now));
            }
            Some(known) if known.borrow().version > live.version => return,
            Some(_) | None => {
                let mut next = HashMap::clone(&sales);
                // An older generation's streams close here, as if it had been deleted.
                next.insert(sku.clone(), watch::Sender::new(live));
                self.sales.store(Arc::new(next));
                self.directory.send_modify(|count| *count += 1);
            }
        }
        drop(writing);
        self.windows.notify_one();
    }

    /// Takes in a change of the stock alone; `false` if this node does not know the sale, and
    /// its snapshot should be read.
    pub fn apply_stock(&self, id: &SaleId, version: Version, stock: u32) -> bool {
        let sales = self.sales.load();
        let Some(known) = sales.get(&id.sku) else { return false };
        {
            let current = known.borrow();
            if current.sale.id != *id {
                return false;
            }
            // Most of what comes is known: the feed tells a node what it has decided itself, and a
            // batch that sold nothing has the version of the one before.
            if version <= current.version {
                return true;
            }
        }
        let now = self.clock.now();
        known.send_if_modified(|current| {
            let newer = version > current.version;
            if newer {
                if stock < current.stock {
                    self.selling.sold();
                }
                *current = Arc::new(LiveSale {
                    stock,
                    version,
                    phase: current.sale.phase(stock, now),
                    ..LiveSale::clone(current)
                });
            }
            newer
        });
        true
    }

    /// Forgets a deleted sale: it leaves every answer, its streams close.
    pub fn remove(&self, id: &SaleId) {
        let mut writing = self.write();
        if writing.removed.len() == REMOVED_MAX {
            writing.removed.pop_front();
        }
        writing.removed.push_back(id.generation);
        let sales = self.sales.load();
        if sales.get(&id.sku).is_some_and(|known| known.borrow().sale.id == *id) {
            let mut next = HashMap::clone(&sales);
            next.remove(&id.sku);
            self.sales.store(Arc::new(next));
            self.directory.send_modify(|count| *count += 1);
        }
    }

    /// The version at which this node last read each sale whole, for a feed that compares it with
    /// the store: a stock alone does not tell what else has changed.
    #[must_use]
    pub fn versions(&self, shard: Shard) -> BTreeMap<Sku, (Generation, Version)> {
        let sales = self.sales.load();
        let of_shard = sales.iter().filter(|(sku, _)| Shard::of(sku) == shard);
        of_shard
            .map(|(sku, sale)| {
                let live = sale.borrow();
                (sku.clone(), (live.sale.id.generation, live.defined))
            })
            .collect()
    }

    /// Tells that all of a shard's changes until now are applied.
    pub fn shard_read(&self, shard: Shard) {
        let millis = u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.shards_read[shard.index()].store(millis.max(1), Ordering::Relaxed);
    }

    /// Turns sales whose start or end has come, and tells their streams, until `stop`.
    pub async fn turn(&self, stop: CancellationToken) {
        loop {
            let next = self.turn_once();
            let wait = next.map_or(TURN_AT_LEAST, |at| {
                let millis = at.millis_since(self.clock.now()).max(0);
                Duration::from_millis(u64::try_from(millis).unwrap_or(0)).min(TURN_AT_LEAST)
            });
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.windows.notified() => {}
                () = time::sleep(wait) => {}
            }
        }
    }

    /// Turns what is due now; returns the next instant at which something will be.
    pub fn turn_once(&self) -> Option<Instant> {
        let now = self.clock.now();
        let sales = self.sales.load();
        for sale in sales.values() {
            sale.send_if_modified(|current| turn_at(current, now));
        }
        let boundaries = sales.values().filter_map(|sale| next_boundary(&sale.borrow(), now));
        boundaries.min()
    }

    fn is_fresh(&self, shard: Shard) -> bool {
        match self.freshness {
            Freshness::Always => true,
            Freshness::Within(limit) => {
                let read = self.shards_read[shard.index()].load(Ordering::Relaxed);
                let age = self.origin.elapsed().saturating_sub(Duration::from_millis(read));
                read > 0 && age < limit
            }
        }
    }

    fn write(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Some shard was not read lately: we do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what this node knows of the sales is too old to show")]
pub struct Stale;

/// How long the turner sleeps at most, so that a store clock that was set is noticed.
const TURN_AT_LEAST: Duration = Duration::from_secs(1);
