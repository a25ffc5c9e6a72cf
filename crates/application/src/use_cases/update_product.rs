//! An admin changes a product that is not on sale yet.

use std::sync::Arc;

use stampede_domain::{
    Acknowledgement, Currency, Generation, Instant, Price, Sale, Sku, State, Version, Window,
};

use super::ProductView;
use crate::{
    live_sales::LiveSales,
    ports::{Amended, Catalogue, Clock, LockedSale, PortError, PutDecision, SaleGate, Snapshot},
};

/// What is to be changed; `None` stays as it is. Every value within its limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductChanges {
    /// What shoppers read.
    pub product_name: Option<String>,
    /// What they read of it.
    pub description: Edit<String>,
    /// Where its picture is.
    pub picture: Edit<String>,
    /// What one unit costs, in the smallest unit of its currency.
    pub price_minor: Edit<i64>,
    /// What it costs that in.
    pub currency: Edit<Currency>,
    /// Units on offer.
    pub initial_stock: Option<u32>,
    /// The first instant of the sale.
    pub start: Option<Instant>,
    /// The first instant after it.
    pub end: Option<Instant>,
    /// Units that one buyer may hold.
    pub limit_per_buyer: Option<u32>,
    /// What an answered purchase must have survived.
    pub acknowledge: Option<Acknowledgement>,
}

/// What is to become of something that a product may be without.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Edit<T> {
    /// It stays.
    #[default]
    Keep,
    /// It goes.
    Remove,
    /// It becomes this.
    Set(T),
}

/// One state of a product, which `ETag` and `If-Match` compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Which creation of the sku.
    pub generation: Generation,
    /// Which version of it.
    pub version: Version,
}

/// Why a product was not changed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// There is no such product.
    #[error("no such product")]
    Unknown,
    /// The sale is not upcoming any more.
    #[error("the sale is not upcoming")]
    NotModifiable,
    /// The product is not as the caller last read it.
    #[error("the product has changed since it was read")]
    PreconditionFailed,
    /// What is to change does not fit with what stays: all that does not.
    #[error("the changes do not fit with what stays")]
    Misfits(Vec<Misfit>),
    /// We do not know.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// A change that does not fit with what stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The sale would end before it starts.
    WindowInverted,
    /// It would have a currency and no price.
    PriceMissing,
    /// It would have a price and no currency.
    CurrencyMissing,
}

/// Times that a sale is read and tried to be changed while others change it, or restore its gate.
const TURNS_MAX: usize = 5;

/// Others change the sale all the time; it may be tried again.
#[derive(Debug, thiserror::Error)]
#[error("the sale was changed by others each time that it was read")]
struct Restless;

/// Changes products: the catalogue's row is held while the gate judges whether the sale is
/// still upcoming, and by nothing that could restore a gate, which needs the row.
pub struct UpdateProduct {
    catalogue: Arc<dyn Catalogue>,
    gate: Arc<dyn SaleGate>,
    live: Arc<LiveSales>,
    clock: Arc<dyn Clock>,
}

impl UpdateProduct {
    /// Over the catalogue and the gate.
    #[must_use]
    pub fn new(
        catalogue: Arc<dyn Catalogue>,
        gate: Arc<dyn SaleGate>,
        live: Arc<LiveSales>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { catalogue, gate, live, clock }
    }

    /// Changes the product of `sku` if it is upcoming and, where `if_match` is given, still one
    /// of these revisions.
    ///
    /// # Errors
    ///
    /// [`UpdateError`]; nothing is changed, except that [`UpdateError::Port`] leaves it open.
    pub async fn run(
        &self,
        sku: &Sku,
        changes: &ProductChanges,
        if_match: Option<&[Revision]>,
    ) -> Result<ProductView, UpdateError> {
        for _ in 0..TURNS_MAX {
            let row = self.catalogue.find(sku).await?.ok_or(UpdateError::Unknown)?;
            let read = self.gate.snapshot(&row.sale.id).await?.ok_or(UpdateError::Unknown)?;
            let sale = self.changed(&read, changes, if_match)?;
            let locked = self.catalogue.lock(sku).await?.ok_or(UpdateError::Unknown)?;
            let epoch = locked.row().epoch;
            if locked.row().sale.id != sale.id {
                // Deleted and created again since.
                continue;
            }
            match self.gate.amend(&sale, epoch, read.version).await {
                Ok(Amended::Applied(version)) => {
                    let stock = sale.initial_stock;
                    let amended = Snapshot { stock, sale, sold: 0, version };
                    return self.write(locked, amended).await;
                }
                // A pause or its end came between reading and amending, and is kept.
                Ok(Amended::Moved) => locked.finish(PutDecision::Leave).await?,
                Ok(Amended::OtherLife) => {
                    locked.finish(PutDecision::Leave).await?;
                    self.gate.align(&sale.id, epoch).await?;
                }
                Ok(Amended::NotUpcoming) => return Err(UpdateError::NotModifiable),
                Ok(Amended::UnknownSale) => return Err(UpdateError::Unknown),
                Err(error) => return Err(error.into()),
            }
        }
        Err(PortError::unavailable("gate", Restless).into())
    }

