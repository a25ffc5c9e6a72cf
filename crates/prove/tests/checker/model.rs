//! A sale by the rules of the domain, with the ledger that it leaves.

use std::time::Duration;

use stampede_domain::{
    AttemptKey, BuyerId, Decision, Purchase, PurchaseBits, Rejection, Sale, Tally, decide,
};
use stampede_prove::history::{
    Attempt, Attempted, Change, Changed, Event, Gate, History, Operation, Receipt,
};
use stampede_testkit::{builders::a_sale, servers::LedgerRow};

/// When operations are counted from.
pub(crate) const ORIGIN_MS: i64 = 1_790_000_000_000;

/// A sale by the rules of the domain.
#[derive(Clone)]
pub(crate) struct Model {
    sale: Sale,
    tally: Tally,
    /// The number of each acceptance, in their order.
    numbers: Vec<String>,
    /// The buyer and the key of each.
    keys: Vec<(String, String)>,
}

/// What tells one state of a model from another: who has bought by which keys, and whether it is
/// paused or over.
pub(crate) type Standing = (Vec<(String, String)>, bool, bool);

impl Model {
    pub(crate) fn new(stock: u32, limit: u32) -> Self {
        let sale = a_sale().stock(stock).limit(limit).build();
        Self { sale, tally: Tally::new(stock), numbers: Vec::new(), keys: Vec::new() }
    }

    pub(crate) fn accepted(&self) -> usize {
        self.numbers.len()
    }

    pub(crate) fn standing(&self) -> Standing {
        (self.keys.clone(), self.sale.paused, self.sale.ended_by_admin)
    }

    pub(crate) fn change(&mut self, change: Change) {
        match change {
            Change::Pause => self.sale.paused = true,
            Change::Resume => self.sale.paused = false,
            Change::End => self.sale.ended_by_admin = true,
        }
    }

    /// Judges an attempt, which gets `number` if it is accepted.
    pub(crate) fn attempt(&mut self, buyer: &str, key: &str, qty: u32, number: &str) -> Attempted {
        let attempt = stampede_domain::Attempt {
            buyer: BuyerId::parse(buyer).expect("a buyer"),
            key: AttemptKey::from_idempotency_key(key),
            bits: PurchaseBits([0; 10]),
            qty,
            traceparent: None,
        };
        let now = self.sale.window.start;
        match decide(&self.sale, &mut self.tally, &[attempt], now).remove(0) {
            Decision::Accepted(purchase) => {
                self.numbers.push(number.to_owned());
                self.keys.push((buyer.to_owned(), key.to_owned()));
                self.receipt(&purchase)
            }
            Decision::Replayed(purchase) => self.receipt(&purchase),
            Decision::KeyReused => Attempted::KeyReused,
            Decision::Rejected(Rejection::AlreadyPurchased(newest)) => {
                Attempted::AlreadyPurchased(newest.map(|newest| self.number(&newest)))
            }
            Decision::Rejected(Rejection::SaleNotActive) => Attempted::NotActive,
            Decision::Rejected(Rejection::SoldOut) => Attempted::SoldOut,
        }
    }

    pub(crate) fn purchases(&self, buyer: &str) -> Vec<String> {
        let buyer = BuyerId::parse(buyer).expect("a buyer");
        self.tally.purchases(&buyer).iter().map(|purchase| self.number(purchase)).collect()
    }

    /// What the ledger has of the last acceptance.
    pub(crate) fn last_row(&self, buyer: &str, at: Duration) -> LedgerRow {
        let buyer_id = BuyerId::parse(buyer).expect("a buyer");
        let purchase = self.tally.purchases(&buyer_id).last().expect("it was accepted");
        let narrow = |number: u32| i32::try_from(number).expect("small");
        LedgerRow {
            buyer: buyer.to_owned(),
            purchase_no: self.number(purchase),
            qty: narrow(purchase.qty),
            unit_price_minor: None,
            currency: None,
            position: i64::try_from(purchase.position.0).expect("small"),
            epoch_number: 1,
            ordinal: narrow(purchase.ordinal),
            held_after: narrow(purchase.held_after),
            remaining: narrow(purchase.remaining),
            at_ms: ORIGIN_MS + i64::try_from(at.as_millis()).expect("small"),
        }
    }

    fn receipt(&self, purchase: &Purchase) -> Attempted {
        Attempted::Accepted(Receipt {
            number: self.number(purchase),
            remaining: purchase.remaining,
            in_ledger: false,
        })
    }

    fn number(&self, purchase: &Purchase) -> String {
        let position = usize::try_from(purchase.position.0).expect("small");
        self.numbers[position - 1].clone()
    }
}

/// A history in the making: what happens happens at instants that only rise.
pub(crate) struct Story {
    pub(crate) model: Model,
    pub(crate) history: History,
}

impl Story {
    pub(crate) fn of(stock: u32, limit: u32) -> Self {
        let (operations, ledger) = (Vec::new(), Vec::new());
        Self {
            model: Model::new(stock, limit),
            history: History {
                stock,
                limit,
                window: None,
                gate: Gate::default(),
                is_one_address: false,
                losses: Vec::new(),
                away: Vec::new(),
                origin_ms: ORIGIN_MS,
                operations,
                ledger,
            },
        }
    }

    /// An attempt that is judged at `at` ms, and under way for `around` before and after.
    pub(crate) fn attempt(&mut self, at: u64, around: (u64, u64), who: (&str, &str), qty: u32) {
        let answer = self.judge(at, who, qty);
        self.tell(at, around, who, qty, answer);
    }

    /// Judges an attempt whose answer nobody hears yet.
    pub(crate) fn judge(&mut self, at: u64, (buyer, key): (&str, &str), qty: u32) -> Attempted {
        let before = self.model.accepted();
        let answer = self.model.attempt(buyer, key, qty, &format!("PUR-{before}"));
        if self.model.accepted() > before {
            self.history.ledger.push(self.model.last_row(buyer, Duration::from_millis(at)));
        }
        answer
    }

    /// Notes an attempt with this answer.
    pub(crate) fn tell(
        &mut self,
        at: u64,
        around: (u64, u64),
        (buyer, key): (&str, &str),
        qty: u32,
        answer: Attempted,
    ) {
        let (buyer, key) = (buyer.to_owned(), key.to_owned());
        self.note(at, around, Event::Attempt(Attempt { buyer, key, qty, answer }));
    }

    pub(crate) fn look_up(&mut self, at: u64, around: (u64, u64), buyer: &str) {
        let answer = Some(self.model.purchases(buyer));
        self.note(at, around, Event::Lookup { buyer: buyer.to_owned(), answer });
    }

    pub(crate) fn change(&mut self, at: u64, around: (u64, u64), change: Change) {
        self.model.change(change);
        self.note(at, around, Event::Change { change, answer: Changed::Done });
    }

    pub(crate) fn note(&mut self, at: u64, (before, after): (u64, u64), event: Event) {
        let begun = Duration::from_millis(at.saturating_sub(before));
        let ended = Duration::from_millis(at + after);
        self.history.operations.push(Operation { node: 0, begun, ended, event });
    }
}
