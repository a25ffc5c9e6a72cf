//! The bytes of a sale, made once per change and shared by all who ask on this thread.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
};

use actix_web::http::header::HeaderValue;
use bytes::{BufMut, Bytes, BytesMut};
use stampede_application::live_sales::LiveSale;
use stampede_domain::{Generation, Instant};

use crate::{sale_event, sale_status::SaleStatus};

/// Sales whose bytes one thread keeps; with one more it begins anew.
const SALES_MAX: usize = 1_024;

/// What this thread has rendered, by sale.
#[derive(Default)]
pub(crate) struct RenderedSales(RefCell<HashMap<Generation, Rc<RenderedSale>>>);

impl RenderedSales {
    /// The bytes of this very state of the sale.
    pub(crate) fn of(&self, live: &Arc<LiveSale>) -> Rc<RenderedSale> {
        let mut sales = self.0.borrow_mut();
        let generation = live.sale.id.generation;
        if let Some(rendered) = sales.get(&generation)
            && Arc::ptr_eq(&rendered.live, live)
        {
            return rendered.clone();
        }
        if sales.len() >= SALES_MAX {
            sales.clear();
        }
        let rendered = Rc::new(RenderedSale::new(live.clone()));
        sales.insert(generation, rendered.clone());
        rendered
    }
}

/// One state of one sale, and what it looks like on the wire.
pub(crate) struct RenderedSale {
    /// The state that was rendered.
    live: Arc<LiveSale>,
    /// The status as JSON, up to where the server's time stands.
    status: String,
    /// A weak tag over generation, version, state and pause.
    etag: HeaderValue,
    /// The last whole answer, and when it was.
    answered: RefCell<Option<(Instant, Bytes)>>,
    stock_update: OnceCell<Bytes>,
    state_change: OnceCell<Bytes>,
    restocked: OnceCell<Bytes>,
}

/// What follows the server's time.
const STATUS_END: &str = "\"}";

impl RenderedSale {
    fn new(live: Arc<LiveSale>) -> Self {
        // The time is the last field: an empty one leaves the place for it.
        let timeless = SaleStatus::new(&live, String::new());
        let mut status = serde_json::to_string(&timeless).unwrap_or_default();
        status.truncate(status.len().saturating_sub(STATUS_END.len()));
        let (phase, paused) = (live.phase, if live.sale.paused { "paused" } else { "open" });
        let etag = format!(
            "W/\"{}-{}-{}-{paused}\"",
            live.sale.id.generation,
            live.version,
            phase.state.as_str()
        );
        Self {
            etag: HeaderValue::try_from(etag)
                .unwrap_or_else(|_| HeaderValue::from_static("W/\"\"")),
            status,
            answered: RefCell::default(),
            stock_update: OnceCell::new(),
            state_change: OnceCell::new(),
            restocked: OnceCell::new(),
            live,
        }
    }

    /// The sale's weak tag, quotes and all.
    pub(crate) fn etag(&self) -> &HeaderValue {
        &self.etag
    }

    /// Appends the status as of `now`.
    pub(crate) fn put_status(&self, buffer: &mut BytesMut, now: Instant) {
        buffer.put_slice(self.status.as_bytes());
        buffer.put_slice(&now.text());
        buffer.put_slice(STATUS_END.as_bytes());
    }

    /// The answer to who asks for this sale alone; those who ask within one millisecond share it.
    pub(crate) fn answer(&self, now: Instant) -> Bytes {
        let mut answered = self.answered.borrow_mut();
        if let Some((at, answer)) = &*answered
            && *at == now
        {
            return answer.clone();
        }
        let mut answer = BytesMut::with_capacity(self.status_bytes());
        answer.put_slice(br#"{"success":true,"data":"#);
        self.put_status(&mut answer, now);
        answer.put_slice(b"}");
        let answer = answer.freeze();
        *answered = Some((now, answer.clone()));
        answer
    }

    /// How many bytes a status takes with what stands around it, about.
    fn status_bytes(&self) -> usize {
        self.status.len() + 64
    }

    /// The event `initial`, as of `now`.
    pub(crate) fn initial(&self, now: Instant) -> Bytes {
        let mut event = sale_event::begin("initial", self.live.version, self.status_bytes());
        self.put_status(&mut event, now);
        sale_event::end(event)
    }

    /// The event `stock-update`.
    pub(crate) fn stock_update(&self) -> Bytes {
        self.stock_update.get_or_init(|| sale_event::stock_update(&self.live)).clone()
    }

    /// The event `state-change`; `restocked` if units came back to a sale that was sold out.
    pub(crate) fn state_change(&self, restocked: bool) -> Bytes {
        let event = if restocked { &self.restocked } else { &self.state_change };
        event.get_or_init(|| sale_event::state_change(&self.live, restocked)).clone()
    }
}
