//! The events of a sale as a stream carries them.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use stampede_application::live_sales::LiveSale;
use stampede_domain::Version;
use utoipa::ToSchema;

use crate::{purchase::put_number, sale_status::SaleState};

/// A comment, which keeps a connection alive and means nothing.
pub(crate) const HEARTBEAT: &[u8] = b": alive\n\n";
/// Room for an event's name, id and frame.
const FRAME_BYTES: usize = 64;

/// The data of `stock-update`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StockUpdate<'a> {
    sku: &'a str,
    stock: u32,
    version: u64,
}

/// The data of `state-change`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StateChange<'a> {
    sku: &'a str,
    state: SaleState,
    /// Why it ended, or `RESTOCKED` if units came back to a sale that was sold out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<&'static str>,
    paused: bool,
    version: u64,
}

/// The data of `deleted`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SaleDeleted<'a> {
    sku: &'a str,
    version: u64,
}

/// The stock of a sale.
pub(crate) fn stock_update(live: &LiveSale) -> Bytes {
    let sku = live.sale.id.sku.as_str();
    let data = StockUpdate { sku, stock: live.stock, version: live.version.0 };
    event("stock-update", live.version, &data)
}

/// State and pause of a sale.
pub(crate) fn state_change(live: &LiveSale, restocked: bool) -> Bytes {
    let ended = live.phase.end_reason.map(stampede_domain::EndReason::as_str);
    let data = StateChange {
        sku: live.sale.id.sku.as_str(),
        state: live.phase.state.into(),
        reason: if restocked { Some("RESTOCKED") } else { ended },
        paused: live.sale.paused,
        version: live.version.0,
    };
    event("state-change", live.version, &data)
}

/// The end of a sale that is deleted.
pub(crate) fn deleted(live: &LiveSale) -> Bytes {
    let data = SaleDeleted { sku: live.sale.id.sku.as_str(), version: live.version.0 };
    event("deleted", live.version, &data)
}

/// How long a client waits before it opens a lost stream again.
pub(crate) fn retry(wait: std::time::Duration) -> Bytes {
    format!("retry: {}\n\n", wait.as_millis()).into()
}

/// An event up to its data, which must follow on one line.
pub(crate) fn begin(name: &str, version: Version, data_bytes: usize) -> BytesMut {
    let mut event = BytesMut::with_capacity(FRAME_BYTES + data_bytes);
    event.put_slice(b"event: ");
    event.put_slice(name.as_bytes());
    event.put_slice(b"\nid: ");
    put_number(&mut event, version.0);
    event.put_slice(b"\ndata: ");
    event
}

/// The event, ended.
pub(crate) fn end(mut event: BytesMut) -> Bytes {
    event.put_slice(b"\n\n");
    event.freeze()
}

fn event(name: &str, version: Version, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_vec(data).unwrap_or_default();
    let mut event = begin(name, version, data.len());
    event.put_slice(&data);
    end(event)
}
