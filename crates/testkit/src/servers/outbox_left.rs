//! What stands in the outbox of the engine redis, read past it.

use redis::{AsyncCommands, RedisResult, streams::StreamPendingReply};
use stampede_domain::Shard;

use super::{SharedRedis, connection};

/// The group of workers that read it.
pub(super) const GROUP: &str = "ledger";

/// What is on its way from gate to ledger, and what could not go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxLeft {
    /// Entries in the streams of all shards.
    pub entries: usize,
    /// Those of them that a worker has in hand, and what it had in hand and is gone.
    pub pending: usize,
    /// Entries in the streams of dead letters.
    pub dead: usize,
}

impl OutboxLeft {
    /// As it is now.
    pub async fn of(redis: &SharedRedis) -> Self {
        let mut connection = connection(&redis.url).await;
        let mut left = Self::default();
        for shard in Shard::all() {
            let stream = format!("{}{{{shard}}}:outbox", redis.prefix);
            left.entries += connection.xlen::<_, usize>(&stream).await.expect("a stream");
            // No group, nothing in hand.
            let pending: RedisResult<StreamPendingReply> =
                connection.xpending(&stream, GROUP).await;
            left.pending += pending.map_or(0, |pending| pending.count());
            let dead = format!("{}{{{shard}}}:dead", redis.prefix);
            left.dead += connection.xlen::<_, usize>(dead).await.expect("a stream");
        }
        left
    }
}
