//! `GET /api/v1/sales` and `/all`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::site::{Site, answer, bad_fields, failure, product, send, text, upcoming};

#[tokio::test]
async fn a_status_is_the_whole_sale_with_the_servers_time() {
    let site = Site::start();
    site.create("W-1", 100).await;
    site.engine.set_seconds(5);
    text(site.attempt("ada", &json!({"sku": "W-1"}))).await;
    let (status, body) = answer(site.get("/api/v1/sales?sku=W-1")).await;
    assert_eq!(status, 200);
    assert_eq!(
        body,
        json!({"success": true, "data": {
            "sku": "W-1", "productName": "The W-1", "description": null, "picture": null,
            "priceMinor": null, "currency": null, "state": "ACTIVE", "stock": 99,
            "initialStock": 100, "startTime": "2026-02-15T10:00:00.000Z",
            "endTime": "2026-02-15T11:00:00.000Z", "endReason": null, "paused": false,
            "limitPerBuyer": 1, "version": 1_000_000_001,
            "serverTime": "2026-02-15T10:00:05.000Z",
        }})
    );
    site.engine.set_seconds(3_600);
    let (_, ended) = answer(site.get("/api/v1/sales?sku=W-1")).await;
    assert_eq!(
        (&ended["data"]["state"], &ended["data"]["endReason"]),
        (&json!("ENDED"), &json!("TIME_EXPIRED"))
    );
}

#[tokio::test]
async fn without_a_sku_the_featured_sale_is_shown() {
    let site = Site::start();
    assert_eq!(failure(site.get("/api/v1/sales")).await, (404, "NOT_FOUND".into()));
    site.create_with(&upcoming("LATER", 1)).await;
    assert_eq!(answer(site.get("/api/v1/sales")).await.1["data"]["sku"], "LATER");
    site.create("NOW", 1).await;
    assert_eq!(answer(site.get("/api/v1/sales")).await.1["data"]["sku"], "NOW");
}

#[tokio::test]
async fn a_status_that_has_not_changed_is_304() {
    let site = Site::start();
    site.create("W-1", 100).await;
    let status = || site.get("/api/v1/sales?sku=W-1");
    let first = send(status()).await;
    assert_eq!(first.headers()["cache-control"], "public, max-age=1");
    assert!(first.headers()["x-accel-expires"].to_str().unwrap_or_default().starts_with('@'));
    let tag = first.headers()["etag"].to_str().unwrap_or_default().to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    site.engine.set_seconds(1);
    for known in [tag.clone(), format!("\"x\", {tag}"), tag.replace("W/", ""), "*".into()] {
        let same = send(status().header("If-None-Match", &known)).await;
        assert_eq!(same.status(), 304, "{known}");
        assert_eq!(same.headers()["etag"], tag.as_str());
        assert_eq!(same.headers()["cache-control"], "public, max-age=1");
        assert_eq!(same.text().await.unwrap_or_default(), "");
    }
    let mut tags = vec![tag];
    let pause = || site.admin(Method::POST, "/api/v1/products/W-1/pause", &Value::Null);
    text(pause()).await;
    tags.push(changed(status(), &tags).await);
    site.engine.set_seconds(3_600);
    tags.push(changed(status(), &tags).await);
}

/// The tag of an answer that none of the known tags matches.
async fn changed(request: reqwest::RequestBuilder, known: &[String]) -> String {
    let answer = send(request.header("If-None-Match", known.join(", "))).await;
    assert_eq!(answer.status(), 200);
    let tag = answer.headers()["etag"].to_str().unwrap_or_default().to_owned();
    assert!(!known.contains(&tag));
    tag
}

#[tokio::test]
async fn failures_are_not_kept_by_caches() {
    let site = Site::start();
    for path in ["/api/v1/sales?sku=NO-SUCH", "/api/v1/sales?sku=", "/api/v1/no-such"] {
        let answer = send(site.get(path)).await;
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
    }
    site.engine.set_away(true);
    let away = send(site.get("/api/v1/sales?sku=NO-SUCH")).await;
    assert_eq!(
        (away.status().as_u16(), &away.headers()["cache-control"]),
        (503, &reqwest::header::HeaderValue::from_static("no-store"))
    );
}

#[tokio::test]
async fn all_sales_are_listed_by_pages_and_states() {
    let site = Site::start();
    for sku in ["B", "A", "C"] {
        site.create(sku, 1).await;
    }
    site.create_with(&upcoming("LATER", 5)).await;
    text(site.attempt("ada", &json!({"sku": "C"}))).await;
    let (_, all) = answer(site.get("/api/v1/sales/all")).await;
    assert_eq!(skus(&all), ["A", "B", "LATER", "C"]);
    assert_eq!(all["nextCursor"], Value::Null);
    assert_eq!(all["data"][2]["stock"], 5);
    let (_, first) = answer(site.get("/api/v1/sales/all?limit=3")).await;
    assert_eq!(skus(&first), ["A", "B", "LATER"]);
    let cursor = first["nextCursor"].as_str().unwrap_or_default();
    let (_, rest) = answer(site.get(&format!("/api/v1/sales/all?limit=3&cursor={cursor}"))).await;
    assert_eq!(skus(&rest), ["C"]);
    assert_eq!(rest["nextCursor"], Value::Null);
    let (_, ended) = answer(site.get("/api/v1/sales/all?state=ENDED")).await;
    assert_eq!(skus(&ended), ["C"]);
    let bad = site.get("/api/v1/sales/all?state=ended&limit=101&cursor=a_b");
    assert_eq!(bad_fields(bad).await, ["cursor", "limit", "state"]);
    for limit in ["0", "-1", "x", ""] {
        let bad = site.get(&format!("/api/v1/sales/all?limit={limit}"));
        assert_eq!(bad_fields(bad).await, ["limit"], "{limit:?}");
    }
}

#[tokio::test]
async fn a_list_that_has_not_changed_is_304() {
    let site = Site::start();
    site.create("A", 1).await;
    let list = || site.get("/api/v1/sales/all");
    let tag = send(list()).await.headers()["etag"].clone();
    assert_eq!(send(list().header("If-None-Match", tag.clone())).await.status(), 304);
    site.create_with(&product("B", 1)).await;
    assert_eq!(send(list().header("If-None-Match", tag)).await.status(), 200);
}

fn skus(list: &Value) -> Vec<&str> {
    let rows = list["data"].as_array().expect("rows");
    rows.iter().filter_map(|row| row["sku"].as_str()).collect()
}
