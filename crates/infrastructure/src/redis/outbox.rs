//! The outbox over Redis Streams: a stream and a consumer group a shard.

mod dead_letters;
mod hands;
mod raised_letters;
mod reading;
mod standing;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use redis::{Cmd, Value};
use stampede_application::ports::{
    DeadLetter, DeadLetterId, Entry, EntryId, NoPlace, Outbox, PortError, Raised, Readmission,
};
use stampede_domain::{Epoch, Instant, RecordedPurchase, SaleId, Shard};

use self::hands::Hands;
use super::{
    attempt::BATCH_MAX,
    connections::Connections,
    entry::RawEntry,
    failure::{inconsistent, unavailable},
    fence::Undecodable,
    gatehouse::Gatehouse,
    head::Fields,
    link::Link,
    script::{ADOPT, Call},
};
use crate::packed::{ITEM, write_extras, write_item};

/// The consumer group of those who record in the ledger.
const GROUP: &str = "ledger";
/// Entries removed, renewed or scanned by one command.
const ENTRIES_MAX: usize = 256;

/// What the gate accepted, in streams of the same Redis.
pub struct RedisOutbox {
    connections: Arc<Connections>,
    gatehouse: Arc<Gatehouse>,
    readers: Vec<ShardReader>,
}

/// What one shard's reads need of their own.
struct ShardReader {
    /// Blocks while it waits, so nothing else goes over it.
    link: Link,
    /// What this process has handed out and not heard of again.
    hands: Hands,
}

impl RedisOutbox {
    pub(super) fn new(connections: Arc<Connections>, gatehouse: Arc<Gatehouse>) -> Self {
        let reader = |_| ShardReader { link: connections.blocking_link(), hands: Hands::default() };
        let readers = Shard::all().map(reader).collect();
        Self { connections, gatehouse, readers }
    }

    fn stream(&self, shard: Shard) -> String {
        self.gatehouse.registry.keys.outbox(shard)
    }

    fn reader(&self, shard: Shard) -> Result<&ShardReader, PortError> {
        let reader = self.readers.get(shard.index());
        reader.ok_or_else(|| inconsistent(Undecodable("a shard that does not exist")))
    }

    /// Offers purchases of one sale to its gate in the life `epoch`.
    async fn adopt(
        &self,
        id: &SaleId,
        epoch: Epoch,
        stale: &[&RecordedPurchase],
    ) -> Result<Vec<Readmission>, PortError> {
        let write = |command: &mut Cmd| write_stale(stale, command);
        let call =
            Call { script: &ADOPT, size: (2 * stale.len(), 128 * stale.len()), write: &write };
        let link = &self.connections.shared;
        let Some(answer) = self.gatehouse.call_in(link, id, epoch, &call).await? else {
            return Ok(vec![Readmission::Refused(NoPlace::SaleGone); stale.len()]);
        };
        let mut fields = Fields::of(answer.value).map_err(inconsistent)?;
        let letters = fields.value().and_then(|_| fields.value()).and_then(|_| fields.bytes());
        let answers = letters.map_err(inconsistent)?.into_iter().map(|letter| match letter {
            b'A' => Ok(Readmission::Adopted),
            b'K' => Ok(Readmission::Refused(NoPlace::BoughtAgain)),
            b'L' => Ok(Readmission::Refused(NoPlace::OverLimit)),
            b'S' => Ok(Readmission::Refused(NoPlace::SoldOut)),
            _ => Err(inconsistent(Undecodable("what became of a purchase"))),
        });
        answers.collect()
    }
}

#[async_trait]
impl Outbox for RedisOutbox {
    fn shards(&self) -> Vec<Shard> {
        Shard::all().collect()
    }

    async fn read(
        &self,
        shard: Shard,
        consumer: &str,
        rows_max: usize,
        wait: Duration,
    ) -> Result<Vec<Entry>, PortError> {
        self.read_some(shard, consumer, rows_max, wait).await
    }

    async fn take_over(
        &self,
        shard: Shard,
        consumer: &str,
        idle: Duration,
    ) -> Result<Vec<Entry>, PortError> {
        self.claim_idle(shard, consumer, idle).await
    }

    async fn renew(&self, shard: Shard, consumer: &str, ids: &[EntryId]) -> Result<(), PortError> {
        for part in ids.chunks(ENTRIES_MAX) {
            let mut command = redis::cmd("XCLAIM");
            command.arg(self.stream(shard)).arg(GROUP).arg(consumer).arg(0);
            for id in part {
                command.arg(&id.0);
            }
            command.arg("IDLE").arg(0).arg("JUSTID");
            self.connections.shared.query::<Value>(&command).await.map_err(unavailable)?;
        }
        Ok(())
    }

