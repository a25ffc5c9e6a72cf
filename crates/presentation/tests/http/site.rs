//! A real server on a free port, and what a test needs to ask it.

use std::{sync::Arc, time::Duration};

use futures::{Stream, StreamExt, future::BoxFuture};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use stampede_application::{
    Coalescer, CoalescerLimits,
    live_sales::{Freshness, LiveSales},
    ports::SaleGate,
    use_cases::{
        AttemptPurchase, ChangeSale, CheckHealth, ConfirmLimits, ConfirmPurchases, ConfirmStores,
        CreateProduct, DeleteProduct, FindSale, HandleDeadLetters, LookUpPurchase, LookupLimits,
        Reconcile, ReconcileLimits, ReconcileStores, RecordLimits, RecordPurchases, UpdateProduct,
        ViewProducts, ViewRuns, ViewSales, WatchSales,
    },
};
use stampede_domain::Acknowledgement;
use stampede_presentation::{AttemptFactory, Http, HttpSettings, Telemetry, UseCases};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::engine::{FakeEngine, FakeGate};

pub(crate) const ADMIN_KEY: &str = "an admin key of a test";
/// How long anything may take that is not decided by the machine's load.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running server with its engine.
pub(crate) struct Site {
    pub(crate) engine: Arc<FakeEngine>,
    pub(crate) live: Arc<LiveSales>,
    pub(crate) client: Client,
    pub(crate) stop: CancellationToken,
    pub(crate) running: JoinHandle<std::io::Result<()>>,
    pub(crate) port: u16,
    _metrics: SdkMeterProvider,
}

impl Site {
    /// A server that is told nothing special, without rate limits.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// A server whose queues take this much.
    pub(crate) fn start_queueing(queues: CoalescerLimits) -> Self {
        Self::start_as(queues, |_| {})
    }

    /// A server whose settings are changed first.
    pub(crate) fn start_with(change: impl FnOnce(&mut HttpSettings)) -> Self {
        Self::start_as(CoalescerLimits::default(), change)
    }

