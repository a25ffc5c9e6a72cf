//! Logs and metrics.

use std::{fmt, io};

use anyhow::Context;
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry_sdk::{Resource, metrics::SdkMeterProvider};
use prometheus::Registry;
use stampede_presentation::current_request;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        FmtContext, FormatEvent, FormatFields, format,
        format::{JsonFields, Writer},
        layer,
    },
    prelude::*,
    registry::LookupSpan,
};

use crate::settings::{LogFormat, TelemetrySettings};

/// What libraries say at each start that is no news to whoever runs this. What the setting says of
/// the same modules wins.
///
/// apalis warns that a panic is not retried in place, once for every worker. It is not meant to be:
/// its entries come again, and meanwhile the shard goes on with others.
const QUIET: &str = "actix_server=warn,apalis_core::worker::context=error,opentelemetry=warn";

/// Where log lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTo {
    /// For a server, whose log is what it prints.
    Stdout,
    /// For a command whose answer is what it prints.
    Stderr,
}

/// Writes log lines from now on: one flat JSON object a line, or a form for people.
///
/// # Errors
///
/// If log lines are written already.
pub fn log(settings: &TelemetrySettings, to: LogTo) -> anyhow::Result<()> {
    let writer = move || -> Box<dyn io::Write> {
        match to {
            LogTo::Stdout => Box::new(io::stdout()),
            LogTo::Stderr => Box::new(io::stderr()),
        }
    };
    let layer = layer().with_writer(writer);
    let levels = EnvFilter::try_new(format!("{QUIET},{}", settings.levels))?;
    let registry = tracing_subscriber::registry().with(levels);
    match settings.format {
        LogFormat::Json => {
            let lines = OfRequest { form: format().json().flatten_event(true), json: true };
            registry.with(layer.event_format(lines).fmt_fields(JsonFields::new())).try_init()
        }
        LogFormat::Pretty => {
            let lines = OfRequest { form: format().compact(), json: false };
            registry.with(layer.event_format(lines)).try_init()
        }
    }
    .context("log lines are written already")
}

/// A form of log lines, and at the front of each the request that it belongs to, if any.
struct OfRequest<F> {
    form: F,
    /// Whether a line is one object, into which the request goes.
    json: bool,
}

impl<S, N, F> FormatEvent<S, N> for OfRequest<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut to: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if !self.json {
            current_request(|id, method| write!(to, "{method} {id} ")).unwrap_or(Ok(()))?;
            return self.form.format_event(context, to, event);
        }
        let begun = current_request(|id, method| {
            let id = serde_json::Value::from(id);
            write!(to, r#"{{"correlation_id":{id},"method":"{method}","#)
        });
        let Some(begun) = begun else { return self.form.format_event(context, to, event) };
        begun?;
        let mut line = String::new();
        self.form.format_event(context, Writer::new(&mut line), event)?;
        to.write_str(line.strip_prefix('{').unwrap_or(&line))
    }
}

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
        let provider = SdkMeterProvider::builder()
            .with_reader(exporter)
            .with_resource(Resource::builder().with_service_name("stampede").build())
            .build();
        opentelemetry::global::set_meter_provider(provider.clone());
        Ok(Self { provider, registry })
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
