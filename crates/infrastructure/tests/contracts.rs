//! The contract suite of each port, run over each of its adapters and real stores.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "contracts/embedded.rs"]
mod embedded_engine;
#[path = "contracts/embedded_records.rs"]
mod embedded_records;
#[path = "contracts/newer_runs.rs"]
mod newer_runs;
#[path = "contracts/postgres_commit.rs"]
mod postgres_commit;
#[path = "contracts/postgres_records.rs"]
mod postgres_records;
#[path = "contracts/postgres_restore.rs"]
mod postgres_restore;
#[path = "contracts/postgres_silence.rs"]
mod postgres_silence;
#[path = "contracts/price_columns.rs"]
mod price_columns;
#[path = "contracts/redis.rs"]
mod redis_engine;
