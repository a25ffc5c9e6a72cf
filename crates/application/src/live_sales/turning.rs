//! When a sale turns by itself, and in which order sales are shown.

use std::{cmp::Reverse, sync::Arc};

use stampede_domain::{Instant, Sku, State};
use tokio::sync::watch;

use super::LiveSale;

/// Sets the phase as of `now`; whether it changed.
pub(super) fn turn_at(current: &mut Arc<LiveSale>, now: Instant) -> bool {
    let phase = current.sale.phase(current.stock, now);
    if phase == current.phase {
        return false;
    }
    *current = Arc::new(LiveSale { phase, ..LiveSale::clone(current) });
    true
}

/// The sale with its phase as of `now`; its streams are told if that is new.
pub(super) fn turned(sale: &watch::Sender<Arc<LiveSale>>, now: Instant) -> Arc<LiveSale> {
    let live = sale.borrow().clone();
    if live.sale.phase(live.stock, now) == live.phase {
        return live;
    }
    sale.send_if_modified(|current| turn_at(current, now));
    sale.borrow().clone()
}

/// The next instant at which the sale's phase changes by itself.
pub(super) fn next_boundary(live: &LiveSale, now: Instant) -> Option<Instant> {
    let window = live.sale.window;
    match live.phase.state {
        State::Ended => None,
        State::Upcoming | State::Active => {
            [window.start, window.end].into_iter().filter(|&at| at > now).min()
        }
    }
}

/// Upcoming and active sales first, those by start; ended ones by latest end.
pub(super) fn order(live: &LiveSale) -> (bool, Reverse<i64>, i64, Sku) {
    let window = live.sale.window;
    let sku = live.sale.id.sku.clone();
    match live.phase.state {
        State::Ended => (true, Reverse(window.end.millis()), 0, sku),
        State::Upcoming | State::Active => (false, Reverse(0), window.start.millis(), sku),
    }
}