    fn start_as(queues: CoalescerLimits, change: impl FnOnce(&mut HttpSettings)) -> Self {
        let engine = FakeEngine::new();
        let live = Arc::new(LiveSales::new(engine.clone(), Freshness::Always));
        let mut settings = HttpSettings::new(SecretString::from(ADMIN_KEY));
        settings.port = 0;
        settings.workers = 1;
        settings.attempts_per_buyer_per_s = 0;
        change(&mut settings);
        let (telemetry, metrics) = telemetry();
        let http =
            Http::bind(settings, use_cases(&engine, &live, queues), telemetry).expect("a port");
        let (port, stop) = (http.port(), CancellationToken::new());
        let running = tokio::spawn(http.run(stop.clone()));
        let client = Client::new();
        Self { engine, live, client, stop, running, port, _metrics: metrics }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    /// An admin's request, with a body if it is not null.
    pub(crate) fn admin(&self, method: Method, path: &str, body: &Value) -> RequestBuilder {
        let request = self.client.request(method, self.url(path)).header("X-Admin-Key", ADMIN_KEY);
        if body.is_null() { request } else { request.json(body) }
    }

    /// An attempt to buy.
    pub(crate) fn attempt(&self, buyer: &str, body: &Value) -> RequestBuilder {
        self.client.post(self.url("/api/v1/purchases")).header("X-User-Id", buyer).json(body)
    }

    /// Creates a sale that runs from the beginning for an hour.
    pub(crate) async fn create(&self, sku: &str, stock: u32) {
        self.create_with(&product(sku, stock)).await;
    }

    /// Creates a sale of this description.
    pub(crate) async fn create_with(&self, product: &Value) {
        let created = self.admin(Method::POST, "/api/v1/products", product);
        let (status, body) = answer(created).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
    }

    /// Waits until a line of the metrics reads so.
    pub(crate) async fn metrics_say(&self, line: &str) {
        let mut last = String::new();
        let said = async {
            loop {
                last = text(self.get("/metrics")).await;
                if last.lines().any(|found| found == line) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let said = timeout(PATIENCE, said).await.is_ok();
        assert!(said, "{line} in\n{last}");
    }

    /// Opens an event stream.
    pub(crate) async fn watch(&self, query: &str) -> Events {
        let answer = send(self.get(&format!("/api/v1/sales/events{query}"))).await;
        assert_eq!(answer.status(), StatusCode::OK);
        Events { body: Box::pin(answer.bytes_stream()), text: String::new() }
    }
}

/// A product that is on sale from the beginning for an hour.
pub(crate) fn product(sku: &str, stock: u32) -> Value {
    json!({
        "sku": sku, "productName": format!("The {sku}"), "initialStock": stock,
        "startTime": "2026-02-15T10:00:00.000Z", "endTime": "2026-02-15T11:00:00.000Z",
    })
}

/// A product that is on sale an hour from the beginning, for an hour.
pub(crate) fn upcoming(sku: &str, stock: u32) -> Value {
    let mut product = product(sku, stock);
    product["startTime"] = json!("2026-02-15T11:00:00.000Z");
    product["endTime"] = json!("2026-02-15T12:00:00.000Z");
    product
}

pub(crate) async fn send(request: RequestBuilder) -> Response {
    timeout(PATIENCE, request.send()).await.expect("in time").expect("an answer")
}

pub(crate) async fn text(request: RequestBuilder) -> String {
    send(request).await.text().await.expect("text")
}

/// Status and JSON of an answer.
pub(crate) async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = send(request).await;
    let status = response.status();
    let kind = response.headers().get("content-type").cloned();
    assert_eq!(kind.as_ref().and_then(|kind| kind.to_str().ok()), Some("application/json"));
    (status, response.json().await.expect("JSON"))
}

/// Status and code of a failure, whose envelope must be whole.
pub(crate) async fn failure(request: RequestBuilder) -> (u16, String) {
    let (status, body) = answer(request).await;
    assert_eq!(body["success"], false, "{body}");
    assert!(body["error"]["message"].is_string(), "{body}");
    (status.as_u16(), body["error"]["code"].as_str().expect("a code").into())
}

/// The names of all bad fields of a refused request.
pub(crate) async fn bad_fields(request: RequestBuilder) -> Vec<String> {
    let (status, body) = answer(request).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    assert_eq!(body["error"]["code"], "VALIDATION_ERROR");
    let fields = body["error"]["fields"].as_object().expect("fields");
    assert!(fields.values().all(|wrong| wrong.as_str().is_some_and(|wrong| !wrong.is_empty())));
    fields.keys().cloned().collect()
}

/// An open event stream, event by event.
pub(crate) struct Events {
    body: std::pin::Pin<Box<dyn Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    text: String,
}

/// One event, or a comment or setting with an empty name.
#[derive(Debug, Default)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: Value,
    pub(crate) raw: String,
}

impl Events {
    /// The next block of the stream; `None` at its end.
    pub(crate) async fn block(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event = Event::read(&self.text[..end]);
                self.text.drain(..end + 2);
                return Some(event);
            }
            let chunk = timeout(PATIENCE, self.body.next()).await.expect("an event in time")?;
            let chunk = chunk.expect("a whole stream");
            self.text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }

    /// The next named event.
    pub(crate) async fn next(&mut self) -> Event {
        loop {
            let event = self.block().await.expect("another event");
            if !event.name.is_empty() {
                return event;
            }
        }
    }

    /// Whether the stream ends without another named event.
    pub(crate) async fn ends(&mut self) -> bool {
        loop {
            match self.block().await {
                None => return true,
                Some(event) if event.name.is_empty() => {}
                Some(_) => return false,
            }
        }
    }
}

impl Event {
    fn read(block: &str) -> Self {
        let mut event = Self { raw: block.to_owned(), ..Self::default() };
        for line in block.lines() {
            match line.split_once(": ") {
                Some(("event", name)) => event.name = name.into(),
                Some(("id", id)) => event.id = id.into(),
                Some(("data", data)) => event.data = serde_json::from_str(data).expect("JSON"),
                Some(_) | None => {}
            }
        }
        event
    }
}

