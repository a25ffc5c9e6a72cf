//! One open event stream: what its client has seen, and what it is to see next.

use std::{
    cell::RefCell,
    collections::VecDeque,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use actix_web::web::Data;
use bytes::Bytes;
use futures::{StreamExt, stream::poll_fn};
use stampede_application::live_sales::LiveSale;
use stampede_domain::{EndReason, State};

use crate::{
    connection::Events,
    sale_event,
    streams::{Changes, WatchedSale},
    worker::Worker,
};

/// One open event stream.
pub(crate) struct SaleStream {
    worker: Data<Worker>,
    _open: OpenStream,
    /// Whether it shows sales that come, too.
    is_of_all: bool,
    /// What the client has seen of each sale.
    sales: Vec<Shown>,
    /// Events that are not sent; all streams share their bytes.
    ready: VecDeque<Bytes>,
    /// Where to look first for a stock that is newer than shown.
    first: usize,
    /// The last round of stocks that it has taken part in.
    round: u64,
    /// How often it was told to show that it is alive.
    beats: u64,
    /// Whom to wake in its turn; `None` unless all is shown.
    waiting: Option<Waker>,
}

/// What a client has seen of a sale.
struct Shown {
    sale: Rc<WatchedSale>,
    /// `None` before its first event.
    seen: Option<Arc<LiveSale>>,
    /// Another sale of its sku has come.
    is_replaced: bool,
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
    /// The events of one sale, or of all sales and those that come; they end when the sale is
    /// deleted or the server stops. Needs a local task set.
    pub(crate) fn open(
        worker: Data<Worker>,
        open: OpenStream,
        sales: Vec<Changes>,
        is_of_all: bool,
    ) -> Events {
        let streams = worker.streams.clone();
        let retry = sale_event::retry(worker.node.settings.limits.stream_retry);
        let stream = Rc::new(RefCell::new(Self {
            _open: open,
            is_of_all,
            sales: sales.into_iter().map(|changes| Shown::of(streams.watch(changes))).collect(),
            ready: VecDeque::from([retry]),
            first: 0,
            round: streams.round(),
            beats: streams.beats(),
            waiting: None,
            worker,
        }));
        streams.open(&stream);
        poll_fn(move |context| stream.borrow_mut().poll_next(context)).boxed_local()
    }

    /// Whether it shows sales that come, too.
    pub(crate) fn is_of_all(&self) -> bool {
        self.is_of_all
    }

    /// It has its turn: takes in what is listed, and is polled again if there is something to show.
    pub(crate) fn turn(&mut self, listed: &[Rc<WatchedSale>]) {
        if self.is_of_all && !listed.is_empty() {
            self.take_in(listed);
        }
        if self.has_news()
            && let Some(waiting) = self.waiting.take()
        {
            waiting.wake();
        }
    }

    fn has_news(&self) -> bool {
        let streams = &self.worker.streams;
        self.beats != streams.beats()
            || streams.is_closing()
            || self.sales.iter().any(Shown::has_news)
    }

    fn poll_next(&mut self, context: &Context<'_>) -> Poll<Option<Bytes>> {
        let next = self.next();
        let goes_on = self.is_of_all || !self.sales.is_empty();
        if next.is_none() && goes_on && !self.worker.streams.is_closing() {
            self.waiting = Some(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(next)
    }

    /// The next event; `None` if there is nothing to show.
    fn next(&mut self) -> Option<Bytes> {
        if let Some(event) = self.ready.pop_front() {
            return Some(event);
        }
        let streams = &self.worker.streams;
        if streams.is_closing() {
            return None;
        }
        if self.beats != streams.beats() {
            self.beats = streams.beats();
            return Some(Bytes::from_static(sale_event::HEARTBEAT));
        }
        match self.sales.iter().position(Shown::is_more_than_stock) {
            Some(at) => Some(self.show(at)),
            None => self.stock(),
        }
    }

    /// The next event of a sale of which there is more to show than its stock.
    fn show(&mut self, at: usize) -> Bytes {
        let shown = &mut self.sales[at];
        let newest = shown.sale.newest().clone();
        let rendered = self.worker.rendered.of(&newest);
        // Made when it is sent: those of all sales may be megabytes that a client may never take.
        let initial = || rendered.initial(self.worker.node.use_cases.watch_sales.now());
        let Some(seen) = shown.seen.take() else {
            shown.seen = Some(newest);
            return initial();
        };
        if !is_redefined(&seen, &newest) && !is_turned(&seen, &newest) {
            self.sales.remove(at);
            return sale_event::deleted(&seen);
        }
        if is_redefined(&seen, &newest) {
            self.ready.push_back(initial());
        }
        if seen.stock != newest.stock {
            // It has had its stock of the next round.
            self.round = self.worker.streams.round() + 1;
            self.ready.push_back(rendered.stock_update());
        }
        if is_turned(&seen, &newest) {
            let was_sold_out = seen.phase.end_reason == Some(EndReason::SoldOut);
            let restocked = was_sold_out && newest.phase.state == State::Active;
            self.ready.push_back(rendered.state_change(restocked));
        }
        shown.seen = Some(newest);
        self.ready.pop_front().unwrap_or_default()
    }

    /// The stock of the next sale whose stock is newer than shown, one in each round.
    fn stock(&mut self) -> Option<Bytes> {
        let (streams, count) = (&self.worker.streams, self.sales.len());
        let in_turn = (0..count).map(|step| (self.first + step) % count);
        let mut moved = in_turn.filter(|at| self.sales[*at].is_other_stock());
        let at = moved.next()?;
        let is_late = self.round >= streams.round();
        if is_late || moved.next().is_some() {
            streams.stock_moved();
        }
        if is_late {
            return None;
        }
        self.round = streams.round();
        self.first = at + 1;
        let shown = &mut self.sales[at];
        let newest = shown.sale.newest().clone();
        let update = self.worker.rendered.of(&newest).stock_update();
        shown.seen = Some(newest);
        Some(update)
    }

    /// Takes in the sales that came since.
    fn take_in(&mut self, listed: &[Rc<WatchedSale>]) {
        let sales_max = self.worker.node.settings.limits.sales_per_stream_max;
        for sale in listed {
            let generation = sale.generation();
            let is_shown = self.sales.iter().any(|shown| shown.sale.generation() == generation);
            // One that went after it was listed may have a successor that is shown.
            if is_shown || sale.is_gone() {
                continue;
            }
            // The old sale of the sku ends before the new one begins.
            for shown in &mut self.sales {
                shown.is_replaced |= shown.sale.newest().sale.id.sku == sale.newest().sale.id.sku;
            }
            // What the client has seen nothing of needs no end.
            self.sales.retain(|shown| shown.seen.is_some() || !shown.is_over());
            if self.sales.iter().filter(|shown| !shown.is_over()).count() < sales_max {
                self.sales.push(Shown::of(sale.clone()));
            }
        }
    }
}

impl Shown {
    /// Nothing yet.
    fn of(sale: Rc<WatchedSale>) -> Self {
        Self { sale, seen: None, is_replaced: false }
    }

    fn is_over(&self) -> bool {
        self.is_replaced || self.sale.is_gone()
    }

    /// Whether there may be something to show, by a glance.
    fn has_news(&self) -> bool {
        let is_newest = |seen| Arc::ptr_eq(seen, &self.sale.newest());
        self.is_over() || !self.seen.as_ref().is_some_and(is_newest)
    }

    /// Whether there is something to show that does not wait for its round.
    fn is_more_than_stock(&self) -> bool {
        let Some(seen) = &self.seen else { return true };
        let newest = self.sale.newest();
        let is_other = !Arc::ptr_eq(seen, &newest)
            && (is_redefined(seen, &newest) || is_turned(seen, &newest));
        is_other || self.is_over()
    }

    fn is_other_stock(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.stock != self.sale.newest().stock)
    }
}

/// Whether its state or its pause changed.
fn is_turned(shown: &LiveSale, live: &LiveSale) -> bool {
    shown.phase != live.phase || shown.sale.paused != live.sale.paused
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
