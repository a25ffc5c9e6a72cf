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

/// A part of the list of sales.
#[derive(Clone, Debug)]
pub struct SalesPage {
    /// Upcoming and active ones first.
    pub sales: Vec<Arc<LiveSale>>,
    /// Where to go on from, if there are more.
    pub next: Option<Sku>,
    /// The instant that they are shown as of.
    pub now: Instant,
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
            None => self.live.featured()?,
        };
        found.ok_or(ViewError::Unknown)
    }

    /// Sales, upcoming and active first, in that state if one is given, from place `from` on, at
    /// most `limit`.
    ///
    /// # Errors
    ///
    /// [`ViewError`].
    pub fn page(
        &self,
        state: Option<State>,
        after: Option<&Sku>,
        limit: usize,
    ) -> Result<SalesPage, ViewError> {
        let (mut sales, now) = self.live.all().ok_or(Stale)?;
        sales.retain(|live| state.is_none_or(|state| live.phase.state == state));
        if let Some(after) = after {
            // A sale that was deleted or has moved since ends the list rather than repeat it.
            let place = sales.iter().position(|live| live.sale.id.sku == *after);
            sales.drain(..place.map_or(sales.len(), |place| place + 1));
        }
        let more = sales.len() > limit;
        sales.truncate(limit);
        let next = sales.last().filter(|_| more).map(|live| live.sale.id.sku.clone());
        Ok(SalesPage { sales, next, now })
    }

    /// The clock that `serverTime` is told by.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.live.now()
    }
}
