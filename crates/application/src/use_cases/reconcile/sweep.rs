//! Purchases that are compared although nothing tells against their sales: what was lost behind
//! counts that agree is found so.

use stampede_domain::SaleId;

use super::{Reconcile, comparison::Comparison};
use crate::ports::{Causes, Findings, PortError};

/// Failures one after the other after which a run is given up: a sale that stays closed keeps no
/// other from being repaired, but a store that is away is not asked for each.
const IN_A_ROW_MAX: u32 = 3;

/// What went wrong with single sales of a run.
#[derive(Default)]
pub(super) struct Failures {
    first: Option<PortError>,
    in_a_row: u32,
    /// Whether anything was compared.
    any_compared: bool,
}

impl Failures {
    /// How it went with a sale, or with strays.
    pub(super) fn note(&mut self, outcome: Result<(), PortError>, id: Option<&SaleId>) {
        let Err(error) = outcome else {
            (self.in_a_row, self.any_compared) = (0, true);
            return;
        };
        let sale = id.map(ToString::to_string);
        tracing::warn!(sale, error = %Causes(&error), "not compared");
        self.in_a_row += 1;
        self.first.get_or_insert(error);
    }

    /// # Errors
    ///
    /// The first failure, if there were too many in a row.
    pub(super) fn give_up_after_many(&mut self) -> Result<(), PortError> {
        if self.in_a_row < IN_A_ROW_MAX {
            return Ok(());
        }
        self.first.take().map_or(Ok(()), Err)
    }

    /// The first failure, if there was any.
    ///
    /// # Errors
    ///
    /// It, if nothing could be compared: a store is away.
    pub(super) fn end(self) -> Result<Option<PortError>, PortError> {
        match self.first {
            Some(first) if !self.any_compared => Err(first),
            first => Ok(first),
        }
    }
}

impl Reconcile {
    /// Compares the sales that were not compared for longest, as many purchases as a run may; a
    /// sale of more is gone through in several runs.
    pub(super) async fn sweep(
        &self,
        failures: &mut Failures,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let mut rows = self.limits.sweep_rows;
        for id in self.marks.longest_ago() {
            if rows == 0 {
                return Ok(());
            }
            self.keep_turn().await?;
            failures.note(self.sweep_sale(&id, &mut rows, findings).await, Some(&id));
            failures.give_up_after_many()?;
        }
        Ok(())
    }

    async fn sweep_sale(
        &self,
        id: &SaleId,
        rows: &mut usize,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let (Some(row), Some(audit)) = (self.row(id).await?, self.stores.gate.audit(id).await?)
        else {
            return Ok(());
        };
        if audit.epoch != row.epoch || !audit.consistent {
            return Ok(());
        }
        let begun = self.marks.take(id, audit.epoch);
        let comparison = begun.unwrap_or_else(|| Comparison::new(audit));
        self.compare_purchases(comparison, rows, findings).await
    }
}
