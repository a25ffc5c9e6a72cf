//! Metrics, as a real Prometheus sees them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use stampede_testkit::{
    servers::{Metric, Prometheus},
    shop::Stores,
};

use crate::on_each_engine;

/// What comes last of what the test does: once it is scraped, so is everything else.
const LAST: [&str; 2] = ["outbox_record_age_seconds", "dead_letters_waiting"];

on_each_engine!(the_documented_table_of_metrics_is_what_is_exported);

async fn the_documented_table_of_metrics_is_what_is_exported(stores: Stores) {
    // Of traces alone, whatever the library makes of it.
    let attributes = ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test");
    let node = stores.node_with([attributes]).await;
    node.shop.open("WIDGET-001", 1, 1).await;
    assert_eq!(node.shop.buy("WIDGET-001", "ada").await.outcome(), "ACCEPTED");
    assert_eq!(node.shop.buy("WIDGET-001", "grace").await.outcome(), "SOLD_OUT");
    assert_eq!(node.shop.status("NONE-SUCH").await.status, 404);
    node.shop.recorded("WIDGET-001", 1).await;
    let prometheus = Prometheus::scraping(node.process.base_url()).await;
    let exported = prometheus.metrics(&LAST).await;
    let documented = documented();
    let names = |metrics: &BTreeMap<String, Metric>| metrics.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&exported), names(&documented), "metrics that are exported and documented");
    for (name, metric) in &exported {
        let Metric { kind, labels, values } = metric;
        let row = &documented[name];
        assert_eq!((kind, labels), (&row.kind, &row.labels), "{name}");
        // Else each sale or buyer would be a series.
        for one in ["WIDGET-001", "NONE-SUCH", "ada", "grace"] {
            assert!(!values.iter().any(|value| value.contains(one)), "{name} says {one}");
        }
    }
}

#[test]
fn what_prometheus_is_told_is_a_configuration_with_rules() {
    let fault = |file| Prometheus::fault_of(["check", "config"], &prometheus(file));
    assert_eq!(fault("prometheus.yml"), None);
    assert!(fault("alerts.yml").is_some(), "what is none is found");
}

#[test]
fn each_alert_goes_off_over_figures_made_up_for_it_and_over_no_others() {
    assert_eq!(Prometheus::fault_of(["test", "rules"], &prometheus("alerts.test.yml")), None);
    let text = |file| fs::read_to_string(prometheus(file)).expect("a file of Prometheus'");
    let (alerts, tests) = (text("alerts.yml"), text("alerts.test.yml"));
    for line in alerts.lines() {
        let Some(alert) = line.trim().strip_prefix("- alert: ") else { continue };
        let goes_off = format!("alertname: {alert}\n        exp_alerts:");
        assert!(tests.contains(&goes_off), "no case in which {alert} goes off");
    }
}

fn prometheus(file: &str) -> PathBuf {
    root().join("infrastructure/prometheus").join(file)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace")
}

/// The rows of `docs/metrics.md`.
fn documented() -> BTreeMap<String, Metric> {
    let page = fs::read_to_string(root().join("docs/metrics.md")).expect("the page of metrics");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [name, kind, labels, ..] = cells[..] else { panic!("a row of four cells: {row}") };
        let labels = labels.split(", ").filter_map(|label| label.strip_prefix('`'));
        let labels: BTreeSet<_> = labels.map(|label| label.replace('`', "")).collect();
        let metric = Metric { kind: kind.to_owned(), labels, values: BTreeSet::new() };
        (name.trim_end_matches('`').to_owned(), metric)
    });
    rows.collect()
}
