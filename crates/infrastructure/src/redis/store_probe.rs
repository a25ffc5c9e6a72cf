//! Whether Redis answers.

use std::sync::Arc;

use async_trait::async_trait;
use stampede_application::ports::{PortError, StoreProbe};

use super::{
    connections::Connections,
    failure::{STORE, unavailable},
};

/// Asks Redis whether it answers.
pub struct RedisProbe {
    connections: Arc<Connections>,
}

impl RedisProbe {
    pub(super) fn new(connections: Arc<Connections>) -> Self {
        Self { connections }
    }
}

#[async_trait]
impl StoreProbe for RedisProbe {
    fn name(&self) -> &'static str {
        STORE
    }

    async fn ping(&self) -> Result<(), PortError> {
        self.connections
            .shared
            .query::<String>(&redis::cmd("PING"))
            .await
            .map(|_| ())
            .map_err(unavailable)
    }
}
