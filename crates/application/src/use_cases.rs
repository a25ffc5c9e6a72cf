//! The use cases, one a file, named verb and noun.

mod attempt_purchase;
mod change_sale;
mod check_health;
mod confirm_purchases;
mod create_product;
mod delete_product;
mod expire_archive;
mod find_sale;
mod handle_dead_letters;
mod look_up_purchase;
mod reconcile;
mod record_purchases;
mod update_product;
mod view_products;
mod view_runs;
mod view_sales;
mod watch_sales;

pub use attempt_purchase::{AttemptPurchase, Attempted, PurchaseRequest};
pub use change_sale::{ChangeError, ChangeSale};
pub use check_health::{CheckHealth, HealthReport, StoreHealth};
pub(crate) use confirm_purchases::named;
pub use confirm_purchases::{ConfirmLimits, ConfirmPurchases, ConfirmStores, Confirmed, DriftMet};
pub use create_product::{CreateError, CreateProduct, NewProduct};
pub use delete_product::{DeleteError, DeleteProduct};
pub use expire_archive::ExpireArchive;
pub use find_sale::{FindSale, LookupLimits};
pub use handle_dead_letters::{DeadLetterError, HandleDeadLetters, LetterFate, LetterPage};
pub use look_up_purchase::LookUpPurchase;
pub use reconcile::{Reconcile, ReconcileError, ReconcileLimits, ReconcileStores, RunSeen};
pub use record_purchases::{RecordLimits, RecordPurchases, Recorded};
pub use update_product::{Edit, Misfit, ProductChanges, Revision, UpdateError, UpdateProduct};
pub use view_products::{ProductView, ViewProducts};
pub use view_runs::ViewRuns;
pub use view_sales::{SalesPage, ViewError, ViewSales};
pub use watch_sales::WatchSales;
