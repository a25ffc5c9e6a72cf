//! Every setting: the one place that names it, limits it and says what it means.
//!
//! `.env.example` is written from this table, and a test holds the two equal.

use super::{Kind, Setting};

/// Settings that belong together.
#[derive(Debug)]
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// Its settings, in the order in which a reader wants them.
    pub settings: &'static [Setting],
}

/// The setting of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.name == name)
}

/// Every setting, in order.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    SECTIONS.iter().flat_map(|section| section.settings)
}

/// Addresses of a Postgres.
const POSTGRES: &[&str] = &["postgresql://", "postgres://"];
/// Addresses of a Redis.
const REDIS: &[&str] = &["redis://", "rediss://"];
/// The longest wait that any setting allows: an hour.
const WAIT_MAX_MS: u64 = 3_600_000;

/// Every setting, by section.
pub const SECTIONS: &[Section] =
    &[LISTENING, ENGINE, STORES, ACCESS, REQUESTS, GATE, OUTBOX, RECONCILIATION, STOP, TELEMETRY];

const LISTENING: Section = Section {
    title: "Where to listen",
    settings: &[
        Setting::of("HOST", Kind::Host, "127.0.0.1", "the address to listen on"),
        Setting::whole(
            "PORT",
            "port",
            "3000",
            (0, 65_535),
            "the port to listen on, 0 for a free one",
        ),
        Setting::whole(
            "STAMPEDE_HTTP_WORKERS",
            "threads",
            "0",
            (0, 1_024),
            "threads that answer requests, 0 for one a core",
        ),
        Setting::whole(
            "STAMPEDE_BACKGROUND_THREADS",
            "threads",
            "2",
            (1, 256),
            "threads for the outbox, the feed, reconciliation and the stores' connections",
        ),
    ],
};

const ENGINE: Section = Section {
    title: "What judges attempts and keeps purchases",
    settings: &[
        Setting::choice(
            "STAMPEDE_ENGINE",
            &["embedded", "redis"],
            &["postgres"],
            "the engine: embedded needs nothing else and serves from one process; redis needs Redis and Postgres and serves from many",
        ),
        Setting::choice(
            "STAMPEDE_ACK",
            &["gate", "ledger"],
            &[],
            "when a purchase is answered: once the gate has decided, or once the ledger has it; embedded always answers at ledger, redis only at gate in this version",
        ),
        Setting::of(
            "STAMPEDE_DATA_DIR",
            Kind::Text,
            "./data",
            "the folder in which the embedded engine keeps its database",
        ),
        Setting::whole(
            "STAMPEDE_SALES_MAX",
            "sales",
            "10000",
            (1, 1_000_000),
            "sales that may exist at a time",
        ),
        Setting::whole(
            "STAMPEDE_MIGRATE",
            "switch",
            "1",
            (0, 1),
            "whether the database's tables are brought up to date at start",
        ),
        Setting::whole(
            "STAMPEDE_START_WAIT_MAX_S",
            "seconds",
            "20",
            (0, 3_600),
            "how long the start waits for a store that does not answer",
        ),
        Setting::whole(
            "STAMPEDE_RETENTION_DAYS",
            "days",
            "3650",
            (1, 36_500),
            "how long the archive keeps purchases of deleted sales",
        ),
    ],
};

const STORES: Section = Section {
    title: "Redis and Postgres (engine redis)",
    settings: &[
        Setting::of(
            "DATABASE_URL",
            Kind::Url(POSTGRES),
            "postgresql://stampede:secret@127.0.0.1:5432/stampede",
            "the Postgres that keeps the ledger; required by the engine redis",
        )
        .unset()
        .secret(),
        Setting::of(
            "REDIS_URL",
            Kind::Url(REDIS),
            "redis://127.0.0.1:6379",
            "the Redis that judges attempts; one address in this version",
        )
        .secret(),
        Setting::of(
            "STAMPEDE_REDIS_PREFIX",
            Kind::Prefix,
            "stampede:",
            "begins every key and channel, so that installations can share one Redis",
        ),
        Setting::whole(
            "STAMPEDE_DATABASE_CONNECTIONS_MAX",
            "connections",
            "10",
            (2, 1_000),
            "connections to Postgres from this process",
        ),
        Setting::whole(
            "STAMPEDE_DATABASE_WAIT_MAX_MS",
            "milliseconds",
            "5000",
            (100, WAIT_MAX_MS),
            "how long one waits for a free connection to Postgres",
        ),
        Setting::whole(
            "STAMPEDE_REDIS_CONNECT_MAX_MS",
            "milliseconds",
            "2000",
            (50, WAIT_MAX_MS),
            "how long opening a connection to Redis may take",
        ),
        Setting::whole(
            "STAMPEDE_REDIS_RESPONSE_MAX_MS",
            "milliseconds",
            "2000",
            (50, WAIT_MAX_MS),
            "how long Redis may take to answer; a batch of attempts is void after it",
        ),
    ],
};

const ACCESS: Section = Section {
    title: "Who may do what, and how often",
    settings: &[
        Setting::of("ADMIN_API_KEY", Kind::Key { chars_min: 16 }, "change-me-0123456789", "what admins send as X-Admin-Key; required, except by `stampede demo`, which makes one and prints it").unset().secret(),
        Setting::choice("STAMPEDE_IDENTITY", &["open"], &["token"], "how a buyer says who they are: open believes X-User-Id"),
        Setting::whole("RATE_LIMIT_PURCHASE_PER_BUYER", "attempts a second", "5", (0, 1_000_000), "attempts that one buyer may make, 0 for any number"),
        Setting::whole("RATE_LIMIT_PER_IP", "requests a second", "0", (0, 1_000_000), "requests that one address may make, 0 for any number"),
        Setting::of("STAMPEDE_TRUSTED_PROXIES", Kind::Networks, "10.0.0.0/8,127.0.0.1", "whose X-Forwarded-For is believed; nobody's when unset").unset(),
        Setting::of("STAMPEDE_CORS_ORIGINS", Kind::Origins, "https://shop.example.com", "origins whose pages may call the API; none when unset").unset(),
    ],
};

