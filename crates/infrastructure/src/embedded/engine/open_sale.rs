//! One sale in the engine's memory, and what may happen to it.

use std::mem;

use stampede_application::ports::{
    Amended, Audit, Change, Held, Holding, HoldingsCursor, HoldingsPage, NoPlace, Readmission,
    RecordedChange, Repaired, Snapshot, Trail,
};
use stampede_domain::{
    Attempt, BuyerId, Decision, Epoch, Instant, Position, Purchase, RecordedPurchase, Sale, State,
    Tally, Version, decide,
};

/// Buyers on one page of a scan.
const HOLDINGS_PAGE_MAX: usize = 1_000;

/// A sale as the gate has it: its definition, its counters and every buyer's purchases.
///
/// Owned by the engine's task alone. Nothing here does I/O: what must be written is returned.
#[derive(Debug)]
pub(super) struct OpenSale {
    sale: Sale,
    epoch: Epoch,
    version: Version,
    tally: Tally,
    /// Every buyer of the tally, in the order of their first purchase: a place in it is where a
    /// scan goes on, while the map itself may be in any order.
    buyers: Vec<BuyerId>,
    /// Whether it was judged to be over by its window, which is written down once.
    over: bool,
}

/// What became of a change, before it is written.
pub(super) enum Turned {
    /// It holds now; to be written.
    Changed(RecordedChange),
    /// It held already.
    Same(RecordedChange),
    /// The sale has ended.
    Ended,
}

/// Whether a purchase from elsewhere can stand in the gate.
enum Place {
    /// It stands already.
    Taken,
    /// There is a unit, and room under the limit.
    Free,
    /// There is not, or its key bought something else.
    None(NoPlace),
}

impl OpenSale {
    /// A sale that has sold nothing, its map reserved.
    pub(super) fn new(sale: Sale, epoch: Epoch) -> Self {
        let tally = Tally::new(sale.initial_stock);
        let version = epoch.first_version();
        Self { sale, epoch, version, tally, buyers: Vec::new(), over: false }
    }

    /// Takes in what was sold in an earlier life, once if it comes twice; says whether there was a
    /// unit for it.
    pub(super) fn restore(&mut self, recorded: &RecordedPurchase) -> bool {
        let held = self.tally.purchases(&recorded.buyer);
        if held.iter().any(|purchase| purchase.no() == recorded.purchase.no()) {
            return true;
        }
        let rest = self.tally.stock.checked_sub(standing(&recorded.purchase));
        if let Some(stock) = rest {
            self.tally.stock = stock;
            self.insert(recorded);
        }
        rest.is_some()
    }

    /// Ends the restoring: the map of a sale that is over is not reserved, since no buyer will come
    /// to it.
    pub(super) fn restored(mut self, now: Instant) -> Self {
        if self.sale.phase(self.tally.stock, now).state == State::Ended {
            self.tally.holdings.shrink_to_fit();
        }
        self
    }

    /// The same, and whether it is written down that it is over.
    pub(super) fn known_over(self, over: bool) -> Self {
        Self { over, ..self }
    }

    /// Whether it is over by now and was not before, as far as anybody has written down.
    pub(super) fn turns_over(&mut self, now: Instant) -> bool {
        let over = self.over || now >= self.sale.window.end;
        over && !mem::replace(&mut self.over, over)
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            sale: self.sale.clone(),
            stock: self.tally.stock,
            sold: self.tally.sold,
            version: self.version,
        }
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(super) fn stock(&self) -> u32 {
        self.tally.stock
    }

    pub(super) fn version(&self) -> Version {
        self.version
    }

    /// What a batch leaves behind; no entry, since the journal is as durable as the ledger.
    pub(super) fn trail(&self) -> Trail {
        Trail { epoch: self.epoch, acknowledge: self.sale.acknowledge, entry: None }
    }

