//! What one thread's event streams listen to: a sale's changes, slowed down to what streams show.
//!
//! A sale in a rush changes thousands of times a second. Woken by each change, ten thousand
//! streams would cost more than the sale itself; so one task a sale and thread listens to all of
//! them and wakes its streams at once for a change of state, and only so often for the stock.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc, time::Duration};

use stampede_application::live_sales::LiveSale;
use stampede_domain::Generation;
use tokio::{
    sync::watch::{Receiver, Sender, channel},
    time::{Instant, sleep_until},
};

/// The relays of one thread: one for each sale that has streams here, gone with the last of them.
pub(crate) struct Relays {
    /// Least time between two changes of the stock alone.
    stock_interval: Duration,
    open: RefCell<HashMap<Generation, Rc<Sender<Arc<LiveSale>>>>>,
}

impl Relays {
    /// None yet.
    pub(crate) fn new(stock_interval: Duration) -> Self {
        Self { stock_interval, open: RefCell::default() }
    }

    /// Listens to a sale; it closes when the sale is deleted. Needs a local task set.
    pub(crate) fn listen(
        self: &Rc<Self>,
        changes: Receiver<Arc<LiveSale>>,
    ) -> Receiver<Arc<LiveSale>> {
        let newest = changes.borrow().clone();
        let generation = newest.sale.id.generation;
        if let Some(relay) = self.open.borrow().get(&generation) {
            return relay.subscribe();
        }
        let (relay, listener) = channel(newest);
        let relay = Rc::new(relay);
        self.open.borrow_mut().insert(generation, relay.clone());
        let claim = Claim { relays: self.clone(), generation };
        tokio::task::spawn_local(pass_on(relay, changes, self.stock_interval, claim));
        listener
    }
}

/// A relay's place in the map, given back when its task ends.
struct Claim {
    relays: Rc<Relays>,
    generation: Generation,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.relays.open.borrow_mut().remove(&self.generation);
    }
}

/// Passes changes on until nobody listens or the sale is gone.
async fn pass_on(
    relay: Rc<Sender<Arc<LiveSale>>>,
    mut source: Receiver<Arc<LiveSale>>,
    stock_interval: Duration,
    _claim: Claim,
) {
    let mut held_back = false;
    let mut stock_due = Instant::now();
    loop {
        tokio::select! {
            biased;
            () = relay.closed() => {
                // A stream that came since it closed keeps the relay.
                if relay.is_closed() {
                    return;
                }
            }
            () = sleep_until(stock_due), if held_back => {
                held_back = false;
                stock_due = Instant::now() + stock_interval;
                relay.send_replace(source.borrow().clone());
            }
            changed = source.changed() => {
                let newest = source.borrow_and_update().clone();
                let quiet = differs_in_stock_alone(&relay.borrow(), &newest);
                if quiet && Instant::now() < stock_due && changed.is_ok() {
                    held_back = true;
                } else {
                    held_back = false;
                    stock_due = Instant::now() + stock_interval;
                    relay.send_replace(newest);
                }
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// Whether streams may learn of the change a little later.
fn differs_in_stock_alone(shown: &LiveSale, newest: &LiveSale) -> bool {
    shown.phase == newest.phase && Arc::ptr_eq(&shown.sale, &newest.sale)
}
