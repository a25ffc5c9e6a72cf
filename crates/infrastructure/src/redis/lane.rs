//! The gate as one worker thread holds it.

use std::sync::Arc;

use async_trait::async_trait;
use redis::Cmd;
use stampede_application::ports::{GateLane, Judged, PortError};
use stampede_domain::{Attempt, SaleId};

use super::{
    attempt::{self, BATCH_MAX},
    failure::inconsistent,
    fence::Undecodable,
    gatehouse::Gatehouse,
    link::Link,
};

/// A connection of its own, opened by the first batch on the thread that sends it.
pub(super) struct RedisLane {
    gatehouse: Arc<Gatehouse>,
    link: Link,
}

impl RedisLane {
    pub(super) fn new(gatehouse: Arc<Gatehouse>, link: Link) -> Self {
        Self { gatehouse, link }
    }
}

#[async_trait(?Send)]
impl GateLane for RedisLane {
    async fn decide(&self, id: &SaleId, batch: &[Attempt]) -> Result<Judged, PortError> {
        if batch.is_empty() || batch.len() > BATCH_MAX {
            return Err(inconsistent(Undecodable("a batch of no size that is allowed")));
        }
        let level = self.gatehouse.acknowledge;
        let write = |command: &mut Cmd| attempt::write(level, batch, command);
        let call = attempt::call(batch, &write);
        let Some(answer) = self.gatehouse.call(&self.link, id, &call).await? else {
            return Ok(Judged::UnknownSale);
        };
        attempt::judged(id, batch, answer).map_err(inconsistent)
    }
}
