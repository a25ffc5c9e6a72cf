//! Reading a shard past its group: what stands in it, in whosever hand.

use redis::Value;
use stampede_application::ports::{Entry, PortError};
use stampede_domain::Shard;

use super::{ENTRIES_MAX, RedisOutbox};
use crate::redis::{
    entry::RawEntry,
    failure::{inconsistent, unavailable},
};

impl RedisOutbox {
    /// Entries up to the id `to`, oldest first, at most `entries_max` of those that are `wanted`.
    pub(super) async fn standing(
        &self,
        shard: Shard,
        to: &str,
        entries_max: usize,
        wanted: impl Fn(&RawEntry) -> bool + Send,
    ) -> Result<Vec<Entry>, PortError> {
        let stream = self.stream(shard);
        let mut standing = Vec::new();
        let mut from = "-".to_owned();
        while standing.len() < entries_max {
            let mut command = redis::cmd("XRANGE");
            command.arg(&stream).arg(&from).arg(to).arg("COUNT").arg(ENTRIES_MAX);
            let page: Vec<Value> =
                self.connections.shared.query(&command).await.map_err(unavailable)?;
            let entries = page.len();
            for value in page {
                let raw = RawEntry::read(value).map_err(inconsistent)?;
                from = format!("({}", raw.id.0);
                if standing.len() < entries_max && wanted(&raw) {
                    standing.extend(raw.decode());
                }
            }
            if entries < ENTRIES_MAX {
                break;
            }
        }
        Ok(standing)
    }
}