    async fn done(&self, shard: Shard, ids: &[EntryId]) -> Result<(), PortError> {
        let stream = self.stream(shard);
        for part in ids.chunks(ENTRIES_MAX) {
            // One step: XACK alone leaves the entry for ever, XDEL alone leaves it pending.
            let mut both = redis::pipe();
            both.atomic().cmd("XACK").arg(&stream).arg(GROUP);
            for id in part {
                both.arg(&id.0);
            }
            both.cmd("XDEL").arg(&stream);
            for id in part {
                both.arg(&id.0);
            }
            self.connections.shared.query_all::<Value>(&both).await.map_err(unavailable)?;
            self.reader(shard)?.hands.forget(part);
        }
        Ok(())
    }

    async fn readmit(
        &self,
        stale: &[RecordedPurchase],
        epoch: Epoch,
    ) -> Result<Vec<Readmission>, PortError> {
        let mut answers = vec![Readmission::Refused(NoPlace::SaleGone); stale.len()];
        let mut by_sale: Vec<usize> = (0..stale.len()).collect();
        by_sale.sort_by_key(|&place| &stale[place].sale);
        for places in by_sale.chunk_by(|&one, &other| stale[one].sale == stale[other].sale) {
            for part in places.chunks(BATCH_MAX) {
                let offered: Vec<_> = part.iter().map(|&place| &stale[place]).collect();
                let Some(first) = offered.first() else { continue };
                let answered = self.adopt(&first.sale, epoch, &offered).await?;
                for (&place, answer) in part.iter().zip(answered) {
                    answers[place] = answer;
                }
            }
        }
        Ok(answers)
    }

    async fn waiting(&self, id: &SaleId, entries_max: usize) -> Result<Vec<Entry>, PortError> {
        let generation = id.generation.to_string();
        let own = |raw: &RawEntry| raw.is_of(&generation);
        self.standing(Shard::of(&id.sku), "+", entries_max, own).await
    }

    async fn waiting_in(
        &self,
        id: &SaleId,
        epoch: Epoch,
        entries_max: usize,
    ) -> Result<Option<Vec<Entry>>, PortError> {
        self.standing_in(id, epoch, entries_max).await
    }

    async fn overdue(
        &self,
        shard: Shard,
        before: Instant,
        entries_max: usize,
    ) -> Result<Vec<Entry>, PortError> {
        // An entry's id begins with its instant; without a second part it means the last of it.
        let to = before.millis().saturating_sub(1).max(0).to_string();
        self.standing(shard, &to, entries_max, |_| true).await
    }

    async fn depth(&self) -> Result<u64, PortError> {
        let mut lengths = redis::pipe();
        for shard in Shard::all() {
            lengths.cmd("XLEN").arg(self.stream(shard));
        }
        let lengths: Vec<u64> =
            self.connections.shared.query_all(&lengths).await.map_err(unavailable)?;
        Ok(lengths.into_iter().sum())
    }

    async fn raise(&self, shard: Shard, letter: &DeadLetter) -> Result<Raised, PortError> {
        self.raise_letter(shard, letter).await
    }

    async fn dead_letters(
        &self,
        after: Option<&DeadLetterId>,
        limit: usize,
    ) -> Result<Vec<(DeadLetterId, DeadLetter)>, PortError> {
        let (mut letters, after) = match raised_letters::place(after) {
            Some(place) => (self.list_raised(place, limit).await?, None),
            None => (Vec::new(), after),
        };
        if letters.len() < limit {
            letters.extend(self.list_letters(after, limit - letters.len()).await?);
        }
        Ok(letters)
    }

    async fn dead_letter(&self, id: &DeadLetterId) -> Result<Option<DeadLetter>, PortError> {
        match raised_letters::parse(id) {
            Some(raised) => self.find_raised(raised).await,
            None => self.find_letter(id).await,
        }
    }

    async fn take_dead_letter(&self, id: &DeadLetterId) -> Result<Option<DeadLetter>, PortError> {
        match raised_letters::parse(id) {
            Some(raised) => self.take_raised(raised).await,
            None => self.take_letter(id).await,
        }
    }
}

/// Adds the buyer, and item and extras in one, of each purchase.
fn write_stale(stale: &[&RecordedPurchase], command: &mut Cmd) {
    let mut given = Vec::with_capacity(ITEM + 1);
    for recorded in stale {
        given.clear();
        write_item(&recorded.purchase, &mut given);
        let (trace, price) = (recorded.traceparent.as_ref(), recorded.purchase.unit_price);
        write_extras(trace, price, &mut given);
        command.arg(recorded.buyer.as_str()).arg(&given[..]);
    }
}
