//! One open event stream: what its client has seen, and what it is to see next.

use std::{
    collections::{HashMap, VecDeque},
    future::pending,
    sync::Arc,
};

use actix_web::web::Data;
use bytes::Bytes;
use futures::{
    FutureExt, StreamExt,
    future::LocalBoxFuture,
    stream::{FuturesUnordered, unfold},
};
use stampede_application::live_sales::LiveSale;
use stampede_domain::{EndReason, Generation, State};
use tokio::{
    sync::watch::Receiver,
    time::{Instant, sleep_until},
};

use crate::{connection::Events, sale_event, worker::Worker};

/// The changes of one sale, or of none any more.
type Changes = Receiver<Arc<LiveSale>>;

/// One open event stream.
pub(crate) struct SaleStream {
    worker: Data<Worker>,
    _open: OpenStream,
    /// What the client has seen of each sale.
    shown: HashMap<Generation, Arc<LiveSale>>,
    /// Waits for the next change of each sale.
    waiting: FuturesUnordered<LocalBoxFuture<'static, Changed>>,
    /// Tells that a sale came; `None` in the stream of one sale.
    directory: Option<Receiver<u64>>,
    /// Set if sales that came could not be listed.
    look_again_at: Option<Instant>,
    /// Events that are not sent.
    ready: VecDeque<Ready>,
    /// Sales whose stock is newer than shown, oldest first.
    stock_moved: VecDeque<(Generation, Arc<LiveSale>)>,
    /// When the next stock may be shown.
    stock_due: Instant,
    heartbeat_at: Instant,
}

/// An event that is not sent.
enum Ready {
    /// Its bytes, which all streams share.
    Made(Bytes),
    /// The whole of a sale, with the time in it: made when it is sent, since those of all sales
    /// may be megabytes that a client may never take.
    Initial(Arc<LiveSale>),
}

/// The next change of a sale, or its end.
struct Changed {
    generation: Generation,
    /// `None` if the sale is gone.
    next: Option<(Arc<LiveSale>, Changes)>,
}

/// One stream in the count of open ones, for as long as it lives.
pub(crate) struct OpenStream(Data<Worker>);

impl OpenStream {
    /// Counts one more stream; `None` if as many are open as may be.
    pub(crate) fn count(worker: &Data<Worker>) -> Option<Self> {
        let streams_max = worker.node.settings.limits.streams_max;
        worker.node.metrics.open_stream(streams_max).then(|| Self(worker.clone()))
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.node.metrics.close_stream();
    }
}

impl SaleStream {
    /// The stream of one sale, or of all sales with the directory that tells of new ones.
    pub(crate) fn new(
        worker: Data<Worker>,
        open: OpenStream,
        sales: Vec<Changes>,
        directory: Option<Receiver<u64>>,
    ) -> Self {
        let limits = worker.node.settings.limits;
        let now = Instant::now();
        let mut stream = Self {
            _open: open,
            shown: HashMap::new(),
            waiting: FuturesUnordered::new(),
            directory,
            look_again_at: None,
            ready: VecDeque::from([Ready::Made(sale_event::retry(limits.stream_retry))]),
            stock_moved: VecDeque::new(),
            stock_due: now,
            heartbeat_at: now + limits.heartbeat_interval,
            worker,
        };
        for changes in sales {
            stream.watch(changes);
        }
        stream
    }

