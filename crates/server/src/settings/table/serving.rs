//! Settings of serving: listening, access, requests, streams, stopping.

use super::{Kind, Section, Setting, WAIT_MAX_MS};

pub(super) const LISTENING: Section = Section {
    title: "Where to listen",
    settings: &[
        Setting::of("HOST", Kind::Text, "127.0.0.1", "the IP address or host name to listen on"),
        Setting::whole(
            "PORT",
            "",
            "3000",
            (0, 65_535),
            "the port to listen on; 0 picks a free one, which the log line \"listening\" tells",
        ),
        Setting::whole(
            "STAMPEDE_HTTP_WORKERS",
            "threads",
            "0",
            (0, 512),
            "threads that answer requests; 0 for one a core",
        ),
        Setting::whole(
            "STAMPEDE_BACKGROUND_THREADS",
            "threads",
            "2",
            (1, 256),
            "threads for the outbox, the feed and reconciliation",
        ),
    ],
};

pub(super) const ACCESS: Section = Section {
    title: "Who may do what, and how often",
    settings: &[
        Setting::of("ADMIN_API_KEY", Kind::Key { chars_min: 16 }, "change-me-0123456789", "what admins send as X-Admin-Key; required, except by `stampede demo`, which makes one and prints it").unset().secret(),
        Setting::choice("STAMPEDE_IDENTITY", &["open"], &["token"], "how buyers say who they are: open believes X-User-Id"),
        Setting::whole("RATE_LIMIT_PURCHASE_PER_BUYER", "attempts a second", "5", (0, 1_000_000), "attempts that one buyer may make; 0 for any number"),
        Setting::whole("RATE_LIMIT_PER_IP", "requests a second", "0", (0, 1_000_000), "requests that one address may make; 0 for any number"),
        Setting::of("STAMPEDE_TRUSTED_PROXIES", Kind::Networks, "10.0.0.0/8,127.0.0.1", "addresses or networks whose X-Forwarded-For is believed; nobody's when unset").unset(),
        Setting::of("STAMPEDE_CORS_ORIGINS", Kind::Origins, "https://shop.example.com", "origins whose pages may call the API, * for any; none when unset").unset(),
        Setting::of("STAMPEDE_IMAGE_ORIGINS", Kind::SecureOrigins, "https://cdn.example.com", "origins that products' pictures may come from, beside the page's own; none when unset").unset(),
    ],
};

pub(super) const REQUESTS: Section = Section {
    title: "What a request or a connection may take",
    settings: &[
        Setting::whole(
            "STAMPEDE_BODY_BYTES_MAX",
            "bytes",
            "65536",
            (1_024, 1_048_576),
            "size of a request's body; above it 413",
        ),
        Setting::whole(
            "STAMPEDE_URI_BYTES_MAX",
            "bytes",
            "8192",
            (256, 65_536),
            "size of a request's path and query; above it 414",
        ),
        Setting::whole(
            "STAMPEDE_HEADERS_MAX",
            "lines",
            "64",
            (16, 96),
            "header lines of a request; above it 431",
        ),
        Setting::whole(
            "STAMPEDE_HEADER_BYTES_MAX",
            "bytes",
            "16384",
            (1_024, 65_536),
            "size of a request's header lines; above it 431",
        ),
        Setting::whole(
            "STAMPEDE_CONNECTIONS_PER_WORKER_MAX",
            "connections",
            "25000",
            (16, 1_000_000),
            "open connections of one worker; more wait to be accepted",
        ),
        Setting::whole(
            "STAMPEDE_CONNECTIONS_PER_ADDRESS_MAX",
            "connections",
            "0",
            (0, 1_000_000),
            "open connections of one address to this process, those of STAMPEDE_TRUSTED_PROXIES left out; one more is closed at once; 0 for any number, which is right only behind a proxy that limits them",
        ),
        Setting::whole(
            "STAMPEDE_BACKLOG_MAX",
            "connections",
            "4096",
            (16, 65_535),
            "connections that wait to be accepted; more are refused",
        ),
        Setting::whole(
            "STAMPEDE_HEAD_TIMEOUT_MS",
            "milliseconds",
            "5000",
            (100, WAIT_MAX_MS),
            "how long a request's head may take to arrive",
        ),
        Setting::whole(
            "STAMPEDE_BODY_TIMEOUT_MS",
            "milliseconds",
            "5000",
            (100, WAIT_MAX_MS),
            "how long a request's body may take to arrive after its head; after it 400",
        ),
        Setting::whole(
            "STAMPEDE_WRITE_TIMEOUT_MS",
            "milliseconds",
            "30000",
            (100, WAIT_MAX_MS),
            "how long a client may take nothing of what it is sent; after it the connection is ended",
        ),
        Setting::whole(
            "STAMPEDE_SEND_BUFFER_BYTES",
            "bytes",
            "65536",
            (4_096, 16_777_216),
            "what the kernel is asked to hold for a client that does not read, a connection each; a client far away gets about as much in a round trip; Linux holds no more than net.core.wmem_max lets it",
        ),
        Setting::whole(
            "STAMPEDE_KEEP_ALIVE_S",
            "seconds",
            "75",
            (1, 3_600),
            "how long an idle connection is kept",
        ),
    ],
};

pub(super) const STREAMS: Section = Section {
    title: "What an event stream may take",
    settings: &[
        Setting::whole(
            "STAMPEDE_STREAMS_MAX",
            "streams",
            "20000",
            (1, 1_000_000),
            "open event streams of this process; one more is answered 503",
        ),
        Setting::whole(
            "STAMPEDE_STREAM_SALES_MAX",
            "sales",
            "100",
            (1, 100),
            "sales in one stream of all sales",
        ),
        Setting::whole(
            "STAMPEDE_STREAM_HEARTBEAT_S",
            "seconds",
            "15",
            (1, 15),
            "how often an idle stream shows that it is alive",
        ),
        Setting::whole(
            "STAMPEDE_STOCK_UPDATE_INTERVAL_MS",
            "milliseconds",
            "120",
            (100, 10_000),
            "least time between two updates of the stock in one stream",
        ),
        Setting::whole(
            "STAMPEDE_STREAM_RETRY_MS",
            "milliseconds",
            "1000",
            (100, 60_000),
            "how long a client waits before it opens a lost stream again",
        ),
    ],
};

pub(super) const STOP: Section = Section {
    title: "How long a stop may take",
    settings: &[
        Setting::whole(
            "STAMPEDE_STOP_REQUESTS_MAX_S",
            "seconds",
            "10",
            (0, 3_600),
            "how long requests in flight may go on once streams have ended",
        ),
        Setting::whole(
            "STAMPEDE_STOP_OUTBOX_MAX_S",
            "seconds",
            "10",
            (0, 3_600),
            "how long handing back the outbox may take",
        ),
        Setting::whole(
            "STAMPEDE_STOP_ENGINE_MAX_S",
            "seconds",
            "5",
            (0, 3_600),
            "how long closing the engine may take",
        ),
    ],
};
