//! The settings: read once at start, every fault reported at once.
//!
//! Architecture invariant: this is the only place that reads the environment.

mod access;
mod engine;
mod env_example;
mod fault;
mod limits;
mod reader;
mod setting;
mod source;
pub mod table;
mod telemetry;

use std::{ffi::OsString, path::Path, time::Duration};

use stampede_application::{
    CoalescerLimits,
    use_cases::{ConfirmLimits, LookupLimits},
};
use stampede_domain::Acknowledgement;
use stampede_infrastructure::queue::QueueLimits;
use stampede_presentation::HttpLimits;

pub use access::Access;
pub use engine::{EmbeddedSettings, Engine, RedisAndPostgres};
pub use env_example::env_example;
pub use fault::{Fault, Faults};
pub use limits::{ReconcileSettings, StopLimits};
use reader::Reader;
pub use setting::{Kind, Setting};
pub use telemetry::{LogFormat, TelemetrySettings, TraceSettings};

/// All that may be set.
#[derive(Debug)]
pub struct Settings {
    /// Where to listen.
    pub listen: Listen,
    /// The engine and its stores.
    pub engine: Engine,
    /// Whether the tables of Postgres are brought up to date at start.
    pub migrate: bool,
    /// How long the start waits for a store that does not answer.
    pub start_wait_max: Duration,
    /// How long the archive keeps purchases of deleted sales, in days.
    pub retention_days: u32,
    /// Who may do what, and how often.
    pub access: Access,
    /// What a request, a connection or a stream may take.
    pub http: HttpLimits,
    /// What every answer that names a purchase must have survived.
    pub acknowledge: Acknowledgement,
    /// What one worker's coalescer may hold.
    pub coalescer: CoalescerLimits,
    /// What looking up unknown skus may cost.
    pub lookups: LookupLimits,
    /// How purchases reach the ledger.
    pub queue: QueueLimits,
    /// What confirming purchases before they are answered may cost.
    pub confirm: ConfirmLimits,
    /// How often the ledger may refuse a purchase.
    pub record: stampede_application::use_cases::RecordLimits,
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
        let reader = Reader::new(source::collect(environment, file));
        let settings = Self::from_reader(&reader, need);
        let (faults, _) = reader.finish();
        match settings {
            Some(settings) if faults.is_empty() => Ok(settings),
            Some(_) | None => Err(Faults(faults)),
        }
    }

    /// Reads every setting once; `None` only after a fault.
    fn from_reader(read: &Reader, need: Need) -> Option<Self> {
        read.choice("STAMPEDE_IDENTITY");
        let engine = Engine::from_reader(read, need);
        let reconcile = ReconcileSettings::from_reader(read);
        Some(Self {
            listen: Listen::from_reader(read),
            migrate: read.whole::<u8>("STAMPEDE_MIGRATE") == 1,
            start_wait_max: read.seconds("STAMPEDE_START_WAIT_MAX_S"),
            retention_days: read.whole("STAMPEDE_RETENTION_DAYS"),
            access: Access::from_reader(read, need),
            http: limits::http(read),
            acknowledge: engine::acknowledge(read),
            coalescer: limits::coalescer(read),
            confirm: limits::confirm(read),
            lookups: limits::lookups(read),
            queue: limits::queue(read),
            record: limits::record(read),
            stop: StopLimits::from_reader(read),
            telemetry: TelemetrySettings::from_reader(read),
            engine: engine?,
            reconcile: reconcile?,
        })
    }
}

impl Listen {
    /// Threads that will answer requests.
    #[must_use]
    pub fn workers_or_one_a_core(&self) -> usize {
        /// As many as the web library has.
        const WORKERS_MAX: usize = 512;
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.workers.unwrap_or_else(cores).min(WORKERS_MAX)
    }

    fn from_reader(read: &Reader) -> Self {
        Self {
            host: read.text("HOST").unwrap_or_default(),
            port: read.whole("PORT"),
            workers: Some(read.whole("STAMPEDE_HTTP_WORKERS")).filter(|&workers| workers > 0),
            background_threads: read.whole("STAMPEDE_BACKGROUND_THREADS"),
        }
    }
}

#[cfg(test)]
mod tests;
