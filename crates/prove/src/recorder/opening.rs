//! A sale is created, by an admin who is not noted.

use std::time::Duration;

use serde_json::json;
use stampede_domain::{Instant, Window};
use stampede_testkit::shop::{Shop, product};

use super::{millis, now_ms};

/// When a sale is on, counted from its creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct During {
    /// Until its start.
    pub starts_in: Duration,
    /// From its start to its end.
    pub lasts: Duration,
}

impl During {
    pub(super) fn window_from_now(self) -> Window {
        let start = now_ms() + millis(self.starts_in);
        let end = start + millis(self.lasts);
        Window { start: Instant::from_millis(start), end: Instant::from_millis(end) }
    }
}

/// As an admin does: after a 503, which says that it is not known whether the sale exists, as
/// when a node that starts looks after it in the same moment, it is asked for once more.
pub(super) async fn open_sale(
    shop: &Shop,
    sku: &str,
    stock: u32,
    limit: u32,
    window: Option<Window>,
) {
    let mut product = product(sku, stock, limit);
    if let Some(Window { start, end }) = window {
        product["startTime"] = json!(start.to_string());
        product["endTime"] = json!(end.to_string());
    }
    let first = shop.create_product(&product).await;
    if first.status == 503 {
        let again = shop.create_product(&product).await;
        assert!([201, 409].contains(&again.status), "{first:?}, then {again:?}");
        return;
    }
    assert_eq!(first.status, 201, "{first:?}");
}
