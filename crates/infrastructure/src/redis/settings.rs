//! How to reach Redis and how long to wait for it.

use std::{fmt, sync::Arc, time::Duration};

use stampede_domain::Acknowledgement;

use super::restore::{LogRestores, RestoreWatch};

/// How to reach Redis and how long to wait for it.
#[derive(Clone)]
pub struct RedisSettings {
    /// `redis://` or `rediss://`; may carry a password, so it is never printed.
    pub url: String,
    /// Begins every key and channel.
    pub prefix: String,
    /// The longest wait for a connection.
    pub connection_timeout: Duration,
    /// The longest wait for a reply; a batch is void for the store after it, too.
    pub response_timeout: Duration,
    /// The first pause after a connection failed; doubles up to [`Self::reconnect_max`].
    pub reconnect_min: Duration,
    /// The longest pause between two tries to connect.
    pub reconnect_max: Duration,
    /// The longest that a caller waits for a restore that it has met; the restore goes on.
    pub restore_wait: Duration,
    /// How often a node compares what it shows with the store.
    pub feed_interval: Duration,
    /// What this node's answers must have survived, even if a sale asks for less.
    pub acknowledge: Acknowledgement,
    /// Who is told how far this node's restores have come.
    pub restore_watch: Arc<dyn RestoreWatch>,
}

impl RedisSettings {
    /// The usual limits over this address, with this prefix.
    #[must_use]
    pub fn new(url: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            prefix: prefix.into(),
            connection_timeout: Duration::from_secs(2),
            response_timeout: Duration::from_secs(2),
            reconnect_min: Duration::from_millis(20),
            reconnect_max: Duration::from_secs(1),
            restore_wait: Duration::from_secs(2),
            feed_interval: Duration::from_millis(200),
            acknowledge: Acknowledgement::Gate,
            restore_watch: Arc::new(LogRestores),
        }
    }
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