    pub(super) fn held(&self, buyer: &BuyerId) -> Held {
        let purchases = self.purchases(buyer);
        Held { purchases, epoch: self.epoch, acknowledge: self.sale.acknowledge }
    }

    fn purchases(&self, buyer: &BuyerId) -> Vec<Purchase> {
        self.tally.purchases(buyer).to_vec()
    }

    /// Decides a batch by the domain's rules; what it accepts is to be written by `accepted`.
    pub(super) fn decide(
        &mut self,
        batch: &[Attempt],
        now: Instant,
        mut accepted: impl FnMut(&Attempt, &Purchase),
    ) -> Vec<Decision> {
        let before = self.tally.position;
        let decisions = decide(&self.sale, &mut self.tally, batch, now);
        for (attempt, decision) in batch.iter().zip(&decisions) {
            match decision {
                Decision::Accepted(purchase) => {
                    if purchase.ordinal == 1 {
                        self.buyers.push(attempt.buyer.clone());
                    }
                    accepted(attempt, purchase);
                }
                Decision::Replayed(_) | Decision::KeyReused | Decision::Rejected(_) => {}
            }
        }
        if self.tally.position != before {
            self.version = self.version.plus(1);
        }
        decisions
    }

    pub(super) fn change(&mut self, change: Change, now: Instant) -> Turned {
        let already = match change {
            Change::Pause => self.sale.paused,
            Change::Resume => !self.sale.paused,
            Change::End => false,
        };
        let ended = self.sale.phase(self.tally.stock, now).state == State::Ended;
        let ended_so = change == Change::End && self.sale.ended_by_admin;
        if ended_so || (already && !ended) {
            return Turned::Same(self.recorded());
        }
        if ended {
            return Turned::Ended;
        }
        match change {
            Change::Pause => self.sale.paused = true,
            Change::Resume => self.sale.paused = false,
            Change::End => self.sale.ended_by_admin = true,
        }
        self.version = self.version.plus(1);
        Turned::Changed(self.recorded())
    }

    /// Replaces the definition of a sale that has not begun, its stock with it. What was amended
    /// is to be written, so that a restart judges by it even if the catalogue never heard of it.
    pub(super) fn amend(
        &mut self,
        asked: &Sale,
        seen: Version,
        now: Instant,
    ) -> (Amended, Option<RecordedChange>) {
        // Pause and end are not the caller's to amend, and hold whatever it has read.
        let (paused, ended_by_admin) = (self.sale.paused, self.sale.ended_by_admin);
        let next = Sale { paused, ended_by_admin, ..asked.clone() };
        let upcoming = self.sale.phase(self.tally.stock, now).state == State::Upcoming;
        let stock = next.initial_stock.checked_sub(self.tally.sold);
        match stock {
            _ if !upcoming => (Amended::NotUpcoming, None),
            _ if self.version != seen => (Amended::Moved, None),
            None => (Amended::NotUpcoming, None),
            Some(stock) => {
                let buyers = (next.initial_stock as usize).saturating_sub(self.buyers.len());
                self.tally.holdings.reserve(buyers);
                self.tally.stock = stock;
                self.sale = next;
                self.version = self.version.plus(1);
                (Amended::Applied(self.version), Some(self.recorded()))
            }
        }
    }

