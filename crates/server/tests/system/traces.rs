//! Traces, as a collector sees them.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use stampede_testkit::{
    servers::{Collector, OwnRedis, OwnRedisOptions, SentSpan, until},
    shop::{Node, Stores},
};

use crate::on_each_engine;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";
const BUY: &str = "POST /api/v1/purchases";
/// From an answer until its line of the log is read.
const LINE_LIMIT: Duration = Duration::from_secs(10);
/// A stop with nothing in flight, on a machine that does much else.
const STOP_LIMIT: Duration = Duration::from_secs(20);

on_each_engine!(one_trace_follows_a_purchase_from_its_request_to_its_row);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn is_in_the_trace(sent: &SentSpan) -> bool {
    hex(&sent.span.trace_id) == TRACE
}

fn begun_within(outer: &SentSpan, inner: &SentSpan) -> bool {
    inner.span.parent_span_id == outer.span.span_id
}

/// An attempt of a caller whose trace has these flags.
async fn buy(node: &Node, buyer: &str, flags: &str) -> reqwest::Response {
    let attempt = reqwest::Client::new().post(node.shop.url("/api/v1/purchases"));
    let attempt = attempt
        .header("X-User-Id", buyer)
        .header("X-Correlation-Id", format!("of-{buyer}"))
        .header("traceparent", format!("00-{TRACE}-{CALLER}-{flags}"))
        .json(&json!({ "sku": "WIDGET-001" }));
    attempt.send().await.expect("an answer")
}

