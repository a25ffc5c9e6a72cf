//! What admins do: products, pause, resume, end, dead letters.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stampede_application::ports::DeadLetter;
use stampede_domain::{
    AttemptKey, BuyerId, Epoch, Generation, Instant, Position, Purchase, PurchaseBits,
    RecordedPurchase, SaleId, Sku,
};

use crate::site::{ADMIN_KEY, Site, answer, bad_fields, failure, product, send, text, upcoming};

const PRODUCTS: &str = "/api/v1/products";

#[tokio::test]
async fn a_product_is_created_and_read_back_with_its_counters() {
    let site = Site::start();
    let mut wanted = product("W-1", 100);
    wanted["limitPerBuyer"] = json!(2);
    wanted["startTime"] = json!("2026-02-15T11:00:00+01:00");
    let created = send(site.admin(Method::POST, PRODUCTS, &wanted)).await;
    assert_eq!(created.status(), StatusCode::CREATED);
    assert_eq!(created.headers()["location"], "/api/v1/products/W-1");
    let created: Value = created.json().await.expect("JSON");
    let expected = json!({
        "sku": "W-1", "productName": "The W-1", "description": null, "picture": null,
        "priceMinor": null, "currency": null, "initialStock": 100,
        "startTime": "2026-02-15T10:00:00.000Z", "endTime": "2026-02-15T11:00:00.000Z",
        "limitPerBuyer": 2, "acknowledge": "gate", "state": "ACTIVE", "endReason": null,
        "paused": false, "createdAt": "2026-02-15T10:00:00.000Z", "currentStock": 100,
        "totalPurchases": 0, "version": 1_000_000_000,
    });
    assert_eq!(created, json!({"success": true, "data": expected}));
    text(site.attempt("ada", &json!({"sku": "W-1", "qty": 2}))).await;
    let (status, read) =
        answer(site.admin(Method::GET, "/api/v1/products/W-1", &Value::Null)).await;
    assert_eq!(status, 200);
    assert_eq!(read["data"]["currentStock"], 98);
    assert_eq!(read["data"]["totalPurchases"], 2);
    assert_eq!(read["data"]["persistedPurchases"], 2);
    let again = failure(site.admin(Method::POST, PRODUCTS, &wanted)).await;
    assert_eq!(again, (409, "ALREADY_EXISTS".into()));
}

#[tokio::test]
async fn every_bad_field_of_a_product_is_named_at_once() {
    let site = Site::start();
    let bad = json!({
        "sku": "a b", "productName": "", "initialStock": 0, "startTime": "2026-02-15",
        "endTime": 7, "limitPerBuyer": 0, "acknowledge": "both",
    });
    assert_eq!(
        bad_fields(site.admin(Method::POST, PRODUCTS, &bad)).await,
        [
            "acknowledge",
            "endTime",
            "initialStock",
            "limitPerBuyer",
            "productName",
            "sku",
            "startTime"
        ]
    );
    let mut inverted = product("W-1", 1);
    inverted["endTime"] = inverted["startTime"].clone();
    assert_eq!(bad_fields(site.admin(Method::POST, PRODUCTS, &inverted)).await, ["endTime"]);
    let several = json!({
        "sku": "a b", "productName": "", "initialStock": 0, "limitPerBuyer": 0,
        "startTime": "2026-02-15T11:00:00Z", "endTime": "2026-02-15T10:00:00Z",
        "acknowledge": "both",
    });
    assert_eq!(
        bad_fields(site.admin(Method::POST, PRODUCTS, &several)).await,
        ["acknowledge", "endTime", "initialStock", "limitPerBuyer", "productName", "sku"]
    );
    for stock in [json!("5"), json!(1.5), json!(0), json!(10_000_001), json!(-1), json!(true)] {
        let mut wrong = product("W-1", 1);
        wrong["initialStock"] = stock;
        let named = bad_fields(site.admin(Method::POST, PRODUCTS, &wrong)).await;
        assert_eq!(named, ["initialStock"], "{wrong}");
    }
    for body in [json!([]), json!("x"), json!(1)] {
        assert_eq!(bad_fields(site.admin(Method::POST, PRODUCTS, &body)).await, ["body"]);
    }
    let mut long = product("W-1", 1);
    long["productName"] = json!("ö".repeat(256));
    assert_eq!(bad_fields(site.admin(Method::POST, PRODUCTS, &long)).await, ["productName"]);
    long["productName"] = json!("ö".repeat(255));
    site.create_with(&long).await;
}

