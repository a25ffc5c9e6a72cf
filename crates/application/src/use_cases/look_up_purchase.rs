//! A buyer looks up what they bought.

use std::sync::Arc;

use stampede_domain::{BuyerId, Purchase, SaleId, Sku};

use super::{ConfirmPurchases, FindSale};
use crate::ports::{PortError, SaleGate};

/// Looks up a buyer's purchases.
pub struct LookUpPurchase {
    find: Arc<FindSale>,
    gate: Arc<dyn SaleGate>,
    confirm: Arc<ConfirmPurchases>,
}

impl LookUpPurchase {
    /// Over the gate, which knows a purchase from the instant it was answered, and the ledger
    /// where that is what an answer must have survived.
    #[must_use]
    pub fn new(
        find: Arc<FindSale>,
        gate: Arc<dyn SaleGate>,
        confirm: Arc<ConfirmPurchases>,
    ) -> Self {
        Self { find, gate, confirm }
    }

    /// The buyer's purchases, oldest first, empty if there are none; `None` if there is no such sale.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] if we do not know.
    pub async fn run(
        &self,
        sku: &Sku,
        buyer: &BuyerId,
    ) -> Result<Option<Vec<Purchase>>, PortError> {
        let Some(sale) = self.find.known(sku).await? else { return Ok(None) };
        if let Some(purchases) = self.held(&sale.sale.id, buyer).await? {
            return Ok(Some(purchases));
        }
        let Some(sale) = self.find.looked_up(sku).await? else { return Ok(None) };
        self.held(&sale.sale.id, buyer).await
    }

    async fn held(&self, id: &SaleId, buyer: &BuyerId) -> Result<Option<Vec<Purchase>>, PortError> {
        let Some(held) = self.gate.purchases(id, buyer).await? else { return Ok(None) };
        self.confirm.lookup(id, buyer, held).await.map(Some)
    }
}
