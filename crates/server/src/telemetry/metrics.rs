//! Metrics, in Prometheus' form.

use opentelemetry::{
    KeyValue,
    metrics::{Meter, MeterProvider as _},
};
use opentelemetry_sdk::{Resource, metrics::SdkMeterProvider, resource::TelemetryResourceDetector};
use prometheus::{Registry, process_collector::ProcessCollector};
use tokio::runtime::Handle;

/// The one metric system: OpenTelemetry's meters, shown in Prometheus' form.
#[derive(Debug)]
pub struct Metrics {
    /// Makes meters; kept as long as they are used.
    pub provider: SdkMeterProvider,
    /// What `/metrics` shows.
    pub registry: Registry,
}

impl Metrics {
    /// Makes the meters and hands them to whoever asks OpenTelemetry for one.
    ///
    /// # Errors
    ///
    /// If the exporter cannot be made.
    pub fn install() -> anyhow::Result<Self> {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .build()?;
        // Not the library's own choice, which reads the environment: what that names is of traces.
        let resource = Resource::builder_empty()
            .with_service_name("stampede")
            .with_detector(Box::new(TelemetryResourceDetector))
            .build();
        let provider =
            SdkMeterProvider::builder().with_reader(exporter).with_resource(resource).build();
        opentelemetry::global::set_meter_provider(provider.clone());
        Ok(Self { provider, registry })
    }

    /// Shows the process and its runtime too. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// If the registry shows them already.
    pub fn show_process(&self) -> anyhow::Result<()> {
        self.registry.register(Box::new(ProcessCollector::for_self()))?;
        let (meter, runtime) = (self.meter(), Handle::current().metrics());
        let gauge = |name, meaning, read: fn(&tokio::runtime::RuntimeMetrics) -> usize| {
            let runtime = runtime.clone();
            meter
                .u64_observable_gauge(name)
                .with_description(meaning)
                .with_callback(move |observer| observer.observe(read(&runtime) as u64, &[]))
                .build();
        };
        gauge("runtime_threads", "Threads of the runtime behind the workers.", |runtime| {
            runtime.num_workers()
        });
        gauge("runtime_tasks_alive", "Tasks of that runtime that have not ended.", |runtime| {
            runtime.num_alive_tasks()
        });
        gauge("runtime_queue_depth", "Tasks of that runtime that wait for a thread.", |runtime| {
            runtime.global_queue_depth()
        });
        let version = KeyValue::new("version", env!("CARGO_PKG_VERSION"));
        let built = meter.u64_gauge("stampede_build_info");
        built.with_description("1, by version of the program.").build().record(1, &[version]);
        Ok(())
    }

    /// The meter that all parts of this program count by.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.provider.meter("stampede")
    }
}

#[cfg(test)]
mod tests {
    use prometheus::TextEncoder;
    use stampede_application::ports::{PortError, Randomness as _};
    use stampede_domain::{SaleId, Sku};
    use stampede_infrastructure::{
        OsRandomness,
        queue::QueueMetrics,
        redis::{RestoreOutcome, RestoreReason, RestoreWatch as _},
    };

    use super::Metrics;

    #[test]
    fn every_restore_is_counted_by_reason_and_outcome() {
        let metrics = Metrics::install().unwrap();
        let counters = QueueMetrics::new(&metrics.meter());
        let sale =
            SaleId { sku: Sku::parse("WIDGET").unwrap(), generation: OsRandomness.generation() };
        let failed = RestoreOutcome::Failed(PortError::unavailable("ledger", "it is away"));
        counters.ended(&sale, RestoreReason::Closed, &failed);
        counters.ended(&sale, RestoreReason::Closed, &RestoreOutcome::Open);
        counters.ended(&sale, RestoreReason::Closed, &RestoreOutcome::Open);
        counters.ended(&sale, RestoreReason::OtherEpoch, &RestoreOutcome::Gone);
        let text = TextEncoder::new().encode_to_string(&metrics.registry.gather()).unwrap();
        for line in [
            r#"gate_restores_total{outcome="failed",reason="closed"} 1"#,
            r#"gate_restores_total{outcome="open",reason="closed"} 2"#,
            r#"gate_restores_total{outcome="gone",reason="other_epoch"} 1"#,
            r#"gate_restores_total{outcome="open",reason="drift"} 0"#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
