//! An admin creates a product, and with it its sale.

use std::sync::Arc;

use stampede_domain::{Acknowledgement, Price, Sale, SaleId, Sku, State, Window};

use super::ProductView;
use crate::{
    live_sales::LiveSales,
    ports::{Catalogue, Clock, Created, PortError, Randomness, SaleGate},
};

/// What an admin asks for; every value within its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewProduct {
    /// The product's code.
    pub sku: Sku,
    /// What shoppers read.
    pub product_name: String,
    /// What they read of it.
    pub description: Option<String>,
    /// Where its picture is.
    pub picture: Option<String>,
    /// What one unit costs.
    pub price: Option<Price>,
    /// Units on offer.
    pub initial_stock: u32,
    /// When it is sold; may lie in the past.
    pub window: Window,
    /// Units that one buyer may hold.
    pub limit_per_buyer: u32,
    /// What an answered purchase must have survived; `None` for what this node asks for.
    pub acknowledge: Option<Acknowledgement>,
}

/// Why a product was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A sale of that sku exists.
    #[error("a sale of this sku exists")]
    AlreadyExists,
    /// As many sales exist as this installation may hold.
    #[error("no more sales fit into this installation")]
    Full,
    /// The gate has no memory for that many units.
    #[error("the gate has memory for {units} more units")]
    NoRoom {
        /// For how many it has, about.
        units: u64,
    },
    /// We do not know.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Creates products: catalogue first, then gate.
pub struct CreateProduct {
    catalogue: Arc<dyn Catalogue>,
    gate: Arc<dyn SaleGate>,
    live: Arc<LiveSales>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    /// What is asked for a sale that does not say.
    acknowledge: Acknowledgement,
}

impl CreateProduct {
    /// Over the catalogue and the gate.
    #[must_use]
    pub fn new(
        catalogue: Arc<dyn Catalogue>,
        gate: Arc<dyn SaleGate>,
        live: Arc<LiveSales>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
        acknowledge: Acknowledgement,
    ) -> Self {
        Self { catalogue, gate, live, clock, randomness, acknowledge }
    }

    /// Creates the product; from the answer on it is on sale on this node, within 1 s on all.
    ///
    /// # Errors
    ///
    /// [`CreateError`]. After [`CreateError::Port`] the sale may exist; a repeat then says so.
    pub async fn run(&self, new: NewProduct) -> Result<ProductView, CreateError> {
        self.check_room(new.initial_stock).await?;
        let sale = Sale {
            id: SaleId { sku: new.sku, generation: self.randomness.generation() },
            product_name: new.product_name,
            description: new.description,
            picture: new.picture,
            price: new.price,
            initial_stock: new.initial_stock,
            window: new.window,
            limit_per_buyer: new.limit_per_buyer,
            acknowledge: new.acknowledge.unwrap_or(self.acknowledge),
            paused: false,
            ended_by_admin: false,
            created_at: self.clock.now(),
        };
        let epoch = match self.catalogue.create(&sale, self.randomness.nonce()).await? {
            Created::Recorded(epoch) => epoch,
            Created::Exists => return Err(CreateError::AlreadyExists),
            Created::Full => return Err(CreateError::Full),
        };
        let snapshot = self.gate.open(&sale, epoch).await?;
        self.live.apply(&snapshot);
        Ok(ProductView::new(snapshot, 0, self.clock.now()))
    }

    /// Whether the gate can hold these units beside those that other sales have yet to sell: told
    /// now, since a full gate would tell every buyer of every sale.
    async fn check_room(&self, stock: u32) -> Result<(), CreateError> {
        let Some(room) = self.gate.room().await? else { return Ok(()) };
        let others = self.live.all().map(|(all, _)| all).unwrap_or_default();
        let unsold = others.iter().filter(|live| live.phase.state != State::Ended);
        let promised: u64 = unsold.map(|live| u64::from(live.stock)).sum();
        let units = room.saturating_sub(promised);
        if u64::from(stock) > units { Err(CreateError::NoRoom { units }) } else { Ok(()) }
    }
}
