//! One sale: its counters, its definition, and purchase by purchase where that is called for.

use stampede_domain::{SaleId, State};

use super::Reconcile;
use crate::ports::{
    Aligned, Audit, CatalogueRow, CommitError, Drift, Entry, EntryBody, Findings, PortError,
    RecordedChange, Settled, Thoroughness,
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
        thoroughness: Thoroughness,
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
        let snapshot = &audit.snapshot;
        let ended = snapshot.sale.phase(snapshot.stock, audit.at).state == State::Ended;
        let final_due = ended && !self.final_runs().contains(id);
        let whole = thoroughness == Thoroughness::Whole || final_due;
        if !whole && snapshot.sold == row.sold {
            return Ok(());
        }
        let before = findings.total();
        let on_the_way = self.complete_ledger(id, audit.at, findings).await?;
        self.complete_gate(id, findings).await?;
        if on_the_way || findings.total() != before {
            return Ok(());
        }
        self.compare_counters(&audit, ended, findings).await?;
        if ended && findings.total() == before {
            self.final_runs().insert(id.clone());
        }
        Ok(())
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

    /// Compares the units sold, after gate and ledger were found to name the same purchases; only
    /// while the gate stands as it did in `audit`, so that nothing was sold in between.
    async fn compare_counters(
        &self,
        audit: &Audit,
        ended: bool,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let id = &audit.snapshot.sale.id;
        let Some(row) = self.row(id).await? else { return Ok(()) };
        let Some(now) = self.stores.gate.audit(id).await? else { return Ok(()) };
        if now.snapshot != audit.snapshot || row.sold == now.snapshot.sold {
            return Ok(());
        }
        // Units of purchases that a person gave up: of a sale that is over they are not given back.
        if ended && now.snapshot.sold > row.sold {
            return Ok(());
        }
        let (gate, ledger) = (now.snapshot.sold, row.sold);
        tracing::error!(sale = %id, gate, ledger, "gate and ledger count different units as sold");
        self.stores.gate.rebuild(id).await?;
        findings.repaired(Drift::CountersDisagree, 1);
        Ok(())
    }

    async fn compare_definition(
        &self,
        row: &CatalogueRow,
        audit: &Audit,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let id = &row.sale.id;
        let gate = &audit.snapshot;
        if gate.sale == row.sale || gate.version <= row.version {
            return Ok(());
        }
        // A change is on its way, or was between the two reads.
        let waiting = self.stores.outbox.waiting(id, self.limits.waiting_max).await?;
        let on_the_way = waiting.iter().any(|entry| matches!(entry.body, EntryBody::Change(_)));
        let now = self.row(id).await?;
        let mended = now.is_none_or(|now| now.sale == gate.sale || now.version >= gate.version);
        if on_the_way || mended {
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

    pub(super) async fn commit(&self, id: &SaleId, body: EntryBody) -> Result<Taken, PortError> {
        match self.stores.ledger.commit(&[Entry { id: None, body }]).await {
            Ok(settled) => {
                let all = settled.iter().all(|one| matches!(one, Settled::Committed { .. }));
                Ok(if all { Taken::Recorded } else { Taken::Late })
            }
            Err(CommitError::Port(error)) => Err(error),
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
