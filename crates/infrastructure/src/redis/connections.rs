//! The connections of a node: one for what is shared, one a lane, one a blocking reader.

use std::sync::Arc;

use redis::{Client, RedisError};

use super::{
    clock::RedisClock,
    link::{Link, LinkLimits},
    settings::RedisSettings,
};

/// Makes links to one Redis, all telling one clock.
pub(crate) struct Connections {
    client: Client,
    limits: LinkLimits,
    pub(super) clock: Arc<RedisClock>,
    /// For everything but batches, blocking reads and the feed.
    pub(super) shared: Arc<Link>,
}

impl Connections {
    /// Connects once, so that the clock has a time to begin with.
    ///
    /// # Errors
    ///
    /// The address is none, or nobody answers there.
    pub(super) async fn open(settings: &RedisSettings) -> Result<Self, RedisError> {
        let client = Client::open(settings.url.as_str())?;
        let limits = LinkLimits {
            connection_timeout: settings.connection_timeout,
            response_timeout: Some(settings.response_timeout),
            reconnect_min: settings.reconnect_min,
            reconnect_max: settings.reconnect_max,
        };
        let clock = Arc::new(RedisClock::new(0));
        let shared = Arc::new(Link::new(client.clone(), limits, clock.clone()));
        shared.live().await?;
        Ok(Self { client, limits, clock, shared })
    }

    /// A link of one's own; connects when first used.
    pub(super) fn link(&self) -> Link {
        Link::new(self.client.clone(), self.limits, self.clock.clone())
    }

    /// A link for reads that block: a reply may take as long as its caller waits, so a blocking
    /// read never shares a connection, and the caller bounds the wait.
    pub(super) fn blocking_link(&self) -> Link {
        let limits = LinkLimits { response_timeout: None, ..self.limits };
        Link::new(self.client.clone(), limits, self.clock.clone())
    }
}
