//! Reading a shard: first what the consumer holds, then what is new.

use std::time::Duration;

use redis::{Cmd, RedisError, Value};
use stampede_application::ports::{Entry, EntryBody, EntryId, PortError};
use stampede_domain::Shard;
use tokio::time;

use super::{
    ENTRIES_MAX, GROUP, RedisOutbox, ShardReader,
    hands::{FIRST, Looked},
};
use crate::redis::{
    entry::RawEntry,
    failure::{NotNow, inconsistent, unavailable},
    fence::Undecodable,
    link,
};

/// Purchases that one entry may carry: the first command of a read asks for no more entries than
/// surely fit, the next ones for as many as the entries seen so far let expect.
const ROWS_OF_ENTRY_MAX: usize = 256;
/// Entries that one command brings; bounds what a read may bring too much.
const COUNT_MAX: usize = 128;
/// Times as long as entries must lie for a take-over, after which a silent consumer is forgotten.
const FORGOTTEN_AFTER: u32 = 100;
/// What a blocked read may take longer than it was to wait.
const REPLY_TIME: Duration = Duration::from_secs(2);

/// What a read has brought so far.
struct Catch {
    entries: Vec<Entry>,
    rows: usize,
    rows_max: usize,
}

impl Catch {
    fn is_full(&self) -> bool {
        self.rows >= self.rows_max
    }

    /// How many entries to ask for.
    fn count(&self) -> usize {
        let left = self.rows_max.saturating_sub(self.rows);
        let rows_of_entry = self.rows.div_ceil(self.entries.len().max(1)).max(1);
        let rows_of_entry = if self.entries.is_empty() { ROWS_OF_ENTRY_MAX } else { rows_of_entry };
        (left / rows_of_entry).clamp(1, COUNT_MAX)
    }

    fn take(&mut self, entry: Entry) {
        let rows = match &entry.body {
            EntryBody::Purchases(purchases) => purchases.len(),
            EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. } => 1,
        };
        self.rows += rows.max(1);
        self.entries.push(entry);
    }
}

impl RedisOutbox {
    pub(super) async fn read_some(
        &self,
        shard: Shard,
        consumer: &str,
        rows_max: usize,
        wait: Duration,
    ) -> Result<Vec<Entry>, PortError> {
        let reader = self.reader(shard)?;
        let mut catch = Catch { entries: Vec::new(), rows: 0, rows_max };
        let mut looked = reader.hands.begin(consumer);
        if let Some(from) = looked.next() {
            looked = self.read_held(shard, consumer, from, &mut catch).await?;
        }
        while !catch.is_full() {
            let block = (catch.entries.is_empty() && !wait.is_zero()).then_some(wait);
            let asked = catch.count();
            let page = self.read_group(reader, shard, consumer, asked, ">", block).await?;
            let brought = page.len();
            for raw in page {
                hand_out(reader, consumer, raw, &mut catch);
            }
            if brought < asked {
                break;
            }
        }
        reader.hands.end(consumer, looked);
        Ok(catch.entries)
    }

    /// What the consumer was given before, behind the id `from`.
    async fn read_held(
        &self,
        shard: Shard,
        consumer: &str,
        mut from: String,
        catch: &mut Catch,
    ) -> Result<Looked, PortError> {
        let reader = self.reader(shard)?;
        loop {
            let asked = catch.count();
            let page = self.read_group(reader, shard, consumer, asked, &from, None).await?;
            let brought = page.len();
            let mut gone = Vec::new();
            for raw in page {
                from.clone_from(&raw.id.0);
                if raw.fields.is_none() {
                    gone.push(raw.id);
                } else {
                    hand_out(reader, consumer, raw, catch);
                }
            }
            // Removed while it was held: it is done.
            self.acknowledge(shard, &gone).await?;
            if brought < asked {
                return Ok(Looked::Through);
            }
            if catch.is_full() {
                return Ok(Looked::UpTo(EntryId(from)));
            }
        }
    }

    /// One XREADGROUP; makes the group, from the beginning, if it is lost.
    async fn read_group(
        &self,
        reader: &ShardReader,
        shard: Shard,
        consumer: &str,
        count: usize,
        from: &str,
        block: Option<Duration>,
    ) -> Result<Vec<RawEntry>, PortError> {
        let stream = self.stream(shard);
        let mut command = redis::cmd("XREADGROUP");
        command.arg("GROUP").arg(GROUP).arg(consumer).arg("COUNT").arg(count);
        if let Some(block) = block {
            // BLOCK 0 would wait for ever.
            command.arg("BLOCK").arg(block.as_millis().max(1).to_string());
        }
        command.arg("STREAMS").arg(&stream).arg(from);
        let limit = block.unwrap_or_default() + REPLY_TIME;
        let reply = match bounded(reader, &command, limit).await? {
            Err(error) if has_lost_group(&error) => {
                self.make_group(&stream).await?;
                bounded(reader, &command, limit).await?
            }
            reply => reply,
        };
        let reply = reply.map_err(unavailable)?;
        entries_of_one_stream(reply).map_err(inconsistent)
    }

