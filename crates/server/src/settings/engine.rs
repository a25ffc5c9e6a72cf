//! Which engine, and where its stores are.

use std::{path::PathBuf, time::Duration};

use secrecy::SecretString;

use super::{Fault, Need, reader::Reader};

/// The engine and where its stores are.
#[derive(Debug)]
pub enum Engine {
    /// Everything in this process and one folder.
    Embedded {
        /// The folder.
        data_dir: PathBuf,
    },
    /// Redis judges, Postgres keeps.
    Redis(Stores),
}

/// Redis and Postgres.
#[derive(Debug)]
pub struct Stores {
    /// The Redis; it may hold a password.
    pub redis_url: SecretString,
    /// The Postgres; it may hold a password.
    pub database_url: SecretString,
    /// Begins every key and channel.
    pub prefix: String,
    /// Connections to Postgres.
    pub database_connections_max: u32,
    /// How long one waits for a free connection to Postgres.
    pub database_wait_max: Duration,
    /// How long opening a connection to Redis may take.
    pub redis_connect_max: Duration,
    /// How long Redis may take to answer.
    pub redis_response_max: Duration,
    /// How old what is shown may be.
    pub status_age_max: Duration,
}

impl Engine {
    pub(super) fn from_reader(read: &Reader, need: Need) -> Option<Self> {
        let engine = read.choice("STAMPEDE_ENGINE");
        let data_dir = read.text("STAMPEDE_DATA_DIR").unwrap_or_default();
        let acknowledge = read.choice("STAMPEDE_ACK");
        let stores = Stores::from_reader(read, engine);
        if engine == "redis" && need == Need::Demo {
            read.fault(Fault::other(
                "STAMPEDE_ENGINE",
                "is \"redis\"",
                "the demo is always embedded",
            ));
        }
        if engine == "redis" && acknowledge == "ledger" {
            let remedy = "the engine redis acknowledges at gate, for example STAMPEDE_ACK=gate";
            read.fault(Fault::not_in_this_version("STAMPEDE_ACK=ledger", remedy));
        }
        if engine == "redis" {
            stores.map(Self::Redis)
        } else {
            Some(Self::Embedded { data_dir: data_dir.into() })
        }
    }

    /// The engine's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Embedded { .. } => "embedded",
            Self::Redis(_) => "redis",
        }
    }
}

impl Stores {
    fn from_reader(read: &Reader, engine: &str) -> Option<Self> {
        let redis_url = if read.text("REDIS_URL").is_some_and(|url| url.contains(',')) {
            let remedy = "name one address, for example REDIS_URL=redis://127.0.0.1:6379";
            read.fault(Fault::not_in_this_version("REDIS_URL with several addresses", remedy));
            None
        } else {
            read.url("REDIS_URL")
        };
        let database_url = read.url("DATABASE_URL");
        if engine == "redis" && !read.is_set("DATABASE_URL") {
            read.missing("DATABASE_URL", "is not set, and the engine redis needs it");
        }
        let stores = |redis_url, database_url| Self {
            redis_url,
            database_url,
            prefix: read.prefix("STAMPEDE_REDIS_PREFIX"),
            database_connections_max: read.whole("STAMPEDE_DATABASE_CONNECTIONS_MAX"),
            database_wait_max: read.millis("STAMPEDE_DATABASE_WAIT_MAX_MS"),
            redis_connect_max: read.millis("STAMPEDE_REDIS_CONNECT_MAX_MS"),
            redis_response_max: read.millis("STAMPEDE_REDIS_RESPONSE_MAX_MS"),
            status_age_max: read.millis("STAMPEDE_STATUS_AGE_MAX_MS"),
        };
        let present = redis_url.is_some() && database_url.is_some();
        let read = stores(redis_url.unwrap_or_default(), database_url.unwrap_or_default());
        present.then_some(read)
    }
}
