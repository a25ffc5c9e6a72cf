//! One shard: compares its list of versions with what this node shows.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use futures::{StreamExt, stream};
use stampede_application::{
    live_sales::LiveSales,
    ports::{Causes, PortError},
};
use stampede_domain::{Generation, SaleId, Shard, Sku, Version};
use tokio::{sync::Notify, time};

use super::Parts;
use crate::redis::{
    failure::unavailable,
    listing::{Listed, Mark, list},
};

/// Snapshots read at once.
const SNAPSHOTS_MAX: usize = 16;

/// Keeps one shard's sales up to date.
pub(super) struct ShardFeed {
    shard: Shard,
    parts: Arc<Parts>,
    live: Arc<LiveSales>,
    /// Sales to be read again whatever the list says; held for a moment.
    wanted: Mutex<HashSet<SaleId>>,
    /// Wakes the reader before its interval is over.
    now: Notify,
}

impl ShardFeed {
    pub(super) fn new(shard: Shard, parts: Arc<Parts>, live: Arc<LiveSales>) -> Self {
        Self { shard, parts, live, wanted: Mutex::default(), now: Notify::new() }
    }

    /// Has the sale read again at the next look.
    pub(super) fn want(&self, id: SaleId) {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    /// Looks without waiting for the interval.
    pub(super) fn look_now(&self) {
        self.now.notify_one();
    }

    /// Looks for ever.
    pub(super) async fn follow(&self) {
        let mut interval = time::interval(self.parts.settings.feed_interval);
        interval.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        let mut failed = false;
        loop {
            tokio::select! {
                _ = interval.tick() => {}
                () = self.now.notified() => {}
            }
            match self.look().await {
                Ok(()) => failed = false,
                Err(error) if !failed => {
                    failed = true;
                    tracing::warn!(shard = %self.shard, error = %Causes(&error),
                        "a shard's sales could not be read; they are not shown until they are");
                }
                Err(_) => {}
            }
        }
    }

    /// Reads the list once and takes in what is new; reports the shard as read.
    async fn look(&self) -> Result<(), PortError> {
        // What is shown is noted first: what the list says lower is lower for certain.
        let shown = self.live.versions(self.shard);
        let Parts { connections, registry, .. } = &*self.parts;
        let listed = list(connections, &registry.keys, self.shard).await.map_err(unavailable)?;
        let mut to_read = self.take_wanted();
        to_read.extend(self.differing(&shown, &listed));
        let mut reads = stream::iter(to_read)
            .map(|id| async move {
                let read = self.read(&id).await;
                (id, read)
            })
            .buffer_unordered(SNAPSHOTS_MAX);
        let mut failure = None;
        while let Some((id, read)) = reads.next().await {
            if let Err(error) = read {
                self.want(id);
                failure = Some(error);
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        self.live.shard_read(self.shard);
        Ok(())
    }

    fn take_wanted(&self) -> HashSet<SaleId> {
        std::mem::take(&mut *self.wanted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sales whose snapshot must be read; removes those that are marked deleted or shut.
    fn differing(
        &self,
        shown: &BTreeMap<Sku, (Generation, Version)>,
        listed: &BTreeMap<Sku, Listed>,
    ) -> Vec<SaleId> {
        let id = |sku: &Sku, generation| SaleId { sku: sku.clone(), generation };
        let mut to_read = Vec::new();
        for (sku, entry) in listed {
            match shown.get(sku) {
                Some(&(generation, _))
                    if entry.mark != Mark::Live && generation == entry.generation =>
                {
                    self.live.remove(&id(sku, generation));
                }
                Some(&(generation, version)) if generation == entry.generation => {
                    if version != entry.version {
                        to_read.push(id(sku, generation));
                    }
                }
                Some(&(generation, _)) => {
                    to_read.push(id(sku, generation));
                    let is_live = entry.mark == Mark::Live;
                    to_read.extend(is_live.then(|| id(sku, entry.generation)));
                }
                None if entry.mark != Mark::Live => {}
                None => to_read.push(id(sku, entry.generation)),
            }
        }
        let missing = shown.iter().filter(|(sku, _)| !listed.contains_key(*sku));
        to_read.extend(missing.map(|(sku, &(generation, _))| id(sku, generation)));
        to_read
    }

    /// Reads one sale; one that its gate finds closed is restored on the way.
    async fn read(&self, id: &SaleId) -> Result<(), PortError> {
        match self.parts.gate.snapshot(id).await? {
            Some(snapshot) => self.live.apply(&snapshot),
            None => self.live.remove(id),
        }
        Ok(())
    }
}
