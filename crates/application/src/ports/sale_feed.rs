//! How a node hears what happens to sales on other nodes.

use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::live_sales::LiveSales;

/// Brings every change of every sale to this node.
///
/// An implementation MUST:
///
/// * load every sale that is not deleted before it reports the first shard as read;
/// * bring each change of each sale within 1 s even if messages are lost on the way;
/// * report a shard as read ([`LiveSales::shard_read`]) only after what it read is applied;
/// * survive any failure of the store, and catch up when it is back.
///
/// Changes made by this node reach [`LiveSales`] through the use cases as well, before they
/// are answered; applying a change twice is harmless.
#[async_trait]
pub trait SaleFeed: Send + Sync {
    /// Follows until `stop`.
    async fn follow(&self, live: Arc<LiveSales>, stop: CancellationToken);
}
