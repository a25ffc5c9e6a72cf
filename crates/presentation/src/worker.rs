//! What controllers work with: what the node shares, and what each worker thread has of its own.

use std::{rc::Rc, sync::Arc};

use actix_web::http::header::HeaderValue;
use bytes::Bytes;
use stampede_application::use_cases::AttemptPurchase;
use tokio_util::sync::CancellationToken;

use crate::{
    admin_guard::AdminKey,
    connection::Places,
    controllers::pages,
    image_origins::ImageOrigins,
    kept_until::KeptUntil,
    metrics::Metrics,
    openapi,
    rate_limit::RateLimits,
    rendered::RenderedSales,
    request_span::{RequestSpans, Tracing},
    settings::HttpSettings,
    streams::Streams,
    tally::Tally,
    use_cases::{Telemetry, UseCases},
};

/// What all workers of this node share; nothing in it is locked while a request is answered.
pub(crate) struct Node {
    /// As the server was told at its start.
    pub(crate) settings: HttpSettings,
    /// The use cases that controllers call.
    pub(crate) use_cases: UseCases,
    /// What is counted.
    pub(crate) metrics: Metrics,
    /// What `/metrics` shows.
    pub(crate) registry: prometheus::Registry,
    /// How requests are traced, if they are.
    pub(crate) tracing: Option<Tracing>,
    /// Who asks too often.
    pub(crate) rate_limits: RateLimits,
    /// How many connections an address has.
    pub(crate) places: Arc<Places>,
    /// What `X-Admin-Key` must say.
    pub(crate) admin_key: AdminKey,
    /// What the page may load and from where.
    pub(crate) page_policy: HeaderValue,
    /// The document of this API, made once.
    pub(crate) openapi: Bytes,
    /// Cancelled when the server begins to stop: ends the event streams.
    pub(crate) closing: CancellationToken,
}

impl Node {
    /// What the settings and the use cases make; fails if the registry shows the same already.
    pub(crate) fn new(
        settings: HttpSettings,
        use_cases: UseCases,
        telemetry: Telemetry,
    ) -> prometheus::Result<Self> {
        let metrics = Metrics::new(&telemetry.meter);
        metrics.tallies.register(&telemetry.registry)?;
        Ok(Self {
            metrics,
            registry: telemetry.registry,
            tracing: telemetry.tracing,
            rate_limits: RateLimits::new(&settings),
            places: Arc::new(Places::new(&settings)),
            admin_key: AdminKey::new(&settings.admin_key),
            page_policy: pages::policy(&settings.image_origins),
            openapi: openapi::openapi_json().into(),
            closing: CancellationToken::new(),
            settings,
            use_cases,
        })
    }
}

/// What one worker thread has of its own: no lock, not `Send`.
pub(crate) struct Worker {
    /// What all workers share.
    pub(crate) node: Arc<Node>,
    /// What this thread counts.
    pub(crate) tally: Arc<Tally>,
    /// What this thread traces, if requests are traced.
    pub(crate) spans: Option<Rc<RequestSpans>>,
    /// This thread's lane to the gate.
    pub(crate) attempt_purchase: AttemptPurchase,
    /// Bytes of sales that were made here already.
    pub(crate) rendered: RenderedSales,
    /// Until when those that are shown now are kept in front.
    pub(crate) kept_until: KeptUntil,
    /// This thread's event streams.
    pub(crate) streams: Rc<Streams>,
}

impl Worker {
    /// The calling thread's part of the node.
    pub(crate) fn new(node: Arc<Node>) -> Self {
        let randomness = node.use_cases.randomness.as_ref();
        let spans = |tracing: &Tracing| Rc::new(RequestSpans::new(tracing.clone(), randomness));
        Self {
            spans: node.tracing.as_ref().map(spans),
            tally: node.metrics.tallies.of_worker(),
            attempt_purchase: (node.use_cases.attempt_purchase)(),
            rendered: RenderedSales::default(),
            kept_until: KeptUntil::default(),
            streams: Rc::new(Streams::new(node.clone())),
            node,
        }
    }

    /// From where pictures may come.
    pub(crate) fn image_origins(&self) -> &ImageOrigins {
        &self.node.settings.image_origins
    }
}