async fn one_trace_follows_a_purchase_from_its_request_to_its_row(stores: Stores) {
    let collector = Collector::start().await;
    let node = stores.node_with(collector.settings()).await;
    node.shop.open("WIDGET-001", 10, 1).await;
    assert_eq!(buy(&node, "quiet", "00").await.status(), 200);
    let answer = buy(&node, "ada", "01").await;
    assert_eq!(answer.status(), 200);
    let told = answer.headers()["traceresponse"].to_str().expect("ASCII").to_owned();
    let names = [BUY, "gate.decide", "outbox.wait", "outbox.record", "ledger.commit"];
    let [request, decide, wait, record, commit] = collector.first_of(names, is_in_the_trace).await;
    assert_eq!(hex(&request.span.parent_span_id), CALLER);
    assert_eq!(told, format!("00-{TRACE}-{}-01", hex(&request.span.span_id)));
    for step in [&decide, &wait, &record] {
        assert!(begun_within(&request, step), "{step:?}");
    }
    assert!(begun_within(&record, &commit), "{commit:?}");
    if matches!(stores, Stores::Redis { .. }) {
        let [script] = collector.first_of(["redis.script"], is_in_the_trace).await;
        assert!(begun_within(&decide, &script), "{script:?}");
        assert_eq!(script.told("correlation_id").as_deref(), Some("of-ada"));
    }
    let [link] = &record.span.links[..] else { panic!("{record:?}") };
    assert_eq!(link.span_id, request.span.span_id);
    for of_request in [&request, &decide, &wait, &record, &commit] {
        assert_eq!(of_request.told("correlation_id").as_deref(), Some("of-ada"));
    }
    assert_eq!(request.told("http.response.status_code").as_deref(), Some("200"));
    assert_eq!(request.of_process("service.name").as_deref(), Some("stampede"));
    let requests = collector.spans().into_iter().filter(|sent| sent.span.name == BUY);
    assert_eq!(requests.count(), 1, "what the caller does not record is not recorded here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_level_ledger_the_commit_that_an_answer_waits_for_is_in_its_trace() {
    let (stores, collector) = (Stores::redis().await, Collector::start().await);
    let mut settings = collector.settings();
    settings.push(("STAMPEDE_ACK", "ledger".to_owned()));
    let node = stores.node_with(settings).await;
    node.shop.open("WIDGET-001", 10, 1).await;
    assert_eq!(buy(&node, "ada", "01").await.status(), 200);
    let [request] = collector.first_of([BUY], is_in_the_trace).await;
    // A worker may commit the same, which is within its own work.
    let own = |sent: &SentSpan| begun_within(&request, sent);
    let [commit] = collector.first_of(["ledger.commit"], own).await;
    assert_eq!(commit.told("correlation_id").as_deref(), Some("of-ada"));
    let ended = request.span.end_time_unix_nano;
    assert!(commit.span.end_time_unix_nano <= ended, "the answer waited for it: {commit:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_traced_although_its_request_was_not() {
    let mut redis = OwnRedis::start(OwnRedisOptions::on_disk()).await;
    let (stores, collector) = (Stores::over(&redis).await, Collector::start().await);
    let mut settings = collector.settings();
    settings.push(("OTEL_TRACES_SAMPLER", "always_off".to_owned()));
    let node = stores.node_with(settings).await;
    node.shop.open("WIDGET-001", 10, 1).await;
    assert_eq!(buy(&node, "ada", "01").await.status(), 200);
    redis.kill();
    assert_eq!(buy(&node, "grace", "01").await.status(), 503);
    let [request, decide] = collector.first_of([BUY, "gate.decide"], |_| true).await;
    assert_eq!(request.told("correlation_id").as_deref(), Some("of-grace"));
    assert_eq!(request.told("error.type").as_deref(), Some("SERVICE_UNAVAILABLE"));
    assert!(is_in_the_trace(&request), "{request:?}");
    assert_eq!(decide.told("error.type").as_deref(), Some("unavailable"));
    let said = decide.span.status.expect("a status").message;
    assert!(said.starts_with("redis is unavailable"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_without_an_answer_is_a_failure_in_its_requests_trace() {
    let mut redis = OwnRedis::start(OwnRedisOptions::on_disk()).await;
    let (stores, collector) = (Stores::over(&redis).await, Collector::start().await);
    let node = stores.node_with(collector.settings()).await;
    node.shop.open("WIDGET-001", 10, 1).await;
    // Its life is known from now on.
    assert_eq!(buy(&node, "ada", "00").await.status(), 200);
    redis.kill();
    assert_eq!(buy(&node, "grace", "01").await.status(), 503);
    let steps = collector.first_of([BUY, "gate.decide", "redis.script"], is_in_the_trace).await;
    for step in steps {
        assert_eq!(step.told("correlation_id").as_deref(), Some("of-grace"), "{step:?}");
        assert!(step.told("error.type").is_some(), "{step:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_span_says_which_process_it_is_of_and_what_that_is_called() {
    let collector = Collector::start().await;
    let list = ("OTEL_RESOURCE_ATTRIBUTES", "service.name=in-a-list".to_owned());
    let name = ("OTEL_SERVICE_NAME", "by-itself".to_owned());
    let mut instances = BTreeSet::new();
    for (more, called) in [(vec![list.clone()], "in-a-list"), (vec![list, name], "by-itself")] {
        let stores = Stores::embedded();
        let node = stores.node_with([collector.settings(), more].concat()).await;
        node.shop.open("WIDGET-001", 10, 1).await;
        assert_eq!(buy(&node, called, "01").await.status(), 200);
        let correlation = format!("of-{called}");
        let is_its = |sent: &SentSpan| sent.told("correlation_id").as_ref() == Some(&correlation);
        let [request] = collector.first_of([BUY], is_its).await;
        assert_eq!(request.of_process("service.name").as_deref(), Some(called));
        let instance = request.of_process("service.instance.id").expect("each has one");
        assert!(instances.insert(instance), "each has its own: {instances:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_library_reads_of_the_environment_by_itself_changes_nothing() {
    let (stores, collector) = (Stores::embedded(), Collector::start().await);
    let mut settings = collector.settings();
    let more = [
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=the%20shop"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-team=another,x-more=1"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "0"),
        // The ratio that it takes where none is set is another.
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
    ];
    settings.extend(more.map(|(name, value)| (name, value.to_owned())));
    let node = stores.node_with(settings).await;
    node.shop.open("WIDGET-001", 10, 1).await;
    assert_eq!(buy(&node, "ada", "01").await.status(), 200);
    let [decide] = collector.first_of(["gate.decide"], is_in_the_trace).await;
    assert_eq!((decide.carried("x-team"), decide.carried("x-more")), (Some("the shop"), None));
    assert_eq!(decide.span.links.len(), 1, "{decide:?}");
    let lines = node.process.logs();
    let told = |word: &str| lines.iter().any(|line| line.contains(word));
    assert!(told("not heeded") && !told("opentelemetry_sdk"), "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_of_the_log_names_the_trace_that_it_belongs_to() {
    let (stores, collector) = (Stores::embedded(), Collector::start().await);
    let mut settings = collector.settings();
    settings.push(("STAMPEDE_ACCESS_LOG_ONE_IN", "1".to_owned()));
    let node = stores.node_with(settings).await;
    node.shop.open("WIDGET-001", 10, 1).await;
    for (buyer, flags) in [("ada", "01"), ("quiet", "00")] {
        assert_eq!(buy(&node, buyer, flags).await.status(), 200);
    }
    let of = async |id: &str| {
        until(&format!("a line of {id}"), LINE_LIMIT, async || {
            let lines = node.process.logs();
            let mut lines =
                lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines.find(|line| line["message"] == "answered" && line["correlation_id"] == id)
        })
        .await
    };
    let ada = of("of-ada").await;
    assert_eq!((&ada["trace_id"], &ada["status"]), (&json!(TRACE), &json!(200)));
    assert_eq!((&ada["method"], &ada["route"]), (&json!("POST"), &json!("/api/v1/purchases")));
    assert!(ada["took_us"].is_u64(), "{ada}");
    assert!(
        of("of-quiet").await.get("trace_id").is_none(),
        "a trace that is not recorded is not named"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_costs_the_traces_and_nothing_else() {
    let stores = Stores::embedded();
    // Nobody listens there.
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("OTEL_BSP_SCHEDULE_DELAY", "10"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "100"),
        ("STAMPEDE_LOG_REPEATS_MAX", "3"),
    ];
    let begun = Instant::now();
    let node = stores.node_with(settings).await;
    node.shop.open("WIDGET-001", 100, 1).await;
    for number in 0..100 {
        let answer = node.shop.buy("WIDGET-001", &format!("buyer-{number}")).await;
        assert_eq!(answer.outcome(), "ACCEPTED");
    }
    node.shop.recorded("WIDGET-001", 100).await;
    node.process.terminate();
    let ended = node.process.wait(STOP_LIMIT).await;
    assert_eq!(ended.code, Some(0));
    let of_exporter = ended.lines.iter().filter(|line| line.contains("opentelemetry"));
    let of_exporter: Vec<_> = of_exporter.collect();
    // Three lines of each of two places, in each period of ten seconds that was begun.
    let periods = begun.elapsed().as_secs() / 10 + 1;
    let bound = usize::try_from(6 * periods).expect("a small number");
    assert!((1..=bound).contains(&of_exporter.len()), "{of_exporter:#?}");
}
