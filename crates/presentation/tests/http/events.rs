//! `GET /api/v1/sales/events`.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::site::{Events, Site, bad_fields, failure, send, text, upcoming};

async fn change(site: &Site, verb: &str) {
    let path = format!("/api/v1/products/W-1/{verb}");
    text(site.admin(Method::POST, &path, &Value::Null)).await;
}

async fn delete(site: &Site) {
    text(site.admin(Method::DELETE, "/api/v1/products/W-1", &Value::Null)).await;
}

/// Reads `stock-update` events until one shows `stock`; returns how many there were.
async fn updates_until(events: &mut Events, stock: u32) -> u32 {
    for count in 1.. {
        let event = events.next().await;
        assert_eq!(event.name, "stock-update", "{}", event.raw);
        if event.data["stock"] == stock {
            return count;
        }
    }
    0
}

#[tokio::test]
async fn a_stream_begins_with_the_whole_status() {
    let site = Site::start();
    site.create("W-1", 10).await;
    let answer = send(site.get("/api/v1/sales/events?sku=W-1")).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["x-accel-buffering"], "no");
    assert_eq!(answer.headers()["connection"], "close");
    let mut events = site.watch("?sku=W-1").await;
    let retry = events.block().await.expect("a block");
    assert_eq!(retry.raw, "retry: 1000");
    let initial = events.next().await;
    assert_eq!((initial.name.as_str(), initial.id.as_str()), ("initial", "1000000000"));
    let status: Value = send(site.get("/api/v1/sales?sku=W-1")).await.json().await.expect("JSON");
    assert_eq!(initial.data, status["data"]);
}

#[tokio::test]
async fn every_purchase_is_seen_and_the_last_unit_ends_the_sale() {
    let site = Site::start();
    site.create("W-1", 2).await;
    let mut events = site.watch("?sku=W-1").await;
    events.next().await;
    text(site.attempt("ada", &json!({"sku": "W-1"}))).await;
    let update = events.next().await;
    assert_eq!(update.name, "stock-update");
    assert_eq!(update.data, json!({"sku": "W-1", "stock": 1, "version": 1_000_000_001}));
    assert_eq!(update.id, "1000000001");
    text(site.attempt("bob", &json!({"sku": "W-1"}))).await;
    let update = events.next().await;
    assert_eq!((update.name.as_str(), &update.data["stock"]), ("stock-update", &json!(0)));
    let ended = events.next().await;
    assert_eq!(ended.name, "state-change");
    assert_eq!(
        ended.data,
        json!({"sku": "W-1", "state": "ENDED", "reason": "SOLD_OUT", "paused": false,
            "version": 1_000_000_002})
    );
    site.live.apply(&site.engine.restock_one("W-1"));
    assert_eq!(events.next().await.data["stock"], 1);
    let again = events.next().await;
    assert_eq!(
        (&again.data["state"], &again.data["reason"]),
        (&json!("ACTIVE"), &json!("RESTOCKED"))
    );
}

#[tokio::test]
async fn pause_resume_and_end_are_seen_in_order() {
    let site = Site::start();
    site.create("W-1", 2).await;
    let mut events = site.watch("?sku=W-1").await;
    events.next().await;
    for (verb, paused, state) in
        [("pause", true, "ACTIVE"), ("resume", false, "ACTIVE"), ("end", false, "ENDED")]
    {
        change(&site, verb).await;
        let event = events.next().await;
        assert_eq!(event.name, "state-change");
        assert_eq!((&event.data["paused"], &event.data["state"]), (&json!(paused), &json!(state)));
        let reason = (verb == "end").then(|| json!("ENDED_BY_ADMIN"));
        assert_eq!(event.data.get("reason"), reason.as_ref());
    }
}

#[tokio::test]
async fn start_and_end_are_told_when_their_time_comes() {
    let site = Site::start();
    site.create_with(&upcoming("W-1", 2)).await;
    let mut events = site.watch("?sku=W-1").await;
    assert_eq!(events.next().await.data["state"], "UPCOMING");
    for (second, state, reason) in
        [(3_600, "ACTIVE", None), (7_200, "ENDED", Some(json!("TIME_EXPIRED")))]
    {
        site.engine.set_seconds(second);
        site.live.turn_once();
        let event = events.next().await;
        assert_eq!((event.name.as_str(), &event.data["state"]), ("state-change", &json!(state)));
        assert_eq!(event.data.get("reason"), reason.as_ref());
        assert_eq!(event.id, "1000000000");
    }
}

#[tokio::test]
async fn a_redefined_sale_begins_anew_on_its_streams() {
    let site = Site::start();
    site.create_with(&upcoming("W-1", 2)).await;
    let mut events = site.watch("?sku=W-1").await;
    events.next().await;
    let body = json!({"productName": "Other", "initialStock": 7});
    text(site.admin(Method::PUT, "/api/v1/products/W-1", &body)).await;
    let redefined = events.next().await;
    assert_eq!(
        (redefined.name.as_str(), &redefined.data["productName"]),
        ("initial", &json!("Other"))
    );
    let update = events.next().await;
    assert_eq!((update.name.as_str(), &update.data["stock"]), ("stock-update", &json!(7)));
}

