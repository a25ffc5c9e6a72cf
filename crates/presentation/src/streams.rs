//! The event streams of one thread: what they show, and when each has its turn to show it.
//!
//! A sale in a rush changes thousands of times a second, and ten thousand streams may show it. So
//! one task a thread hears of all changes and lets the streams have their turns: at once for a
//! change of state, only so often for the stock, and some of them at a time, so that a buyer never
//! waits behind all of them. A stream of its own has neither a timer nor anything to listen to.

use std::{
    cell::{Cell, Ref, RefCell},
    collections::HashMap,
    rc::{Rc, Weak},
    sync::Arc,
};

use stampede_application::live_sales::LiveSale;
use stampede_domain::Generation;
use tokio::{
    sync::{Notify, watch::Receiver},
    task::{AbortHandle, spawn_local, yield_now},
    time::{Instant, sleep_until},
};

use crate::{sale_stream::SaleStream, worker::Node};

/// Streams that have their turn before whatever else waits has its own.
const SLICE: usize = 16;

/// The changes of one sale.
pub(crate) type Changes = Receiver<Arc<LiveSale>>;

/// The streams of one thread. Whatever is set here is seen by each of them in its turn.
pub(crate) struct Streams {
    node: Arc<Node>,
    /// Tells that a sale came or went. Never looked at, so that a copy of it begins with a change.
    directory: Receiver<u64>,
    /// Each is kept by the streams that show it.
    sales: RefCell<HashMap<Generation, Weak<WatchedSale>>>,
    /// What is closed is forgotten when it would have its turn.
    open: RefCell<Vec<Weak<RefCell<SaleStream>>>>,
    /// Whether a task gives them turns: while any are open.
    in_turns: Cell<bool>,
    /// Something is to be shown at once.
    turned: Cell<bool>,
    /// A stock is to be shown in the next round.
    stock_moved: Cell<bool>,
    /// Tells that one of these two was set.
    news: Notify,
    /// Rounds of stocks that were begun: a stream shows one stock in each.
    round: Cell<u64>,
    /// How often streams were told to show that they are alive.
    beats: Cell<u64>,
    /// The server stops, and so does every stream.
    closing: Cell<bool>,
}

/// A sale that streams of this thread show.
pub(crate) struct WatchedSale {
    streams: Rc<Streams>,
    generation: Generation,
    newest: RefCell<Arc<LiveSale>>,
    /// It was deleted.
    is_gone: Cell<bool>,
    listening: Cell<Option<AbortHandle>>,
}

impl Streams {
    /// None yet.
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self {
            directory: node.use_cases.watch_sales.directory(),
            node,
            sales: RefCell::default(),
            open: RefCell::default(),
            in_turns: Cell::default(),
            turned: Cell::default(),
            stock_moved: Cell::default(),
            news: Notify::new(),
            round: Cell::default(),
            beats: Cell::default(),
            closing: Cell::default(),
        }
    }

    /// One stream more has its turns. Needs a local task set.
    pub(crate) fn open(self: &Rc<Self>, stream: &Rc<RefCell<SaleStream>>) {
        self.open.borrow_mut().push(Rc::downgrade(stream));
        if !self.in_turns.replace(true) {
            spawn_local(give_turns(self.clone()));
        }
    }

    /// Listens to a sale for as long as the answer is kept. Needs a local task set.
    pub(crate) fn watch(self: &Rc<Self>, changes: Changes) -> Rc<WatchedSale> {
        let newest = changes.borrow().clone();
        let generation = newest.sale.id.generation;
        let known = self.sales.borrow().get(&generation).and_then(Weak::upgrade);
        if let Some(sale) = known {
            return sale;
        }
        let sale = Rc::new(WatchedSale {
            streams: self.clone(),
            generation,
            newest: RefCell::new(newest),
            is_gone: Cell::default(),
            listening: Cell::default(),
        });
        self.sales.borrow_mut().insert(generation, Rc::downgrade(&sale));
        let listening = spawn_local(listen(Rc::downgrade(&sale), changes));
        sale.listening.set(Some(listening.abort_handle()));
        sale
    }

    /// Something is to be shown at once.
    fn turned(&self) {
        if !self.turned.replace(true) {
            self.news.notify_one();
        }
    }

    /// A stock is to be shown in the next round.
    pub(crate) fn stock_moved(&self) {
        if !self.stock_moved.replace(true) {
            self.news.notify_one();
        }
    }

    /// Rounds of stocks that were begun.
    pub(crate) fn round(&self) -> u64 {
        self.round.get()
    }

    /// How often streams were told to show that they are alive.
    pub(crate) fn beats(&self) -> u64 {
        self.beats.get()
    }

    /// Whether every stream is to end.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.get()
    }

    /// What a stream of all sales shows; nothing where there is no such stream, and `None` if what
    /// this node knows is too old to show.
    fn listed(self: &Rc<Self>) -> Option<Vec<Rc<WatchedSale>>> {
        let is_of_all = |stream: &Weak<RefCell<SaleStream>>| {
            stream.upgrade().is_some_and(|stream| stream.borrow().is_of_all())
        };
        if !self.open.borrow().iter().any(is_of_all) {
            return Some(Vec::new());
        }
        let sales_max = self.node.settings.limits.sales_per_stream_max;
        let all = self.node.use_cases.watch_sales.all(sales_max).ok()?;
        Some(all.into_iter().map(|changes| self.watch(changes)).collect())
    }

    /// Gives every stream its turn, those of all sales with what is listed now.
    async fn pass(&self, listed: &[Rc<WatchedSale>]) {
        let mut at = 0;
        while self.slice(&mut at, listed) {
            yield_now().await;
        }
    }

    /// Gives a slice of the streams their turn; whether there are more.
    fn slice(&self, at: &mut usize, listed: &[Rc<WatchedSale>]) -> bool {
        let mut open = self.open.borrow_mut();
        for _ in 0..SLICE {
            let Some(stream) = open.get(*at) else { return false };
            if let Some(stream) = stream.upgrade() {
                stream.borrow_mut().turn(listed);
                *at += 1;
            } else {
                open.swap_remove(*at);
            }
        }
        true
    }
}

