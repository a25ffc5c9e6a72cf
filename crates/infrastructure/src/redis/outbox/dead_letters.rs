//! Dead letters in Redis: a stream a shard, one letter an entry.

use redis::Value;
use serde::{Deserialize, Serialize};
use stampede_application::ports::{DeadLetter, DeadLetterId, PortError};
use stampede_domain::{RecordedPurchase, Shard};

use super::RedisOutbox;
use crate::redis::{
    entry::{RawEntry, field},
    failure::{STORE, inconsistent, unavailable},
};

/// The format of letters that this version writes.
const FORMAT: u64 = 1;

/// A letter as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    purchase: Option<RecordedPurchase>,
    raw: Option<String>,
    error: String,
}

/// A letter's place among those of all shards: time and count of its stream entry, then the shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    millis: u64,
    count: u64,
    shard: Shard,
}

impl Place {
    /// Reads `sNN-<millis>-<count>`.
    fn parse(id: &DeadLetterId) -> Option<Self> {
        let (shard, entry) = id.0.split_once('-')?;
        let shard = Shard::all().find(|known| known.to_string() == shard)?;
        Self::of_entry(shard, entry)
    }

    fn of_entry(shard: Shard, entry: &str) -> Option<Self> {
        let (millis, count) = entry.split_once('-')?;
        Some(Self { millis: millis.parse().ok()?, count: count.parse().ok()?, shard })
    }

    fn id(self) -> DeadLetterId {
        DeadLetterId(format!("{}-{}-{}", self.shard, self.millis, self.count))
    }

    fn entry(self) -> String {
        format!("{}-{}", self.millis, self.count)
    }

    /// Where a shard's letters after this one begin.
    fn start_in(self, shard: Shard) -> String {
        let exclusive = if shard <= self.shard { "(" } else { "" };
        format!("{exclusive}{}", self.entry())
    }
}

impl RedisOutbox {
    pub(super) async fn raise_in_stream(
        &self,
        shard: Shard,
        letter: &DeadLetter,
    ) -> Result<(), PortError> {
        let DeadLetter { purchase, raw, error } = letter.clone();
        let kept = serde_json::to_vec(&Kept { purchase, raw, error })
            .map_err(|error| PortError::inconsistent(STORE, error))?;
        let mut command = redis::cmd("XADD");
        command.arg(self.gatehouse.registry.keys.dead(shard)).arg("*");
        command.arg("f").arg(FORMAT).arg("b").arg(kept);
        self.connections.shared.query::<Value>(&command).await.map(|_| ()).map_err(unavailable)
    }

    /// Reads up to `limit` of each shard and keeps the oldest `limit` of all.
    pub(super) async fn list_letters(
        &self,
        after: Option<&DeadLetterId>,
        limit: usize,
    ) -> Result<Vec<(DeadLetterId, DeadLetter)>, PortError> {
        let after = after.and_then(Place::parse);
        let mut ranges = redis::pipe();
        for shard in Shard::all() {
            let start = after.map_or_else(|| "-".to_owned(), |place| place.start_in(shard));
            let key = self.gatehouse.registry.keys.dead(shard);
            ranges.cmd("XRANGE").arg(key).arg(start).arg("+").arg("COUNT").arg(limit);
        }
        let pages: Vec<Vec<Value>> =
            self.connections.shared.query_all(&ranges).await.map_err(unavailable)?;
        let mut letters = Vec::new();
        for (shard, page) in Shard::all().zip(pages) {
            for value in page {
                let raw = RawEntry::read(value).map_err(inconsistent)?;
                let place = Place::of_entry(shard, &raw.id.0);
                letters.extend(place.zip(raw.fields.as_deref().map(letter)));
            }
        }
        letters.sort_by_key(|(place, _)| *place);
        letters.truncate(limit);
        Ok(letters.into_iter().map(|(place, letter)| (place.id(), letter)).collect())
    }

    pub(super) async fn find_letter(
        &self,
        id: &DeadLetterId,
    ) -> Result<Option<DeadLetter>, PortError> {
        let Some(place) = Place::parse(id) else { return Ok(None) };
        let (key, entry) = (self.gatehouse.registry.keys.dead(place.shard), place.entry());
        let mut command = redis::cmd("XRANGE");
        command.arg(&key).arg(&entry).arg(&entry);
        let found: Vec<Value> =
            self.connections.shared.query(&command).await.map_err(unavailable)?;
        let Some(value) = found.into_iter().next() else { return Ok(None) };
        let raw = RawEntry::read(value).map_err(inconsistent)?;
        Ok(raw.fields.as_deref().map(letter))
    }

    pub(super) async fn take_letter(
        &self,
        id: &DeadLetterId,
    ) -> Result<Option<DeadLetter>, PortError> {
        let Some(place) = Place::parse(id) else { return Ok(None) };
        let (key, entry) = (self.gatehouse.registry.keys.dead(place.shard), place.entry());
        let mut take = redis::pipe();
        take.atomic().cmd("XRANGE").arg(&key).arg(&entry).arg(&entry);
        take.cmd("XDEL").arg(&key).arg(&entry).ignore();
        let (found,): (Vec<Value>,) =
            self.connections.shared.query_all(&take).await.map_err(unavailable)?;
        let Some(value) = found.into_iter().next() else { return Ok(None) };
        let raw = RawEntry::read(value).map_err(inconsistent)?;
        Ok(raw.fields.as_deref().map(letter))
    }
}

/// The letter; one that this version cannot read is shown as it is kept.
fn letter(fields: &[(Vec<u8>, Vec<u8>)]) -> DeadLetter {
    let is_ours = field(fields, b"f") == Some(FORMAT.to_string().as_bytes());
    let kept = field(fields, b"b").filter(|_| is_ours).map(serde_json::from_slice::<Kept>);
    match kept {
        Some(Ok(Kept { purchase, raw, error })) => DeadLetter { purchase, raw, error },
        Some(Err(_)) | None => DeadLetter {
            purchase: None,
            raw: Some(RawEntry::shown(fields)),
            error: "written by another version of this program".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_found_by_its_id_and_nonsense_finds_none() {
        let place = Place::parse(&DeadLetterId("s03-1700000000000-2".into())).unwrap();
        assert_eq!(place.id().0, "s03-1700000000000-2");
        for wrong in ["", "s03", "s99-1-2", "x-1-2", "s03-1", "s03-1-2-3"] {
            assert_eq!(Place::parse(&DeadLetterId(wrong.into())), None, "{wrong}");
        }
    }
}
