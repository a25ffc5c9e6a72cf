//! What it costs to read what a buyer sends and to write what buyers and shoppers are answered.
#![expect(clippy::expect_used, reason = "a benchmark fails by panicking")]

/// What is measured is private to the crate, and so it is a part of this benchmark too.
#[expect(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the web layer and its tests use more of it"
)]
#[path = "../src"]
mod presentation {
    pub(crate) mod buyer;
    pub(crate) mod envelope;
    pub(crate) mod error;
    pub(crate) mod fields;
    pub(crate) mod idempotency_key;
    pub(crate) mod image_origins;
    pub(crate) mod json_object;
    pub(crate) mod product_fields;
    pub(crate) mod product_form;
    pub(crate) mod purchase;
    pub(crate) mod purchase_form;
    pub(crate) mod query;
    pub(crate) mod rejection;
    pub(crate) mod rendered;
    pub(crate) mod sale_event;
    pub(crate) mod sale_status;
}

use std::{cell::Cell, sync::Arc};

use actix_web::test::TestRequest;
use criterion::{Criterion, criterion_group, criterion_main};
use stampede_application::live_sales::LiveSale;
use stampede_domain::{
    Acknowledgement, AttemptKey, Generation, Instant, Position, Purchase, PurchaseBits, Rejection,
    Sale, SaleId, Sku, Version, Window,
};

// The names by which these modules know each other.
use self::presentation::{
    buyer, envelope, error, fields, idempotency_key, image_origins, json_object, product_fields,
    product_form, purchase, purchase_form, query, rejection, rendered, sale_event, sale_status,
};
use self::{fields::Fields, query::Parameters, rendered::RenderedSales};

const NOW: Instant = Instant::MAX;

fn sku() -> Sku {
    Sku::parse("WIDGET-001").expect("a sku")
}

fn bought() -> Purchase {
    Purchase {
        bits: PurchaseBits([7; 10]),
        at: Instant::from_millis(1_771_149_600_123),
        qty: 1,
        key: AttemptKey([9; 16]),
        remaining: 9_999_999,
        position: Position(1),
        ordinal: 1,
        held_after: 1,
        cancelled: false,
        unit_price: None,
    }
}

fn live(version: u64) -> Arc<LiveSale> {
    let sale = Sale {
        id: SaleId { sku: sku(), generation: Generation(uuid::Uuid::nil()) },
        product_name: "Limited Edition Widget".into(),
        description: None,
        picture: None,
        price: None,
        initial_stock: 10_000_000,
        window: Window { start: Instant::from_millis(0), end: Instant::MAX },
        limit_per_buyer: 1,
        acknowledge: Acknowledgement::Gate,
        paused: false,
        ended_by_admin: false,
        created_at: Instant::from_millis(0),
    };
    let (stock, version) = (9_999_999, Version(version));
    let phase = sale.phase(stock, Instant::from_millis(1));
    Arc::new(LiveSale { sale: Arc::new(sale), stock, version, defined: version, phase })
}

fn attempts(criterion: &mut Criterion) {
    let (sku, bought) = (sku(), bought());
    let mut group = criterion.benchmark_group("attempt");
    group.bench_function("the headers of a request, read", |bencher| {
        let request = TestRequest::default().insert_header(("X-User-Id", "ada"));
        let request = request.to_http_request();
        let headers = request.headers();
        bencher.iter(|| (buyer::read(headers), idempotency_key::read(headers)));
    });
    group.bench_function("the body of a request, read", |bencher| {
        let body = br#"{"sku":"WIDGET-001","qty":1}"#;
        bencher.iter(|| purchase_form::read(body, &mut Fields::default()));
    });
    group.bench_function("a receipt, written", |bencher| {
        bencher.iter(|| purchase::receipt(&sku, &bought, Acknowledgement::Gate));
    });
    for (name, rejection) in [
        ("sold out, written", Rejection::SoldOut),
        ("already purchased, written", Rejection::AlreadyPurchased(Some(bought))),
    ] {
        group.bench_function(name, |bencher| bencher.iter(|| rejection::answer(&sku, &rejection)));
    }
    group.finish();
}

fn statuses(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("status");
    group.bench_function("the sku of a query, read", |bencher| {
        let request = TestRequest::with_uri("/?sku=WIDGET-001").to_http_request();
        bencher.iter(|| Parameters::of(&request).sku(&mut Fields::default()));
    });
    let rendered = RenderedSales::default();
    let (one, other) = (live(1), live(2));
    let turn = Cell::new(false);
    group.bench_function("of a sale that has changed", |bencher| {
        bencher.iter(|| {
            turn.set(!turn.get());
            rendered.of(if turn.get() { &one } else { &other }).answer(NOW)
        });
    });
    group.bench_function("of another millisecond", |bencher| {
        let now = Cell::new(Instant::from_millis(0));
        bencher.iter(|| {
            now.set(now.get().plus_millis(1));
            rendered.of(&one).answer(now.get())
        });
    });
    group.bench_function("of the same millisecond", |bencher| {
        bencher.iter(|| rendered.of(&one).answer(NOW));
    });
    group.finish();
}

criterion_group!(benches, attempts, statuses);
criterion_main!(benches);
