//! Buyers and admins, over HTTP.

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::servers::until;

/// By which admins are let in.
pub const ADMIN_KEY: &str = "the-admin-key-of-these-tests";
/// How long the ledger may lag behind the gate: several times as long as a worker whose batch came
/// to nothing waits before it takes it again.
const LEDGER_LIMIT: Duration = Duration::from_secs(30);

/// How long a connection without a request is kept: less than the 5 s for which a node waits for
/// the first one, as it is shipped, lest a request meets its end.
const IDLE_MAX: Duration = Duration::from_secs(3);

/// One node as its clients see it.
#[derive(Clone, Debug)]
pub struct Shop {
    base_url: String,
    http: Client,
}

/// An answer, whichever way it went.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The whole body.
    pub body: Value,
}

impl Answer {
    /// `ACCEPTED`, the code of a rejection or of an error.
    #[must_use]
    pub fn outcome(&self) -> &str {
        if self.body["success"] == true {
            return "ACCEPTED";
        }
        self.body["error"]["code"].as_str().unwrap_or("NO CODE")
    }

    /// The number of the purchase that was answered.
    #[must_use]
    pub fn purchase_no(&self) -> Option<String> {
        self.body["data"]["purchaseNo"].as_str().map(str::to_owned)
    }

    /// What was asked for, which must have been done.
    #[must_use]
    pub fn data(&self) -> &Value {
        assert_eq!(self.body["success"], true, "{self:?}");
        &self.body["data"]
    }
}

impl Shop {
    /// The clients of the node at this address.
    #[must_use]
    pub fn at(base_url: &str) -> Self {
        Self::with_patience(base_url, Duration::from_mins(1))
    }

    /// Clients who wait so long for an answer.
    #[must_use]
    pub fn with_patience(base_url: &str, patience: Duration) -> Self {
        let client = Client::builder().timeout(patience).pool_idle_timeout(IDLE_MAX);
        let http = client.build().expect("a client");
        Self { base_url: base_url.to_owned(), http }
    }

    /// The same clients, of the node at this address: to make others takes most of a second.
    #[must_use]
    pub fn moved_to(&self, base_url: &str) -> Self {
        Self { base_url: base_url.to_owned(), http: self.http.clone() }
    }

    /// By the connections of its clients, since to make others takes most of a second.
    pub(super) fn get(&self, url: &str) -> RequestBuilder {
        self.http.get(url)
    }