    /// Buyers from the cursor's place on, in the order of their first purchase.
    pub(super) fn holdings(&self, from: Option<&HoldingsCursor>) -> HoldingsPage {
        // A cursor that is not ours begins anew: naming a buyer twice is harmless.
        let from = from.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0_usize);
        let rest = self.buyers.get(from..).unwrap_or_default();
        let part = &rest[..rest.len().min(HOLDINGS_PAGE_MAX)];
        let holding = |buyer: &BuyerId| -> Holding { (buyer.clone(), self.purchases(buyer)) };
        let next = from + part.len();
        HoldingsPage {
            holdings: part.iter().map(holding).collect(),
            epoch: self.epoch,
            next: (next < self.buyers.len()).then(|| HoldingsCursor(next.to_string())),
        }
    }

    /// Counters against each other; a sum over all buyers would stall them.
    pub(super) fn audit(&self, at: Instant) -> Audit {
        let tally = &self.tally;
        let consistent = tally.stock.checked_add(tally.sold) == Some(self.sale.initial_stock)
            && self.buyers.len() == tally.holdings.len();
        let position = Position(tally.position);
        Audit { snapshot: self.snapshot(), consistent, epoch: self.epoch, position, at }
    }

    /// Adds purchases that the ledger has, as it has them.
    pub(super) fn repair(&mut self, lost: &[RecordedPurchase]) -> Vec<Repaired> {
        let before = self.tally.sold;
        let answers = lost.iter().map(|recorded| match self.place(recorded) {
            Place::Taken => Repaired::Present,
            Place::None(_) => Repaired::Refused,
            Place::Free => {
                self.tally.stock -= standing(&recorded.purchase);
                self.insert(recorded);
                Repaired::Added
            }
        });
        let answers = answers.collect();
        if self.tally.sold != before {
            self.version = self.version.plus(1);
        }
        answers
    }

    /// Takes a purchase of an earlier life in, behind all others; with what is to be written.
    pub(super) fn readmit(
        &mut self,
        stale: &RecordedPurchase,
    ) -> (Readmission, Option<RecordedPurchase>) {
        match self.place(stale) {
            Place::Taken => (Readmission::Adopted, None),
            Place::None(why) => (Readmission::Refused(why), None),
            Place::Free => {
                let held = self.tally.purchases(&stale.buyer).len() + 1;
                self.tally.stock -= stale.purchase.qty;
                let purchase = Purchase {
                    position: Position(self.tally.position + 1),
                    ordinal: u32::try_from(held).unwrap_or(u32::MAX),
                    held_after: self.tally.held(&stale.buyer) + stale.purchase.qty,
                    cancelled: false,
                    ..stale.purchase
                };
                let recorded = RecordedPurchase { epoch: self.epoch, purchase, ..stale.clone() };
                self.insert(&recorded);
                self.version = self.version.plus(1);
                (Readmission::Adopted, Some(recorded))
            }
        }
    }

    fn place(&self, recorded: &RecordedPurchase) -> Place {
        let held = self.tally.purchases(&recorded.buyer);
        let wanted = &recorded.purchase;
        if held.iter().any(|purchase| purchase.no() == wanted.no()) {
            return Place::Taken;
        }
        let units = standing(wanted);
        let room = self.sale.limit_per_buyer.saturating_sub(self.tally.held(&recorded.buyer));
        if held.iter().any(|purchase| purchase.key == wanted.key) {
            Place::None(NoPlace::BoughtAgain)
        } else if units > room {
            Place::None(NoPlace::OverLimit)
        } else if units > self.tally.stock {
            Place::None(NoPlace::SoldOut)
        } else {
            Place::Free
        }
    }

    /// Puts a purchase, whose units the caller has taken, into its buyer's list by position.
    fn insert(&mut self, recorded: &RecordedPurchase) {
        let purchase = recorded.purchase;
        let held = self.tally.purchases_mut(&recorded.buyer);
        if held.is_empty() {
            self.buyers.push(recorded.buyer.clone());
        }
        let place = held.partition_point(|other| other.position < purchase.position);
        held.insert(place, purchase);
        self.tally.sold += standing(&purchase);
        self.tally.position = self.tally.position.max(purchase.position.0);
    }

    fn recorded(&self) -> RecordedChange {
        RecordedChange { sale: self.sale.clone(), epoch: self.epoch, version: self.version }
    }
}

/// Units that a purchase takes from the stock.
fn standing(purchase: &Purchase) -> u32 {
    if purchase.cancelled { 0 } else { purchase.qty }
}
