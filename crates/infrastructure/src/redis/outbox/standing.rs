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
        // Few, as long as they may be all that is wanted: an entry may be large.
        let mut page_max = ENTRIES_MAX.min(entries_max);
        while standing.len() < entries_max {
            let mut command = redis::cmd("XRANGE");
            command.arg(&stream).arg(&from).arg(to).arg("COUNT").arg(page_max);
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
            if entries < page_max {
                break;
            }
            page_max = ENTRIES_MAX;
        }
        Ok(standing)
    }

    /// Entries of one sale, oldest first, at most `entries_max`, as its gate of the life `epoch`
    /// has them; `None` if another life is met. A script a page, each under the fence.
    ///
    /// The look ends at the entry that was the newest when it began: neighbours sell on. What is
    /// written of the sale meanwhile moves its version, and the look goes on to the newest entry of
    /// then: an adopted purchase may have left the entry that it came from.
    pub(super) async fn standing_in(
        &self,
        id: &SaleId,
        epoch: Epoch,
        entries_max: usize,
    ) -> Result<Option<Vec<Entry>>, PortError> {
        let mut standing = Vec::new();
        let (mut from, mut end) = ("-".to_owned(), None::<End>);
        while standing.len() < entries_max {
            let write = |command: &mut Cmd| {
                let to = end.as_ref().map_or("+", |end| &end.id);
                command.arg(&from).arg(to).arg(LOOKED_AT);
            };
            let call = Call { script: &WAITING, size: (3, 64), write: &write };
            let tried = self.gatehouse.try_in(&self.connections.shared, id, epoch, &call).await?;
            let answer = match tried {
                Tried::Done(answer) => answer,
                Tried::OtherLife | Tried::UnknownSale => return Ok(None),
            };
            let page = Page::read(answer.value).map_err(inconsistent)?;
            for value in page.of_sale {
                let raw = RawEntry::read(value).map_err(inconsistent)?;
                standing.extend(raw.decode());
            }
            let version = end.as_ref().map_or(&page.end.version, |end| &end.version);
            if !page.last.is_empty() {
                from = format!("({}", page.last);
                end.get_or_insert(page.end);
            } else if page.end.version == *version {
                break;
            } else {
                from = format!("({}", page.end.id);
                end = None;
            }
        }
        standing.truncate(entries_max);
        Ok(Some(standing))
    }
}

/// Where a look ends: the shard's newest entry, and the sale's version in that instant.
struct End {
    id: String,
    version: String,
}

/// What one script has looked at.
struct Page {
    /// As it was given, or as it is now, with the version of now.
    end: End,
    /// The id of the last entry that was looked at, empty if the end is reached.
    last: String,
    of_sale: Vec<Value>,
}

impl Page {
    fn read(reply: Value) -> Result<Self, Undecodable> {
        let mut fields = Fields::of(reply)?;
        fields.value().and_then(|_| fields.value())?;
        let (version, id, last) = (fields.text()?, fields.text()?, fields.text()?);
        let Value::Array(of_sale) = fields.value()? else {
            return Err(Undecodable("a part of the outbox"));
        };
        Ok(Self { end: End { id, version }, last, of_sale })
    }
}
