//! Workers tell what waits.

use std::time::Duration;

use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, SdkMeterProvider,
    data::{AggregatedMetrics, Gauge, GaugeDataPoint, MetricData, ResourceMetrics, ScopeMetrics},
};
use stampede_application::ports::{Change, EntryBody};
use stampede_testkit::servers::until;

use crate::{
    dead_letters::raise,
    shop::{Shop, WIDGET, When},
    workers::Workers,
};

/// The workers look as soon as they start, and again every five seconds.
const TOLD_LIMIT: Duration = Duration::from_secs(20);

on_every_engine!(
    workers_tell_how_many_wait_for_a_person,
    workers_tell_how_long_a_purchase_has_waited_behind_a_change,
);

async fn workers_tell_how_many_wait_for_a_person(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    for buyer in ["ada", "ben"] {
        raise(&shop, &id, buyer).await;
    }
    let told = told(&shop, "dead_letters_waiting", |metric| {
        let AggregatedMetrics::U64(MetricData::Gauge(gauge)) = metric else { return None };
        value(gauge)
    });
    assert_eq!(told.await, 2);
}

async fn workers_tell_how_long_a_purchase_has_waited_behind_a_change(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.ledger.go_away();
    for change in [Change::Pause, Change::Resume] {
        shop.change.run(&id.sku, change).await.expect_err("the ledger is away");
    }
    shop.buy(&id, "ada").await;
    let waiting = shop.waiting(&id).await;
    assert!(matches!(waiting[0].body, EntryBody::Change(_)), "{waiting:?}");
    told(&shop, "outbox_oldest_seconds", |metric| {
        let AggregatedMetrics::F64(MetricData::Gauge(gauge)) = metric else { return None };
        value(gauge).filter(|age| *age > 0.0)
    })
    .await;
}

/// What the workers of this shop tell by that name, once it is what `read` looks for.
async fn told<T>(shop: &Shop, name: &str, read: impl Fn(&AggregatedMetrics) -> Option<T>) -> T {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
    let workers = Workers::counted_by(&provider.meter("test"), shop);
    let told = until(&format!("a figure of {name}"), TOLD_LIMIT, async || {
        provider.force_flush().expect("what is counted is exported here");
        let told = exporter.get_finished_metrics().expect("metrics in memory");
        let scopes = told.iter().rev().flat_map(ResourceMetrics::scope_metrics);
        let metric = scopes.flat_map(ScopeMetrics::metrics).find(|metric| metric.name() == name)?;
        read(metric.data())
    })
    .await;
    workers.stop().await;
    told
}

fn value<T: Copy>(gauge: &Gauge<T>) -> Option<T> {
    gauge.data_points().next().map(GaugeDataPoint::value)
}