    /// The address of what lies under `path`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// A sale that is live for a century.
    pub async fn open(&self, sku: &str, stock: u32, limit_per_buyer: u32) {
        let answer = self.create(sku, stock, limit_per_buyer).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    /// Asks for such a sale.
    pub async fn create(&self, sku: &str, stock: u32, limit_per_buyer: u32) -> Answer {
        self.create_product(&product(sku, stock, limit_per_buyer)).await
    }

    /// Asks for this very product.
    pub async fn create_product(&self, product: &Value) -> Answer {
        self.admin(self.http.post(self.url("/api/v1/products")).json(product)).await
    }

    /// Asks for these changes of an upcoming product.
    pub async fn update_product(&self, sku: &str, changes: &Value) -> Answer {
        let url = self.url(&format!("/api/v1/products/{sku}"));
        self.admin(self.http.put(url).json(changes)).await
    }

    /// One unit for `buyer`; `None` when no answer came.
    pub async fn attempt(&self, sku: &str, buyer: &str, key: Option<&str>) -> Option<Answer> {
        self.attempt_units(sku, buyer, key, 1).await
    }

    /// `qty` units for `buyer`; `None` when no answer came.
    pub async fn attempt_units(
        &self,
        sku: &str,
        buyer: &str,
        key: Option<&str>,
        qty: u32,
    ) -> Option<Answer> {
        let body = json!({ "sku": sku, "qty": qty });
        let mut request = self.http.post(self.url("/api/v1/purchases")).json(&body);
        request = request.header("X-User-Id", buyer);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        answer(request).await
    }

    /// One unit for `buyer`, by a server that runs.
    pub async fn buy(&self, sku: &str, buyer: &str) -> Answer {
        self.attempt(sku, buyer, None).await.expect("an answer")
    }

    /// The buyer's own purchases.
    pub async fn purchases(&self, sku: &str, buyer: &str) -> Answer {
        self.try_purchases(sku, buyer).await.expect("an answer")
    }

    /// The buyer's own purchases; `None` when no answer came.
    pub async fn try_purchases(&self, sku: &str, buyer: &str) -> Option<Answer> {
        let request = self.http.get(self.url(&format!("/api/v1/purchases?sku={sku}")));
        answer(request.header("X-User-Id", buyer)).await
    }

    /// The sale as everybody sees it.
    pub async fn status(&self, sku: &str) -> Answer {
        self.try_status(sku).await.expect("an answer")
    }

    /// The sale as everybody sees it; `None` when no answer came.
    pub async fn try_status(&self, sku: &str) -> Option<Answer> {
        answer(self.http.get(self.url(&format!("/api/v1/sales?sku={sku}")))).await
    }

    /// The sales as their admins see them, the newest first.
    pub async fn products(&self) -> Answer {
        self.admin(self.http.get(self.url("/api/v1/products"))).await
    }

    /// The sale as its admins see it.
    pub async fn product(&self, sku: &str) -> Answer {
        self.try_product(sku).await.expect("an answer")
    }

    /// The sale as its admins see it; `None` when no answer came.
    pub async fn try_product(&self, sku: &str) -> Option<Answer> {
        let url = self.url(&format!("/api/v1/products/{sku}"));
        answer(self.http.get(url).header("X-Admin-Key", ADMIN_KEY)).await
    }

    /// `/health` or a part of it.
    pub async fn health(&self, path: &str) -> Answer {
        answer(self.http.get(self.url(path))).await.expect("an answer")
    }

    /// `pause`, `resume` or `end`.
    pub async fn change(&self, sku: &str, verb: &str) -> Answer {
        self.try_change(sku, verb).await.expect("an answer")
    }

    /// `pause`, `resume` or `end`; `None` when no answer came.
    pub async fn try_change(&self, sku: &str, verb: &str) -> Option<Answer> {
        let url = self.url(&format!("/api/v1/products/{sku}/{verb}"));
        answer(self.http.post(url).header("X-Admin-Key", ADMIN_KEY)).await
    }

    /// Deletes the product; `None` when no answer came.
    pub async fn delete(&self, sku: &str) -> Option<Answer> {
        let request = self.http.delete(self.url(&format!("/api/v1/products/{sku}")));
        answer(request.header("X-Admin-Key", ADMIN_KEY)).await
    }

    /// What is raised for a person.
    pub async fn dead_letters(&self) -> Answer {
        self.admin(self.http.get(self.url("/api/v1/dead-letters"))).await
    }

    /// What comparisons of gate and ledger found, newest first.
    pub async fn reconciliation_runs(&self) -> Answer {
        self.admin(self.http.get(self.url("/api/v1/reconciliation/runs"))).await
    }

    /// What this counter of `/metrics` stands at for things with this label, such as `a="b"`.
    pub async fn counter(&self, name: &str, label: &str) -> u64 {
        let metrics = self.metrics().await;
        counter_in(&metrics, name, label)
            .unwrap_or_else(|| panic!("{name} of {label}, a whole number: {metrics}"))
    }

    /// The same, or 0 where none has been counted yet.
    pub async fn counter_so_far(&self, name: &str, label: &str) -> u64 {
        counter_in(&self.metrics().await, name, label).unwrap_or_default()
    }

    /// What this gauge without labels of our own stands at, if it is told.
    pub async fn gauge(&self, name: &str) -> Option<f64> {
        let metrics = self.metrics().await;
        let of_gauge =
            |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        metrics.lines().find(of_gauge)?.rsplit(' ').next()?.parse().ok()
    }

    /// Waits until the ledger holds `units` of the sale, and the gate has sold as many.
    pub async fn recorded(&self, sku: &str, units: u64) {
        let what = format!("{units} units of {sku} in the ledger");
        until(&what, LEDGER_LIMIT, async || {
            let product = self.product(sku).await;
            let is = |field: &str| product.body["data"][field] == units;
            (is("persistedPurchases") && is("totalPurchases")).then_some(())
        })
        .await;
    }

    async fn metrics(&self) -> String {
        let response = self.http.get(self.url("/metrics")).send().await.expect("an answer");
        response.text().await.expect("text")
    }

    async fn admin(&self, request: RequestBuilder) -> Answer {
        answer(request.header("X-Admin-Key", ADMIN_KEY)).await.expect("an answer")
    }
}

/// What the series of the counter `name` with this label add up to; `None` if there is none.
fn counter_in(metrics: &str, name: &str, label: &str) -> Option<u64> {
    let begin = format!("{name}{{");
    let of_label = metrics.lines().filter(|line| line.starts_with(&begin) && line.contains(label));
    let values = of_label.map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    let values = values.collect::<Option<Vec<_>>>()?;
    (!values.is_empty()).then(|| values.iter().sum())
}

/// A product that is live for a century.
#[must_use]
pub fn product(sku: &str, stock: u32, limit_per_buyer: u32) -> Value {
    json!({
        "sku": sku,
        "productName": "Limited Edition Widget",
        "initialStock": stock,
        "startTime": "2026-01-01T00:00:00.000Z",
        "endTime": "2126-01-01T00:00:00.000Z",
        "limitPerBuyer": limit_per_buyer,
    })
}

/// `None` when the connection broke before the whole answer was there.
async fn answer(request: RequestBuilder) -> Option<Answer> {
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    let body = response.json().await.ok()?;
    Some(Answer { status, body })
}

#[cfg(test)]
mod tests {
    use super::counter_in;

    #[test]
    fn a_counter_of_a_label_is_all_its_series_together() {
        let metrics = "# TYPE runs_total counter\n\
                       runs_total{outcome=\"failed\",trigger=\"start\"} 0\n\
                       runs_total{outcome=\"finished\",trigger=\"start\"} 0\n\
                       runs_total{outcome=\"finished\",trigger=\"schedule\"} 2\n\
                       runs_total_seconds{outcome=\"finished\"} 0.5\n";
        let counted = |label: &str| counter_in(metrics, "runs_total", label);
        assert_eq!(counted("outcome=\"finished\""), Some(2));
        assert_eq!(counted("outcome=\"failed\""), Some(0));
        assert_eq!(counted("outcome=\"lost\""), None);
    }
}
