//! The HTTP server: bound to its addresses first, run until it is told to stop.

use std::{fmt, future::Future, io, net::SocketAddr, sync::Arc};

use actix_web::{App, HttpServer, dev::Server, middleware::Condition, web::Data};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{
    cors, json_body,
    middleware::Edge,
    rate_limit::FORGET_INTERVAL,
    routes,
    settings::HttpSettings,
    use_cases::{Telemetry, UseCases},
    worker::{Node, Worker},
};

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
    /// What the system says, such as that the port is taken; or that the registry shows another
    /// server's figures already.
    pub fn bind(
        settings: HttpSettings,
        use_cases: UseCases,
        telemetry: Telemetry,
    ) -> io::Result<Self> {
        let limits = settings.limits;
        let place = (settings.host.clone(), settings.port);
        let workers = settings.workers.max(1);
        let node = Node::new(settings, use_cases, telemetry).map_err(io::Error::other)?;
        let node = Arc::new(node);
        let shared = node.clone();
        let server = HttpServer::new(move || {
            let origins = &shared.settings.cors_origins;
            let worker = Worker::new(shared.clone());
            let edge = Edge::new(shared.clone(), worker.tally.clone());
            App::new()
                .app_data(Data::new(worker))
                .app_data(json_body::limit(limits.body_bytes_max))
                .configure(|config| {
                    routes::add_all(config);
                })
                .wrap(Condition::new(!origins.is_empty(), cors::layer(origins)))
                .wrap(edge)
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
