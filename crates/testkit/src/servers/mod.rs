//! Real servers for tests: Redis, Postgres, a collector of traces and the binary itself.
//!
//! Where [`redis`] and [`postgres`] find a server, in this order: the address in
//! `STAMPEDE_TEST_REDIS_URL` / `STAMPEDE_TEST_DATABASE_URL`; the local programs, on a free
//! loopback port in a temporary folder; a container. `STAMPEDE_TEST_SERVERS=containers` goes
//! straight to the container. Without any of them the test fails and says what to install.
//!
//! These are shared by the tests of one process, and each call gets a part of its own: a prefix
//! of keys, an empty database. A test that stops, restarts or cuts a store takes [`OwnRedis`] or
//! [`OwnPostgres`], which are local and belong to it alone.
//!
//! Nothing outlives the test process, not even one that was killed: see [`scratch`] for the
//! folders and `child` for the programs.

mod child;
mod collector;
#[cfg(feature = "containers")]
mod container;
#[cfg(not(feature = "containers"))]
#[path = "no_container.rs"]
mod container;
mod copy;
mod held_commits;
mod host;
mod ledger_copy;
mod ledger_rows;
mod nginx;
mod outbox_left;
mod own_postgres;
mod own_redis;
mod port;
mod postgres;
mod programs;
mod prometheus;
mod proxy;
mod raw_insert;
mod redis;
mod scratch;
mod source;
mod stampede;
mod stampede_log;
mod until;

pub use collector::{Collector, SentSpan};
pub use held_commits::HeldCommits;
pub use host::{DiskFault, Host, Lost, Refused};
pub use ledger_copy::LedgerCopy;
pub use ledger_rows::{
    Counted, KeptRow, LedgerRow, dead_letters, execute, postgres_counted, postgres_differences,
    postgres_epoch, postgres_kept, postgres_rows, sqlite_counted, sqlite_differences, sqlite_kept,
    sqlite_rows,
};
pub use nginx::Nginx;
pub use outbox_left::OutboxLeft;
pub use own_postgres::{OwnPostgres, OwnPostgresOptions, TakenConnections};
pub use own_redis::{Fsync, OwnRedis, OwnRedisOptions};
pub use postgres::{TestDatabase, postgres};
pub use programs::version_of;
pub use prometheus::{Metric, Prometheus};
pub use proxy::{Bytes, Carried, Proxy, Way};
pub use raw_insert::{RawInsert, raw_insert};
pub use redis::{SharedRedis, connection, redis};
pub use scratch::scratch;
pub use stampede::{Ended, StampedeProcess, raise_file_limit, run_program};
pub use until::until;

/// Runs what blocks (starting a program, waiting for it) off the runtime's own threads.
///
/// A paused tokio clock does not run ahead while this is under way.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}
