//! Health, reconciliation, metrics, the document of the API, and the end.

use reqwest::Method;
use serde_json::{Value, json};
use stampede_application::ports::{Drift, Findings, ReconciliationRun, Thoroughness, Trigger};
use stampede_domain::Instant;

use crate::engine::{BEGINNING, BUG};
use crate::site::{ADMIN_KEY, PATIENCE, Site, answer, bad_fields, failure, send, text};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};

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
    assert_eq!(
        healthy["data"]["acknowledgement"],
        json!({
            "level": "gate",
            "settings": {"appendfsync": "everysec"},
            "mayLose": [{
                "fault": "GATE_POWER_LOSS",
                "loss": "LAST_TWO_SECONDS",
                "message": "the gate's host loses power: what was answered in the last 2 s or less and \
                            is not in the ledger yet",
            }],
            "broken": null,
        })
    );
    site.engine.set_away(true);
    let (status, unhealthy) = answer(site.get("/health")).await;
    assert_eq!((status.as_u16(), &unhealthy["success"]), (503, &json!(false)));
    assert_eq!(unhealthy["data"]["status"], "unhealthy");
    assert_eq!(unhealthy["data"]["checks"]["fake"], json!({"status": "down", "latencyMs": null}));
    assert_eq!(unhealthy["data"]["acknowledgement"], Value::Null);
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

const RUNS: &str = "/api/v1/reconciliation/runs";

#[tokio::test]
async fn an_admin_has_gate_and_ledger_compared_now() {
    let site = Site::start();
    site.create("W-1", 1).await;
    site.create("W-2", 1).await;
    let (status, all) = answer(site.admin(Method::POST, RUNS, &json!({}))).await;
    assert_eq!(status, 200, "{all}");
    assert_eq!(
        all["data"],
        json!({
            "id": "1", "startedAt": "2026-02-15T10:00:00.000Z",
            "finishedAt": "2026-02-15T10:00:00.000Z", "node": "this", "trigger": "ON_DEMAND",
            "thoroughness": "WHOLE", "sku": null, "sales": 2, "mismatches": 0, "repaired": 0,
            "raised": 0, "complete": true, "error": null, "drifts": []
        })
    );
    let one = json!({"sku": "W-2", "thoroughness": "COUNTERS"});
    let (_, one) = answer(site.admin(Method::POST, RUNS, &one)).await;
    assert_eq!((&one["data"]["sku"], &one["data"]["sales"]), (&json!("W-2"), &json!(1)));
    assert_eq!(one["data"]["thoroughness"], "COUNTERS");
    let unknown = site.admin(Method::POST, RUNS, &json!({"sku": "NOPE"}));
    assert_eq!(failure(unknown).await, (404, "NOT_FOUND".into()));
    let bad = json!({"sku": "not a sku", "thoroughness": "SOME"});
    assert_eq!(bad_fields(site.admin(Method::POST, RUNS, &bad)).await, ["sku", "thoroughness"]);
}

#[tokio::test]
async fn a_comparison_that_cannot_be_made_now_is_to_be_asked_for_again() {
    let site = Site::start();
    site.create("W-1", 1).await;
    site.engine.set_another_compares(true);
    let busy = send(site.admin(Method::POST, RUNS, &json!({}))).await;
    assert_eq!(busy.status(), 503);
    assert!(busy.headers().contains_key("retry-after"));
    site.engine.set_another_compares(false);
    site.engine.set_away(true);
    let away = failure(site.admin(Method::POST, RUNS, &json!({}))).await;
    assert_eq!(away, (503, "SERVICE_UNAVAILABLE".into()));
    site.engine.set_away(false);
    assert_eq!(answer(site.admin(Method::POST, RUNS, &json!({}))).await.0, 200);
}

#[tokio::test]
async fn a_comparison_goes_on_when_its_caller_has_gone() {
    let site = Site::start();
    site.create("W-1", 1).await;
    let held = site.engine.hold_audits().await;
    let mut caller = TcpStream::connect(("127.0.0.1", site.port)).await.expect("a connection");
    let request = format!(
        "POST {RUNS} HTTP/1.1\r\nHost: here\r\nX-Admin-Key: {ADMIN_KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    caller.write_all(request.as_bytes()).await.expect("it is sent");
    timeout(PATIENCE, site.engine.audit_waits()).await.expect("it is at work");
    caller.set_zero_linger().expect("a socket");
    drop(caller);
    // The one worker has heard of the reset when it answers what came after it.
    for _ in 0..3 {
        assert_eq!(answer(site.get("/health/live")).await.0, 200);
    }
    assert_eq!(site.engine.runs(), 0);
    drop(held);
    let ended = async {
        while site.engine.runs() == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, ended).await.expect("it is put on record");
}

#[tokio::test]
async fn runs_are_listed_newest_first_page_by_page() {
    let site = Site::start();
    for sales in 1..=3 {
        site.engine.has_run(ReconciliationRun { sales, ..a_run() });
    }
    let page = async |query: &str| {
        let (status, page) =
            answer(site.admin(Method::GET, &format!("{RUNS}{query}"), &Value::Null)).await;
        assert_eq!(status, 200, "{page}");
        page
    };
    let all = page("").await;
    assert_eq!(all["nextCursor"], Value::Null);
    let newest = &all["data"][0];
    assert_eq!((&newest["id"], &newest["sales"]), (&json!("3"), &json!(3)));
    assert_eq!((&newest["trigger"], &newest["complete"]), (&json!("STORE_BACK"), &json!(false)));
    assert_eq!(newest["finishedAt"], "2026-02-15T10:00:01.500Z");
    assert_eq!(
        newest["drifts"],
        json!([
            {"drift": "MISSING_IN_LEDGER", "found": 1, "repaired": 1, "raised": 0},
            {"drift": "SOLD_TWICE", "found": 1, "repaired": 0, "raised": 1},
        ])
    );
    let first = page("?limit=2").await;
    assert_eq!(first["data"].as_array().map(Vec::len), Some(2));
    let rest = page("?limit=2&cursor=2").await;
    assert_eq!(first["nextCursor"], "2");
    assert_eq!((&rest["data"][0]["id"], &rest["nextCursor"]), (&json!("1"), &Value::Null));
    let bad = site.admin(Method::GET, &format!("{RUNS}?cursor=x&limit=0"), &Value::Null);
    assert_eq!(bad_fields(bad).await, ["cursor", "limit"]);
}

#[tokio::test]
async fn nobody_without_the_key_compares_or_reads_anything() {
    let site = Site::start();
    let run = site.client.post(site.url(RUNS)).json(&json!({}));
    assert_eq!(failure(run).await, (401, "UNAUTHORIZED".into()));
    assert_eq!(failure(site.get(RUNS)).await, (401, "UNAUTHORIZED".into()));
    assert_eq!(site.engine.runs(), 0);
}
