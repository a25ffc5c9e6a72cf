//! What one change of a sale costs with so many event streams open, the network left out.
//!
//! From the change in the node's memory until each stream has made its event: the round, the
//! bytes that all of them share, and each stream's task. By the settings every change is shown; a
//! server shows a stock that changes more often than each tenth of a second only so often.
#![expect(clippy::expect_used, reason = "a benchmark fails by panicking")]

#[expect(dead_code, reason = "tests use more of it")]
#[path = "../tests/http/engine.rs"]
mod engine;
#[expect(dead_code, reason = "tests use more of it")]
#[path = "../tests/http/site.rs"]
mod site;

use std::{cell::Cell, future::poll_fn, pin::pin, rc::Rc, sync::Arc, time::Duration};

use actix_web::{
    body::MessageBody,
    http::StatusCode,
    test::{TestRequest, call_service, init_service},
};
use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use secrecy::SecretString;
use stampede_application::{
    CoalescerLimits,
    live_sales::{Freshness, LiveSales},
};
use stampede_domain::{SaleId, Sku, Version};
use stampede_presentation::{Http, HttpSettings};
use tokio::{
    runtime::Builder,
    sync::Notify,
    task::{LocalSet, spawn_local},
};

use self::{
    engine::FakeEngine,
    site::{ADMIN_KEY, product, telemetry, use_cases},
};

/// A sale with its streams, each read by a task of its own.
struct Watched {
    live: Arc<LiveSales>,
    id: SaleId,
    version: Cell<u64>,
    streams: usize,
    behind: Rc<Behind>,
    _metrics: SdkMeterProvider,
}

/// Streams that have not shown the last change yet.
#[derive(Default)]
struct Behind {
    streams: Cell<usize>,
    none: Notify,
}

impl Watched {
    async fn by(streams: usize) -> Self {
        let engine = FakeEngine::new();
        let live = Arc::new(LiveSales::new(engine.clone(), Freshness::Always));
        let (telemetry, metrics) = telemetry();
        let mut settings = HttpSettings::new(SecretString::from(ADMIN_KEY));
        settings.limits.stock_update_interval = Duration::ZERO;
        settings.limits.heartbeat_interval = Duration::from_hours(1);
        let cases = use_cases(&engine, &live, CoalescerLimits::default());
        let app = Http::app(settings, cases, telemetry).expect("a registry of its own");
        let app = init_service(app).await;
        let create = TestRequest::post().uri("/api/v1/products");
        let create = create.insert_header(("X-Admin-Key", ADMIN_KEY)).set_json(product("W-1", 9));
        let created = call_service(&app, create.to_request()).await;
        assert_eq!(created.status(), StatusCode::CREATED);
        let sku = Sku::parse("W-1").expect("a sku");
        let shown = live.last_known(&sku).expect("it was created");
        let (id, version) = (shown.sale.id.clone(), Cell::new(shown.version.0));
        let behind = Rc::new(Behind::default());
        for _ in 0..streams {
            let watch = TestRequest::get().uri("/api/v1/sales/events?sku=W-1").to_request();
            let answer = call_service(&app, watch).await;
            assert_eq!(answer.status(), StatusCode::OK);
            spawn_local(read(answer.into_body(), behind.clone()));
        }
        Self { live, id, version, streams, behind, _metrics: metrics }
    }

    /// Another stock, until all streams have shown it.
    async fn change(&self) {
        self.behind.streams.set(self.streams);
        let version = self.version.get() + 1;
        self.version.set(version);
        let stock = if version.is_multiple_of(2) { 8 } else { 7 };
        assert!(self.live.apply_stock(&self.id, Version(version), stock));
        self.behind.none.notified().await;
    }
}

/// Reads a stream for as long as it lasts.
async fn read(stream: impl MessageBody, behind: Rc<Behind>) {
    let mut stream = pin!(stream);
    while let Some(event) = poll_fn(|context| stream.as_mut().poll_next(context)).await {
        let event = event.ok().expect("an event");
        if event.starts_with(b"event: stock-update\n") {
            behind.streams.set(behind.streams.get() - 1);
            if behind.streams.get() == 0 {
                behind.none.notify_one();
            }
        }
    }
}

fn changes(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("fan-out");
    group.sampling_mode(SamplingMode::Flat);
    for streams in [1_u16, 100, 10_000] {
        let local = LocalSet::new();
        let watched = local.block_on(&runtime, async {
            let watched = Watched::by(streams.into()).await;
            // What a stream begins with is behind all of them.
            watched.change().await;
            watched
        });
        group.throughput(Throughput::Elements(streams.into()));
        group.bench_function(format!("a change to {streams} streams"), |bencher| {
            bencher.iter(|| local.block_on(&runtime, watched.change()));
        });
    }
    group.finish();
}

criterion_group!(benches, changes);
criterion_main!(benches);
