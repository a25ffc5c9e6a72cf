//! Clients of which everything is noted that they ask and are answered.

mod noted;
mod opening;
mod reading;
mod streams;

use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use stampede_domain::Window;
use stampede_testkit::shop::{Answer, Shop};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

pub use self::opening::During;
use self::{
    opening::open_sale,
    reading::{attempted, numbers, seen},
};
use crate::history::{Attempt, Attempted, Away, Change, Changed, Event, Gate, Operation, Seen};

/// Clients of several nodes of one shop, who buy of one sale.
#[derive(Debug)]
pub struct Recorder {
    sku: String,
    stock: u32,
    limit: u32,
    window: Option<Window>,
    gate: Gate,
    origin: Instant,
    origin_ms: i64,
    /// Where each node is now; another place after a restart.
    nodes: Mutex<Vec<Shop>>,
    noted: Mutex<Noted>,
    /// How many attempts were decided: what faults wait for.
    decided: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Noted {
    is_one_address: bool,
    operations: Vec<Operation>,
    losses: Vec<RangeInclusive<Duration>>,
    away: Vec<Away>,
    streams: usize,
    /// By which stream of which node there was last nothing to read, and when.
    idle: BTreeMap<usize, (usize, Duration)>,
}

impl Recorder {
    /// Opens the sale `sku` on the first of `nodes` for clients of all of them.
    pub async fn open(nodes: Vec<Shop>, sku: &str, stock: u32, limit: u32) -> Arc<Self> {
        Self::open_during(nodes, sku, stock, limit, None, Gate::default()).await
    }

    /// Opens the sale, which starts in so long and lasts so long, at a gate like this.
    pub async fn open_during(
        nodes: Vec<Shop>,
        sku: &str,
        stock: u32,
        limit: u32,
        during: Option<During>,
        gate: Gate,
    ) -> Arc<Self> {
        let window = during.map(During::window_from_now);
        open_sale(&nodes[0], sku, stock, limit, window).await;
        let (origin, origin_ms) = origin();
        Arc::new(Self {
            sku: sku.to_owned(),
            stock,
            limit,
            window,
            gate,
            origin,
            origin_ms,
            nodes: Mutex::new(nodes),
            noted: Mutex::default(),
            decided: watch::Sender::new(0),
        })
    }

    /// The sale's sku.
    #[must_use]
    pub fn sku(&self) -> &str {
        &self.sku
    }

    /// From now on all is asked at this one address, behind which any of the nodes may answer.
    pub fn ask_at(&self, address: &str) {
        let mut nodes = self.nodes.lock().expect("nothing panics here");
        *nodes = vec![nodes[0].moved_to(address)];
        self.noted().is_one_address = true;
    }

    /// How many nodes, or addresses, are asked.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes.lock().expect("nothing panics here").len()
    }

    /// The clients of a node, as it is now.
    #[must_use]
    pub fn shop(&self, node: usize) -> Shop {
        self.nodes.lock().expect("nothing panics here")[node].clone()
    }

    /// From now on the node may be dead, and owes nobody an answer.
    pub fn gone(&self, node: usize) {
        self.goes(node, false);
    }

    /// From now on the node does nothing until it goes on where it was.
    pub fn frozen(&self, node: usize) {
        self.goes(node, true);
    }

    fn goes(&self, node: usize, is_frozen: bool) {
        let from = self.now();
        self.noted().away.push(Away { node, from, until: Duration::MAX, is_frozen });
    }

    /// From now on the node is there. One of which nobody said when it was gone may have been so
    /// since it was last there.
    pub fn moved(&self, node: usize, shop: Shop) {
        self.nodes.lock().expect("nothing panics here")[node] = shop;
        let now = self.now();
        let mut noted = self.noted();
        match noted.away.iter_mut().rfind(|away| away.node == node) {
            Some(away) if away.until == Duration::MAX => away.until = now,
            last => {
                let from = last.map_or(Duration::ZERO, |away| away.until);
                noted.away.push(Away { node, from, until: now, is_frozen: false });
            }
        }
    }

    /// While `fault` happens, what the gate's store has goes, and with it what was told since then.
    pub async fn losing<T>(&self, since: Duration, fault: impl Future<Output = T>) -> T {
        self.losing_on(since, Duration::ZERO, fault).await
    }

    /// The same, and with it what is told for so long afterwards, until somebody notices.
    pub async fn losing_on<T>(
        &self,
        since: Duration,
        unnoticed: Duration,
        fault: impl Future<Output = T>,
    ) -> T {
        let done = fault.await;
        let ended = self.now() + unnoticed;
        self.noted().losses.push(since..=ended);
        done
    }

    /// Waits until so many attempts have been decided: an instant that does not depend on how
    /// fast this machine is.
    pub async fn decided(&self, count: usize) {
        let mut decided = self.decided.subscribe();
        decided.wait_for(|&now| now >= count).await.expect("the sender is here");
    }

    /// Attempts that have been decided.
    #[must_use]
    pub fn decided_so_far(&self) -> usize {
        *self.decided.borrow()
    }

