//! What a test does to an engine's stores behind the back of its adapters.

use std::{collections::HashMap, sync::Arc, time::Duration};

use redis::{Value, aio::MultiplexedConnection};
use sqlx::{Connection as _, PgConnection, SqlitePool};
use stampede_domain::{Epoch, Instant, SaleId, Shard};
use stampede_infrastructure::postgres::PostgresLedger;
use stampede_testkit::{
    drifts,
    servers::{self, LedgerCopy},
};

/// The store that an engine's outbox lies in.
#[derive(Clone)]
pub(crate) enum Stores {
    /// The file of the embedded engine.
    File(SqlitePool),
    /// The Redis of the redis engine, the installation's prefix, and where its ledger lies.
    Redis {
        redis: MultiplexedConnection,
        prefix: Arc<str>,
        ledger: Box<str>,
        records: PostgresLedger,
    },
}

/// A sale's row in a stranger's hand.
pub(crate) struct HeldRow(PgConnection);

impl HeldRow {
    /// Whether somebody has waited for it for so long.
    pub(crate) async fn has_kept_waiting(&mut self, long: Duration) -> bool {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'
                     AND query_start <= clock_timestamp() - $1)",
        )
        .bind(long)
        .fetch_one(&mut self.0)
        .await
        .expect("Postgres answers")
    }

    pub(crate) async fn let_go(mut self) {
        sqlx::raw_sql("ROLLBACK").execute(&mut self.0).await.expect("Postgres answers");
        self.0.close().await.expect("Postgres answers");
    }
}

