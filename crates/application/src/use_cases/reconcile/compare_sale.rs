//! One sale: its counters, its definition, and purchase by purchase where that is called for.

use stampede_domain::{SaleId, State};

use super::{Reconcile, Wanted, comparison::Comparison};
use crate::ports::{
    Aligned, Audit, CatalogueRow, CommitError, Drift, Entry, EntryBody, Findings, PortError,
    RecordedChange, Settled, Thoroughness, Trigger,
};

/// What became of something that the ledger lacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The ledger has it.
    Recorded,
    /// Its epoch or its sale has ended meanwhile: the next run looks again.
    Late,
    /// The ledger refuses it for its data.
    Refused,
    /// It would break a constraint of the ledger.
    Drifted,
}

impl Reconcile {
    pub(super) async fn compare(
        &self,
        row: &CatalogueRow,
        wanted: Wanted<'_>,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let id = &row.sale.id;
        let Some(audit) = self.stores.gate.audit(id).await? else { return Ok(()) };
        // Nothing that such a gate says can be recorded; made anew, both say the same.
        if self.is_in_another_life(row, &audit).await? {
            return Ok(());
        }
        if !audit.consistent {
            self.stores.gate.rebuild(id).await?;
            findings.repaired(Drift::CountersDisagree, 1);
            return Ok(());
        }
        self.compare_definition(row, &audit, findings).await?;
        self.note_over(row, &audit).await?;
        let is_suspect = self.is_suspect(row, &audit).await?;
        if !is_suspect && !self.is_whole_due(row, &audit, wanted) {
            return Ok(());
        }
        self.compare_purchases(Comparison::new(audit), &mut usize::MAX.clone(), findings).await
    }

    /// Whether a sale is to be compared purchase by purchase although nothing tells against it.
    fn is_whole_due(&self, row: &CatalogueRow, audit: &Audit, wanted: Wanted<'_>) -> bool {
        let id = &row.sale.id;
        let snapshot = &audit.snapshot;
        let ended = snapshot.sale.phase(snapshot.stock, audit.at).state == State::Ended;
        let was_final = row.final_run_at.is_some();
        match (wanted.thoroughness, wanted.trigger) {
            // What another process found to agree after its end need not be compared by each.
            (Thoroughness::Whole, Trigger::Start) => !was_final,
            (Thoroughness::Whole, _) => true,
            (Thoroughness::Counters, _) => ended && !was_final && !self.marks.is_final(id),
        }
    }

    /// Keeps in mind that a sale's time is over, once its gate has judged so.
    async fn note_over(&self, row: &CatalogueRow, audit: &Audit) -> Result<(), PortError> {
        let sale = &audit.snapshot.sale;
        if row.over_at.is_some() || audit.at < sale.window.end {
            return Ok(());
        }
        self.stores.catalogue.note_over(&sale.id, audit.epoch, audit.at).await
    }

    /// Whether the gate was in another life than the ledger, which it is not any more, or the sale
    /// is gone: a ledger came back older, or the gate was on the wrong side of a partition.
    async fn is_in_another_life(
        &self,
        row: &CatalogueRow,
        audit: &Audit,
    ) -> Result<bool, PortError> {
        if audit.epoch == row.epoch {
            return Ok(false);
        }
        let id = &row.sale.id;
        // A restore may have lain between the two reads.
        let Some(now) = self.row(id).await? else { return Ok(true) };
        let aligned = self.stores.gate.align(id, now.epoch).await?;
        if aligned == Aligned::Restored {
            tracing::warn!(sale = %id, "the gate was in another life than the ledger");
        }
        Ok(aligned != Aligned::Already)
    }

    async fn compare_definition(
        &self,
        row: &CatalogueRow,
        audit: &Audit,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let id = &row.sale.id;
        let gate = &audit.snapshot;
        if gate.sale == row.sale {
            return Ok(());
        }
        if gate.version <= row.version {
            return self.take_definition_of_ledger(id, findings).await;
        }
        // A change is on its way, or was between the two reads.
        let waiting = self.stores.outbox.waiting(id, self.limits.waiting_max).await?;
        let on_the_way = waiting.iter().any(|entry| matches!(entry.body, EntryBody::Change(_)));
        let now = self.row(id).await?;
        let repaired = now.is_none_or(|now| now.sale == gate.sale || now.version >= gate.version);
        if on_the_way || repaired {
            return Ok(());
        }
        tracing::error!(sale = %id, "gate and catalogue describe the sale differently");
        let change =
            RecordedChange { sale: gate.sale.clone(), epoch: row.epoch, version: gate.version };
        match self.commit(id, EntryBody::Change(Box::new(change))).await? {
            Taken::Recorded => findings.repaired(Drift::DefinitionDiffers, 1),
            Taken::Late => {}
            Taken::Refused => findings.raised(Drift::DefinitionDiffers, 1),
            Taken::Drifted => {
                self.stores.gate.rebuild(id).await?;
                findings.repaired(Drift::DefinitionDiffers, 1);
            }
        }
        Ok(())
    }

    /// The gate says of itself that it is no newer than the ledger: it is made anew from that.
    async fn take_definition_of_ledger(
        &self,
        id: &SaleId,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        // A change may have been committed between the two reads.
        let (Some(row), Some(audit)) = (self.row(id).await?, self.stores.gate.audit(id).await?)
        else {
            return Ok(());
        };
        let gate = audit.snapshot;
        if gate.sale == row.sale || gate.version > row.version || audit.epoch != row.epoch {
            return Ok(());
        }
        tracing::error!(sale = %id, "the gate describes the sale as the catalogue no longer does");
        self.stores.gate.rebuild(id).await?;
        findings.repaired(Drift::DefinitionDiffers, 1);
        Ok(())
    }

    pub(super) async fn commit(&self, id: &SaleId, body: EntryBody) -> Result<Taken, PortError> {
        match self.stores.ledger.commit(&[Entry { id: None, body }]).await {
            Ok(settled) => {
                let all = settled.iter().all(|one| matches!(one, Settled::Committed { .. }));
                Ok(if all { Taken::Recorded } else { Taken::Late })
            }
            Err(CommitError::Port(error) | CommitError::Busy { error, .. }) => Err(error),
            Err(CommitError::Drift { constraint, .. }) => {
                tracing::error!(sale = %id, constraint, "gate and ledger sold the same twice");
                Ok(Taken::Drifted)
            }
            Err(CommitError::Data(error)) => {
                tracing::error!(sale = %id, %error, "the ledger refuses what it lacks");
                Ok(Taken::Refused)
            }
        }
    }

    /// The row of this very sale, if it is still there.
    pub(super) async fn row(&self, id: &SaleId) -> Result<Option<CatalogueRow>, PortError> {
        let row = self.stores.catalogue.find(&id.sku).await?;
        Ok(row.filter(|row| row.sale.id == *id))
    }
}