#[tokio::test]
async fn a_rush_is_shown_at_most_ten_times_a_second_and_its_last_value_arrives() {
    let site = Site::start();
    site.create("W-1", 10_000_000).await;
    let mut events = site.watch("?sku=W-1").await;
    events.next().await;
    let begun = Instant::now();
    let mut left = 10_000_000;
    while begun.elapsed() < Duration::from_millis(600) {
        left = site.engine.sell_one("W-1").stock;
        let sold = site.engine.snapshot_of("W-1");
        assert!(site.live.apply_stock(&sold.sale.id, sold.version, sold.stock));
        tokio::task::yield_now().await;
    }
    let updates = updates_until(&mut events, left).await;
    let allowed = 1 + begun.elapsed().as_millis() / 100;
    assert!(u128::from(updates) <= allowed, "{updates} of {allowed}");
    assert!(updates > 1, "{updates}");
    assert!(10_000_000 - left > updates, "{left}");
}

#[tokio::test]
async fn a_silent_stream_shows_that_it_is_alive() {
    let site = Site::start_with(|settings| {
        settings.limits.heartbeat_interval = Duration::from_millis(5);
    });
    site.create("W-1", 1).await;
    let mut events = site.watch("?sku=W-1").await;
    events.next().await;
    for _ in 0..3 {
        let beat = events.block().await.expect("a comment");
        assert!(beat.raw.starts_with(':'), "{}", beat.raw);
    }
}

#[tokio::test]
async fn a_deleted_sale_ends_its_stream_also_when_it_is_created_again() {
    let site = Site::start();
    site.create("W-1", 1).await;
    let mut events = site.watch("?sku=W-1").await;
    events.next().await;
    delete(&site).await;
    site.create("W-1", 5).await;
    assert_eq!(events.next().await.name, "state-change");
    let deleted = events.next().await;
    assert_eq!((deleted.name.as_str(), &deleted.data["sku"]), ("deleted", &json!("W-1")));
    assert!(events.ends().await);
}

#[tokio::test]
async fn the_stream_of_all_sales_shows_each_and_those_that_come() {
    let site = Site::start();
    site.create("W-1", 3).await;
    site.create("W-2", 3).await;
    let mut events = site.watch("").await;
    let first = [events.next().await, events.next().await];
    assert!(first.iter().all(|event| event.name == "initial"));
    assert_ne!(first[0].data["sku"], first[1].data["sku"]);
    site.create("W-3", 3).await;
    let came = events.next().await;
    assert_eq!((came.name.as_str(), &came.data["sku"]), ("initial", &json!("W-3")));
    delete(&site).await;
    site.create("W-1", 9).await;
    let mut names = Vec::new();
    loop {
        let event = events.next().await;
        assert_eq!(event.data["sku"], "W-1");
        let is_new = event.name == "initial";
        names.push(event.name);
        if is_new {
            assert_eq!(event.data["stock"], 9);
            break;
        }
    }
    assert!(names.contains(&"deleted".to_owned()), "{names:?}");
}

#[tokio::test]
async fn the_stream_of_all_sales_opens_before_there_is_any() {
    let site = Site::start();
    let mut events = site.watch("").await;
    site.create("W-1", 3).await;
    assert_eq!(events.next().await.name, "initial");
}

#[tokio::test]
async fn streams_whose_clients_vanish_are_closed() {
    let site = Site::start();
    site.create("W-1", 1).await;
    let mut open = Vec::new();
    for _ in 0..20 {
        let mut events = site.watch("?sku=W-1").await;
        events.next().await;
        open.push(events);
    }
    site.metrics_say("sse_connections_active 20").await;
    drop(open);
    site.metrics_say("sse_connections_active 0").await;
}

#[tokio::test]
async fn one_stream_more_than_the_node_holds_is_503() {
    let site = Site::start_with(|settings| settings.limits.streams_max = 1);
    site.create("W-1", 1).await;
    let mut first = site.watch("?sku=W-1").await;
    first.next().await;
    let path = "/api/v1/sales/events?sku=W-1";
    assert_eq!(failure(site.get(path)).await, (503, "SERVICE_UNAVAILABLE".into()));
    drop(first);
    site.metrics_say("sse_connections_active 0").await;
    let mut next = site.watch("?sku=W-1").await;
    assert_eq!(next.next().await.name, "initial");
}

#[tokio::test]
async fn a_stream_of_what_is_not_there_is_refused() {
    let site = Site::start();
    let unknown = site.get("/api/v1/sales/events?sku=NO-SUCH");
    assert_eq!(failure(unknown).await, (404, "NOT_FOUND".into()));
    assert_eq!(bad_fields(site.get("/api/v1/sales/events?sku=a_b")).await, ["sku"]);
    site.metrics_say("sse_connections_active 0").await;
}
