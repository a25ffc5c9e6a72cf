//! The limits of the layers, as they are set.

use std::time::Duration;

use stampede_application::{
    CoalescerLimits,
    use_cases::{ConfirmLimits, LookupLimits, ReconcileLimits, RecordLimits},
};
use stampede_infrastructure::{postgres::PostgresLimits, queue::QueueLimits};
use stampede_presentation::HttpLimits;

use super::{Fault, reader::Reader};

/// How gate and ledger are compared.
#[derive(Clone, Debug)]
pub struct ReconcileSettings {
    /// When.
    pub schedule: cron::Schedule,
    /// What it may cost.
    pub limits: ReconcileLimits,
}

/// How long each step of a stop may take; requests and outbox have theirs with the web layer and
/// the workers, who keep them.
#[derive(Clone, Copy, Debug)]
pub struct StopLimits {
    /// Requests in flight, once streams have ended.
    pub requests_max: Duration,
    /// Handing back the outbox.
    pub outbox_max: Duration,
    /// Closing the engine.
    pub engine_max: Duration,
}

impl StopLimits {
    pub(super) fn from_reader(read: &Reader) -> Self {
        Self {
            requests_max: read.seconds("STAMPEDE_STOP_REQUESTS_MAX_S"),
            outbox_max: read.seconds("STAMPEDE_STOP_OUTBOX_MAX_S"),
            engine_max: read.seconds("STAMPEDE_STOP_ENGINE_MAX_S"),
        }
    }
}

impl ReconcileSettings {
    pub(super) fn from_reader(read: &Reader) -> Option<Self> {
        let limits = ReconcileLimits {
            page: read.whole("STAMPEDE_RECONCILE_PAGE_ROWS"),
            settled_after_ms: read.whole("STAMPEDE_RECONCILE_SETTLED_AFTER_MS"),
            waiting_max: read.whole("STAMPEDE_RECONCILE_WAITING_MAX"),
            sweep_rows: read.whole("STAMPEDE_RECONCILE_SWEEP_ROWS"),
            ..ReconcileLimits::default()
        };
        let schedule = read.parsed("STAMPEDE_RECONCILE_SCHEDULE", |text| text.parse().ok());
        schedule.map(|schedule| Self { schedule, limits })
    }
}

pub(super) fn http(read: &Reader) -> HttpLimits {
    HttpLimits {
        body_bytes_max: read.whole("STAMPEDE_BODY_BYTES_MAX"),
        uri_bytes_max: read.whole("STAMPEDE_URI_BYTES_MAX"),
        headers_max: read.whole("STAMPEDE_HEADERS_MAX"),
        header_bytes_max: read.whole("STAMPEDE_HEADER_BYTES_MAX"),
        connections_per_worker_max: read.whole("STAMPEDE_CONNECTIONS_PER_WORKER_MAX"),
        connections_per_address_max: read.whole("STAMPEDE_CONNECTIONS_PER_ADDRESS_MAX"),
        backlog: read.whole("STAMPEDE_BACKLOG_MAX"),
        head_timeout: read.millis("STAMPEDE_HEAD_TIMEOUT_MS"),
        body_timeout: read.millis("STAMPEDE_BODY_TIMEOUT_MS"),
        write_timeout: read.millis("STAMPEDE_WRITE_TIMEOUT_MS"),
        send_buffer_bytes: read.whole("STAMPEDE_SEND_BUFFER_BYTES"),
        keep_alive: read.seconds("STAMPEDE_KEEP_ALIVE_S"),
        stop_timeout: StopLimits::from_reader(read).requests_max,
        streams_max: read.whole("STAMPEDE_STREAMS_MAX"),
        sales_per_stream_max: read.whole("STAMPEDE_STREAM_SALES_MAX"),
        heartbeat_interval: read.seconds("STAMPEDE_STREAM_HEARTBEAT_S"),
        stock_update_interval: read.millis("STAMPEDE_STOCK_UPDATE_INTERVAL_MS"),
        stream_retry: read.millis("STAMPEDE_STREAM_RETRY_MS"),
    }
}

