//! `POST` and `GET /api/v1/purchases`.

use std::time::Duration;

use serde_json::{Value, json};
use stampede_application::CoalescerLimits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::site::{PATIENCE, Site, answer, bad_fields, failure, product, send, text, upcoming};

/// A sale in which one buyer may hold three.
async fn three_each(site: &Site) {
    let mut sale = product("THREE", 10);
    sale["limitPerBuyer"] = json!(3);
    site.create_with(&sale).await;
}

#[tokio::test]
async fn an_accepted_attempt_is_answered_with_a_receipt() {
    let site = Site::start();
    site.create("W-1", 100).await;
    let (status, body) = answer(site.attempt("ada", &json!({"sku": "W-1", "qty": 1}))).await;
    assert_eq!(status, 200);
    let no = body["data"]["purchaseNo"].as_str().unwrap_or_default();
    assert!(no.starts_with("PUR-20260215-"), "{body}");
    assert_eq!(
        body,
        json!({"success": true, "data": {
            "purchaseNo": no, "purchasedAt": "2026-02-15T10:00:00.000Z", "sku": "W-1", "qty": 1,
            "remaining": 99, "acknowledged": "gate",
        }})
    );
}

#[tokio::test]
async fn the_same_key_gets_the_same_bytes_again_and_another_quantity_is_422() {
    let site = Site::start();
    three_each(&site).await;
    let body = json!({"sku": "THREE", "qty": 2});
    let attempt = |body: &Value| site.attempt("ada", body).header("Idempotency-Key", "k-1");
    let first = text(attempt(&body)).await;
    assert!(first.contains(r#""remaining":8"#), "{first}");
    text(site.attempt("bob", &json!({"sku": "THREE"}))).await;
    assert_eq!(text(attempt(&body)).await, first);
    let reused = failure(attempt(&json!({"sku": "THREE", "qty": 1}))).await;
    assert_eq!(reused, (422, "IDEMPOTENCY_KEY_REUSED".into()));
    assert_eq!(text(attempt(&body)).await, first);
}

#[tokio::test]
async fn a_second_attempt_tells_what_the_buyer_holds() {
    let site = Site::start();
    site.create("W-1", 100).await;
    let (_, first) = answer(site.attempt("ada", &json!({"sku": "W-1"}))).await;
    let (status, second) = answer(site.attempt("ada", &json!({"sku": "W-1"}))).await;
    assert_eq!(status, 200);
    assert_eq!(second["success"], false);
    assert_eq!(second["error"]["code"], "ALREADY_PURCHASED");
    assert_eq!(
        second["error"]["purchase"],
        json!({
            "purchaseNo": first["data"]["purchaseNo"], "purchasedAt": "2026-02-15T10:00:00.000Z",
            "sku": "W-1", "qty": 1,
        })
    );
}

#[tokio::test]
async fn rejections_are_answers() {
    let site = Site::start();
    site.create("ONE", 1).await;
    site.create_with(&upcoming("LATER", 1)).await;
    text(site.attempt("ada", &json!({"sku": "ONE"}))).await;
    let sold_out = failure(site.attempt("bob", &json!({"sku": "ONE"}))).await;
    assert_eq!(sold_out, (200, "SOLD_OUT".into()));
    let not_active = failure(site.attempt("bob", &json!({"sku": "LATER"}))).await;
    assert_eq!(not_active, (200, "SALE_NOT_ACTIVE".into()));
}

#[tokio::test]
async fn outcomes_are_counted_by_their_codes() {
    let site = Site::start();
    site.create("ONE", 1).await;
    site.create_with(&upcoming("LATER", 1)).await;
    for (buyer, sku) in [("ada", "ONE"), ("ada", "ONE"), ("bob", "ONE"), ("bob", "LATER")] {
        text(site.attempt(buyer, &json!({ "sku": sku }))).await;
    }
    for outcome in ["SUCCESS", "ALREADY_PURCHASED", "SOLD_OUT", "SALE_NOT_ACTIVE"] {
        site.metrics_say(&format!(r#"purchase_outcomes_total{{outcome="{outcome}"}} 1"#)).await;
    }
}

#[tokio::test]
async fn every_bad_field_of_an_attempt_is_named_at_once() {
    let site = Site::start();
    three_each(&site).await;
    let url = site.url("/api/v1/purchases");
    let nothing = site.client.post(&url).json(&json!({}));
    assert_eq!(bad_fields(nothing).await, ["X-User-Id", "sku"]);
    let all = site
        .attempt("   ", &json!({"sku": "no sku", "qty": 1.5}))
        .header("Idempotency-Key", "with space");
    assert_eq!(bad_fields(all).await, ["Idempotency-Key", "X-User-Id", "qty", "sku"]);
    let over_the_limit = site.client.post(&url).json(&json!({"sku": "THREE", "qty": 4}));
    assert_eq!(bad_fields(over_the_limit).await, ["X-User-Id", "qty"]);
    let over_the_limit = site.attempt("ada", &json!({"sku": "THREE", "qty": 4}));
    assert_eq!(bad_fields(over_the_limit).await, ["qty"]);
    for qty in [json!(0), json!(-1), json!("1"), json!(1e9), json!([])] {
        let body = json!({"sku": "THREE", "qty": qty});
        assert_eq!(bad_fields(site.attempt("ada", &body)).await, ["qty"], "{body}");
    }
    for body in ["", "[]", "{", "null"] {
        let request = site.attempt("ada", &json!({})).body(body);
        assert_eq!(bad_fields(request).await, ["body"], "{body}");
    }
    let long = "x".repeat(256);
    let request = site.attempt("ada", &json!({"sku": "THREE"})).header("Idempotency-Key", long);
    assert_eq!(bad_fields(request).await, ["Idempotency-Key"]);
}

#[tokio::test]
async fn a_buyer_is_read_as_utf8_and_trimmed() {
    let site = Site::start();
    site.create("W-1", 9).await;
    let body = json!({"sku": "W-1"});
    let bytes = |bytes: &[u8]| reqwest::header::HeaderValue::from_bytes(bytes).expect("a header");
    let attempt = |name: &[u8]| {
        site.client.post(site.url("/api/v1/purchases")).header("X-User-Id", bytes(name)).json(&body)
    };
    let (_, first) = answer(attempt("  Åsa 李 ".as_bytes())).await;
    assert_eq!(first["success"], true, "{first}");
    let again = failure(attempt("Åsa 李".as_bytes())).await;
    assert_eq!(again, (200, "ALREADY_PURCHASED".into()));
    assert_eq!(bad_fields(attempt(&[0xc5, 0x73])).await, ["X-User-Id"]);
    let longest = "ö".repeat(255);
    assert_eq!(answer(attempt(longest.as_bytes())).await.1["success"], true);
    assert_eq!(bad_fields(attempt("ö".repeat(256).as_bytes())).await, ["X-User-Id"]);
}

#[tokio::test]
async fn a_body_must_be_json_within_its_limit() {
    let site = Site::start();
    site.create("W-1", 9).await;
    let url = site.url("/api/v1/purchases");
    let post = |kind: &'static str, body: String| {
        site.client.post(&url).header("X-User-Id", "ada").header("Content-Type", kind).body(body)
    };
    let wrong = failure(post("text/plain", r#"{"sku":"W-1"}"#.into())).await;
    assert_eq!(wrong, (415, "UNSUPPORTED_MEDIA_TYPE".into()));
    let none = site.client.post(&url).header("X-User-Id", "ada").body(r#"{"sku":"W-1"}"#);
    assert_eq!(failure(none).await, (415, "UNSUPPORTED_MEDIA_TYPE".into()));
    let large = failure(post("application/json", " ".repeat(65 * 1024))).await;
    assert_eq!(large, (413, "PAYLOAD_TOO_LARGE".into()));
    let (status, _) =
        answer(post("Application/JSON; charset=utf-8", r#"{"sku":"W-1"}"#.into())).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let site = Site::start_with(|settings| {
        settings.limits.body_timeout = Duration::from_millis(50);
    });
    let mut half = TcpStream::connect(("127.0.0.1", site.port)).await.expect("a connection");
    let head = "POST /api/v1/purchases HTTP/1.1\r\nHost: x\r\nX-User-Id: ada\r\n\
        Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    half.write_all(head.as_bytes()).await.expect("sent");
    let mut said = String::new();
    let closed = timeout(PATIENCE, half.read_to_string(&mut said)).await;
    assert!(matches!(closed, Ok(Ok(_))), "{closed:?}");
    assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
    assert!(said.contains(r#""fields":{"body":"#), "{said}");
}

#[tokio::test]
async fn bodies_behind_another_request_are_read_and_not_waited_for_for_ever() {
    let site = Site::start_with(|settings| {
        settings.limits.body_timeout = Duration::from_millis(50);
    });
    site.create("W-1", 9).await;
    let attempt = |buyer: &str, length: usize, body: &str| {
        format!(
            "POST /api/v1/purchases HTTP/1.1\r\nHost: x\r\nX-User-Id: {buyer}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    let mut buyers = TcpStream::connect(("127.0.0.1", site.port)).await.expect("a connection");
    let whole = r#"{"sku":"W-1"}"#;
    let all = [
        attempt("ada", whole.len(), whole),
        attempt("bob", whole.len(), whole),
        attempt("eve", 100, "{"),
    ];
    buyers.write_all(all.concat().as_bytes()).await.expect("sent");
    let mut said = String::new();
    let closed = timeout(PATIENCE, buyers.read_to_string(&mut said)).await;
    assert!(matches!(closed, Ok(Ok(_))), "{closed:?}");
    assert_eq!(said.matches(r#""purchaseNo":"PUR-"#).count(), 2, "{said}");
    assert_eq!(said.matches(r#""fields":{"body":"#).count(), 1, "{said}");
}

#[tokio::test]
async fn a_packed_body_is_refused_and_not_unpacked() {
    let site = Site::start();
    site.create("W-1", 9).await;
    let sent_as = |encoding: &str| {
        let attempt = site.attempt("ada", &json!({"sku": "W-1"}));
        attempt.header("Content-Encoding", encoding)
    };
    for encoding in ["gzip", "br", "identity, gzip", ""] {
        let refused = failure(sent_as(encoding)).await;
        assert_eq!(refused, (415, "UNSUPPORTED_MEDIA_TYPE".into()), "{encoding}");
    }
    let (_, bought) = answer(sent_as("Identity")).await;
    assert_eq!(bought["data"]["sku"], "W-1", "{bought}");
}

#[tokio::test]
async fn what_is_not_known_is_404_and_what_we_do_not_know_is_503() {
    let site = Site::start();
    site.create("W-1", 9).await;
    let nobody = failure(site.attempt("ada", &json!({"sku": "NO-SUCH"}))).await;
    assert_eq!(nobody, (404, "NOT_FOUND".into()));
    site.engine.set_away(true);
    for sku in ["W-1", "NO-SUCH"] {
        let away = send(site.attempt("ada", &json!({ "sku": sku }))).await;
        assert_eq!(away.status(), 503);
        assert_eq!(away.headers()["retry-after"], "1");
        let body: Value = away.json().await.unwrap_or_default();
        assert_eq!(body["error"]["code"], "SERVICE_UNAVAILABLE");
        assert_eq!(body["error"]["retryAfter"], 1);
    }
    let lookup = site.get("/api/v1/purchases?sku=W-1").header("X-User-Id", "ada");
    assert_eq!(failure(lookup).await, (503, "SERVICE_UNAVAILABLE".into()));
}

#[tokio::test]
async fn beyond_the_queue_attempts_are_shed_and_counted() {
    let site =
        Site::start_queueing(CoalescerLimits { waiting_max: 0, ..CoalescerLimits::default() });
    site.create("W-1", 9).await;
    let shed = send(site.attempt("ada", &json!({"sku": "W-1"}))).await;
    assert_eq!(
        (shed.status().as_u16(), &shed.headers()["retry-after"]),
        (503, &reqwest::header::HeaderValue::from_static("1"))
    );
    site.metrics_say("attempts_shed_total{reason=\"full\"} 1").await;
}

#[tokio::test]
async fn a_buyer_finds_all_that_they_bought() {
    let site = Site::start();
    three_each(&site).await;
    let lookup =
        |query: &str| site.get(&format!("/api/v1/purchases{query}")).header("X-User-Id", "ada");
    let nothing = failure(lookup("?sku=THREE")).await;
    assert_eq!(nothing, (404, "NOT_FOUND".into()));
    let (_, first) = answer(site.attempt("ada", &json!({"sku": "THREE", "qty": 2}))).await;
    let (_, second) = answer(site.attempt("ada", &json!({"sku": "THREE"}))).await;
    let (status, found) = answer(lookup("?sku=THREE")).await;
    assert_eq!(status, 200);
    let summary = |receipt: &Value| {
        json!({
            "purchaseNo": receipt["data"]["purchaseNo"],
            "purchasedAt": receipt["data"]["purchasedAt"],
            "sku": "THREE",
            "qty": receipt["data"]["qty"],
        })
    };
    let mut data = summary(&second);
    data["purchases"] = json!([summary(&first), summary(&second)]);
    assert_eq!(found, json!({"success": true, "data": data}));
    assert_eq!(failure(lookup("?sku=NO-SUCH")).await, (404, "NOT_FOUND".into()));
    assert_eq!(bad_fields(site.get("/api/v1/purchases")).await, ["X-User-Id", "sku"]);
    assert_eq!(bad_fields(lookup("?sku=a%20b")).await, ["sku"]);
}
