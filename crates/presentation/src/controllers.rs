//! One controller a file: reads the request, calls a use case, writes the answer.

pub(crate) mod attempt_purchase;
pub(crate) mod change_sale;
pub(crate) mod create_product;
pub(crate) mod delete_product;
pub(crate) mod docs;
pub(crate) mod handle_dead_letters;
pub(crate) mod health;
pub(crate) mod look_up_purchase;
pub(crate) mod metrics;
pub(crate) mod pages;
pub(crate) mod reconciliation;
pub(crate) mod update_product;
pub(crate) mod view_products;
pub(crate) mod view_sales;
pub(crate) mod watch_sales;
