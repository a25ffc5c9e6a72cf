//! A buyer looks up what they bought.

use std::sync::Arc;

use stampede_domain::{BuyerId, Purchase, Sku};

use super::FindSale;
use crate::ports::{PortError, SaleGate};

/// Looks up a buyer's purchases.
pub struct LookUpPurchase {
    find: Arc<FindSale>,
    gate: Arc<dyn SaleGate>,
}

impl LookUpPurchase {
    /// Over the gate, which knows a purchase from the instant it was answered.
    #[must_use]
    pub fn new(find: Arc<FindSale>, gate: Arc<dyn SaleGate>) -> Self {
        Self { find, gate }
    }

    /// The buyer's purchases, oldest first, empty if there are none; `None` if there is no such sale.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] if the gate cannot know.
    pub async fn run(
        &self,
        sku: &Sku,
        buyer: &BuyerId,
    ) -> Result<Option<Vec<Purchase>>, PortError> {
        let Some(sale) = self.find.known(sku).await? else { return Ok(None) };
        if let Some(held) = self.gate.purchases(&sale.sale.id, buyer).await? {
            return Ok(Some(held.purchases));
        }
        let Some(sale) = self.find.looked_up(sku).await? else { return Ok(None) };
        let held = self.gate.purchases(&sale.sale.id, buyer).await?;
        Ok(held.map(|held| held.purchases))
    }
}
