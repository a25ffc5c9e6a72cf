//! Which engine, and where its stores are.

use std::{path::PathBuf, sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use stampede_domain::Acknowledgement;
use stampede_infrastructure::{
    embedded::EngineLimits,
    postgres::PostgresLimits,
    redis::{LogRestores, RedisSettings},
};

use super::{
    Fault, Need,
    limits::{self, pauses},
    reader::Reader,
};

/// The engine and where its stores are.
#[derive(Debug)]
pub enum Engine {
    /// Everything in this process and one folder.
    Embedded(EmbeddedSettings),
    /// Redis judges, Postgres keeps.
    Redis(Box<RedisAndPostgres>),
}

/// The engine of one process and one folder.
#[derive(Clone, Debug)]
pub struct EmbeddedSettings {
    /// The folder.
    pub data_dir: PathBuf,
    /// Sales that may exist at a time.
    pub sales_max: u32,
    /// What the engine may hold.
    pub limits: EngineLimits,
}

/// The engine over Redis and Postgres.
#[derive(Debug)]
pub struct RedisAndPostgres {
    /// How to reach Redis.
    pub redis: RedisSettings,
    /// Where Postgres is; it may hold a password.
    pub database_url: SecretString,
    /// What this process takes of Postgres.
    pub postgres: PostgresLimits,
    /// How old what is shown may be.
    pub status_age_max: Duration,
}

impl Engine {
    pub(super) fn from_reader(read: &Reader, need: Need) -> Option<Self> {
        let engine = read.choice("STAMPEDE_ENGINE");
        let embedded = EmbeddedSettings {
            data_dir: read.text("STAMPEDE_DATA_DIR").unwrap_or_default().into(),
            sales_max: read.whole("STAMPEDE_SALES_MAX"),
            limits: EngineLimits {
                queue_max: read.whole("STAMPEDE_EMBEDDED_QUEUE_MAX"),
                group_max: read.whole("STAMPEDE_EMBEDDED_GROUP_MAX"),
            },
        };
        let stores = RedisAndPostgres::from_reader(read, engine);
        if engine != "redis" {
            return Some(Self::Embedded(embedded));
        }
        if need == Need::Demo {
            let remedy = "the demo is always embedded: unset it";
            read.fault(Fault::other("STAMPEDE_ENGINE", "is \"redis\"", remedy));
        }
        stores.map(|stores| Self::Redis(Box::new(stores)))
    }

    /// The engine's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Embedded(_) => "embedded",
            Self::Redis(_) => "redis",
        }
    }
}

/// What every answer that names a purchase must have survived.
pub(super) fn acknowledge(read: &Reader) -> Acknowledgement {
    match read.choice("STAMPEDE_ACK") {
        "ledger" => Acknowledgement::Ledger,
        _ => Acknowledgement::Gate,
    }
}

impl RedisAndPostgres {
    /// `None` if an address is missing or wrong, which is a fault only for the engine redis.
    fn from_reader(read: &Reader, engine: &str) -> Option<Self> {
        let several = read.text("REDIS_URL").is_some_and(|addresses| addresses.contains(','));
        if several {
            let remedy = "name one address, for example REDIS_URL=redis://127.0.0.1:6379";
            read.fault(Fault::not_in_this_version("REDIS_URL with several addresses", remedy));
        }
        let redis_url = if several { None } else { read.url("REDIS_URL") };
        let database_url = read.url("DATABASE_URL");
        if engine == "redis" && !read.is_set("DATABASE_URL") {
            read.missing("DATABASE_URL", "is not set, and the engine redis needs it");
        }
        let (reconnect_min, reconnect_max) =
            pauses(read, "STAMPEDE_REDIS_RECONNECT_MIN_MS", "STAMPEDE_REDIS_RECONNECT_MAX_MS");
        let redis = RedisSettings {
            url: redis_url.as_ref().map_or_else(String::new, |url| url.expose_secret().into()),
            prefix: read.prefix("STAMPEDE_REDIS_PREFIX"),
            connection_timeout: read.millis("STAMPEDE_REDIS_CONNECT_MAX_MS"),
            response_timeout: read.millis("STAMPEDE_REDIS_RESPONSE_MAX_MS"),
            reconnect_min,
            reconnect_max,
            restore_wait: read.millis("STAMPEDE_RESTORE_WAIT_MAX_MS"),
            feed_interval: read.millis("STAMPEDE_FEED_INTERVAL_MS"),
            acknowledge: acknowledge(read),
            restore_watch: Arc::new(LogRestores),
        };
        let (postgres, status_age_max) =
            (limits::postgres(read), read.millis("STAMPEDE_STATUS_AGE_MAX_MS"));
        redis_url?;
        Some(Self { redis, database_url: database_url?, postgres, status_age_max })
    }
}
