//! What happens to every request: correlation, limits, rates, origins, compression.

use reqwest::RequestBuilder;
use serde_json::json;

use crate::site::{Site, answer, failure, send};

#[tokio::test]
async fn every_answer_carries_the_requests_correlation_id_or_a_fresh_one() {
    let site = Site::start();
    let id = |answer: &reqwest::Response| {
        answer.headers()["x-correlation-id"].to_str().unwrap_or_default().to_owned()
    };
    for path in ["/health/live", "/api/v1/no-such", "/"] {
        let given = "x".repeat(128);
        let kept = send(site.get(path).header("X-Correlation-Id", &given)).await;
        assert_eq!(id(&kept), given, "{path}");
        let fresh = [id(&send(site.get(path)).await), id(&send(site.get(path)).await)];
        assert!(fresh[0].len() == 32 && fresh[0] != fresh[1], "{fresh:?}");
        for wrong in ["x".repeat(129), "two words".into()] {
            let replaced = send(site.get(path).header("X-Correlation-Id", &wrong)).await;
            assert_eq!(id(&replaced).len(), 32, "{path}");
        }
    }
}

#[tokio::test]
async fn heads_beyond_our_limits_are_refused_in_the_envelope() {
    let site = Site::start();
    let long = format!("/api/v1/sales?sku={}", "x".repeat(8 * 1024));
    assert_eq!(failure(site.get(&long)).await, (414, "URI_TOO_LONG".into()));
    let large = site.get("/health/live").header("X-Large", "x".repeat(16 * 1024));
    assert_eq!(failure(large).await, (431, "HEADERS_TOO_LARGE".into()));
    let mut many = site.get("/health/live");
    for number in 0..65 {
        many = many.header(format!("X-Header-{number}"), "x");
    }
    assert_eq!(failure(many).await, (431, "HEADERS_TOO_LARGE".into()));
}

#[tokio::test]
async fn a_buyer_who_asks_too_often_waits_and_others_do_not() {
    let site = Site::start_with(|settings| settings.attempts_per_buyer_per_s = 1);
    site.create("W-1", 100).await;
    let attempt = |buyer: &str| site.attempt(buyer, &json!({"sku": "W-1"}));
    let mut limited = None;
    for _ in 0..50 {
        let answer = send(attempt("ada")).await;
        if answer.status() == 429 {
            limited = Some(answer);
            break;
        }
    }
    let limited = limited.expect("one of 50 attempts in a row");
    assert_eq!(limited.headers()["retry-after"], "1");
    let body: serde_json::Value = limited.json().await.expect("JSON");
    assert_eq!(body["error"]["code"], "RATE_LIMITED");
    assert_eq!(body["error"]["retryAfter"], 1);
    assert_eq!(answer(attempt("bob")).await.0, 200);
}

#[tokio::test]
async fn an_address_that_asks_too_often_waits_and_probes_do_not() {
    let site = Site::start_with(|settings| {
        settings.requests_per_address_per_s = 1;
        settings.trusted_proxies =
            stampede_presentation::TrustedProxies::parse("127.0.0.1").expect("an address");
    });
    let from = |address: &str| site.get("/api/v1/sales").header("X-Forwarded-For", address);
    let is_limited = async |ask: &dyn Fn() -> RequestBuilder| {
        let mut limited = false;
        for _ in 0..50 {
            limited |= send(ask()).await.status() == 429;
        }
        limited
    };
    assert!(is_limited(&|| from("198.51.100.7")).await);
    assert_eq!(failure(from("198.51.100.8")).await, (404, "NOT_FOUND".into()));
    for probe in ["/health/live", "/health/ready", "/health", "/metrics"] {
        assert!(!is_limited(&|| site.get(probe)).await, "{probe}");
    }
    assert!(is_limited(&|| site.get("/healthy")).await, "what begins like a probe is none");
}

#[tokio::test]
async fn only_named_origins_may_read_answers() {
    let allowed = "https://shop.example";
    let site = Site::start_with(|settings| settings.cors_origins = vec![allowed.into()]);
    let preflight = |origin: &str| {
        site.client
            .request(reqwest::Method::OPTIONS, site.url("/api/v1/purchases"))
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "content-type,x-user-id,idempotency-key")
    };
    let permitted = send(preflight(allowed)).await;
    assert_eq!(permitted.status(), 200);
    assert_eq!(permitted.headers()["access-control-allow-origin"], allowed);
    assert!(permitted.headers().contains_key("x-correlation-id"));
    let refused = send(preflight("https://other.example")).await;
    assert!(!refused.headers().contains_key("access-control-allow-origin"));
    let answer = send(site.get("/health/live").header("Origin", allowed)).await;
    assert_eq!(answer.headers()["access-control-allow-origin"], allowed);
    let exposed = answer.headers()["access-control-expose-headers"].to_str().unwrap_or_default();
    assert!(exposed.to_lowercase().contains("x-correlation-id"), "{exposed}");
}

#[tokio::test]
async fn named_origins_may_read_why_the_head_alone_was_refused() {
    let allowed = "https://shop.example";
    let site = Site::start_with(|settings| {
        settings.cors_origins = vec![allowed.into()];
        settings.requests_per_address_per_s = 1;
    });
    let ask = |origin: &str| site.get("/api/v1/sales/all").header("Origin", origin);
    assert_eq!(send(ask(allowed)).await.status(), 200);
    let refused = send(ask(allowed)).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["access-control-allow-origin"], allowed);
    let exposed = refused.headers()["access-control-expose-headers"].to_str().unwrap_or_default();
    assert!(exposed.contains("retry-after"), "{exposed}");
    let other = send(ask("https://other.example")).await;
    assert_eq!(other.status(), 429);
    assert!(!other.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn without_named_origins_no_answer_speaks_of_them() {
    let site = Site::start();
    let answer = send(site.get("/health/live").header("Origin", "https://shop.example")).await;
    assert_eq!(answer.status(), 200);
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn lists_are_compressed_and_streams_and_receipts_are_not() {
    let site = Site::start();
    site.create("W-1", 9).await;
    let encoding = |answer: &reqwest::Response| {
        answer.headers().get("content-encoding").map(|value| value.as_bytes().to_vec())
    };
    let list = send(site.get("/api/v1/sales/all").header("Accept-Encoding", "gzip")).await;
    assert_eq!(encoding(&list), Some(b"gzip".to_vec()));
    let stream = send(site.get("/api/v1/sales/events").header("Accept-Encoding", "gzip")).await;
    assert_eq!(encoding(&stream), None);
    let attempt = site.attempt("ada", &json!({"sku": "W-1"})).header("Accept-Encoding", "gzip");
    assert_eq!(encoding(&send(attempt).await), None);
}
