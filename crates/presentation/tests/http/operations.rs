//! Health, metrics, the document of the API, and the end.

use serde_json::{Value, json};
use stampede_application::ports::{Drift, Findings, ReconciliationRun, Thoroughness, Trigger};
use stampede_domain::Instant;

use crate::engine::{BEGINNING, BUG};
use crate::site::{Site, answer, failure, send, text};

/// A run of another node, which broke off.
fn a_run() -> ReconciliationRun {
    let mut findings = Findings::default();
    findings.repaired(Drift::MissingInLedger, 1);
    findings.raised(Drift::SoldTwice, 1);
    ReconciliationRun {
        started_at: Instant::from_millis(BEGINNING),
        finished_at: Instant::from_millis(BEGINNING + 1_500),
        node: "another".into(),
        trigger: Trigger::StoreBack,
        thoroughness: Thoroughness::Whole,
        sku: None,
        sales: 3,
        mismatches: 2,
        repaired: 1,
        raised: 1,
        findings,
        error: Some("a secret".into()),
    }
}

#[tokio::test]
async fn health_has_one_shape_whether_the_stores_answer_or_not() {
    let site = Site::start();
    site.engine.has_run(a_run());
    let (status, healthy) = answer(site.get("/health")).await;
    assert_eq!((status.as_u16(), &healthy["success"]), (200, &json!(true)));
    assert_eq!(healthy["data"]["status"], "healthy");
    assert!(healthy["data"]["uptime"].is_u64());
    assert_eq!(healthy["data"]["checks"]["fake"]["status"], "up");
    assert!(healthy["data"]["checks"]["fake"]["latencyMs"].is_u64());
    assert_eq!(healthy["data"]["reconciliation"]["mismatches"], 2);
    assert_eq!(healthy["data"]["reconciliation"]["complete"], false);
    assert!(!healthy.to_string().contains("a secret"));
    site.engine.set_away(true);
    let (status, unhealthy) = answer(site.get("/health")).await;
    assert_eq!((status.as_u16(), &unhealthy["success"]), (503, &json!(false)));
    assert_eq!(unhealthy["data"]["status"], "unhealthy");
    assert_eq!(unhealthy["data"]["checks"]["fake"], json!({"status": "down", "latencyMs": null}));
}

#[tokio::test]
async fn a_node_lives_without_its_stores_and_is_not_ready() {
    let site = Site::start();
    assert_eq!(answer(site.get("/health/ready")).await.0, 200);
    site.engine.set_away(true);
    assert_eq!(answer(site.get("/health/live")).await.0, 200);
    assert_eq!(failure(site.get("/health/ready")).await, (503, "SERVICE_UNAVAILABLE".into()));
}

#[tokio::test]
async fn requests_are_counted_by_template_and_never_by_path() {
    let site = Site::start();
    site.create("W-1", 1).await;
    text(site.get("/api/v1/sales?sku=W-1")).await;
    text(site.get("/api/v1/products/W-1")).await;
    text(site.get("/api/v1/raw/path/7")).await;
    for line in [
        r#"http_requests_total{method="GET",route="/api/v1/sales",status_code="200"} 1"#,
        r#"http_requests_total{method="GET",route="/api/v1/products/{sku}",status_code="401"} 1"#,
        r#"http_errors_total{method="GET",route="/api/v1/products/{sku}",status_code="401"} 1"#,
        r#"http_errors_total{method="GET",route="unmatched",status_code="404"} 1"#,
        r#"http_request_duration_seconds_count{method="POST",route="/api/v1/products",status_code="201"} 1"#,
        "sse_connections_active 0",
    ] {
        site.metrics_say(line).await;
    }
    let answer = send(site.get("/metrics")).await;
    let kind = answer.headers()["content-type"].to_str().unwrap_or_default().to_owned();
    assert!(kind.starts_with("text/plain"), "{kind}");
    let text = answer.text().await.unwrap_or_default();
    assert!(!text.contains("raw/path") && !text.contains("_total_total"), "{text}");
}

#[tokio::test]
async fn the_document_and_its_page_need_no_internet() {
    let site = Site::start();
    let (status, document) = answer(site.get("/api/docs/openapi.json")).await;
    assert_eq!(status, 200);
    let ours: Value = serde_json::from_str(&stampede_presentation::openapi_json()).expect("JSON");
    assert_eq!(document, ours);
    let page = send(site.get("/api/docs")).await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let policy = page.headers()["content-security-policy"].to_str().unwrap_or_default().to_owned();
    assert!(policy.starts_with("default-src 'self'"), "{policy}");
    let page = page.text().await.unwrap_or_default();
    let named = page.split('"').filter(|part| part.starts_with("/api/docs/"));
    let mut files = 0;
    for path in named {
        assert_eq!(send(site.get(path)).await.status(), 200, "{path}");
        files += 1;
    }
    assert_eq!(files, 5);
    assert!(!page.contains("http"), "{page}");
    let initializer = text(site.get("/api/docs/swagger-initializer.js")).await;
    assert!(initializer.contains("/api/docs/openapi.json"), "{initializer}");
    assert_eq!(failure(site.get("/api/docs/no-such.js")).await, (404, "NOT_FOUND".into()));
}

#[tokio::test]
async fn a_bug_is_500_without_detail_and_the_node_lives_on() {
    let site = Site::start();
    let path = format!("/api/v1/sales?sku={BUG}");
    let bug = send(site.get(&path).header("X-Correlation-Id", "c-1")).await;
    assert_eq!(bug.status(), 500);
    assert_eq!(bug.headers()["x-correlation-id"], "c-1");
    assert_eq!(bug.headers()["cache-control"], "no-store");
    let body: Value = bug.json().await.expect("JSON");
    assert_eq!(body["error"]["code"], "INTERNAL_ERROR");
    assert!(!body.to_string().contains("plants"), "{body}");
    assert_eq!(answer(site.get("/health/live")).await.0, 200);
}

#[tokio::test]
async fn an_open_stream_ends_at_the_stop_and_does_not_hold_it() {
    let site = Site::start();
    site.create("W-1", 1).await;
    let mut events = site.watch("").await;
    assert_eq!(events.next().await.name, "initial");
    site.stop.cancel();
    assert!(events.ends().await);
    let ended = site.running.await.expect("no panic");
    assert!(ended.is_ok());
}
