//! What an acknowledgement is worth: the one table, and the stores that it is asked of.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::future::try_join;
use sqlx::PgPool;
use stampede_application::ports::{Durability, Fault, Loss, PortError, Worth};
use stampede_domain::Acknowledgement;
use tokio::{sync::Mutex, time::Instant};

use crate::{
    postgres::{self, PostgresFacts},
    redis::{Connections, RedisFacts, facts},
};

/// How long what the stores told of themselves holds.
const TOLD_HOLDS: Duration = Duration::from_secs(10);

impl RedisFacts {
    fn on_power_loss(&self) -> Loss {
        match (self.append_only, self.append_fsync.as_deref()) {
            (Some(false), _) => Loss::Unrecorded,
            (Some(true), Some("always")) => Loss::NothingOnHonestDisk,
            (Some(true), Some("everysec")) => Loss::LastTwoSeconds,
            (Some(true), Some("no")) => Loss::LastThirtySeconds,
            (Some(true), Some(_) | None) | (None, _) => Loss::Unknown,
        }
    }

    fn on_kill(&self) -> Loss {
        match (self.append_only, self.append_fsync.as_deref()) {
            (Some(false), _) => Loss::Unrecorded,
            (Some(true), Some("always" | "no")) => Loss::Nothing,
            // While a sync is under way it does not write for two seconds, and answers.
            (Some(true), Some("everysec")) => Loss::LastTwoSeconds,
            (Some(true), Some(_) | None) | (None, _) => Loss::Unknown,
        }
    }
}

/// Why a Postgres answers commits that it may lose, if it does.
#[must_use]
pub fn unsynced(facts: &PostgresFacts) -> Option<&'static str> {
    if facts.fsync == "off" {
        Some("fsync is off, so a crash of its host loses commits that were answered, or all of it")
    } else if facts.synchronous_commit == "off" {
        Some("synchronous_commit is off, so a crash loses commits that were answered")
    } else if facts.full_page_writes == "off" {
        Some("full_page_writes is off, so a power loss may tear pages that were answered")
    } else {
        None
    }
}

/// On the engine redis.
#[must_use]
pub fn on_redis(level: Acknowledgement, redis: &RedisFacts, postgres: &PostgresFacts) -> Worth {
    let unsynced = unsynced(postgres);
    // At level ledger nothing of the gate's is needed.
    let of_gate = |loss| match level {
        Acknowledgement::Gate => loss,
        Acknowledgement::Ledger => Loss::Nothing,
    };
    let with_replica = |loss| of_gate(if redis.replicas == 0 { Loss::CannotHappen } else { loss });
    let ledger_power = match unsynced {
        Some(_) => Loss::RepairedWhileGateLives,
        None => Loss::NothingOnHonestDisk,
    };
    let told = |setting: &Option<String>| setting.clone().unwrap_or_else(|| "unknown".to_owned());
    let append_only = redis.append_only.map(|on| if on { "yes" } else { "no" }.to_owned());
    Worth {
        level,
        may_lose: vec![
            (Fault::NodeKilled, Loss::Nothing),
            (Fault::GateKilled, of_gate(redis.on_kill())),
            (Fault::GatePowerLoss, of_gate(redis.on_power_loss())),
            (Fault::GateLost, of_gate(Loss::Unrecorded)),
            (Fault::GatePromoted, with_replica(Loss::WithinReplicationLag)),
            (Fault::GateParted, with_replica(Loss::UntilRefused)),
            (Fault::LedgerPowerLoss, ledger_power),
            (Fault::LedgerLosesCommits, Loss::RepairedWhileGateLives),
        ],
        settings: vec![
            ("appendonly", told(&append_only)),
            ("appendfsync", told(&redis.append_fsync)),
            ("replicas", redis.replicas.to_string()),
            ("synchronousCommit", postgres.synchronous_commit.clone()),
            ("fsync", postgres.fsync.clone()),
            ("fullPageWrites", postgres.full_page_writes.clone()),
            ("synchronousStandbyNames", postgres.synchronous_standby_names.clone()),
        ],
        broken: unsynced.filter(|_| level == Acknowledgement::Ledger),
    }
}

/// On the engine embedded, whose journal is synced before anybody is answered.
#[must_use]
pub fn embedded() -> Worth {
    Worth {
        level: Acknowledgement::Ledger,
        may_lose: vec![
            (Fault::NodeKilled, Loss::Nothing),
            (Fault::GatePowerLoss, Loss::NothingOnHonestDisk),
            (Fault::GateLost, Loss::Everything),
        ],
        settings: vec![("synchronous", "FULL".to_owned())],
        broken: None,
    }
}

/// The durability of the engine embedded, which nothing outside changes.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmbeddedDurability;

#[async_trait]
impl Durability for EmbeddedDurability {
    async fn worth(&self) -> Result<Worth, PortError> {
        Ok(embedded())
    }
}

/// The durability of Redis and Postgres, which people change while this program runs.
pub struct RedisDurability {
    connections: Arc<Connections>,
    pool: PgPool,
    level: Acknowledgement,
    /// What the stores told last, and when; held while they are asked, so that they are asked once.
    told: Mutex<Option<(Instant, Worth)>>,
}

