//! The HTTP server: bound to its addresses first, run until it is told to stop.

use std::{fmt, future::Future, io, net::SocketAddr, sync::Arc};

use actix_cors::Cors;
use actix_web::{App, HttpServer, dev::Server, http::header, middleware::Condition, web::Data};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{
    json_body,
    middleware::Edge,
    rate_limit::FORGET_INTERVAL,
    routes,
    settings::HttpSettings,
    use_cases::{Telemetry, UseCases},
    worker::{Node, Worker},
};

/// How long a browser may remember what an origin is allowed, in seconds.
const CORS_MAX_AGE_S: usize = 3_600;
/// Headers that pages of other origins may send.
const CORS_HEADERS: [&str; 8] = [
    "content-type",
    "x-user-id",
    "idempotency-key",
    "x-admin-key",
    "if-match",
    "if-none-match",
    "x-correlation-id",
    "traceparent",
];
/// Headers that pages of other origins may read.
const CORS_EXPOSED: [&str; 4] = ["etag", "location", "retry-after", "x-correlation-id"];

/// A server that listens and does not answer yet.
pub struct Http {
    server: Server,
    addresses: Vec<SocketAddr>,
    node: Arc<Node>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl Http {
    /// Listens on the address of the settings; whoever connects waits until [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// What the system says, such as that the port is taken.
    pub fn bind(
        settings: HttpSettings,
        use_cases: UseCases,
        telemetry: Telemetry,
    ) -> io::Result<Self> {
        let limits = settings.limits;
        let place = (settings.host.clone(), settings.port);
        let workers = settings.workers.max(1);
        let node = Arc::new(Node::new(settings, use_cases, telemetry));
        let shared = node.clone();
        let server = HttpServer::new(move || {
            let origins = &shared.settings.cors_origins;
            App::new()
                .app_data(Data::new(Worker::new(shared.clone())))
                .app_data(json_body::limit(limits.body_bytes_max))
                .configure(|config| {
                    routes::add_all(config);
                })
                .wrap(Condition::new(!origins.is_empty(), cors(origins)))
                .wrap(Edge::new(shared.clone()))
        })
        .workers(workers)
        .backlog(limits.backlog)
        .max_connections(limits.connections_per_worker_max)
        .keep_alive(limits.keep_alive)
        .client_request_timeout(limits.head_timeout)
        .shutdown_timeout(limits.stop_timeout.as_secs())
        // A client that is gone must not leave its event stream behind.
        .h1_allow_half_closed(false)
        .disable_signals()
        .bind(place)?;
        Ok(Self { addresses: server.addrs(), server: server.run(), node })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The port of its first address.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.addresses.first().map_or(0, SocketAddr::port)
    }

    /// Answers until `stop`; then event streams end, what is in flight is answered within the
    /// stop timeout, and nothing new is taken. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// What the system says when workers cannot be started.
    pub async fn run(self, stop: CancellationToken) -> io::Result<()> {
        let handle = self.server.handle();
        let closing = self.node.closing.clone();
        let ended = CancellationToken::new();
        let _end = ended.clone().drop_guard();
        let stopping = async move {
            stop.cancelled().await;
            // Streams first: one that stays open would hold the exit.
            closing.cancel();
            handle.stop(true).await;
        };
        tokio::spawn(until(ended.clone(), stopping));
        tokio::spawn(until(ended, forget_who_may_ask_again(self.node.clone())));
        self.server.await
    }
}

/// Runs `work` until it is done or `ended`.
async fn until(ended: CancellationToken, work: impl Future<Output = ()>) {
    tokio::select! {
        () = ended.cancelled() => {}
        () = work => {}
    }
}

/// Keeps the rate limits' memory to those who asked lately.
async fn forget_who_may_ask_again(node: Arc<Node>) {
    let mut ticks = interval(FORGET_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        node.rate_limits.forget();
    }
}

/// What browsers allow pages of other origins.
fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "DELETE"])
        .allowed_headers(CORS_HEADERS)
        .expose_headers(CORS_EXPOSED)
        .max_age(CORS_MAX_AGE_S)
        // Others get their answer without the permission to read it, as without this layer.
        .block_on_origin_mismatch(false);
    if origins.iter().any(|origin| origin == "*") {
        return cors.allow_any_origin();
    }
    let allowed = origins.to_vec();
    cors.allowed_origin_fn(move |origin: &header::HeaderValue, _| {
        allowed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
    })
}
