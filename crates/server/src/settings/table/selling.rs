//! Settings of selling: the engine, its stores, the gate.

use super::{Kind, Section, Setting, WAIT_MAX_MS};

/// Addresses of a Postgres.
const POSTGRES: &[&str] = &["postgresql://", "postgres://"];
/// Addresses of a Redis.
const REDIS: &[&str] = &["redis://", "rediss://"];

pub(super) const ENGINE: Section = Section {
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
            "when a purchase is answered: once the gate has decided, or once the ledger has it; a sale may ask for more; embedded always answers at ledger",
        ),
        Setting::of(
            "STAMPEDE_DATA_DIR",
            Kind::Text,
            "./data",
            "the folder in which the engine embedded keeps its database",
        ),
        Setting::whole(
            "STAMPEDE_EMBEDDED_QUEUE_MAX",
            "batches",
            "4096",
            (16, 1_000_000),
            "batches and other questions that wait for the engine embedded; one more is answered 503",
        ),
        Setting::whole(
            "STAMPEDE_EMBEDDED_GROUP_MAX",
            "batches",
            "1024",
            (1, 100_000),
            "batches and other questions that the engine embedded writes by one sync",
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
            "",
            "1",
            (0, 1),
            "whether the tables of Postgres are brought up to date at start; 0 for not",
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

pub(super) const POSTGRES_STORE: Section = Section {
    title: "Postgres (engine redis)",
    settings: &[
        Setting::of(
            "DATABASE_URL",
            Kind::Url(POSTGRES),
            "postgresql://stampede:password@127.0.0.1:5432/stampede",
            "the Postgres that keeps the ledger; required by the engine redis",
        )
        .unset()
        .secret(),
        Setting::whole(
            "STAMPEDE_POSTGRES_CONNECTIONS_MAX",
            "connections",
            "16",
            (4, 1_000),
            "connections of this process, one more for its health left out; Postgres allows 100 in all unless told otherwise",
        ),
        Setting::whole(
            "STAMPEDE_POSTGRES_ACQUIRE_MAX_MS",
            "milliseconds",
            "3000",
            (100, WAIT_MAX_MS),
            "how long a caller waits for a connection",
        ),
        Setting::whole(
            "STAMPEDE_POSTGRES_ANSWER_MAX_MS",
            "milliseconds",
            "12000",
            (100, WAIT_MAX_MS),
            "how long a transaction's answers are waited for before its connection is given up",
        ),
        Setting::whole(
            "STAMPEDE_POSTGRES_STATEMENT_MAX_MS",
            "milliseconds",
            "10000",
            (100, WAIT_MAX_MS),
            "how long one statement may run",
        ),
        Setting::whole(
            "STAMPEDE_POSTGRES_LOCK_MAX_MS",
            "milliseconds",
            "5000",
            (100, WAIT_MAX_MS),
            "how long a statement waits for a row that another holds; less than one may run",
        ),
        Setting::whole(
            "STAMPEDE_POSTGRES_IDLE_MAX_MS",
            "milliseconds",
            "15000",
            (1_000, WAIT_MAX_MS),
            "how long a transaction may stand idle before Postgres ends it",
        ),
    ],
};

pub(super) const REDIS_STORE: Section = Section {
    title: "Redis (engine redis)",
    settings: &[
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
            "STAMPEDE_REDIS_CONNECT_MAX_MS",
            "milliseconds",
            "2000",
            (50, WAIT_MAX_MS),
            "how long opening a connection may take",
        ),
        Setting::whole(
            "STAMPEDE_REDIS_RESPONSE_MAX_MS",
            "milliseconds",
            "2000",
            (50, 60_000),
            "how long a reply may take; a batch of attempts is void after it",
        ),
        Setting::whole(
            "STAMPEDE_REDIS_RECONNECT_MIN_MS",
            "milliseconds",
            "20",
            (1, 60_000),
            "first pause after a connection failed, doubled from there",
        ),
        Setting::whole(
            "STAMPEDE_REDIS_RECONNECT_MAX_MS",
            "milliseconds",
            "1000",
            (10, 60_000),
            "longest pause between two tries to connect",
        ),
        Setting::whole(
            "STAMPEDE_RESTORE_WAIT_MAX_MS",
            "milliseconds",
            "2000",
            (10, 60_000),
            "how long a caller waits for a restore of its sale; the restore goes on",
        ),
        Setting::whole(
            "STAMPEDE_FEED_INTERVAL_MS",
            "milliseconds",
            "200",
            (20, 500),
            "how often what this process shows is compared with Redis",
        ),
        Setting::whole(
            "STAMPEDE_STATUS_AGE_MAX_MS",
            "milliseconds",
            "1000",
            (500, 60_000),
            "age above which what this process knows is not shown but answered 503",
        ),
    ],
};

pub(super) const GATE: Section = Section {
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
            "1",
            (1, 64),
            "batches of one sale and worker on their way to the gate; more make them smaller, which pays if the gate's store is far away",
        ),
        Setting::whole(
            "STAMPEDE_WAITING_ATTEMPTS_MAX",
            "attempts",
            "8192",
            (1, 1_000_000),
            "attempts of one worker that wait for the gate's answer; one sale has no more of that than it leaves to the others, half of it if it is alone, and one more is answered 503",
        ),
        Setting::whole(
            "STAMPEDE_WAIT_TARGET_MS",
            "milliseconds",
            "20",
            (1, 60_000),
            "how long an attempt is meant to take until it is judged, once its sale sheds: what does not fit into it at the pace so far is answered 503; an aim and no promise, and not less than the gate takes for a batch",
        ),
        Setting::whole(
            "STAMPEDE_WAIT_INTERVAL_MS",
            "milliseconds",
            "100",
            (1, 60_000),
            "how long a queue may stand before its sale sheds; a shorter burst or stall loses nobody; where the gate answers nothing of a sale for five times as long, what waits for it is answered 503",
        ),
        Setting::whole(
            "STAMPEDE_LOOKUPS_AT_ONCE_MAX",
            "lookups",
            "16",
            (1, 1_000),
            "skus unknown to this process that are looked up at a time",
        ),
        Setting::whole(
            "STAMPEDE_LOOKUP_MAX_MS",
            "milliseconds",
            "2000",
            (10, 60_000),
            "how long such a lookup may wait and take",
        ),
    ],
};
