//! What a whole snapshot makes of what is shown already, when stocks may have overtaken it.

use std::sync::Arc;

use stampede_domain::Instant;

use super::LiveSale;

/// Takes in a sale that was read whole; returns whether that is worth telling.
///
/// A stock may be newer than the snapshot: then it stays, and only what an admin changed is taken.
/// A sale that is described as before keeps its allocation, by which listeners know that at most
/// the stock is new.
pub(super) fn take_in(current: &mut Arc<LiveSale>, read: &LiveSale, now: Instant) -> bool {
    let newest = if read.version >= current.version { read } else { &**current };
    if read.defined <= current.defined && read.version < current.version {
        return false;
    }
    let sale = if read.sale == current.sale { &current.sale } else { &read.sale };
    let next = LiveSale {
        sale: sale.clone(),
        stock: newest.stock,
        version: newest.version,
        defined: read.defined,
        phase: sale.phase(newest.stock, now),
    };
    let told = LiveSale { defined: next.defined, ..LiveSale::clone(current) };
    let is_new = told != next;
    *current = Arc::new(next);
    is_new
}
