//! The workers of a node, over a shop.

use std::sync::Arc;

use opentelemetry::metrics::Meter;
use stampede_infrastructure::queue::{Queue, QueueLimits, QueueMetrics, QueueParts};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::shop::Shop;

/// Reconciles once a year, so that nothing but the outbox moves purchases.
const HARDLY_EVER: &str = "0 0 0 1 1 *";

/// Workers that drain the outbox until they are stopped.
pub(crate) struct Workers {
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Workers {
    pub(crate) fn of(shop: &Shop, limits: QueueLimits) -> Self {
        Self::of_node("node", shop, limits)
    }

    /// The same, counted by this meter.
    pub(crate) fn counted_by(meter: &Meter, shop: &Shop) -> Self {
        Self::start("node", shop, QueueLimits::default(), QueueMetrics::new(meter))
    }

    /// The same, of the node of that name.
    pub(crate) fn of_node(node: &str, shop: &Shop, limits: QueueLimits) -> Self {
        let uncounted = QueueMetrics::new(&opentelemetry::global::meter("test"));
        Self::start(node, shop, limits, uncounted)
    }

    fn start(node: &str, shop: &Shop, limits: QueueLimits, metrics: QueueMetrics) -> Self {
        let queue = Queue::new(
            QueueParts {
                outbox: shop.outbox.clone(),
                record: shop.record.clone(),
                reconcile: Arc::new(shop.reconcile(10_000)),
                live: shop.live.clone(),
            },
            HARDLY_EVER.parse().expect("a schedule"),
            node.to_owned(),
            limits,
            metrics,
        );
        let ending = CancellationToken::new();
        Self { running: tokio::spawn(queue.run(ending.clone())), stop: ending }
    }

    /// Lets them finish what they hold.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.running.await.expect("the workers end in order");
    }
}