impl RedisDurability {
    pub(crate) fn new(connections: Arc<Connections>, pool: PgPool, level: Acknowledgement) -> Self {
        Self { connections, pool, level, told: Mutex::default() }
    }
}

#[async_trait]
impl Durability for RedisDurability {
    async fn worth(&self) -> Result<Worth, PortError> {
        let mut told = self.told.lock().await;
        if let Some((at, worth)) = &*told
            && at.elapsed() < TOLD_HOLDS
        {
            return Ok(worth.clone());
        }
        let asked = try_join(facts(&self.connections), postgres::inspect(&self.pool));
        let (redis, postgres) = asked.await?;
        let worth = on_redis(self.level, &redis, &postgres);
        *told = Some((Instant::now(), worth.clone()));
        Ok(worth)
    }
}

#[cfg(test)]
mod tests {
    use stampede_domain::Acknowledgement::{Gate, Ledger};

    use super::*;
    use crate::postgres::Tables;

    fn redis(append_only: Option<bool>, append_fsync: Option<&str>, replicas: u32) -> RedisFacts {
        RedisFacts {
            version: "7.0.15".into(),
            role: "master".into(),
            clustered: false,
            maxmemory_policy: None,
            append_only,
            append_fsync: append_fsync.map(str::to_owned),
            replicas,
            backlog_ttl_s: None,
        }
    }

    fn synced() -> PostgresFacts {
        PostgresFacts {
            version: "15.8".into(),
            synchronous_commit: "on".into(),
            fsync: "on".into(),
            full_page_writes: "on".into(),
            synchronous_standby_names: String::new(),
            standby: false,
            tables: Tables::UpToDate,
        }
    }

    fn losses(level: Acknowledgement, redis: &RedisFacts) -> [Loss; 8] {
        let worth = on_redis(level, redis, &synced());
        assert_eq!((worth.level, worth.broken), (level, None));
        let losses: Vec<_> = worth.may_lose.into_iter().map(|(_, loss)| loss).collect();
        losses.try_into().expect("a row a fault")
    }

    #[test]
    fn the_table_is_that_of_the_guarantees() {
        use Loss::{
            CannotHappen, LastThirtySeconds, LastTwoSeconds, Nothing, NothingOnHonestDisk,
            RepairedWhileGateLives, Unknown, Unrecorded, UntilRefused, WithinReplicationLag,
        };
        for (append_only, append_fsync, replicas, killed, power) in [
            (Some(true), Some("always"), 0, Nothing, NothingOnHonestDisk),
            (Some(true), Some("everysec"), 1, LastTwoSeconds, LastTwoSeconds),
            (Some(true), Some("no"), 0, Nothing, LastThirtySeconds),
            (Some(true), None, 2, Unknown, Unknown),
            (Some(false), Some("always"), 0, Unrecorded, Unrecorded),
            (None, None, 0, Unknown, Unknown),
        ] {
            let redis = redis(append_only, append_fsync, replicas);
            let (promoted, parted) = match replicas {
                0 => (CannotHappen, CannotHappen),
                _ => (WithinReplicationLag, UntilRefused),
            };
            let rest = [NothingOnHonestDisk, RepairedWhileGateLives];
            let at_gate = [Nothing, killed, power, Unrecorded, promoted, parted, rest[0], rest[1]];
            assert_eq!(losses(Gate, &redis), at_gate, "{redis:?}");
            let at_ledger =
                [Nothing, Nothing, Nothing, Nothing, Nothing, Nothing, rest[0], rest[1]];
            assert_eq!(losses(Ledger, &redis), at_ledger, "{redis:?}");
        }
    }

    #[test]
    fn a_ledger_that_syncs_nothing_breaks_what_its_level_promises() {
        let redis = redis(Some(true), Some("always"), 0);
        for (facts, word) in [
            (PostgresFacts { synchronous_commit: "off".into(), ..synced() }, "synchronous_commit"),
            (PostgresFacts { fsync: "off".into(), ..synced() }, "fsync"),
            (PostgresFacts { full_page_writes: "off".into(), ..synced() }, "full_page_writes"),
        ] {
            for level in [Gate, Ledger] {
                let worth = on_redis(level, &redis, &facts);
                let power = (Fault::LedgerPowerLoss, Loss::RepairedWhileGateLives);
                assert!(worth.may_lose.contains(&power), "{worth:?}");
                let told = worth.broken.is_some_and(|why| why.starts_with(word));
                assert_eq!(told, level == Ledger, "{worth:?}");
            }
        }
        for kept in ["on", "local", "remote_write", "remote_apply"] {
            let facts = PostgresFacts { synchronous_commit: kept.into(), ..synced() };
            assert_eq!(on_redis(Ledger, &redis, &facts).broken, None, "{kept}");
        }
    }

    #[test]
    fn nobody_is_told_more_than_embedded_keeps() {
        let worth = embedded();
        assert_eq!((worth.level, worth.broken), (Ledger, None));
        assert!(worth.may_lose.contains(&(Fault::GateLost, Loss::Everything)));
    }
}