    /// Units for a buyer.
    pub async fn attempt(&self, node: usize, buyer: &str, key: &str, qty: u32) -> Attempted {
        let (shop, begun) = (self.shop(node), self.now());
        let answer = in_time(shop.attempt_units(&self.sku, buyer, Some(key), qty)).await;
        self.heard(node, begun, answer.as_ref());
        let attempted = attempted(answer.as_ref()).unwrap_or_else(|| {
            self.strange(node, begun, format!("an attempt of {buyer}: {answer:?}"));
            Attempted::Unknown
        });
        let attempt = Attempt {
            buyer: buyer.to_owned(),
            key: key.to_owned(),
            qty,
            answer: attempted.clone(),
        };
        self.note(node, begun, Event::Attempt(attempt));
        if attempted.is_decided() {
            self.decided.send_modify(|decided| *decided += 1);
        }
        attempted
    }

    /// What a buyer has bought; `None` if that is not known.
    pub async fn look_up(&self, node: usize, buyer: &str) -> Option<Vec<String>> {
        let (shop, begun) = (self.shop(node), self.now());
        let answer = in_time(shop.try_purchases(&self.sku, buyer)).await;
        self.heard(node, begun, answer.as_ref());
        let numbers = match answer.as_ref().map(|answer| (answer.status, &answer.body)) {
            None | Some((503, _)) => None,
            Some((404, _)) => Some(Vec::new()),
            Some((200, body)) => Some(numbers(body)),
            Some(_) => {
                self.strange(node, begun, format!("a lookup of {buyer}: {answer:?}"));
                None
            }
        };
        let event = Event::Lookup { buyer: buyer.to_owned(), answer: numbers.clone() };
        self.note(node, begun, event);
        numbers
    }

    /// Changes the running sale, as often as it takes: an admin who does not know repeats it.
    pub async fn insist_on(&self, node: usize, change: Change) {
        while !self.change(node, change).await {
            sleep(AGAIN).await;
        }
    }

    /// Answers whether it is known what came of it.
    async fn change(&self, node: usize, change: Change) -> bool {
        let (shop, begun) = (self.shop(node), self.now());
        let answer = in_time(shop.try_change(&self.sku, change.verb())).await;
        self.heard(node, begun, answer.as_ref());
        let changed = match answer.as_ref().map(|answer| (answer.status, answer.outcome())) {
            None | Some((503, _)) => Changed::Unknown,
            Some((200, "SALE_NOT_MODIFIABLE")) => Changed::TooLate,
            Some((200, _)) => Changed::Done,
            Some(_) => {
                self.strange(node, begun, format!("a {}: {answer:?}", change.verb()));
                Changed::Unknown
            }
        };
        self.note(node, begun, Event::Change { change, answer: changed });
        changed != Changed::Unknown
    }

    /// The sale as everybody sees it; `None` if that is not known.
    pub async fn look(&self, node: usize) -> Option<Seen> {
        let (shop, begun) = (self.shop(node), self.now());
        let answer = in_time(shop.try_status(&self.sku)).await;
        self.heard(node, begun, answer.as_ref());
        let seen = match answer.as_ref().map(|answer| (answer.status, &answer.body)) {
            Some((200, body)) => seen(&body["data"], None),
            _ => None,
        };
        let is_known = seen.is_some() || answer.as_ref().is_none_or(|answer| answer.status == 503);
        if !is_known {
            self.strange(node, begun, format!("a status: {answer:?}"));
        }
        self.note(node, begun, Event::Look(seen.clone()));
        seen
    }

    /// Waits until the ledger has what the gate has sold, by what an admin is told; answers
    /// whether it had within `limit`.
    pub async fn drained(&self, node: usize, limit: Duration) -> bool {
        let draining = async {
            loop {
                let product = self.shop(node).try_product(&self.sku).await;
                let data = product.map(|product| product.body["data"].clone()).unwrap_or_default();
                if data["totalPurchases"].is_u64()
                    && data["totalPurchases"] == data["persistedPurchases"]
                {
                    return;
                }
                sleep(LOOK_EVERY).await;
            }
        };
        timeout(limit, draining).await.is_ok()
    }

    /// The time since the sale was opened, which is what everything is noted by.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().expect("nothing panics here")
    }

    fn heard(&self, node: usize, begun: Duration, answer: Option<&Answer>) {
        if answer.is_none() {
            self.note(node, begun, Event::Silence);
        }
    }

    fn strange(&self, node: usize, begun: Duration, what: String) {
        self.note(node, begun, Event::Strange(what));
    }

    fn note(&self, node: usize, begun: Duration, event: Event) {
        let ended = self.now();
        self.noted().operations.push(Operation { node, begun, ended, event });
    }
}

/// How long a node is frozen at most.
pub(crate) const FROZEN_MAX: Duration = Duration::from_secs(30);
/// How long clients wait for one answer: of some thousand requests to a node that is killed one
/// waits for ever, on no connection. Longer than any node is frozen, which does what it was asked
/// when it goes on, though nobody waits any more.
const ANSWER_MAX: Duration = FROZEN_MAX.saturating_add(Duration::from_secs(15));
/// Before what is not known is asked for again.
pub(crate) const AGAIN: Duration = Duration::from_millis(50);
/// How often the ledger is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The answer, if it comes while somebody waits for it.
async fn in_time(answer: impl Future<Output = Option<Answer>>) -> Option<Answer> {
    timeout(ANSWER_MAX, answer).await.ok().flatten()
}

/// An instant, and the clock of the stores at it: read again if something came in between.
fn origin() -> (Instant, i64) {
    loop {
        let (instant, now) = (Instant::now(), now_ms());
        if instant.elapsed() < Duration::from_millis(5) {
            return (instant, now);
        }
    }
}

/// The clock of the stores, which run on this machine.
#[expect(clippy::disallowed_methods, reason = "what stores wrote is compared with this")]
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    millis(since)
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
