//! Logs, metrics and traces.

mod allowance;
mod correlation;
mod logs;
mod metrics;
mod panics;
mod repeats;
mod sampler;
mod traces;

use std::sync::Arc;

use opentelemetry::metrics::Meter;
use stampede_application::live_sales::LiveSales;
use stampede_infrastructure::{Spans, queue::QueueMetrics};
use stampede_presentation as http;

use self::traces::Traces;
pub use self::{
    logs::{LogTo, log},
    metrics::Metrics,
};
use crate::settings::TelemetrySettings;

/// What a node says about itself beside its log.
#[derive(Debug)]
pub struct Telemetry {
    metrics: Metrics,
    traces: Option<Traces>,
}

impl Telemetry {
    /// Counts from now on, and exports traces if the settings say where to. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// If an exporter cannot be made. That nobody is there to take traces is no error.
    pub fn start(settings: &TelemetrySettings) -> anyhow::Result<Self> {
        let traces = settings.traces.as_ref().map(Traces::start).transpose()?;
        let metrics = Metrics::install()?;
        metrics.show_process()?;
        Ok(Self { metrics, traces })
    }

    /// The meter that all parts of this program count by.
    #[must_use]
    pub fn meter(&self) -> Meter {
        self.metrics.meter()
    }

    /// What workers, ports and restores count and trace.
    ///
    /// # Errors
    ///
    /// If the registry shows it already.
    pub fn of_queue(&self) -> anyhow::Result<QueueMetrics> {
        let spans = self.traces.as_ref().map(|traces| Spans::by(traces.tracer()));
        let metrics = QueueMetrics::new(&self.meter()).with_spans(spans.unwrap_or_default());
        for collector in metrics.watch().collectors() {
            self.metrics.registry.register(collector)?;
        }
        Ok(metrics)
    }

    /// What the web layer counts and traces.
    #[must_use]
    pub fn of_http(&self) -> http::Telemetry {
        http::Telemetry {
            meter: self.meter(),
            registry: self.metrics.registry.clone(),
            tracing: self.traces.as_ref().map(Traces::of_requests),
        }
    }

    /// Shows how old what the node knows of its sales is.
    pub fn show_feed(&self, live: Arc<LiveSales>) {
        let meter = self.meter();
        meter
            .f64_observable_gauge("feed_age_seconds")
            .with_description("Time since this node last compared what it shows with the gate.")
            .with_callback(move |observer| observer.observe(live.age().as_secs_f64(), &[]))
            .build();
    }

    /// Sends the traces that wait, for a moment: a collector that is away holds no stop.
    pub async fn stop(self) {
        if let Some(traces) = self.traces {
            traces.stop().await;
        }
    }
}
