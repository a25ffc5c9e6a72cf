//! What the HTTP server is told at its start, each value with its default.

use std::time::Duration;

use secrecy::SecretString;

use crate::{client_address::TrustedProxies, image_origins::ImageOrigins};

/// Which routes a server has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Serves {
    /// The page, the API, the admin API, and what operations ask.
    #[default]
    Everything,
    /// What operations ask, health and metrics, alone.
    Operations,
}

/// How the server listens and whom it serves.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Name or address to listen on; a name of several addresses listens on each.
    pub host: String,
    /// Port to listen on; 0 picks a free one.
    pub port: u16,
    /// Which routes it has.
    pub serves: Serves,
    /// Worker threads, each with its own lane to the gate.
    pub workers: usize,
    /// What `X-Admin-Key` must say.
    pub admin_key: SecretString,
    /// Attempts a second that one buyer may make on this node; 0 for no limit.
    pub attempts_per_buyer_per_s: u32,
    /// Requests a second that one address may make on this node; 0 for no limit.
    pub requests_per_address_per_s: u32,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Origins that browsers may call from, `*` for any; none by default.
    pub cors_origins: Vec<String>,
    /// Origins that products' pictures may come from, beside the page's own; none by default.
    pub image_origins: ImageOrigins,
    /// Of so many answers of a worker one gets a line in the log; 0 for none.
    pub access_log_one_in: u32,
    /// What one request, connection or stream may take.
    pub limits: HttpLimits,
}

/// What one request, connection or stream may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Bytes of a request's JSON body, after decompression.
    pub body_bytes_max: usize,
    /// Bytes of a request's path and query.
    pub uri_bytes_max: usize,
    /// Header lines of a request.
    pub headers_max: usize,
    /// Bytes of all header names and values of a request.
    pub header_bytes_max: usize,
    /// Open connections of one worker; more wait in the backlog.
    pub connections_per_worker_max: usize,
    /// Open connections of one address to this node, trusted proxies left out; one more is closed
    /// at once. 0 for no limit.
    pub connections_per_address_max: usize,
    /// Connections that the kernel holds until a worker takes them.
    pub backlog: u32,
    /// How long a client may take to send a request's head.
    pub head_timeout: Duration,
    /// How long a client may take to send a request's body after its head.
    pub body_timeout: Duration,
    /// How long a client may take nothing of what was written to it.
    pub write_timeout: Duration,
    /// Bytes that the kernel may hold for a client that does not read, a connection each.
    pub send_buffer_bytes: u32,
    /// How long an idle connection stays open.
    pub keep_alive: Duration,
    /// How long requests in flight may take once the server stops.
    pub stop_timeout: Duration,
    /// Event streams open at once on this node; one more is answered 503.
    pub streams_max: usize,
    /// Sales in one event stream of all sales.
    pub sales_per_stream_max: usize,
    /// How often an idle event stream shows that it is alive.
    pub heartbeat_interval: Duration,
    /// Least time between two `stock-update` events of one stream. A little more than a tenth of
    /// a second, so that with the update that a state change carries with it there are never more
    /// than ten a second.
    pub stock_update_interval: Duration,
    /// How long a client waits before it opens a lost stream again.
    pub stream_retry: Duration,
}

impl HttpSettings {
    /// The defaults, with this admin key.
    #[must_use]
    pub fn new(admin_key: SecretString) -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 3000,
            serves: Serves::Everything,
            workers: 1,
            admin_key,
            attempts_per_buyer_per_s: 5,
            requests_per_address_per_s: 0,
            trusted_proxies: TrustedProxies::default(),
            cors_origins: Vec::new(),
            image_origins: ImageOrigins::default(),
            access_log_one_in: 1_000,
            limits: HttpLimits::default(),
        }
    }
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            body_bytes_max: 64 * 1024,
            uri_bytes_max: 8 * 1024,
            headers_max: 64,
            header_bytes_max: 16 * 1024,
            connections_per_worker_max: 25_000,
            connections_per_address_max: 0,
            backlog: 4_096,
            head_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(30),
            send_buffer_bytes: 64 * 1024,
            keep_alive: Duration::from_secs(75),
            stop_timeout: Duration::from_secs(10),
            streams_max: 20_000,
            sales_per_stream_max: 100,
            heartbeat_interval: Duration::from_secs(15),
            stock_update_interval: Duration::from_millis(120),
            stream_retry: Duration::from_secs(1),
        }
    }
}
