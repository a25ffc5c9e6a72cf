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
use uuid::Uuid;

use super::Parts;
use crate::redis::failure::unavailable;

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

/// TIME, and lines by sku.
type ListReply = ((i64, i64), Vec<(String, String)>);

/// A line of a shard's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Listed {
    generation: Generation,
    version: Version,
    deleted: bool,
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
        let listed = self.list().await?;
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

    /// Sales whose snapshot must be read; removes those that are marked deleted.
    fn differing(
        &self,
        shown: &BTreeMap<Sku, (Generation, Version)>,
        listed: &BTreeMap<Sku, Listed>,
    ) -> Vec<SaleId> {
        let id = |sku: &Sku, generation| SaleId { sku: sku.clone(), generation };
        let mut to_read = Vec::new();
        for (sku, entry) in listed {
            match shown.get(sku) {
                Some(&(generation, _)) if entry.deleted && generation == entry.generation => {
                    self.live.remove(&id(sku, generation));
                }
                Some(&(generation, version)) if generation == entry.generation => {
                    if version != entry.version {
                        to_read.push(id(sku, generation));
                    }
                }
                Some(&(generation, _)) => {
                    to_read.push(id(sku, generation));
                    to_read.extend((!entry.deleted).then(|| id(sku, entry.generation)));
                }
                None if entry.deleted => {}
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

    async fn list(&self) -> Result<BTreeMap<Sku, Listed>, PortError> {
        let mut both = redis::pipe();
        both.cmd("TIME").cmd("HGETALL").arg(self.parts.registry.keys.sales(self.shard));
        let shared = &self.parts.connections.shared;
        let ((seconds, micros), lines): ListReply =
            shared.query_all(&both).await.map_err(unavailable)?;
        self.parts.connections.clock.observe(seconds * 1_000 + micros / 1_000);
        Ok(lines.iter().filter_map(|(sku, line)| parse(sku, line)).collect())
    }
}

/// Reads `<generation> <version> <live|deleted>`; later versions may add words.
fn parse(sku: &str, line: &str) -> Option<(Sku, Listed)> {
    let sku = Sku::parse(sku).ok()?;
    let mut words = line.split(' ');
    let generation = Generation(Uuid::try_parse(words.next()?).ok()?);
    let version = Version(words.next()?.parse().ok()?);
    let deleted = words.next()? == "deleted";
    Some((sku, Listed { generation, version, deleted }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_list_reads_back_and_nonsense_is_left_out() {
        let generation = Generation(Uuid::from_u128(7));
        let line = format!("{generation} 9007199254740991 deleted more");
        let (sku, listed) = parse("WIDGET-001", &line).unwrap();
        assert_eq!(sku.as_str(), "WIDGET-001");
        let version = Version(9_007_199_254_740_991);
        assert_eq!(listed, Listed { generation, version, deleted: true });
        assert_eq!(parse("WIDGET-001", "nonsense"), None);
        assert_eq!(parse("not a sku", &line), None);
    }
}