impl WatchedSale {
    /// The sale as this thread knows it.
    pub(crate) fn newest(&self) -> Ref<'_, Arc<LiveSale>> {
        self.newest.borrow()
    }

    /// Which sale it is.
    pub(crate) fn generation(&self) -> Generation {
        self.generation
    }

    /// Whether it was deleted.
    pub(crate) fn is_gone(&self) -> bool {
        self.is_gone.get()
    }

    fn changed(&self, newest: Arc<LiveSale>) {
        let known = self.newest.replace(newest);
        let newest = self.newest.borrow();
        if known.phase == newest.phase && Arc::ptr_eq(&known.sale, &newest.sale) {
            self.streams.stock_moved();
        } else {
            self.streams.turned();
        }
    }
}

impl Drop for WatchedSale {
    fn drop(&mut self) {
        self.streams.sales.borrow_mut().remove(&self.generation);
        if let Some(listening) = self.listening.take() {
            listening.abort();
        }
    }
}

/// Hears of a sale's changes until it is gone, or nobody shows it any more.
async fn listen(sale: Weak<WatchedSale>, mut changes: Changes) {
    while changes.changed().await.is_ok() {
        let newest = changes.borrow_and_update().clone();
        let Some(sale) = sale.upgrade() else { return };
        sale.changed(newest);
    }
    if let Some(sale) = sale.upgrade() {
        sale.is_gone.set(true);
        sale.streams.turned();
    }
}

/// Gives the streams of a thread their turns until none is open.
async fn give_turns(streams: Rc<Streams>) {
    let (limits, closing) = (streams.node.settings.limits, streams.node.closing.clone());
    let mut directory = streams.directory.clone();
    let mut look_again_at = None;
    let mut stock_due = Instant::now();
    let mut beat_at = stock_due + limits.heartbeat_interval;
    while !streams.open.borrow().is_empty() {
        let (mut looks, mut is_round) = (false, false);
        // Timers first: a sale in a rush always has news.
        tokio::select! {
            biased;
            () = closing.cancelled(), if !streams.closing.get() => streams.closing.set(true),
            () = sleep_until(stock_due), if streams.stock_moved.get() => {
                streams.stock_moved.set(false);
                streams.round.set(streams.round.get() + 1);
                stock_due = Instant::now() + limits.stock_update_interval;
                is_round = true;
            }
            () = sleep_until(beat_at) => {
                streams.beats.set(streams.beats.get() + 1);
                beat_at = Instant::now() + limits.heartbeat_interval;
            }
            () = sleep_until(look_again_at.unwrap_or(beat_at)), if look_again_at.is_some() => {
                looks = true;
            }
            Ok(()) = directory.changed() => looks = true,
            () = streams.news.notified() => if !streams.turned.take() { continue },
        }
        let mut listed = Some(Vec::new());
        if looks {
            listed = streams.listed();
            // Too old to show: what is shown goes on, what came waits.
            look_again_at = listed.is_none().then(|| Instant::now() + limits.stream_retry);
        }
        streams.pass(&listed.unwrap_or_default()).await;
        if is_round {
            // However many there are, the thread is not theirs alone.
            stock_due = stock_due.max(Instant::now() + limits.stock_update_interval / 2);
        }
    }
    streams.in_turns.set(false);
}
