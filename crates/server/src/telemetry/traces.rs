//! Traces, sent to a collector by OTLP.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use opentelemetry::{Key, KeyValue, global::BoxedTracer, trace::TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanLimits},
};
use secrecy::ExposeSecret as _;
use stampede_presentation::Tracing;
use tonic::{
    Request,
    metadata::{AsciiMetadataKey, MetadataMap},
    transport::ClientTlsConfig,
};
use tracing::subscriber::{NoSubscriber, with_default};
use uuid::Uuid;

use super::{correlation::CorrelationIds, sampler::Bounded};
use crate::settings::TraceSettings;

/// How long a stop waits for the collector to take what is left.
const STOP_MAX: Duration = Duration::from_secs(1);

/// What tells the spans of this process from those of others.
const INSTANCE: &str = "service.instance.id";

/// What exports traces.
#[derive(Debug)]
pub(super) struct Traces {
    provider: SdkTracerProvider,
    /// How requests are traced.
    requests: Tracing,
}

impl Traces {
    /// Exports from now on, by a thread of its own, over a queue that drops what it has no room
    /// for. Needs a tokio runtime, for the connection.
    pub(super) fn start(settings: &TraceSettings) -> anyhow::Result<Self> {
        let metadata = metadata(settings)?;
        let mut exporter = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(&settings.endpoint)
            .with_timeout(settings.timeout)
            // The library would add what the environment says by names that are no settings.
            .with_interceptor(move |mut request: Request<()>| {
                request.metadata_mut().clone_from(&metadata);
                Ok(request)
            });
        if settings.endpoint.starts_with("https:") {
            exporter = exporter.with_tls_config(ClientTlsConfig::new().with_native_roots());
        }
        let exporter =
            exporter.build().context("traces cannot be exported (OTEL_EXPORTER_OTLP_ENDPOINT)")?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(settings.queue_max)
            .with_max_export_batch_size(settings.batch_max)
            .with_scheduled_delay(settings.delay)
            .build();
        let resource = Resource::builder_empty()
            .with_service_name(settings.service.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new(INSTANCE, Uuid::new_v4().to_string()))
            .with_attributes(
                settings
                    .attributes
                    .iter()
                    .map(|(name, value)| KeyValue::new(name.clone(), value.clone())),
            )
            .build();
        let instance = resource.get_ref(&Key::from_static_str(INSTANCE)).map(ToString::to_string);
        tracing::info!(instance, "traces are sent under this service.instance.id");
        // It reads a sampler and limits of the environment, and may warn of what is not done.
        let provider = with_default(NoSubscriber::new(), SdkTracerProvider::builder)
            .with_span_limits(SpanLimits::default())
            .with_span_processor(CorrelationIds::default())
            .with_span_processor(
                BatchSpanProcessor::builder(exporter).with_batch_config(batches).build(),
            )
            .with_sampler(Bounded::new(settings.traces_per_s_max))
            .with_resource(resource)
            .build();
        let tracer = Arc::new(BoxedTracer::new(Box::new(provider.tracer("stampede"))));
        let requests = Tracing {
            tracer,
            ratio: settings.ratio,
            heeds_caller: settings.heeds_caller,
            failures_per_s_max: settings.traces_per_s_max,
        };
        Ok(Self { provider, requests })
    }

    pub(super) fn tracer(&self) -> Arc<BoxedTracer> {
        self.requests.tracer.clone()
    }

    pub(super) fn of_requests(&self) -> Tracing {
        self.requests.clone()
    }

    /// Sends what waits.
    pub(super) async fn stop(self) {
        let Self { provider, .. } = self;
        // It waits for its own thread, and would hold this one.
        let ended = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(STOP_MAX));
        match ended.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last traces were not sent"),
            Err(error) => tracing::warn!(%error, "the last traces were not sent"),
        }
    }
}

/// What each request to the collector carries.
fn metadata(settings: &TraceSettings) -> anyhow::Result<MetadataMap> {
    let mut metadata = MetadataMap::new();
    for (name, value) in &settings.headers {
        let wrong = || format!("{name} is no header in ASCII (OTEL_EXPORTER_OTLP_HEADERS)");
        let key: AsciiMetadataKey = name.to_ascii_lowercase().parse().with_context(wrong)?;
        anyhow::ensure!(value.expose_secret().is_ascii(), wrong());
        metadata.insert(key, value.expose_secret().parse().with_context(wrong)?);
    }
    Ok(metadata)
}

#[cfg(test)]
mod tests {
    use crate::settings::{Need, Settings};

    use super::*;

    #[tokio::test]
    async fn a_collector_behind_tls_is_taken_and_a_bad_header_is_named() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let start = |headers: &str| {
            let environment = [
                ("ADMIN_API_KEY", "0123456789abcdef"),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example:4317"),
                ("OTEL_EXPORTER_OTLP_HEADERS", headers),
            ];
            let environment = environment.map(|(name, value)| (name.into(), value.into()));
            let settings = Settings::read(environment, None, Need::Whole).unwrap();
            Traces::start(&settings.telemetry.traces.unwrap())
        };
        assert!(start("X-Api-Key=k, tenant=shop").is_ok());
        for (headers, wrong) in [("(x)=k", "(x) is no"), ("tenant=caf%C3%A9", "tenant is no")] {
            let told = format!("{:#}", start(headers).unwrap_err());
            assert!(told.starts_with(wrong), "{told}");
        }
    }
}