#[tokio::test]
async fn every_bad_field_of_a_change_is_named_at_once() {
    let site = Site::start();
    site.create_with(&upcoming("W-1", 10)).await;
    let put =
        |sku: &str, body: &Value| site.admin(Method::PUT, &format!("/api/v1/products/{sku}"), body);
    let several = json!({
        "sku": "W-2", "initialStock": 0, "acknowledge": "both",
        "startTime": "2026-02-15T11:00:00Z", "endTime": "2026-02-15T10:00:00Z",
    });
    let all = ["acknowledge", "endTime", "initialStock", "sku"];
    assert_eq!(bad_fields(put("W-1", &several)).await, all);
    assert_eq!(bad_fields(put("a_b", &json!({"initialStock": 0}))).await, ["initialStock", "sku"]);
    assert_eq!(bad_fields(put("a_b", &json!([]))).await, ["body", "sku"]);
}

#[tokio::test]
async fn a_sale_may_ask_for_either_level_and_shows_what_it_asks_for() {
    let site = Site::start();
    for (sku, level) in [("W-1", "gate"), ("W-2", "ledger")] {
        let mut wanted = product(sku, 1);
        wanted["acknowledge"] = json!(level);
        let (status, body) = answer(site.admin(Method::POST, PRODUCTS, &wanted)).await;
        assert_eq!(status, 201);
        assert_eq!(body["data"]["acknowledge"], level);
    }
}