const REQUESTS: Section = Section {
    title: "What requests and streams may cost",
    settings: &[
        Setting::whole(
            "STAMPEDE_CONNECTIONS_MAX",
            "connections",
            "25000",
            (1, 1_000_000),
            "open connections a worker; more wait to be accepted",
        ),
        Setting::whole(
            "STAMPEDE_STREAMS_MAX",
            "streams",
            "10000",
            (0, 1_000_000),
            "open event streams of this process; one more is answered 503",
        ),
        Setting::whole(
            "STAMPEDE_HEAD_MAX_MS",
            "milliseconds",
            "5000",
            (100, WAIT_MAX_MS),
            "how long a request's head may take to arrive",
        ),
        Setting::whole(
            "STAMPEDE_KEEP_ALIVE_S",
            "seconds",
            "75",
            (1, 3_600),
            "how long an idle connection is kept",
        ),
        Setting::whole(
            "STAMPEDE_BODY_MAX_BYTES",
            "bytes",
            "16384",
            (256, 1_048_576),
            "size of a request's body",
        ),
    ],
};

const GATE: Section = Section {
    title: "How attempts are brought to the gate",
    settings: &[
        Setting::whole(
            "STAMPEDE_BATCH_MAX",
            "attempts",
            "256",
            (1, 256),
            "attempts of one sale that are judged in one step",
        ),
        Setting::whole(
            "STAMPEDE_BATCHES_IN_FLIGHT_MAX",
            "batches",
            "2",
            (1, 64),
            "batches of one sale on their way to the gate, for each worker",
        ),
        Setting::whole(
            "STAMPEDE_WAITING_ATTEMPTS_MAX",
            "attempts",
            "8192",
            (1, 1_000_000),
            "attempts that wait for a batch, for each worker; one more is answered 503",
        ),
        Setting::whole(
            "STAMPEDE_LOOKUPS_AT_ONCE_MAX",
            "lookups",
            "16",
            (1, 1_000),
            "skus unknown to this process that are looked up in the stores at a time",
        ),
        Setting::whole(
            "STAMPEDE_LOOKUP_MAX_MS",
            "milliseconds",
            "2000",
            (10, WAIT_MAX_MS),
            "how long such a lookup may wait and take",
        ),
        Setting::whole(
            "STAMPEDE_STATUS_AGE_MAX_MS",
            "milliseconds",
            "1000",
            (200, WAIT_MAX_MS),
            "age at which what this process knows of Redis is not shown any more",
        ),
    ],
};

const OUTBOX: Section = Section {
    title: "How purchases reach the ledger",
    settings: &[
        Setting::whole(
            "STAMPEDE_OUTBOX_ROWS_MAX",
            "purchases",
            "1000",
            (1, 10_000),
            "purchases that one read of the outbox brings",
        ),
        Setting::whole(
            "STAMPEDE_OUTBOX_WAIT_MS",
            "milliseconds",
            "1000",
            (10, 60_000),
            "how long a read waits for the first purchase",
        ),
        Setting::whole(
            "STAMPEDE_OUTBOX_TAKE_OVER_MS",
            "milliseconds",
            "30000",
            (1_000, WAIT_MAX_MS),
            "idle time after which another worker takes over what one held",
        ),
        Setting::whole(
            "STAMPEDE_OUTBOX_RETRY_MAX_MS",
            "milliseconds",
            "5000",
            (100, WAIT_MAX_MS),
            "longest pause between two tries while a store is away",
        ),
        Setting::whole(
            "STAMPEDE_RECORD_TRIES_MAX",
            "tries",
            "3",
            (1, 100),
            "times that the ledger may refuse a purchase for its data before it becomes a dead letter",
        ),
    ],
};

const RECONCILIATION: Section = Section {
    title: "How gate and ledger are compared",
    settings: &[
        Setting::of(
            "STAMPEDE_RECONCILE_SCHEDULE",
            Kind::Cron,
            "*/20 * * * * *",
            "when gate and ledger are compared",
        ),
        Setting::whole(
            "STAMPEDE_RECONCILE_PAGE",
            "rows",
            "1000",
            (10, 10_000),
            "sales or purchases that are compared at a time",
        ),
        Setting::whole(
            "STAMPEDE_RECONCILE_SETTLED_AFTER_MS",
            "milliseconds",
            "10000",
            (0, WAIT_MAX_MS),
            "age below which a purchase is on its way and not missing",
        ),
        Setting::whole(
            "STAMPEDE_RECONCILE_WAITING_MAX",
            "entries",
            "10000",
            (1, 1_000_000),
            "entries of one sale in the outbox that are looked through",
        ),
    ],
};

const STOP: Section = Section {
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

const TELEMETRY: Section = Section {
    title: "What it says about itself",
    settings: &[
        Setting::of("RUST_LOG", Kind::Levels, "info", "levels of the log lines"),
        Setting::choice("STAMPEDE_LOG_FORMAT", &["json", "pretty"], &[], "form of the log lines"),
        Setting::of(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            Kind::Later,
            "",
            "where traces are sent; not in this version, refused when set",
        )
        .unset(),
    ],
};