impl Stores {
    /// Puts an entry into the outbox that a version of this program wrote whose format is 3.
    pub(crate) async fn plant_newer(&self, id: &SaleId) {
        match self {
            Self::File(pool) => journal(pool, id, r#"{"format":3,"kind":"purchases"}"#).await,
            Self::Redis { redis, prefix, .. } => stream(redis, prefix, id, "3", "purchases").await,
        }
    }

    /// Puts an entry into the outbox that no version of this program can read, with the word
    /// `torn` in it.
    pub(crate) async fn plant_broken(&self, id: &SaleId) {
        match self {
            Self::File(pool) => journal(pool, id, r#"{"format":1,"kind":"torn"#).await,
            Self::Redis { redis, prefix, .. } => {
                stream(redis, prefix, id, "torn", "purchases").await;
            }
        }
    }

    /// Raises a letter as a version of this program does whose format is 2.
    pub(crate) async fn plant_newer_letter(&self, id: &SaleId) {
        match self {
            Self::File(pool) => {
                let done = sqlx::query(
                    "INSERT INTO journal_dead_letters (generation, body, error) \
                     VALUES (?1, ?2, 'later')",
                )
                .bind(id.generation.0)
                .bind(r#"{"format":2,"kind":"purchases"}"#)
                .execute(pool)
                .await;
                done.expect("the file takes the row");
            }
            Self::Redis { redis, prefix, .. } => {
                let dead = format!("{prefix}{{{}}}:dead", Shard::of(&id.sku));
                let mut command = redis::cmd("XADD");
                command.arg(dead).arg("*").arg("f").arg("2").arg("b").arg("later");
                command.exec_async(&mut redis.clone()).await.expect("Redis answers");
            }
        }
    }

    /// The same stores, to plant drifts in.
    pub(crate) fn drifts(&self) -> drifts::Stores {
        match self {
            Self::File(pool) => drifts::Stores::File(pool.clone()),
            Self::Redis { redis, prefix, ledger, .. } => drifts::Stores::Redis {
                redis: redis.clone(),
                prefix: prefix.clone(),
                ledger: ledger.as_ref().into(),
            },
        }
    }

    /// The readers of the sale's shard have passed all that stands in its outbox.
    pub(crate) async fn pass_over_outbox(&self, id: &SaleId) {
        let Self::Redis { redis, prefix, .. } = self else { panic!("groups are in Redis") };
        let outbox = format!("{prefix}{{{}}}:outbox", Shard::of(&id.sku));
        let mut groups = redis::cmd("XINFO");
        groups.arg("GROUPS").arg(&outbox);
        let groups: Vec<HashMap<String, Value>> =
            groups.query_async(&mut redis.clone()).await.expect("Redis answers");
        let name: String = redis::from_redis_value(groups[0]["name"].clone()).expect("a name");
        let mut command = redis::cmd("XGROUP");
        command.arg("SETID").arg(outbox).arg(name).arg("$");
        command.exec_async(&mut redis.clone()).await.expect("Redis answers");
    }

    /// The next run of reconciliation has a number above this one.
    pub(crate) async fn number_runs_from(&self, number: i64) {
        match self {
            Self::File(pool) => {
                let done = sqlx::query(
                    "INSERT INTO reconciliation_runs \
                     (id, started_at, finished_at, sales, mismatches, repaired) \
                     VALUES (?1, 0, 0, 0, 0, 0)",
                )
                .bind(number)
                .execute(pool)
                .await;
                done.expect("the file takes the row");
            }
            Self::Redis { .. } => {
                let sequence = "pg_get_serial_sequence('reconciliation_runs', 'id')";
                self.change_ledger(&format!("SELECT setval({sequence}, {number})")).await;
            }
        }
    }

    /// Another node takes the turn to reconcile, whoever has it.
    pub(crate) fn steal_turn(&self) -> impl Future<Output = ()> + Send + 'static {
        let ledger: Box<str> = self.ledger().into();
        async move {
            let stolen = "UPDATE reconciliation_turn SET node = 'another', until = now() + '10 s'";
            servers::execute(&ledger, stolen).await;
        }
    }

    /// Moves a counter of the sale's head in Redis.
    pub(crate) async fn move_counter(&self, id: &SaleId, counter: &str, by: i64) {
        let Self::Redis { redis, prefix, .. } = self else { panic!("the counters are in Redis") };
        let head = format!("{prefix}{{{}}}:sale:{id}:head", Shard::of(&id.sku));
        let mut command = redis::cmd("HINCRBY");
        command.arg(head).arg(counter).arg(by);
        command.exec_async(&mut redis.clone()).await.expect("Redis answers");
    }

    /// Overwrites a field of the sale's head in Redis.
    pub(crate) async fn set_head(&self, id: &SaleId, field: &str, value: &str) {
        let Self::Redis { redis, prefix, .. } = self else { panic!("the heads are in Redis") };
        let head = format!("{prefix}{{{}}}:sale:{id}:head", Shard::of(&id.sku));
        let mut command = redis::cmd("HSET");
        command.arg(head).arg(field).arg(value);
        command.exec_async(&mut redis.clone()).await.expect("Redis answers");
    }

    /// A restorer takes the next epoch after `seen` and dies before it comes to the gate; the
    /// courtesy of others is over.
    pub(crate) async fn begin_restore_and_die(&self, id: &SaleId, seen: Epoch) -> Epoch {
        let Self::Redis { records, .. } = self else { panic!("restores are of the redis engine") };
        let nonce = seen.nonce.wrapping_add(1);
        let taken = records.take_epoch(id, seen, seen.number, nonce).await;
        let taken = taken.expect("the ledger answers").expect("nobody is at work");
        self.lapse_restores().await;
        taken
    }

    /// A restorer that holds `epoch` says again and again that it is at work, and never ends.
    pub(crate) async fn keep_restoring(&self, id: &SaleId, epoch: Epoch) {
        let Self::Redis { records, .. } = self else { panic!("restores are of the redis engine") };
        let mut again = tokio::time::interval(Duration::from_millis(100));
        while records.renew(id, epoch).await.expect("the ledger answers") {
            again.tick().await;
        }
    }

    /// Nobody waits any more for restorers that have died.
    pub(crate) async fn lapse_restores(&self) {
        self.change_ledger("UPDATE sales SET restore_until = to_timestamp(0)").await;
    }

    /// What the clock of Redis shows, which judges.
    pub(crate) async fn time(&self) -> Instant {
        let Self::Redis { redis, .. } = self else { panic!("a file has no clock") };
        let time = redis::cmd("TIME").query_async(&mut redis.clone()).await;
        let (seconds, micros): (i64, i64) = time.expect("Redis answers");
        Instant::from_millis(seconds * 1_000 + micros / 1_000)
    }

    /// A session with the ledger.
    pub(crate) async fn ledger_session(&self) -> PgConnection {
        PgConnection::connect(self.ledger()).await.expect("the ledger answers")
    }

    /// The ledger as it stands, to be put back later.
    pub(crate) async fn copy_ledger(&self) -> LedgerCopy {
        LedgerCopy::take(self.ledger()).await
    }

    /// Does something to the ledger that only a fault would do.
    pub(crate) async fn change_ledger(&self, statement: &str) {
        servers::execute(self.ledger(), statement).await;
    }

    /// Takes the sale's row in the ledger, as a burial does, until it is let go.
    pub(crate) async fn hold_row(&self, id: &SaleId) -> HeldRow {
        let mut holder = PgConnection::connect(self.ledger()).await.expect("Postgres answers");
        sqlx::raw_sql("BEGIN").execute(&mut holder).await.expect("Postgres answers");
        let row = sqlx::query("SELECT FROM sales WHERE generation = $1 FOR UPDATE");
        let taken = row.bind(id.generation.0).execute(&mut holder).await;
        assert_eq!(taken.expect("Postgres answers").rows_affected(), 1, "the sale is there");
        HeldRow(holder)
    }

    fn ledger(&self) -> &str {
        let Self::Redis { ledger, .. } = self else { panic!("the ledger is the gate's own file") };
        ledger
    }

    /// All that this installation has in Redis is gone.
    pub(crate) async fn lose_redis(&self) {
        let Self::Redis { redis, prefix, .. } = self else { panic!("there is no Redis") };
        let mut redis = redis.clone();
        let mut command = redis::cmd("KEYS");
        command.arg(format!("{prefix}*"));
        let keys: Vec<String> = command.query_async(&mut redis).await.expect("Redis answers");
        let mut command = redis::cmd("DEL");
        command.arg(keys);
        command.exec_async(&mut redis).await.expect("Redis answers");
    }

    /// Whether the gate's head says that the sale is deleted.
    pub(crate) async fn is_forgotten(&self, id: &SaleId) -> bool {
        let Self::Redis { redis, prefix, .. } = self else { panic!("the heads are in Redis") };
        let head = format!("{prefix}{{{}}}:sale:{id}:head", Shard::of(&id.sku));
        let mut command = redis::cmd("HGET");
        command.arg(head).arg("deleted");
        let deleted: Option<String> =
            command.query_async(&mut redis.clone()).await.expect("Redis answers");
        deleted.is_some()
    }

    /// All that Redis has of the sale's shard is gone.
    pub(crate) async fn lose_shard(&self, id: &SaleId) {
        let Self::Redis { redis, prefix, .. } = self else { panic!("the shards are in Redis") };
        let shard = format!("{prefix}{{{}}}:", Shard::of(&id.sku));
        let keys = ["sales", "outbox"].map(|name| format!("{shard}{name}"));
        let of_sale = ["head", "buyers"].map(|name| format!("{shard}sale:{id}:{name}"));
        let mut command = redis::cmd("DEL");
        command.arg(&keys).arg(&of_sale);
        command.exec_async(&mut redis.clone()).await.expect("Redis answers");
    }

    /// The shard's outbox is gone, and the life of the data in Redis is another, as where a replica
    /// is promoted that had not got it yet. Every sale of that Redis is closed.
    pub(crate) async fn promote_without_outbox(&self, id: &SaleId) {
        let Self::Redis { redis, prefix, .. } = self else { panic!("there is no Redis") };
        let mut both = redis::pipe();
        both.atomic().cmd("DEBUG").arg("CHANGE-REPL-ID");
        both.cmd("DEL").arg(format!("{prefix}{{{}}}:outbox", Shard::of(&id.sku)));
        both.exec_async(&mut redis.clone()).await.expect("Redis answers");
    }

    /// Takes a buyer's record out of Redis.
    pub(crate) async fn lose_buyer(&self, id: &SaleId, buyer: &str) {
        let Self::Redis { redis, prefix, .. } = self else { panic!("the buyers are in Redis") };
        let buyers = format!("{prefix}{{{}}}:sale:{id}:buyers", Shard::of(&id.sku));
        let mut command = redis::cmd("HDEL");
        command.arg(buyers).arg(buyer);
        let gone: u32 = command.query_async(&mut redis.clone()).await.expect("Redis answers");
        assert_eq!(gone, 1, "{buyer} was there");
    }
}

async fn journal(pool: &SqlitePool, id: &SaleId, body: &str) {
    let done = sqlx::query(
        "INSERT INTO journal (id, generation, weight, body) \
         SELECT coalesce(max(id), 0) + 1, ?1, 1, ?2 FROM journal",
    )
    .bind(id.generation.0)
    .bind(body)
    .execute(pool)
    .await;
    done.expect("the file takes the row");
}

async fn stream(
    redis: &MultiplexedConnection,
    prefix: &str,
    id: &SaleId,
    format: &str,
    kind: &str,
) {
    let outbox = format!("{prefix}{{{}}}:outbox", Shard::of(&id.sku));
    let mut command = redis::cmd("XADD");
    command.arg(outbox).arg("*").arg("f").arg(format).arg("k").arg(kind);
    command.arg("g").arg(id.generation.to_string()).arg("s").arg(id.sku.as_str());
    command.query_async::<Value>(&mut redis.clone()).await.expect("Redis answers");
}