#[tokio::test]
async fn nobody_without_the_key_learns_anything() {
    let site = Site::start();
    site.create("W-1", 1).await;
    let calls = [
        (Method::POST, "/api/v1/products"),
        (Method::GET, "/api/v1/products"),
        (Method::GET, "/api/v1/products/W-1"),
        (Method::GET, "/api/v1/products/no%20sku"),
        (Method::PUT, "/api/v1/products/W-1"),
        (Method::DELETE, "/api/v1/products/W-1"),
        (Method::POST, "/api/v1/products/W-1/pause"),
        (Method::POST, "/api/v1/products/W-1/resume"),
        (Method::POST, "/api/v1/products/W-1/end"),
        (Method::GET, "/api/v1/dead-letters"),
        (Method::DELETE, "/api/v1/dead-letters/x"),
        (Method::POST, "/api/v1/dead-letters/x/replay"),
    ];
    let longer = format!("{ADMIN_KEY} and more");
    for (method, path) in calls {
        let call = || site.client.request(method.clone(), site.url(path)).body("{");
        let expected = (401, "UNAUTHORIZED".to_owned());
        assert_eq!(failure(call()).await, expected, "{method} {path}");
        for wrong in ["", "x", &ADMIN_KEY[1..], &longer] {
            let guess = call().header("X-Admin-Key", wrong);
            assert_eq!(failure(guess).await, expected, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn an_upcoming_product_is_changed_and_a_running_one_is_not() {
    let site = Site::start();
    site.create_with(&upcoming("W-1", 10)).await;
    let put = |body: &Value| site.admin(Method::PUT, "/api/v1/products/W-1", body);
    let (status, changed) =
        answer(put(&json!({"sku": "W-1", "initialStock": 20, "limitPerBuyer": null}))).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["data"]["initialStock"], 20);
    assert_eq!(changed["data"]["currentStock"], 20);
    assert_eq!(changed["data"]["productName"], "The W-1");
    assert_eq!(answer(put(&json!({}))).await.0, 200);
    let bad = json!({"sku": "W-2", "initialStock": "many", "productName": ""});
    assert_eq!(bad_fields(put(&bad)).await, ["initialStock", "productName", "sku"]);
    let inverted = json!({"startTime": "2026-02-15T13:00:00Z"});
    assert_eq!(bad_fields(put(&inverted)).await, ["endTime"]);
    site.engine.set_seconds(3_600);
    let late = failure(put(&json!({"initialStock": 30}))).await;
    assert_eq!(late, (200, "SALE_NOT_MODIFIABLE".into()));
    let unknown = site.admin(Method::PUT, "/api/v1/products/NO-SUCH", &json!({}));
    assert_eq!(failure(unknown).await, (404, "NOT_FOUND".into()));
}

#[tokio::test]
async fn a_product_that_changed_since_it_was_read_is_not_overwritten() {
    let site = Site::start();
    site.create_with(&upcoming("W-1", 10)).await;
    let read = send(site.admin(Method::GET, "/api/v1/products/W-1", &Value::Null)).await;
    let tag = read.headers()["etag"].to_str().unwrap_or_default().to_owned();
    let put = |tags: &str, stock: u32| {
        let body = json!({ "initialStock": stock });
        site.admin(Method::PUT, "/api/v1/products/W-1", &body).header("If-Match", tags)
    };
    let listed = send(put(&format!("\"other\", {tag}"), 11)).await;
    assert_eq!(listed.status(), 200);
    let newer = listed.headers()["etag"].to_str().unwrap_or_default().to_owned();
    assert_ne!(newer, tag);
    for stale in [tag.as_str(), "\"other\"", "no tag"] {
        let refused = failure(put(stale, 12)).await;
        assert_eq!(refused, (412, "PRECONDITION_FAILED".into()), "{stale}");
    }
    assert_eq!(send(put(&format!("W/{newer}"), 13)).await.status(), 200);
    assert_eq!(send(put("*", 14)).await.status(), 200);
}

#[tokio::test]
async fn a_sale_is_paused_resumed_and_ended() {
    let site = Site::start();
    site.create("W-1", 10).await;
    let change = |verb: &str| {
        let path = format!("/api/v1/products/W-1/{verb}");
        site.admin(Method::POST, &path, &Value::Null)
    };
    for _ in 0..2 {
        let (status, paused) = answer(change("pause")).await;
        assert_eq!(status, 200);
        assert_eq!(paused["data"]["paused"], true);
        assert_eq!(paused["data"]["state"], "ACTIVE");
        assert_eq!(paused["data"].get("persistedPurchases"), None);
    }
    let paused = failure(site.attempt("ada", &json!({"sku": "W-1"}))).await;
    assert_eq!(paused, (200, "SALE_NOT_ACTIVE".into()));
    assert_eq!(answer(change("resume")).await.1["data"]["paused"], false);
    let (_, ended) = answer(change("end")).await;
    assert_eq!(ended["data"]["state"], "ENDED");
    assert_eq!(ended["data"]["endReason"], "ENDED_BY_ADMIN");
    for verb in ["pause", "resume", "end"] {
        assert_eq!(failure(change(verb)).await, (200, "SALE_NOT_MODIFIABLE".into()));
    }
    let unknown = site.admin(Method::POST, "/api/v1/products/NO-SUCH/end", &Value::Null);
    assert_eq!(failure(unknown).await, (404, "NOT_FOUND".into()));
}

#[tokio::test]
async fn a_deleted_product_leaves_every_answer_and_may_come_again() {
    let site = Site::start();
    site.create("W-1", 10).await;
    text(site.attempt("ada", &json!({"sku": "W-1"}))).await;
    let delete = || site.admin(Method::DELETE, "/api/v1/products/W-1", &Value::Null);
    let (status, body) = answer(delete()).await;
    assert_eq!(status, 200);
    assert!(body["data"]["message"].is_string());
    assert_eq!(failure(delete()).await, (404, "NOT_FOUND".into()));
    for path in ["/api/v1/sales?sku=W-1", "/api/v1/sales", "/api/v1/sales/events?sku=W-1"] {
        assert_eq!(failure(site.get(path)).await, (404, "NOT_FOUND".into()), "{path}");
    }
    site.create("W-1", 5).await;
    let lookup = site.get("/api/v1/purchases?sku=W-1").header("X-User-Id", "ada");
    assert_eq!(failure(lookup).await, (404, "NOT_FOUND".into()));
    assert_eq!(answer(site.get("/api/v1/sales?sku=W-1")).await.1["data"]["stock"], 5);
}

#[tokio::test]
async fn products_are_listed_newest_first_by_pages() {
    let site = Site::start();
    for (second, sku) in ["A", "B", "C"].into_iter().enumerate() {
        site.engine.set_seconds(i64::try_from(second).unwrap_or(0));
        site.create(sku, 1).await;
    }
    let list =
        |query: &str| site.admin(Method::GET, &format!("/api/v1/products{query}"), &Value::Null);
    let (_, first) = answer(list("?limit=2")).await;
    let skus = |list: &Value| {
        let rows = list["data"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row["sku"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(skus(&first), ["C", "B"]);
    let cursor = first["nextCursor"].as_str().unwrap_or_default();
    let (_, rest) = answer(list(&format!("?limit=2&cursor={cursor}"))).await;
    assert_eq!((skus(&rest), &rest["nextCursor"]), (vec![json!("A")], &Value::Null));
    assert_eq!(rest["data"][0]["persistedPurchases"], 0);
    assert_eq!(bad_fields(list("?limit=0&cursor=x")).await, ["cursor", "limit"]);
}

#[tokio::test]
async fn a_store_that_is_away_is_503_for_admins_too() {
    let site = Site::start();
    site.create("W-1", 10).await;
    site.engine.set_away(true);
    let calls = [
        site.admin(Method::POST, PRODUCTS, &product("W-2", 1)),
        site.admin(Method::GET, PRODUCTS, &Value::Null),
        site.admin(Method::GET, "/api/v1/products/W-1", &Value::Null),
        site.admin(Method::PUT, "/api/v1/products/W-1", &json!({})),
        site.admin(Method::POST, "/api/v1/products/W-1/pause", &Value::Null),
        site.admin(Method::DELETE, "/api/v1/products/W-1", &Value::Null),
    ];
    for call in calls {
        assert_eq!(failure(call).await, (503, "SERVICE_UNAVAILABLE".into()));
    }
}

#[tokio::test]
async fn dead_letters_are_listed_and_discarded() {
    let site = Site::start();
    for id in ["1-0", "2-0", "3-0"] {
        let (raw, error) = (Some("?".into()), "not readable".into());
        site.engine.put_letter(id, DeadLetter { purchase: None, raw, error });
    }
    let list = |query: &str| {
        site.admin(Method::GET, &format!("/api/v1/dead-letters{query}"), &Value::Null)
    };
    let (_, first) = answer(list("?limit=2")).await;
    assert_eq!(first["nextCursor"], "2-0");
    assert_eq!(
        first["data"][0],
        json!({"id": "1-0", "buyer": null, "purchase": null, "raw": "?", "error": "not readable"})
    );
    let (_, rest) = answer(list("?limit=2&cursor=2-0")).await;
    assert_eq!((&rest["data"][0]["id"], &rest["nextCursor"]), (&json!("3-0"), &Value::Null));
    let replay = site.admin(Method::POST, "/api/v1/dead-letters/1-0/replay", &Value::Null);
    assert_eq!(bad_fields(replay).await, ["id"]);
    let discard = || site.admin(Method::DELETE, "/api/v1/dead-letters/1-0", &Value::Null);
    let (status, discarded) = answer(discard()).await;
    assert_eq!((status.as_u16(), &discarded["data"]["outcome"]), (200, &json!("DISCARDED")));
    assert_eq!(failure(discard()).await, (404, "NOT_FOUND".into()));
    assert_eq!(answer(list("?sku=W-1")).await.1["data"], json!([]), "nobody knows whose they are");
    assert_eq!(bad_fields(list("?sku=a%20b")).await, ["sku"]);
    assert_eq!(answer(list("")).await.1["data"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_replayed_dead_letter_is_gone() {
    let site = Site::start();
    let purchase = Purchase {
        bits: PurchaseBits([7; 10]),
        at: Instant::from_millis(0),
        qty: 2,
        key: AttemptKey([0; 16]),
        remaining: 0,
        position: Position(1),
        ordinal: 1,
        held_after: 2,
        cancelled: false,
        unit_price: None,
    };
    let generation = Generation(uuid::Uuid::nil());
    let recorded = RecordedPurchase {
        sale: SaleId { sku: Sku::parse("W-1").expect("a sku"), generation },
        epoch: Epoch { number: 1, nonce: 1 },
        buyer: BuyerId::parse("ada").expect("a buyer"),
        purchase,
        traceparent: None,
    };
    let (purchase, error) = (Some(recorded), "refused".into());
    site.engine.put_letter("1-0", DeadLetter { purchase, raw: None, error });
    let list = || site.admin(Method::GET, "/api/v1/dead-letters", &Value::Null);
    let (_, listed) = answer(list()).await;
    assert_eq!(listed["data"][0]["buyer"], "ada");
    assert_eq!(listed["data"][0]["purchase"]["sku"], "W-1");
    assert_eq!(listed["data"][0]["purchase"]["qty"], 2);
    let of = |sku: &str| {
        site.admin(Method::GET, &format!("/api/v1/dead-letters?sku={sku}"), &Value::Null)
    };
    assert_eq!(answer(of("W-1")).await.1["data"], listed["data"]);
    assert_eq!(answer(of("W-2")).await.1["data"], json!([]));
    let replay = || site.admin(Method::POST, "/api/v1/dead-letters/1-0/replay", &Value::Null);
    let (status, replayed) = answer(replay()).await;
    assert_eq!((status.as_u16(), &replayed["data"]["outcome"]), (200, &json!("RECORDED")));
    assert_eq!(failure(replay()).await, (404, "NOT_FOUND".into()));
    assert_eq!(answer(list()).await.1["data"], json!([]));
}
