//! What the ledger has and the gate has not.

use super::{
    Reconcile,
    comparison::{Comparison, Next},
};
use crate::ports::{Drift, Findings, PortError, Repaired};

impl Reconcile {
    /// Gives the gate back what the ledger has and the gate has not. The ledger is read first.
    pub(super) async fn complete_gate(
        &self,
        comparison: &mut Comparison,
        rows: &mut usize,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let id = comparison.audit.snapshot.sale.id.clone();
        while let Next::Ledger(after) = comparison.next {
            if *rows == 0 {
                return Ok(());
            }
            self.keep_turn().await?;
            let page = self.stores.ledger.page(&id, after, self.limits.page).await?;
            *rows = rows.saturating_sub(page.len().max(1));
            let Some(last) = page.last() else {
                comparison.next = Next::Nothing;
                return Ok(());
            };
            comparison.next = Next::Ledger(Some(last.purchase.position));
            let answers = self.stores.gate.repair(&id, &page).await?;
            let count = |wanted| answers.iter().filter(|&&answer| answer == wanted).count();
            let (added, refused) = (count(Repaired::Added), count(Repaired::Refused));
            if added > 0 {
                tracing::error!(sale = %id, added, "purchases of the ledger were missing in the gate");
            }
            findings.repaired(Drift::MissingInGate, added);
            if refused > 0 {
                // More is sold than both can hold: made anew from the ledger, the gate has these,
                // and tells of what finds no place beside them.
                tracing::error!(sale = %id, refused, "gate and ledger sold the same twice");
                let rebuilt = self.stores.gate.rebuild(&id).await?;
                if rebuilt.raised == 0 {
                    findings.repaired(Drift::SoldTwice, refused);
                }
                comparison.next = Next::Nothing;
            }
        }
        Ok(())
    }
}
