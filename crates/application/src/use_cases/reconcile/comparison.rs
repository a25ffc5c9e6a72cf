//! A sale compared purchase by purchase, at once or part by part.

use stampede_domain::{Position, State};

use super::Reconcile;
use crate::ports::{Audit, Drift, Findings, HoldingsCursor, PortError};

/// How far a comparison has come.
pub(super) struct Comparison {
    /// The gate as it stood when it began.
    pub(super) audit: Audit,
    pub(super) next: Next,
    pub(super) left: Left,
    /// Whether it has found anything so far.
    pub(super) has_found: bool,
}

/// What is compared next. The gate's buyers come first: what it has must be in the ledger.
pub(super) enum Next {
    Gate(Option<HoldingsCursor>),
    Ledger(Option<Position>),
    Nothing,
}

/// What was left as it is, for a good reason.
#[derive(Default)]
pub(super) struct Left {
    /// The first place of what is on its way.
    pub(super) on_its_way: Option<Position>,
    /// Whether anything waits for a person.
    pub(super) raised: bool,
}

impl Left {
    pub(super) fn on_its_way(&mut self, position: Position) {
        self.on_its_way = Some(self.on_its_way.map_or(position, |first| first.min(position)));
    }

    fn is_nothing(&self) -> bool {
        self.on_its_way.is_none() && !self.raised
    }
}

impl Comparison {
    pub(super) fn new(audit: Audit) -> Self {
        let (next, left) = (Next::Gate(None), Left::default());
        Self { audit, next, left, has_found: false }
    }
}

impl Reconcile {
    /// Compares a sale, as many purchases as `rows` allow; what is left for later is remembered.
    pub(super) async fn compare_purchases(
        &self,
        mut comparison: Comparison,
        rows: &mut usize,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let before = findings.total();
        self.complete_ledger(&mut comparison, rows, findings).await?;
        self.complete_gate(&mut comparison, rows, findings).await?;
        comparison.has_found |= findings.total() != before;
        match comparison.next {
            Next::Nothing => self.conclude(&comparison, findings).await,
            Next::Gate(_) | Next::Ledger(_) => {
                self.marks.keep(comparison);
                Ok(())
            }
        }
    }

    /// Compares the counters, if both name the same purchases, and remembers how far they do.
    async fn conclude(
        &self,
        comparison: &Comparison,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let Comparison { audit, left, has_found, .. } = comparison;
        let snapshot = &audit.snapshot;
        let ended = snapshot.sale.phase(snapshot.stock, audit.at).state == State::Ended;
        let mut agree = left.is_nothing() && !has_found;
        if agree {
            agree = !self.compare_counters(audit, ended, findings).await?;
        }
        let agreed =
            left.on_its_way.map_or(audit.position, |first| Position(first.0.saturating_sub(1)));
        let is_final = ended && !has_found && left.on_its_way.is_none();
        self.marks.compared(audit, agreed, is_final && (agree || left.raised));
        if ended && agree {
            let (id, now) = (&snapshot.sale.id, self.stores.live.now());
            self.stores.catalogue.note_final_run(id, audit.epoch, now).await?;
        }
        Ok(())
    }

    /// Compares the units sold, after gate and ledger were found to name the same purchases; only
    /// while the gate stands as it did in `audit`, so that nothing was sold in between. Whether
    /// they differed.
    async fn compare_counters(
        &self,
        audit: &Audit,
        ended: bool,
        findings: &mut Findings,
    ) -> Result<bool, PortError> {
        let id = &audit.snapshot.sale.id;
        let Some(row) = self.row(id).await? else { return Ok(false) };
        let Some(now) = self.stores.gate.audit(id).await? else { return Ok(false) };
        if now.snapshot != audit.snapshot || row.sold == now.snapshot.sold {
            return Ok(false);
        }
        // Units of purchases that a person voided: of a sale that is over they are not given back.
        if ended && now.snapshot.sold > row.sold {
            return Ok(false);
        }
        let (gate, ledger) = (now.snapshot.sold, row.sold);
        tracing::error!(sale = %id, gate, ledger, "gate and ledger count different units as sold");
        self.stores.gate.rebuild(id).await?;
        findings.repaired(Drift::CountersDisagree, 1);
        Ok(true)
    }
}
