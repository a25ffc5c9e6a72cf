//! Every open sale, and what each command makes of it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use stampede_application::ports::{
    Amended, Change, Changed, Clock, Entry, EntryBody, Judged, NoPlace, PortError, Readmission,
    Repaired, Snapshot,
};
use stampede_domain::{Attempt, Decision, Instant, RecordedPurchase, SaleId, Shard};

use super::{
    command::{Asking, Command, Reply},
    group::{Group, Over},
    open_sale::{OpenSale, Turned},
};
use crate::embedded::STORE;

/// A sale cannot be judged, because what it has sold cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("what the sale has sold cannot be read whole")]
struct Closed;

/// The gate's state, all of it.
///
/// Owned by the engine's task alone, so that nothing in it is locked. It runs ahead of the
/// journal by one [`Group`]; if that cannot be written, all of it is dropped and made anew.
pub(super) struct Memory {
    clock: Arc<dyn Clock>,
    /// The last instant that anything was judged at: time never goes back, restarts included.
    last_now: Instant,
    sales: HashMap<SaleId, OpenSale>,
    /// Sales that could not be read whole: neither unknown nor open.
    closed: HashSet<SaleId>,
}

impl Memory {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { last_now: clock.now(), clock, sales: HashMap::default(), closed: HashSet::default() }
    }

    /// The time by which sales are judged.
    pub(super) fn now(&mut self) -> Instant {
        self.last_now = self.last_now.max(self.clock.now());
        self.last_now
    }

    /// The time by which that sale is judged now; that it is over is written down the first time,
    /// before anybody hears it.
    fn judging(&mut self, id: &SaleId, group: &mut Group) -> Instant {
        let now = self.now();
        if self.sales.get_mut(id).is_some_and(|open| open.turns_over(now)) {
            group.over.push(Over { generation: id.generation, at: now });
        }
        now
    }

    /// Judges nothing before `instant`, at which was judged in an earlier life.
    pub(super) fn not_before(&mut self, instant: Instant) {
        self.last_now = self.last_now.max(instant);
    }

    pub(super) fn snapshot(&mut self, id: &SaleId) -> Result<Option<Snapshot>, PortError> {
        self.find(id).map(|found| found.map(|open| open.snapshot()))
    }

    pub(super) fn put(&mut self, id: SaleId, sale: OpenSale) -> Snapshot {
        let snapshot = sale.snapshot();
        self.closed.remove(&id);
        self.sales.insert(id, sale);
        snapshot
    }

    pub(super) fn close(&mut self, id: SaleId) {
        self.sales.remove(&id);
        self.closed.insert(id);
    }

    pub(super) fn remove(&mut self, id: &SaleId) {
        self.sales.remove(id);
        self.closed.remove(id);
    }

    /// Does what is asked; what is to be written and answered goes into `group`.
    ///
    /// Returns what the database must be asked for, once the group is written.
    pub(super) fn apply(&mut self, command: Command, group: &mut Group) -> Option<Asking> {
        match command {
            Command::Decide { id, batch, reply } => self.decide(&id, &batch, reply, group),
            Command::Open { sale, epoch, reply } => {
                let id = sale.id.clone();
                let opened = self.snapshot(&id).map(|known| match known {
                    Some(snapshot) => snapshot,
                    None => self.put(id, OpenSale::new(*sale, epoch)),
                });
                group.answer(reply, opened);
            }
            Command::Snapshot { id, reply } => match self.snapshot(&id) {
                Ok(Some(snapshot)) => group.answer(reply, Ok(Some(snapshot))),
                Ok(None) | Err(_) => return Some(Asking::Snapshot(id, reply)),
            },
            Command::Rebuild { id, reply } => return Some(Asking::Rebuild(id, reply)),
            Command::Purchases { id, buyer, reply } => {
                let held = self.find(&id).map(|found| found.map(|open| open.held(&buyer)));
                group.answer(reply, held);
            }
            Command::Change { id, change, reply } => self.change(&id, change, reply, group),
            Command::Amend { sale, seen, reply } => {
                let now = self.judging(&sale.id, group);
                let amended = self.find(&sale.id).map(|found| {
                    let Some(open) = found else { return Amended::UnknownSale };
                    let (amended, change) = open.amend(&sale, seen, now);
                    if let Some(change) = change {
                        group.write_change(&change);
                    }
                    amended
                });
                group.answer(reply, amended);
            }
            Command::Forget { id, reply } => {
                self.remove(&id);
                group.answer(reply, Ok(()));
            }
            Command::Holdings { id, from, reply } => {
                let page = self.find(&id);
                let page = page.map(|found| found.map(|open| open.holdings(from.as_ref())));
                group.answer(reply, page);
            }
            Command::Repair { id, lost, reply } => {
                let repaired = self.find(&id).map(|found| match found {
                    Some(open) => open.repair(&lost),
                    None => vec![Repaired::Refused; lost.len()],
                });
                group.answer(reply, repaired);
            }
            Command::Readmit { stale, reply } => {
                let answers = stale.iter().map(|stale| self.readmit(stale, group)).collect();
                group.answer(reply, answers);
            }
            Command::Listed { shard, reply } => group.answer(reply, Ok(self.listed(shard))),
            Command::Audit { id, reply } => {
                let now = self.judging(&id, group);
                let audit = self.find(&id).map(|found| found.map(|open| open.audit(now)));
                group.answer(reply, audit);
            }
        }
        None
    }

    fn listed(&self, shard: Shard) -> Vec<SaleId> {
        let all = self.sales.keys().chain(&self.closed);
        all.filter(|id| Shard::of(&id.sku) == shard).cloned().collect()
    }

    fn find(&mut self, id: &SaleId) -> Result<Option<&mut OpenSale>, PortError> {
        if self.closed.contains(id) {
            return Err(PortError::unavailable(STORE, Closed));
        }
        Ok(self.sales.get_mut(id))
    }

    fn decide(&mut self, id: &SaleId, batch: &[Attempt], reply: Reply<Judged>, group: &mut Group) {
        let now = self.judging(id, group);
        let judged = self.find(id).map(|found| {
            let Some(open) = found else { return Judged::UnknownSale };
            let epoch = open.epoch();
            let decisions = open.decide(batch, now, |attempt, purchase| {
                let trace = attempt.traceparent.as_ref();
                group.write_purchase(id, epoch, &attempt.buyer, purchase, trace);
            });
            let decisions: Vec<Option<Decision>> = decisions.into_iter().map(Some).collect();
            let trail = open.trail();
            Judged::Decided { decisions, stock: open.stock(), version: open.version(), trail }
        });
        group.answer(reply, judged);
    }

    fn change(&mut self, id: &SaleId, change: Change, reply: Reply<Changed>, group: &mut Group) {
        let now = self.judging(id, group);
        let changed = self.find(id).map(|found| {
            let Some(open) = found else { return Changed::UnknownSale };
            let (id, change) = match open.change(change, now) {
                Turned::Ended => {
                    return Changed::Ended { snapshot: open.snapshot(), epoch: open.epoch() };
                }
                Turned::Same(change) => (None, change),
                Turned::Changed(change) => (Some(group.write_change(&change)), change),
            };
            let entry = Entry { id, body: EntryBody::Change(Box::new(change)) };
            Changed::Applied { snapshot: open.snapshot(), epoch: open.epoch(), entry }
        });
        group.answer(reply, changed);
    }

    fn readmit(
        &mut self,
        stale: &RecordedPurchase,
        group: &mut Group,
    ) -> Result<Readmission, PortError> {
        let Some(open) = self.find(&stale.sale)? else {
            return Ok(Readmission::Refused(NoPlace::SaleGone));
        };
        let (answer, adopted) = open.readmit(stale);
        if let Some(RecordedPurchase { sale, epoch, buyer, purchase, traceparent }) = adopted {
            group.write_purchase(&sale, epoch, &buyer, &purchase, traceparent.as_ref());
        }
        Ok(answer)
    }
}
