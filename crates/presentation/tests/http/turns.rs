//! Event streams beside whatever else their thread has to do.

use std::{cell::Cell, future::poll_fn, pin::pin, rc::Rc, sync::Arc};

use actix_web::{
    body::MessageBody,
    test::{TestRequest, call_service, init_service},
};
use secrecy::SecretString;
use stampede_application::{
    CoalescerLimits,
    live_sales::{Freshness, LiveSales},
};
use stampede_domain::{Sku, Version};
use stampede_presentation::{Http, HttpSettings};
use tokio::task::{LocalSet, spawn_local, yield_now};

use crate::{
    engine::FakeEngine,
    site::{ADMIN_KEY, product, telemetry, use_cases},
};

const STREAMS: usize = 500;
/// Streams that may have their turn before whatever else waits has its own.
const SLICE: usize = 16;

/// Reads a stream for as long as it lasts; counts where it begins, and the stocks that it tells.
async fn read(stream: impl MessageBody, begun: Rc<Cell<usize>>, told: Rc<Cell<usize>>) {
    let mut stream = pin!(stream);
    while let Some(event) = poll_fn(|context| stream.as_mut().poll_next(context)).await {
        let event = event.ok().expect("an event");
        for (name, count) in [("event: initial\n", &begun), ("event: stock-update\n", &told)] {
            if event.starts_with(name.as_bytes()) {
                count.set(count.get() + 1);
            }
        }
    }
}

/// The most streams that were told between two turns of a task that always wants one.
async fn most_in_a_turn(told: Rc<Cell<usize>>) -> usize {
    let mut most = 0;
    while told.get() < STREAMS {
        let before = told.get();
        yield_now().await;
        most = most.max(told.get() - before);
    }
    most
}

async fn changed_under_streams() -> usize {
    let engine = FakeEngine::new();
    let live = Arc::new(LiveSales::new(engine.clone(), Freshness::Always));
    let (telemetry, _metrics) = telemetry();
    let settings = HttpSettings::new(SecretString::from(ADMIN_KEY));
    let cases = use_cases(&engine, &live, CoalescerLimits::default());
    let app = Http::app(settings, cases, telemetry).expect("a registry of its own");
    let app = init_service(app).await;
    let create = TestRequest::post().uri("/api/v1/products").set_json(product("W-1", 9));
    let create = create.insert_header(("X-Admin-Key", ADMIN_KEY)).to_request();
    assert!(call_service(&app, create).await.status().is_success());
    let (begun, told) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    for _ in 0..STREAMS {
        let watch = TestRequest::get().uri("/api/v1/sales/events?sku=W-1").to_request();
        let body = call_service(&app, watch).await.into_body();
        let (begun, told) = (begun.clone(), told.clone());
        spawn_local(read(body, begun, told));
    }
    while begun.get() < STREAMS {
        yield_now().await;
    }
    let sale = live.last_known(&Sku::parse("W-1").expect("a sku")).expect("it was created");
    let turns = spawn_local(most_in_a_turn(told));
    assert!(live.apply_stock(&sale.sale.id, Version(sale.version.0 + 1), 8));
    turns.await.expect("all were told")
}

#[tokio::test]
async fn whoever_else_waits_has_a_turn_between_slices_of_the_streams() {
    let most = LocalSet::new().run_until(changed_under_streams()).await;
    // The runtime may look for what else waits within a slice, and so within two.
    assert!((1..2 * SLICE).contains(&most), "{most} streams in one turn");
}