/// Where a server counts, and what must live as long as it.
pub(crate) fn telemetry() -> (Telemetry, SdkMeterProvider) {
    let registry = prometheus::Registry::new();
    let exporter = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()
        .expect("an exporter");
    let metrics = SdkMeterProvider::builder().with_reader(exporter).build();
    (Telemetry { meter: metrics.meter("test"), registry, tracing: None }, metrics)
}

/// The use cases over an engine.
pub(crate) fn use_cases(
    engine: &Arc<FakeEngine>,
    live: &Arc<LiveSales>,
    queues: CoalescerLimits,
) -> UseCases {
    let gate = Arc::new(FakeGate(engine.clone()));
    let find = FindSale::new(live.clone(), engine.clone(), gate.clone(), LookupLimits::default());
    let find = Arc::new(find);
    let record =
        RecordPurchases::new(engine.clone(), engine.clone(), gate.clone(), RecordLimits::default());
    let record = Arc::new(record);
    let (e, l) = (engine, live);
    let stores = ConfirmStores { ledger: e.clone(), outbox: e.clone(), gate: gate.clone() };
    let (level, limits) = (Acknowledgement::Gate, ConfirmLimits::default());
    let drift_met = Arc::new(|_| -> BoxFuture<'static, ()> { Box::pin(async {}) });
    let confirm = Arc::new(ConfirmPurchases::start(stores, level, limits, drift_met));
    let stores = ReconcileStores {
        catalogue: e.clone(),
        ledger: e.clone(),
        gate: gate.clone(),
        outbox: e.clone(),
        live: l.clone(),
    };
    let limits = ReconcileLimits { turn_wait_max: Duration::from_millis(1), ..Default::default() };
    let reconcile = Reconcile::new(stores, record.clone(), "this".into(), limits, Arc::new(|_| {}));
    UseCases {
        attempt_purchase: attempts(&gate, l, &find, e, &confirm, queues),
        look_up_purchase: Arc::new(LookUpPurchase::new(find.clone(), gate.clone(), confirm)),
        view_sales: Arc::new(ViewSales::new(l.clone(), find.clone())),
        watch_sales: Arc::new(WatchSales::new(l.clone(), find.clone())),
        create_product: Arc::new(CreateProduct::new(
            e.clone(),
            gate.clone(),
            l.clone(),
            e.clone(),
            e.clone(),
            Acknowledgement::Gate,
        )),
        view_products: Arc::new(ViewProducts::new(e.clone(), gate.clone(), e.clone())),
        update_product: Arc::new(UpdateProduct::new(e.clone(), gate.clone(), l.clone(), e.clone())),
        change_sale: Arc::new(ChangeSale::new(
            find,
            e.clone(),
            gate.clone(),
            e.clone(),
            e.clone(),
            l.clone(),
            e.clone(),
        )),
        delete_product: Arc::new(DeleteProduct::new(
            e.clone(),
            gate,
            e.clone(),
            record.clone(),
            l.clone(),
            e.clone(),
            e.clone(),
        )),
        handle_dead_letters: Arc::new(HandleDeadLetters::new(
            e.clone(),
            e.clone(),
            record,
            e.clone(),
        )),
        reconcile: Arc::new(reconcile),
        view_runs: Arc::new(ViewRuns::new(e.clone())),
        check_health: Arc::new(CheckHealth::new(
            e.clone(),
            None,
            e.clone(),
            e.clone(),
            Acknowledgement::Gate,
        )),
        randomness: e.clone(),
    }
}

fn attempts(
    gate: &Arc<FakeGate>,
    live: &Arc<LiveSales>,
    find: &Arc<FindSale>,
    engine: &Arc<FakeEngine>,
    confirm: &Arc<ConfirmPurchases>,
    queues: CoalescerLimits,
) -> AttemptFactory {
    let (gate, live, find) = (gate.clone(), live.clone(), find.clone());
    let (engine, confirm) = (engine.clone(), confirm.clone());
    Arc::new(move || {
        let coalescer = Coalescer::new(gate.lane(), live.clone(), confirm.clone(), queues);
        AttemptPurchase::new(coalescer, find.clone(), engine.clone())
    })
}
