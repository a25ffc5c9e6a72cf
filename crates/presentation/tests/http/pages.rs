//! The page, its files, and what is no page.

use reqwest::Method;

use crate::site::{Site, failure, send};

#[tokio::test]
async fn every_address_that_a_browser_shows_is_the_page() {
    let site = Site::start();
    for path in ["/", "/index.html", "/sales/W-1", "/some/where?x=1"] {
        for accept in ["text/html,application/xhtml+xml;q=0.9", "*/*"] {
            let page = send(site.get(path).header("Accept", accept)).await;
            assert_eq!(page.status(), 200, "{path}");
            let headers = page.headers().clone();
            assert_eq!(headers["content-type"], "text/html; charset=utf-8");
            assert_eq!(headers["cache-control"], "no-cache");
            assert_eq!(headers["x-content-type-options"], "nosniff");
            let policy = headers["content-security-policy"].to_str().unwrap_or_default();
            assert!(policy.starts_with("default-src 'self'"), "{policy}");
            assert!(policy.contains("connect-src 'self';"), "{policy}");
            assert!(!policy.contains("unsafe") && !policy.contains("data:"), "{policy}");
            let same = site.get(path).header("Accept", accept);
            let same = send(same.header("If-None-Match", headers["etag"].clone())).await;
            assert_eq!(same.status(), 304, "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_no_page_is_404_in_the_envelope() {
    let site = Site::start();
    let not_found = (404, "NOT_FOUND".to_owned());
    for path in ["/api", "/api/v1", "/api/v1/sales/", "/api/v2/sales", "/health/x", "/metrics/x"] {
        let request = site.get(path).header("Accept", "text/html");
        assert_eq!(failure(request).await, not_found, "{path}");
    }
    let asset = site.get("/assets/no-such.js").header("Accept", "text/html");
    assert_eq!(failure(asset).await, not_found);
    assert_eq!(failure(site.get("/no-such.png")).await, not_found);
    assert_eq!(failure(site.get("/x").header("Accept", "application/json")).await, not_found);
    assert_eq!(failure(site.client.post(site.url("/"))).await, not_found);
}

#[tokio::test]
async fn a_method_that_a_route_has_not_is_405_with_those_that_it_has() {
    let site = Site::start();
    let calls = [
        (Method::DELETE, "/api/v1/purchases", "GET, HEAD, POST"),
        (Method::POST, "/api/v1/sales", "GET, HEAD"),
        (Method::HEAD, "/api/v1/sales/events", "GET"),
        (Method::PATCH, "/api/v1/products/W-1", "DELETE, GET, HEAD, PUT"),
        (Method::GET, "/api/v1/products/W-1/pause", "POST"),
        (Method::OPTIONS, "/api/v1/purchases", "GET, HEAD, POST"),
    ];
    for (method, path, allowed) in calls {
        let answer = send(site.client.request(method.clone(), site.url(path))).await;
        assert_eq!(answer.status(), 405, "{method} {path}");
        assert_eq!(answer.headers()["allow"], allowed, "{method} {path}");
    }
    let wrong = site.client.delete(site.url("/api/v1/purchases"));
    assert_eq!(failure(wrong).await, (405, "METHOD_NOT_ALLOWED".into()));
}

#[tokio::test]
async fn a_head_is_answered_like_a_get_without_the_body() {
    let site = Site::start();
    site.create("W-1", 1).await;
    for path in ["/", "/api/v1/sales?sku=W-1", "/health"] {
        let head = send(site.client.head(site.url(path))).await;
        assert_eq!(head.status(), 200, "{path}");
        assert_eq!(head.text().await.unwrap_or_default(), "");
    }
}