    /// Takes over what has been held for too long, going on where the last take-over ended: what
    /// comes back again and again keeps nothing behind it waiting.
    pub(super) async fn claim_idle(
        &self,
        shard: Shard,
        consumer: &str,
        idle: Duration,
    ) -> Result<Vec<Entry>, PortError> {
        let (reader, stream) = (self.reader(shard)?, self.stream(shard));
        let mut catch = Catch { entries: Vec::new(), rows: 0, rows_max: usize::MAX };
        let mut cursor = reader.hands.claims_from(consumer);
        let mut is_from_first = cursor == FIRST;
        loop {
            let mut command = redis::cmd("XAUTOCLAIM");
            command.arg(&stream).arg(GROUP).arg(consumer);
            command.arg(idle.as_millis().to_string()).arg(&cursor).arg("COUNT").arg(COUNT_MAX);
            let reply: Result<(String, Vec<Value>, Value), _> =
                self.connections.shared.query(&command).await;
            let (next, page, _) = match reply {
                Err(error) if has_lost_group(&error) => {
                    self.make_group(&stream).await?;
                    return Ok(Vec::new());
                }
                reply => reply.map_err(unavailable)?,
            };
            for value in page {
                let raw = RawEntry::read(value).map_err(inconsistent)?;
                hand_out(reader, consumer, raw, &mut catch);
            }
            reader.hands.claim_from(consumer, &next);
            let is_at_end = next == FIRST;
            if !catch.entries.is_empty() {
                return Ok(catch.entries);
            }
            if is_at_end && is_from_first {
                self.forget_consumers(&stream, idle * FORGOTTEN_AFTER).await?;
                return Ok(Vec::new());
            }
            is_from_first |= is_at_end;
            cursor = next;
        }
    }

    /// Lets go of those who hold nothing and have asked for nothing for so long: each life of a
    /// node has names of its own. One that lives after all is made anew when it asks.
    async fn forget_consumers(&self, stream: &str, silent: Duration) -> Result<(), PortError> {
        let mut command = redis::cmd("EVAL");
        command.arg(include_str!("../lua/forget_consumers.lua")).arg(1).arg(stream);
        command.arg(GROUP).arg(silent.as_millis().to_string());
        self.connections.shared.query::<Value>(&command).await.map(|_| ()).map_err(unavailable)
    }

    /// From the beginning of the stream: what the lost group had not seen done comes again.
    async fn make_group(&self, stream: &str) -> Result<(), PortError> {
        let mut command = redis::cmd("XGROUP");
        command.arg("CREATE").arg(stream).arg(GROUP).arg("0").arg("MKSTREAM");
        match self.connections.shared.query::<Value>(&command).await {
            Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
            reply => reply.map(|_| ()).map_err(unavailable),
        }
    }

    async fn acknowledge(&self, shard: Shard, ids: &[EntryId]) -> Result<(), PortError> {
        for part in ids.chunks(ENTRIES_MAX) {
            let mut command = redis::cmd("XACK");
            command.arg(self.stream(shard)).arg(GROUP);
            for id in part {
                command.arg(&id.0);
            }
            self.connections.shared.query::<Value>(&command).await.map_err(unavailable)?;
        }
        Ok(())
    }
}

/// Puts an entry into the caller's hand, unless it has seen lately that it cannot read it.
fn hand_out(reader: &ShardReader, consumer: &str, raw: RawEntry, catch: &mut Catch) {
    let Some(entry) = raw.decode() else { return };
    let Some(id) = &entry.id else { return };
    let is_newer = matches!(entry.body, EntryBody::Newer { .. });
    if is_newer && !reader.hands.hand_newer(consumer, id) {
        return;
    }
    catch.take(entry);
}

/// A command over a link that has no limit of its own.
async fn bounded(
    reader: &ShardReader,
    command: &Cmd,
    limit: Duration,
) -> Result<Result<Value, RedisError>, PortError> {
    let live = reader.link.live().await.map_err(unavailable)?;
    if let Ok(reply) = time::timeout(limit, reader.link.query(command)).await {
        return Ok(reply);
    }
    reader.link.drop_broken(&live).await;
    Err(NotNow::Late.into())
}

/// The stream or its group is gone: never made, or lost with the data.
fn has_lost_group(error: &RedisError) -> bool {
    matches!(error.code(), Some("NOGROUP" | "UNBLOCKED"))
}

/// The entries in a reply about one stream; nil means none.
fn entries_of_one_stream(reply: Value) -> Result<Vec<RawEntry>, Undecodable> {
    const WRONG: Undecodable = Undecodable("a stream's entries");
    if reply == Value::Nil {
        return Ok(Vec::new());
    }
    let streams = link::array(reply).ok_or(WRONG)?;
    let mut entries = Vec::new();
    for stream in streams {
        let Value::Array(parts) = stream else { return Err(WRONG) };
        let mut parts = parts.into_iter();
        parts.next().and_then(link::bytes).ok_or(WRONG)?;
        let Some(Value::Array(page)) = parts.next() else { return Err(WRONG) };
        for value in page {
            entries.push(RawEntry::read(value)?);
        }
    }
    Ok(entries)
}
