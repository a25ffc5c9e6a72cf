//! The whole web layer over a real socket, with an engine in memory behind the ports.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "http/connections.rs"]
mod connections;
#[path = "http/edge.rs"]
mod edge;
#[path = "http/engine.rs"]
mod engine;
#[path = "http/events.rs"]
mod events;
#[path = "http/operations.rs"]
mod operations;
#[path = "http/pages.rs"]
mod pages;
#[path = "http/product_page.rs"]
mod product_page;
#[path = "http/products.rs"]
mod products;
#[path = "http/purchases.rs"]
mod purchases;
#[path = "http/sales.rs"]
mod sales;
#[path = "http/site.rs"]
mod site;
#[path = "http/turns.rs"]
mod turns;