    /// The sale with the changes over what was read.
    fn changed(
        &self,
        snapshot: &Snapshot,
        changes: &ProductChanges,
        if_match: Option<&[Revision]>,
    ) -> Result<Sale, UpdateError> {
        let generation = snapshot.sale.id.generation;
        let current = Revision { generation, version: snapshot.version };
        if if_match.is_some_and(|wanted| !wanted.contains(&current)) {
            return Err(UpdateError::PreconditionFailed);
        }
        // A gate one version ahead of the row holds a change whose commit was lost: it wins.
        match changes.apply(&snapshot.sale) {
            // What runs cannot be changed, whatever the changes are.
            Err(_) if self.has_begun(snapshot) => Err(UpdateError::NotModifiable),
            applied => applied,
        }
    }

    /// Whether the sale is past being upcoming, as this node's clock has it: the gate is asked
    /// where its answer counts.
    fn has_begun(&self, snapshot: &Snapshot) -> bool {
        snapshot.sale.phase(snapshot.stock, self.clock.now()).state != State::Upcoming
            || snapshot.sold > 0
    }

    async fn write(
        &self,
        locked: Box<dyn LockedSale>,
        snapshot: Snapshot,
    ) -> Result<ProductView, UpdateError> {
        // The gate has it: this node shows it whether or not the commit is answered.
        self.live.apply(&snapshot);
        let write = PutDecision::Write(Box::new(snapshot.sale.clone()), snapshot.version);
        locked.finish(write).await?;
        Ok(ProductView::new(snapshot, 0, self.clock.now()))
    }
}

impl ProductChanges {
    /// `sale` with the changes.
    fn apply(&self, sale: &Sale) -> Result<Sale, UpdateError> {
        let mut misfits = Vec::new();
        let window = Window {
            start: self.start.unwrap_or(sale.window.start),
            end: self.end.unwrap_or(sale.window.end),
        };
        if window.end <= window.start {
            misfits.push(Misfit::WindowInverted);
        }
        let price = self.price(sale).map_err(|misfit| misfits.push(misfit));
        let (Ok(price), true) = (price, misfits.is_empty()) else {
            return Err(UpdateError::Misfits(misfits));
        };
        Ok(Sale {
            id: sale.id.clone(),
            product_name: self.product_name.clone().unwrap_or_else(|| sale.product_name.clone()),
            description: self.description.over(sale.description.as_ref()),
            picture: self.picture.over(sale.picture.as_ref()),
            price,
            initial_stock: self.initial_stock.unwrap_or(sale.initial_stock),
            window,
            limit_per_buyer: self.limit_per_buyer.unwrap_or(sale.limit_per_buyer),
            acknowledge: self.acknowledge.unwrap_or(sale.acknowledge),
            ..*sale
        })
    }

    /// The price with the changes: its two halves come together or not at all.
    fn price(&self, sale: &Sale) -> Result<Option<Price>, Misfit> {
        let minor = self.price_minor.over(sale.price.as_ref().map(|price| &price.minor));
        let currency = self.currency.over(sale.price.as_ref().map(|price| &price.currency));
        match (minor, currency) {
            (Some(minor), Some(currency)) => Ok(Some(Price { minor, currency })),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Misfit::PriceMissing),
            (Some(_), None) => Err(Misfit::CurrencyMissing),
        }
    }
}

impl<T: Clone> Edit<T> {
    /// What becomes of `old`.
    fn over(&self, old: Option<&T>) -> Option<T> {
        match self {
            Self::Keep => old.cloned(),
            Self::Remove => None,
            Self::Set(new) => Some(new.clone()),
        }
    }
}