pub(super) fn coalescer(read: &Reader) -> CoalescerLimits {
    CoalescerLimits {
        batch_max: read.whole("STAMPEDE_BATCH_MAX"),
        in_flight_max: read.whole("STAMPEDE_BATCHES_IN_FLIGHT_MAX"),
        waiting_max: read.whole("STAMPEDE_WAITING_ATTEMPTS_MAX"),
        wait_target: read.millis("STAMPEDE_WAIT_TARGET_MS"),
        wait_interval: read.millis("STAMPEDE_WAIT_INTERVAL_MS"),
    }
}

pub(super) fn lookups(read: &Reader) -> LookupLimits {
    LookupLimits {
        at_once_max: read.whole("STAMPEDE_LOOKUPS_AT_ONCE_MAX"),
        wait_max: read.millis("STAMPEDE_LOOKUP_MAX_MS"),
    }
}

pub(super) fn confirm(read: &Reader) -> ConfirmLimits {
    ConfirmLimits {
        at_once_max: read.whole("STAMPEDE_CONFIRMS_AT_ONCE_MAX"),
        rows_max: read.whole("STAMPEDE_CONFIRM_ROWS_MAX"),
        waiting_max: read.whole("STAMPEDE_UNCONFIRMED_PURCHASES_MAX"),
        wait_max: read.millis("STAMPEDE_CONFIRM_MAX_MS"),
    }
}

pub(super) fn record(read: &Reader) -> RecordLimits {
    RecordLimits { tries_max: read.whole("STAMPEDE_RECORD_TRIES_MAX") }
}

pub(super) fn queue(read: &Reader) -> QueueLimits {
    let (backoff_min, backoff_max) =
        pauses(read, "STAMPEDE_OUTBOX_BACKOFF_MIN_MS", "STAMPEDE_OUTBOX_BACKOFF_MAX_MS");
    QueueLimits {
        rows_max: read.whole("STAMPEDE_OUTBOX_ROWS_MAX"),
        read_wait: read.millis("STAMPEDE_OUTBOX_READ_WAIT_MS"),
        claim_idle: read.millis("STAMPEDE_OUTBOX_CLAIM_IDLE_MS"),
        lag_max: read.millis("STAMPEDE_OUTBOX_LAG_MAX_MS"),
        backoff_min,
        backoff_max,
        stop_max: StopLimits::from_reader(read).outbox_max,
    }
}

pub(super) fn postgres(read: &Reader) -> PostgresLimits {
    // Postgres ends what is too long itself, as long as it is there.
    let (statement_timeout, answer_timeout) =
        pauses(read, "STAMPEDE_POSTGRES_STATEMENT_MAX_MS", "STAMPEDE_POSTGRES_ANSWER_MAX_MS");
    // A statement that is ended for its own length says nothing of the row that it waited for.
    let lock_timeout = read.millis("STAMPEDE_POSTGRES_LOCK_MAX_MS");
    if lock_timeout >= statement_timeout {
        let problem = "is not shorter than STAMPEDE_POSTGRES_STATEMENT_MAX_MS";
        let fault =
            Fault::other("STAMPEDE_POSTGRES_LOCK_MAX_MS", problem, "lower it or raise the other");
        read.fault(fault);
    }
    PostgresLimits {
        connections_max: read.whole("STAMPEDE_POSTGRES_CONNECTIONS_MAX"),
        acquire_timeout: read.millis("STAMPEDE_POSTGRES_ACQUIRE_MAX_MS"),
        answer_timeout,
        statement_timeout,
        lock_timeout,
        idle_transaction_timeout: read.millis("STAMPEDE_POSTGRES_IDLE_MAX_MS"),
        sales_max: read.whole("STAMPEDE_SALES_MAX"),
    }
}

/// Two times of which the first must not be longer.
pub(super) fn pauses(read: &Reader, min: &'static str, max: &'static str) -> (Duration, Duration) {
    let pauses = (read.millis(min), read.millis(max));
    if pauses.0 > pauses.1 {
        let problem = format!("is longer than {max}");
        read.fault(Fault::other(min, problem, "lower it or raise the other"));
    }
    pauses
}
