//! What the rules cost: attempts decided a second, in batches as the coalescer makes them.
#![expect(clippy::expect_used, reason = "a benchmark fails by panicking")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use stampede_domain::{
    Acknowledgement, Attempt, AttemptKey, BuyerId, Generation, Instant, PurchaseBits, Sale, SaleId,
    Sku, Tally, Window, decide,
};

const BATCH: u32 = 128;

fn sale() -> Sale {
    Sale {
        id: SaleId {
            sku: Sku::parse("WIDGET-001").expect("a sku"),
            generation: Generation(uuid::Uuid::nil()),
        },
        product_name: "Widget".into(),
        description: None,
        picture: None,
        price: None,
        initial_stock: 1_000_000,
        window: Window { start: Instant::from_millis(0), end: Instant::MAX },
        limit_per_buyer: 1,
        acknowledge: Acknowledgement::Gate,
        paused: false,
        ended_by_admin: false,
        created_at: Instant::from_millis(0),
    }
}

fn batch() -> Vec<Attempt> {
    (0..BATCH)
        .map(|number| Attempt {
            buyer: BuyerId::parse(&format!("buyer-{number:010}")).expect("a buyer"),
            key: AttemptKey([1; 16]),
            bits: PurchaseBits([1; 10]),
            qty: 1,
            traceparent: None,
        })
        .collect()
}

fn attempts(criterion: &mut Criterion) {
    let (sale, batch, now) = (sale(), batch(), Instant::from_millis(1));
    let mut group = criterion.benchmark_group("decide");
    group.throughput(Throughput::Elements(u64::from(BATCH)));
    let decide_all = |mut tally: Tally| {
        let decisions = decide(&sale, &mut tally, &batch, now);
        (tally, decisions)
    };
    group.bench_function("accepted", |bencher| {
        bencher.iter_batched(|| Tally::new(BATCH), decide_all, BatchSize::SmallInput);
    });
    group.bench_function("sold out", |bencher| {
        bencher.iter_batched(|| Tally::new(0), decide_all, BatchSize::SmallInput);
    });
    group.finish();
}

criterion_group!(benches, attempts);
criterion_main!(benches);
