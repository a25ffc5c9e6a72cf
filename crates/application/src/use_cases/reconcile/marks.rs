//! What this process remembers of each sale from run to run: up to which place gate and ledger
//! agree, and where a comparison that was broken off goes on.
//!
//! Within one life of a gate every acceptance takes the next place, and no two purchases of the
//! ledger stand in one: where as many purchases lie between two places as there are places, the
//! ledger lacks none. So a sale that is selling is compared by what it sold since, not whole.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use stampede_domain::{Epoch, Position, SaleId};
use tokio::time::Instant;

use super::{Reconcile, comparison::Comparison};
use crate::ports::{Audit, CatalogueRow, EntryBody, PortError};

/// What was seen of one sale, in one life of its gate.
struct Mark {
    epoch: Epoch,
    /// Up to here gate and ledger name the same purchases, or the difference was looked into.
    agreed: Position,
    /// The last place that was given at that time: what lies before it settles from then on.
    given: Position,
    given_at: Instant,
    /// Units in the ledger when it was last looked at.
    sold: u32,
    /// Whether it was compared whole after its end, so that only what arrives can change it.
    is_final: bool,
    /// The run in which it was last compared whole; 0 for never.
    compared_in: u64,
    /// The run in which it was last met.
    met_in: u64,
    /// A comparison that its budget broke off.
    part: Option<Comparison>,
}

/// The marks of all sales.
#[derive(Default)]
pub(super) struct Marks(Mutex<Book>);

#[derive(Default)]
struct Book {
    /// Runs of this process so far.
    runs: u64,
    marks: HashMap<SaleId, Mark>,
}

/// What is to be counted.
struct Stretch {
    agreed: Position,
    given: Position,
}

impl Marks {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A run over all sales begins.
    pub(super) fn begin_run(&self) {
        self.book().runs += 1;
    }

    /// It has met every sale there is: the others are no more.
    pub(super) fn forget_unmet(&self) {
        let mut book = self.book();
        let runs = book.runs;
        book.marks.retain(|_, mark| mark.met_in == runs);
    }

    /// Meets a sale; whether the ledger has lost units since it was last met. In a new life of the
    /// gate nothing is known of it.
    fn meet(&self, row: &CatalogueRow, audit: &Audit) -> bool {
        let mut book = self.book();
        let met_in = book.runs;
        let id = &row.sale.id;
        let compared_in = book.marks.get(id).map_or(0, |mark| mark.compared_in);
        let mark = book.marks.entry(id.clone()).or_insert_with(|| Mark::new(audit, row.sold));
        if mark.epoch != audit.epoch {
            *mark = Mark { compared_in, ..Mark::new(audit, row.sold) };
        }
        let has_lost = row.sold < mark.sold;
        mark.is_final &= row.sold == mark.sold;
        (mark.sold, mark.met_in) = (row.sold, met_in);
        has_lost
    }

    /// What of a sale has settled since it was last agreed on.
    fn settled(&self, id: &SaleId, after: Duration) -> Option<Stretch> {
        let book = self.book();
        let mark = book.marks.get(id).filter(|mark| mark.given_at.elapsed() >= after)?;
        Some(Stretch { agreed: mark.agreed, given: mark.given })
    }

    /// Gate and ledger agree up to a place; what was given by now settles from now on.
    fn agree(&self, id: &SaleId, agreed: Position, given: Position) {
        if let Some(mark) = self.book().marks.get_mut(id) {
            mark.agree(agreed, given);
        }
    }

    /// Whether a sale that is over was compared since, and nothing has come.
    pub(super) fn is_final(&self, id: &SaleId) -> bool {
        self.book().marks.get(id).is_some_and(|mark| mark.is_final)
    }

    /// A sale was compared whole, and gate and ledger agree up to that place.
    pub(super) fn compared(&self, audit: &Audit, agreed: Position, is_final: bool) {
        let id = &audit.snapshot.sale.id;
        let mut book = self.book();
        let runs = book.runs;
        if let Some(mark) = book.marks.get_mut(id).filter(|mark| mark.epoch == audit.epoch) {
            (mark.compared_in, mark.is_final, mark.part) = (runs, is_final, None);
            mark.agree(agreed.max(mark.agreed), audit.position.max(mark.given));
        }
    }

    /// A comparison is broken off.
    pub(super) fn keep(&self, comparison: Comparison) {
        let id = comparison.audit.snapshot.sale.id.clone();
        if let Some(mark) = self.book().marks.get_mut(&id) {
            mark.part = Some(comparison);
        }
    }

    /// Where the comparison of a sale goes on, if one was broken off in this life of its gate.
    pub(super) fn take(&self, id: &SaleId, epoch: Epoch) -> Option<Comparison> {
        let part = self.book().marks.get_mut(id)?.part.take()?;
        (part.audit.epoch == epoch).then_some(part)
    }

    /// Those that were compared whole in an earlier run than this one, the longest ago first.
    pub(super) fn longest_ago(&self) -> Vec<SaleId> {
        let book = self.book();
        let due = book.marks.iter().filter(|(_, mark)| mark.compared_in < book.runs);
        let mut due: Vec<_> = due.map(|(id, mark)| (mark.compared_in, id.clone())).collect();
        due.sort();
        due.into_iter().map(|(_, id)| id).collect()
    }
}

impl Mark {
    fn new(audit: &Audit, sold: u32) -> Self {
        Self {
            epoch: audit.epoch,
            agreed: Position(0),
            given: audit.position,
            given_at: Instant::now(),
            sold,
            is_final: false,
            compared_in: 0,
            met_in: 0,
            part: None,
        }
    }

    fn agree(&mut self, agreed: Position, given: Position) {
        (self.agreed, self.given, self.given_at) = (agreed, given, Instant::now());
    }
}

impl Reconcile {
    /// Up to which place a sale's purchases have settled by this process' own clock, which no
    /// store's clock that goes back can hold up.
    pub(super) fn settled_to(&self, id: &SaleId) -> Position {
        let settled = self.marks.settled(id, self.settled_after());
        settled.map_or(Position(0), |stretch| stretch.given)
    }

    /// Whether counts alone tell that a purchase is missing on either side. The ledger's row was
    /// read before the gate, which then has all that the ledger had.
    pub(super) async fn is_suspect(
        &self,
        row: &CatalogueRow,
        audit: &Audit,
    ) -> Result<bool, PortError> {
        let id = &row.sale.id;
        let ledger_lost = self.marks.meet(row, audit);
        if ledger_lost || row.sold > audit.snapshot.sold {
            return Ok(true);
        }
        let Some(Stretch { agreed, given }) = self.marks.settled(id, self.settled_after()) else {
            return Ok(false);
        };
        let counted = self.stores.ledger.count_between(id, agreed, given).await?;
        if counted == given.0.saturating_sub(agreed.0) {
            self.marks.agree(id, given, audit.position);
            return Ok(false);
        }
        // While older ones are on their way, as with a slow ledger, nothing is known to be lost.
        let oldest = self.stores.outbox.waiting(id, 1).await?;
        let on_its_way = oldest.iter().any(|entry| match &entry.body {
            EntryBody::Purchases(all) => all.iter().any(|one| one.purchase.position <= given),
            EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. } => false,
        });
        Ok(!on_its_way)
    }

    fn settled_after(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.limits.settled_after_ms).unwrap_or(0))
    }
}
