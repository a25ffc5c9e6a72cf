//! How a Redis is set up, as far as it matters to what a purchase is worth there.

use std::collections::HashMap;

use redis::Cmd;
use stampede_application::ports::PortError;

use super::{connections::Connections, failure::unavailable, settings::RedisSettings};

/// What a Redis says of itself. `None`: it does not tell, as hosted ones may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisFacts {
    /// Its version, such as `7.0.15`.
    pub version: String,
    /// `master` or `slave`, as Redis calls them.
    pub role: String,
    /// Whether it is a node of a cluster.
    pub clustered: bool,
    /// What it does when its memory is full.
    pub maxmemory_policy: Option<String>,
    /// Whether it keeps an append-only file.
    pub append_only: Option<bool>,
    /// When it syncs that file: `always`, `everysec` or `no`.
    pub append_fsync: Option<String>,
    /// Replicas that are attached.
    pub replicas: u32,
    /// Seconds after which it lets go of its backlog once the last replica has left; 0 for never.
    pub backlog_ttl_s: Option<u64>,
}

/// Asks a Redis how it is set up, over a connection of its own.
///
/// # Errors
///
/// [`PortError::Unavailable`] if it does not answer.
pub async fn inspect(settings: &RedisSettings) -> Result<RedisFacts, PortError> {
    facts(&Connections::open(settings).await.map_err(unavailable)?).await
}

/// Asks the Redis that this node is connected to; a few round trips.
pub(crate) async fn facts(connections: &Connections) -> Result<RedisFacts, PortError> {
    let info: String = connections.shared.query(&redis::cmd("INFO")).await.map_err(unavailable)?;
    let info = Info::read(&info);
    Ok(RedisFacts {
        version: info.text("redis_version").unwrap_or_default(),
        role: info.text("role").unwrap_or_default(),
        clustered: info.text("cluster_enabled").is_some_and(|enabled| enabled == "1"),
        maxmemory_policy: info.text("maxmemory_policy"),
        append_only: info.text("aof_enabled").map(|enabled| enabled == "1"),
        append_fsync: setting(connections, "appendfsync").await,
        replicas: info.text("connected_slaves").and_then(|count| count.parse().ok()).unwrap_or(0),
        backlog_ttl_s: setting(connections, "repl-backlog-ttl")
            .await
            .and_then(|seconds| seconds.parse().ok()),
    })
}

/// One setting; `None` if this Redis does not tell, which is no failure.
async fn setting(connections: &Connections, name: &str) -> Option<String> {
    let mut ask: Cmd = redis::cmd("CONFIG");
    ask.arg("GET").arg(name);
    let mut told: HashMap<String, String> = connections.shared.query(&ask).await.ok()?;
    told.remove(name)
}

/// The lines of `INFO`.
pub(super) struct Info<'a>(HashMap<&'a str, &'a str>);

impl<'a> Info<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        Self(text.lines().filter_map(|line| line.trim_end().split_once(':')).collect())
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|&text| text.to_owned())
    }
}
