//! What the server hands to the web layer, once.

use std::{fmt, sync::Arc};

use opentelemetry::metrics::Meter;
use stampede_application::{
    ports::Randomness,
    use_cases::{
        AttemptPurchase, ChangeSale, CheckHealth, CreateProduct, DeleteProduct, HandleDeadLetters,
        LookUpPurchase, Reconcile, UpdateProduct, ViewProducts, ViewRuns, ViewSales, WatchSales,
    },
};

use crate::request_span::Tracing;

/// Makes a worker thread's own way to attempt purchases; called on that thread.
pub type AttemptFactory = Arc<dyn Fn() -> AttemptPurchase + Send + Sync>;

/// The use cases that controllers call.
#[derive(Clone)]
pub struct UseCases {
    /// Makes each worker's attempts: a lane and a coalescer are not shared between threads.
    pub attempt_purchase: AttemptFactory,
    /// A buyer looks up what they bought.
    pub look_up_purchase: Arc<LookUpPurchase>,
    /// A shopper looks at sales.
    pub view_sales: Arc<ViewSales>,
    /// A shopper watches sales.
    pub watch_sales: Arc<WatchSales>,
    /// An admin creates a product.
    pub create_product: Arc<CreateProduct>,
    /// An admin reads products.
    pub view_products: Arc<ViewProducts>,
    /// An admin changes an upcoming product.
    pub update_product: Arc<UpdateProduct>,
    /// An admin pauses, resumes or ends a sale.
    pub change_sale: Arc<ChangeSale>,
    /// An admin deletes a product.
    pub delete_product: Arc<DeleteProduct>,
    /// An operator handles dead letters.
    pub handle_dead_letters: Arc<HandleDeadLetters>,
    /// An operator has gate and ledger compared.
    pub reconcile: Arc<Reconcile>,
    /// An operator reads what was found.
    pub view_runs: Arc<ViewRuns>,
    /// Operations ask whether this node works.
    pub check_health: Arc<CheckHealth>,
    /// Makes the correlation ids of requests that bring none.
    pub randomness: Arc<dyn Randomness>,
}

impl fmt::Debug for UseCases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UseCases").finish_non_exhaustive()
    }
}

/// Where the web layer counts, and what `/metrics` shows.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Makes the instruments.
    pub meter: Meter,
    /// What the meter's exporter writes to; `/metrics` shows all of it.
    pub registry: prometheus::Registry,
    /// How requests are traced, if they are.
    pub tracing: Option<Tracing>,
}
