//! A shopper looks at sales: the featured one, one by its sku, all.

use std::sync::Arc;

use stampede_domain::{Instant, Sku, State};

use super::FindSale;
use crate::{
    live_sales::{LiveSale, LiveSales, Stale},
    ports::PortError,
};

/// Why a sale cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// There is no such sale.
    #[error("no such sale")]
    Unknown,
    /// We do not know.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl From<Stale> for ViewError {
    fn from(stale: Stale) -> Self {
        Self::Port(PortError::unavailable("gate", stale))
    }
}

/// Shows sales from this node's memory.
pub struct ViewSales {
    live: Arc<LiveSales>,
    find: Arc<FindSale>,
}

impl ViewSales {
    /// Over this node's memory.
    #[must_use]
    pub fn new(live: Arc<LiveSales>, find: Arc<FindSale>) -> Self {
        Self { live, find }
    }

    /// The sale of that sku, or the featured one; and the instant that it is shown as of.
    ///
    /// # Errors
    ///
    /// [`ViewError`].
    pub async fn one(&self, sku: Option<&Sku>) -> Result<(Arc<LiveSale>, Instant), ViewError> {
        let found = match sku {
            Some(sku) => self.find.shown(sku).await?,
            None => self.live.featured()?.map(|live| (live, self.live.now())),
        };
        found.ok_or(ViewError::Unknown)
    }

    /// Sales, upcoming and active first, in that state if one is given, from place `from` on, at
    /// most `limit`; and the place to go on from.
    ///
    /// # Errors
    ///
    /// [`ViewError`].
    pub fn page(
        &self,
        state: Option<State>,
        after: Option<&Sku>,
        limit: usize,
    ) -> Result<(Vec<Arc<LiveSale>>, Option<Sku>), ViewError> {
        let mut all = self.live.all().ok_or(Stale)?;
        all.retain(|live| state.is_none_or(|state| live.phase.state == state));
        if let Some(after) = after {
            // A sale that was deleted or has moved since ends the list rather than repeat it.
            let place = all.iter().position(|live| live.sale.id.sku == *after);
            all.drain(..place.map_or(all.len(), |place| place + 1));
        }
        let more = all.len() > limit;
        all.truncate(limit);
        let next = all.last().filter(|_| more).map(|live| live.sale.id.sku.clone());
        Ok((all, next))
    }

    /// The clock that `serverTime` is told by.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.live.now()
    }
}
