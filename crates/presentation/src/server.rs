//! The HTTP server: bound to its addresses first, run until it is told to stop.

use std::{
    fmt,
    future::Future,
    io,
    net::{SocketAddr, TcpListener},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use actix_http::{HttpService, error::DispatchError};
use actix_service::{apply_fn_factory, map_config};
use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{
        AppConfig, Extensions, Server, Service, ServiceFactory, ServiceRequest, ServiceResponse,
    },
    middleware::Condition,
    web::Data,
};
use tokio::{
    net::TcpStream,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{
    connection::{Connection, Paces},
    cors, listener,
    middleware::Edge,
    rate_limit::FORGET_INTERVAL,
    routes,
    settings::HttpSettings,
    use_cases::{Telemetry, UseCases},
    worker::{Node, Worker},
};

/// How old the clock may be by which the library reckons how long a first head may take.
const CLOCK_AGE_MAX: Duration = Duration::from_millis(500);
/// How long a connection may take to close, what is left of an unread body included.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

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
    /// Needs a tokio runtime.
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
        let listeners = listener::listen(&settings.host, settings.port, &limits)?;
        let addresses =
            listeners.iter().map(TcpListener::local_addr).collect::<io::Result<Vec<_>>>()?;
        let mut builder = Server::build()
            .workers(settings.workers.max(1))
            .max_concurrent_connections(limits.connections_per_worker_max)
            .shutdown_timeout(limits.stop_timeout.as_secs())
            .disable_signals();
        let node = Node::new(settings, use_cases, telemetry).map_err(io::Error::other)?;
        let node = Arc::new(node);
        let stopping = builder.graceful_shutdown_signal();
        for listener in listeners {
            let (node, stopping) = (node.clone(), stopping.clone());
            builder = builder.listen("http", listener, move || {
                let stopping = stopping.clone();
                let stops = move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                };
                answers(node.clone(), stops)
            })?;
        }
        Ok(Self { addresses, server: builder.run(), node })
    }

    /// What a worker thread of such a server answers, for whoever has requests and no socket. Needs
    /// a local task set to answer.
    ///
    /// # Errors
    ///
    /// The registry shows another server's figures already.
    pub fn app(
        settings: HttpSettings,
        use_cases: UseCases,
        telemetry: Telemetry,
    ) -> io::Result<
        App<
            impl ServiceFactory<
                ServiceRequest,
                Config = (),
                Response = ServiceResponse<impl MessageBody>,
                Error = Error,
                InitError = (),
            >,
        >,
    > {
        let node = Node::new(settings, use_cases, telemetry).map_err(io::Error::other)?;
        Ok(app_of(Worker::new(Arc::new(node))))
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

/// What one worker thread does with the connections that it accepts; `stops` is done once the
/// server begins to stop, from when on no connection is kept for another request.
///
/// By the library's parts and not by its `HttpServer`, which takes no other connections than the
/// bare ones of the system.
fn answers<Stops: Future<Output = ()> + 'static>(
    node: Arc<Node>,
    stops: impl Fn() -> Stops + 'static,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()>
{
    let limits = node.settings.limits;
    let app = app_of(Worker::new(node.clone()));
    let http = HttpService::build()
        .keep_alive(limits.keep_alive)
        // Else a short limit refuses heads that are in time.
        .client_request_timeout(limits.head_timeout + CLOCK_AGE_MAX)
        .client_disconnect_timeout(CLOSE_TIMEOUT)
        // A client that is gone must not leave its event stream behind.
        .h1_allow_half_closed(false)
        .graceful_shutdown_signal(stops)
        .on_connect_ext(|connection: &Connection, data: &mut Extensions| {
            data.insert(connection.pace());
            data.insert(connection.handover());
        })
        // Nothing here asks the app for its own address.
        .h1(map_config(app, |()| AppConfig::default()));
    let paces = Rc::new(Paces::new(node.clone()));
    apply_fn_factory(http, move |stream: TcpStream, http: &_| {
        let opened = Connection::open(stream, &node, &paces);
        // In a box, so that an event stream does not keep its room.
        let opened = opened.map(|(connection, peer, rest)| {
            let serving = Service::call(http, (connection, peer));
            (Box::pin(serving), rest)
        });
        async move {
            // Closed without a word: what is answered before it was asked may meet a request that
            // is on its way, and be lost.
            let refused = || DispatchError::Io(io::ErrorKind::ConnectionRefused.into());
            let (serving, rest) = opened.ok_or_else(refused)?;
            let served = serving.await;
            rest.go_on(served).await
        }
    })
}

/// What a worker thread answers to a request, wherever that comes from.
fn app_of(
    worker: Worker,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let node = worker.node.clone();
    let edge = Edge::of(&worker);
    let origins = &node.settings.cors_origins;
    App::new()
        .app_data(Data::new(worker))
        .configure(|config| {
            routes::add(config, node.settings.serves);
        })
        .wrap(Condition::new(!origins.is_empty(), cors::layer(origins)))
        .wrap(edge)
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
