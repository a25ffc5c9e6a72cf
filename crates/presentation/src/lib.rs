//! The web layer: HTTP in, use cases called, HTTP out.
//!
//! Entry points: [`Http::bind`] and [`Http::run`]; `routes.rs` joins paths and controllers;
//! `error.rs` alone knows statuses and codes; `middleware.rs` is what happens to every request.
//!
//! Architecture invariant: nothing here names a store. What a request means is decided by the
//! use cases; this crate reads it and writes the answer.

mod access_log;
mod admin_guard;
mod buyer;
mod client_address;
mod connection;
mod controllers;
mod correlation;
mod cors;
mod current_request;
mod envelope;
mod error;
mod etag;
mod fields;
mod idempotency_key;
mod image_origins;
mod json_body;
mod json_object;
mod kept_until;
mod listener;
mod metrics;
mod middleware;
mod openapi;
mod product;
mod product_fields;
mod product_form;
mod purchase;
mod purchase_form;
mod query;
mod rate_limit;
mod rejection;
mod rendered;
mod request_span;
mod routes;
mod sale_event;
mod sale_status;
mod sale_stream;
mod server;
mod settings;
mod streams;
mod tally;
mod use_cases;
mod worker;

pub use client_address::{TrustedProxies, TrustedProxiesError};
pub use current_request::{CurrentRequest, current_request};
pub use image_origins::{ImageOrigins, ImageOriginsError};
pub use openapi::openapi_json;
pub use request_span::{CORRELATION_ID, ERROR_TYPE, Tracing};
pub use server::Http;
pub use settings::{HttpLimits, HttpSettings, Serves};
pub use use_cases::{AttemptFactory, Telemetry, UseCases};
