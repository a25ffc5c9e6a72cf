//! Reading a shard past its group: what stands in it, in whosever hand.

use redis::{Cmd, Value};
use stampede_application::ports::{Entry, PortError};
use stampede_domain::{Epoch, SaleId, Shard};

use super::{ENTRIES_MAX, RedisOutbox};
use crate::redis::{
    entry::RawEntry,
    failure::{inconsistent, unavailable},
    fence::Undecodable,
    gatehouse::Tried,
    head::Fields,
    script::{Call, WAITING},
};

/// Entries that one script looks at. An entry has up to 256 purchases of some 1.2 KB, with a
/// buyer's name of 255 characters of 4 bytes: 0.3 MB, and 2.4 MB a script, which keeps others
/// waiting for milliseconds.
const LOOKED_AT: usize = 8;

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

    /// Entries of one sale, oldest first, at most `entries_max`, as its gate of the life `epoch` has
    /// them; `None` if another life is met. A script a page, each under the fence.
    pub(super) async fn standing_in(
        &self,
        id: &SaleId,
        epoch: Epoch,
        entries_max: usize,
    ) -> Result<Option<Vec<Entry>>, PortError> {
        let mut standing = Vec::new();
        let mut from = "-".to_owned();
        while standing.len() < entries_max {
            let write = |command: &mut Cmd| {
                command.arg(&from).arg(LOOKED_AT);
            };
            let call = Call { script: &WAITING, size: (2, 32), write: &write };
            let tried = self.gatehouse.try_in(&self.connections.shared, id, epoch, &call).await?;
            let answer = match tried {
                Tried::Done(answer) => answer,
                Tried::OtherLife | Tried::UnknownSale => return Ok(None),
            };
            let (last, page) = read_page(answer.value).map_err(inconsistent)?;
            for value in page {
                let raw = RawEntry::read(value).map_err(inconsistent)?;
                standing.extend(raw.decode());
            }
            if last.is_empty() {
                break;
            }
            from = format!("({last}");
        }
        standing.truncate(entries_max);
        Ok(Some(standing))
    }
}

/// The id of the last entry that was looked at, empty if there are no more, and those of the sale.
fn read_page(reply: Value) -> Result<(String, Vec<Value>), Undecodable> {
    let mut fields = Fields::of(reply)?;
    fields.value().and_then(|_| fields.value())?;
    let last = fields.text()?;
    let Value::Array(page) = fields.value()? else {
        return Err(Undecodable("a part of the outbox"));
    };
    Ok((last, page))
}
