//! The settings: read once at start, every fault reported at once.
//!
//! Architecture invariant: this is the only place that reads the environment.

mod access;
mod engine;
mod env_example;
mod fault;
mod reader;
mod setting;
mod source;
pub mod table;

use std::{ffi::OsString, path::Path, time::Duration};

use stampede_application::{
    CoalescerLimits,
    use_cases::{LookupLimits, ReconcileLimits, RecordLimits},
};
use tracing_subscriber::EnvFilter;

pub use access::Access;
pub use engine::{Engine, Stores};
pub use env_example::env_example;
pub use fault::{Fault, Faults};
use reader::Reader;
pub use setting::{Kind, Setting};

/// All that may be set.
#[derive(Debug)]
pub struct Settings {
    /// Where to listen.
    pub listen: Listen,
    /// The engine and its stores.
    pub engine: Engine,
    /// Sales that may exist at a time.
    pub sales_max: u32,
    /// Whether tables are brought up to date at start.
    pub migrate: bool,
    /// How long the start waits for a store that does not answer.
    pub start_wait_max: Duration,
    /// How long the archive keeps purchases of deleted sales, in days.
    pub retention_days: u32,
    /// Who may do what, and how often.
    pub access: Access,
    /// What requests and streams may cost.
    pub requests: Requests,
    /// What one worker's coalescer may hold.
    pub coalescer: CoalescerLimits,
    /// What looking up unknown skus may cost.
    pub lookups: LookupLimits,
    /// How purchases reach the ledger.
    pub outbox: OutboxSettings,
    /// How gate and ledger are compared.
    pub reconcile: ReconcileSettings,
    /// How long each step of a stop may take.
    pub stop: StopLimits,
    /// What it says about itself.
    pub telemetry: TelemetrySettings,
}

/// Where to listen, and with how many threads.
#[derive(Clone, Debug)]
pub struct Listen {
    /// An IP address or a host name.
    pub host: String,
    /// 0 for a free one.
    pub port: u16,
    /// Threads that answer requests; `None` for one a core.
    pub workers: Option<usize>,
    /// Threads for everything else.
    pub background_threads: usize,
}

/// What requests and streams may cost.
#[derive(Clone, Copy, Debug)]
pub struct Requests {
    /// Open connections a worker.
    pub connections_max: usize,
    /// Open event streams of this process.
    pub streams_max: usize,
    /// How long a request's head may take to arrive.
    pub head_max: Duration,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// Size of a body in bytes.
    pub body_max: usize,
}

/// How purchases reach the ledger.
#[derive(Clone, Copy, Debug)]
pub struct OutboxSettings {
    /// Purchases that one read brings.
    pub rows_max: usize,
    /// How long a read waits for the first.
    pub wait: Duration,
    /// Idle time after which another worker takes over.
    pub take_over_after: Duration,
    /// Longest pause between two tries.
    pub retry_max: Duration,
    /// What recording may cost.
    pub record: RecordLimits,
}

/// How gate and ledger are compared.
#[derive(Clone, Debug)]
pub struct ReconcileSettings {
    /// When.
    pub schedule: cron::Schedule,
    /// What it may cost.
    pub limits: ReconcileLimits,
}

/// How long each step of a stop may take.
#[derive(Clone, Copy, Debug)]
pub struct StopLimits {
    /// Requests in flight, once streams have ended.
    pub requests_max: Duration,
    /// Handing back the outbox.
    pub outbox_max: Duration,
    /// Closing the engine.
    pub engine_max: Duration,
}

/// What the process says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For a person at a terminal.
    Pretty,
}

/// What the process says about itself.
#[derive(Clone, Debug)]
pub struct TelemetrySettings {
    /// Levels of log lines, already known to be readable.
    pub levels: String,
    /// Form of log lines.
    pub format: LogFormat,
}

/// What a command needs of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// All of them.
    Whole,
    /// The demo: always embedded, and it makes a key if there is none.
    Demo,
}

impl Settings {
    /// Reads the environment over `file`.
    ///
    /// # Errors
    ///
    /// [`Faults`]: every setting that cannot be used.
    pub fn load(file: Option<&Path>, need: Need) -> Result<Self, Faults> {
        Self::read(std::env::vars_os(), file, need)
    }