    /// The events of an answer; they end when the sale is deleted or the server stops.
    pub(crate) fn into_events(self) -> Events {
        let next = async |mut stream: Self| stream.next().await.map(|event| (event, stream));
        unfold(self, next).boxed_local()
    }

    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        let closing = self.worker.node.closing.clone();
        loop {
            match self.ready.pop_front() {
                Some(Ready::Made(event)) => return Some(event),
                Some(Ready::Initial(live)) => return Some(self.initial(&live)),
                None => {}
            }
            if self.waiting.is_empty() && self.directory.is_none() {
                return None;
            }
            let directory = self.directory.as_mut();
            let came = async {
                match directory {
                    Some(directory) => directory.changed().await.is_ok(),
                    None => pending().await,
                }
            };
            let (look, look_again_at) = (self.look_again_at.is_some(), self.look_again_at);
            // Timers first: a sale in a rush always has a change ready.
            tokio::select! {
                biased;
                () = closing.cancelled() => return None,
                () = sleep_until(self.stock_due), if !self.stock_moved.is_empty() => {
                    self.show_stock();
                }
                () = sleep_until(self.heartbeat_at) => self.beat(),
                known = came => self.look_for_new_sales(known),
                () = sleep_until(look_again_at.unwrap_or(self.heartbeat_at)), if look => {
                    self.look_for_new_sales(true);
                }
                Some(changed) = self.waiting.next() => self.changed(changed),
            }
        }
    }

    /// Shows a sale from its beginning on.
    fn watch(&mut self, mut changes: Changes) {
        let live = changes.borrow_and_update().clone();
        let generation = live.sale.id.generation;
        let listener = self.worker.relays.listen(changes);
        self.ready.push_back(Ready::Initial(live.clone()));
        self.shown.insert(generation, live);
        self.await_change(generation, listener);
    }

    /// The whole of a sale, as of now.
    fn initial(&self, live: &Arc<LiveSale>) -> Bytes {
        let now = self.worker.node.use_cases.watch_sales.now();
        self.worker.rendered.of(live).initial(now)
    }

    fn await_change(&mut self, generation: Generation, mut changes: Changes) {
        let change = async move {
            if changes.changed().await.is_err() {
                return Changed { generation, next: None };
            }
            let live = changes.borrow_and_update().clone();
            Changed { generation, next: Some((live, changes)) }
        };
        self.waiting.push(change.boxed_local());
    }

    fn changed(&mut self, Changed { generation, next }: Changed) {
        let Some((live, changes)) = next else {
            self.forget(generation);
            return;
        };
        self.await_change(generation, changes);
        if let Some(shown) = self.shown.get(&generation).cloned() {
            self.show(generation, &shown, live);
        }
    }

    /// Makes the events that lead from what the client has seen to what is.
    fn show(&mut self, generation: Generation, shown: &LiveSale, live: Arc<LiveSale>) {
        if live.version < shown.version {
            return;
        }
        let redefined = is_redefined(shown, &live);
        let turned = shown.phase != live.phase || shown.sale.paused != live.sale.paused;
        if !redefined && !turned {
            self.stock_moved.retain(|(moved, _)| *moved != generation);
            if shown.stock != live.stock {
                self.stock_moved.push_back((generation, live));
                if Instant::now() >= self.stock_due {
                    self.show_stock();
                }
            }
            return;
        }
        let rendered = self.worker.rendered.of(&live);
        if redefined {
            self.ready.push_back(Ready::Initial(live.clone()));
        }
        if shown.stock != live.stock {
            self.stock_due = Instant::now().max(self.stock_due) + self.stock_interval();
            self.ready.push_back(Ready::Made(rendered.stock_update()));
        }
        if turned {
            let was_sold_out = shown.phase.end_reason == Some(EndReason::SoldOut);
            let restocked = was_sold_out && live.phase.state == State::Active;
            self.ready.push_back(Ready::Made(rendered.state_change(restocked)));
        }
        self.stock_moved.retain(|(moved, _)| *moved != generation);
        self.shown.insert(generation, live);
    }

    /// Shows the stock of the sale that has waited longest.
    fn show_stock(&mut self) {
        let Some((generation, live)) = self.stock_moved.pop_front() else { return };
        self.ready.push_back(Ready::Made(self.worker.rendered.of(&live).stock_update()));
        self.shown.insert(generation, live);
        self.stock_due = Instant::now() + self.stock_interval();
    }

    fn beat(&mut self) {
        self.ready.push_back(Ready::Made(Bytes::from_static(sale_event::HEARTBEAT)));
        self.heartbeat_at = Instant::now() + self.worker.node.settings.limits.heartbeat_interval;
    }

    /// Tells that a sale is gone.
    fn forget(&mut self, generation: Generation) {
        self.stock_moved.retain(|(moved, _)| *moved != generation);
        if let Some(live) = self.shown.remove(&generation) {
            self.ready.push_back(Ready::Made(sale_event::deleted(&live)));
        }
    }

    /// Takes in the sales that came since; `known` unless the directory itself is gone.
    fn look_for_new_sales(&mut self, known: bool) {
        self.look_again_at = None;
        if !known {
            self.directory = None;
            return;
        }
        let limits = self.worker.node.settings.limits;
        let Ok(sales) = self.worker.node.use_cases.watch_sales.all(limits.sales_per_stream_max)
        else {
            // Too old to show: the sales that are shown go on, the new ones wait.
            self.look_again_at = Some(Instant::now() + limits.stream_retry);
            return;
        };
        for changes in sales {
            let id = changes.borrow().sale.id.clone();
            if self.shown.contains_key(&id.generation) {
                continue;
            }
            // The old sale of the sku ends before the new one begins.
            let old = self.shown.values().find(|shown| shown.sale.id.sku == id.sku);
            if let Some(old) = old.map(|old| old.sale.id.generation) {
                self.forget(old);
            }
            if self.shown.len() < limits.sales_per_stream_max {
                self.watch(changes);
            }
        }
    }

    fn stock_interval(&self) -> std::time::Duration {
        self.worker.node.settings.limits.stock_update_interval
    }
}

/// Whether something changed that no smaller event tells.
fn is_redefined(shown: &LiveSale, live: &LiveSale) -> bool {
    let (old, new) = (&shown.sale, &live.sale);
    old.product_name != new.product_name
        || old.description != new.description
        || old.picture != new.picture
        || old.price != new.price
        || old.window != new.window
        || old.initial_stock != new.initial_stock
        || old.limit_per_buyer != new.limit_per_buyer
}