    /// Reads `environment` over `file`.
    ///
    /// # Errors
    ///
    /// [`Faults`]: every setting that cannot be used.
    pub fn read(
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        file: Option<&Path>,
        need: Need,
    ) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let values = source::collect(environment, file, &mut faults);
        let reader = Reader::new(values, faults);
        let settings = Self::from_reader(&reader, need);
        let (faults, _) = reader.finish();
        match settings {
            Some(settings) if faults.is_empty() => Ok(settings),
            Some(_) | None => Err(Faults(faults)),
        }
    }

    /// Every setting once; `None` only after a fault.
    fn from_reader(read: &Reader, need: Need) -> Option<Self> {
        read.refuse("OTEL_EXPORTER_OTLP_ENDPOINT");
        read.choice("STAMPEDE_IDENTITY");
        let listen = Listen::from_reader(read);
        let engine = Engine::from_reader(read, need);
        let access = Access::from_reader(read, need);
        let reconcile = ReconcileSettings::from_reader(read);
        Some(Self {
            listen,
            sales_max: read.whole("STAMPEDE_SALES_MAX"),
            migrate: read.whole::<u8>("STAMPEDE_MIGRATE") == 1,
            start_wait_max: read.seconds("STAMPEDE_START_WAIT_MAX_S"),
            retention_days: read.whole("STAMPEDE_RETENTION_DAYS"),
            access,
            requests: Requests {
                connections_max: read.whole("STAMPEDE_CONNECTIONS_MAX"),
                streams_max: read.whole("STAMPEDE_STREAMS_MAX"),
                head_max: read.millis("STAMPEDE_HEAD_MAX_MS"),
                keep_alive: read.seconds("STAMPEDE_KEEP_ALIVE_S"),
                body_max: read.whole("STAMPEDE_BODY_MAX_BYTES"),
            },
            coalescer: CoalescerLimits {
                batch_max: read.whole("STAMPEDE_BATCH_MAX"),
                in_flight_max: read.whole("STAMPEDE_BATCHES_IN_FLIGHT_MAX"),
                waiting_max: read.whole("STAMPEDE_WAITING_ATTEMPTS_MAX"),
            },
            lookups: LookupLimits {
                at_once_max: read.whole("STAMPEDE_LOOKUPS_AT_ONCE_MAX"),
                wait_max: read.millis("STAMPEDE_LOOKUP_MAX_MS"),
            },
            outbox: OutboxSettings::from_reader(read),
            stop: StopLimits {
                requests_max: read.seconds("STAMPEDE_STOP_REQUESTS_MAX_S"),
                outbox_max: read.seconds("STAMPEDE_STOP_OUTBOX_MAX_S"),
                engine_max: read.seconds("STAMPEDE_STOP_ENGINE_MAX_S"),
            },
            telemetry: TelemetrySettings::from_reader(read),
            engine: engine?,
            reconcile: reconcile?,
        })
    }
}

impl Listen {
    fn from_reader(read: &Reader) -> Self {
        Self {
            host: read.text("HOST").unwrap_or_default(),
            port: read.whole("PORT"),
            workers: Some(read.whole("STAMPEDE_HTTP_WORKERS")).filter(|&workers| workers > 0),
            background_threads: read.whole("STAMPEDE_BACKGROUND_THREADS"),
        }
    }
}

impl OutboxSettings {
    fn from_reader(read: &Reader) -> Self {
        Self {
            rows_max: read.whole("STAMPEDE_OUTBOX_ROWS_MAX"),
            wait: read.millis("STAMPEDE_OUTBOX_WAIT_MS"),
            take_over_after: read.millis("STAMPEDE_OUTBOX_TAKE_OVER_MS"),
            retry_max: read.millis("STAMPEDE_OUTBOX_RETRY_MAX_MS"),
            record: RecordLimits { tries_max: read.whole("STAMPEDE_RECORD_TRIES_MAX") },
        }
    }
}

impl ReconcileSettings {
    fn from_reader(read: &Reader) -> Option<Self> {
        let limits = ReconcileLimits {
            page: read.whole("STAMPEDE_RECONCILE_PAGE"),
            settled_after_ms: read.whole("STAMPEDE_RECONCILE_SETTLED_AFTER_MS"),
            waiting_max: read.whole("STAMPEDE_RECONCILE_WAITING_MAX"),
        };
        let schedule = read.parsed::<cron::Schedule>("STAMPEDE_RECONCILE_SCHEDULE");
        schedule.map(|schedule| Self { schedule, limits })
    }
}

impl TelemetrySettings {
    fn from_reader(read: &Reader) -> Self {
        read.parsed::<EnvFilter>("RUST_LOG");
        Self {
            levels: read.text("RUST_LOG").unwrap_or_default(),
            format: match read.choice("STAMPEDE_LOG_FORMAT") {
                "pretty" => LogFormat::Pretty,
                _ => LogFormat::Json,
            },
        }
    }
}

#[cfg(test)]
mod tests;
