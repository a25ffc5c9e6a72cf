//! The write-ahead log, and how it comes into the file.
//!
//! SQLite copies and syncs the log in one call, for which whoever waits for the turn would wait as
//! well. Here it is done in two: nearly all of it without the turn, beside the buyers' purchases,
//! which the log takes meanwhile; and with the turn only what came in that time. The next write
//! then begins the log anew, if nobody still reads from it.

use std::{mem, sync::Arc};

use sqlx::SqliteConnection;
use stampede_application::ports::{Causes, PortError};
use tokio::task::spawn_blocking;

use super::{
    EmbeddedDatabase, STORE,
    failure::{is_failed_sync, unavailable},
};

/// Pages of the log (16 MiB) after which it is brought into the file. A page that was changed
/// often is copied once, so that more of them make it cheaper, and a start after a crash slower.
pub(super) const LOG_PAGES: u32 = 4_096;

/// How long the log is, without doing anything about it.
const LOOK: &str = "PRAGMA wal_checkpoint(NOOP)";
/// Copies what nobody reads in its older form, and waits for nobody. It syncs the file only if
/// nobody wrote meanwhile.
const COPY: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// The log as SQLite saw it when it was asked; of no length if somebody else was at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Log {
    pages: i64,
    /// Of these, as many as are in the file too.
    copied: i64,
}

impl EmbeddedDatabase {
    /// Brings the log into the file if it is long; for the port that has just committed, without
    /// the turn.
    ///
    /// Harmless if it is given up or fails: the log stays longer, and the next commit tries again.
    /// Only a failed sync is the end, of this and of the process.
    pub(super) async fn shorten_log(&self) {
        if let Err(error) = self.try_shorten_log().await {
            tracing::warn!(error = %Causes(&error), "the log was not brought into the file");
        }
    }

    async fn try_shorten_log(&self) -> Result<(), PortError> {
        if self.fatal().is_cancelled() {
            return Ok(());
        }
        let mut connection = self.writer().acquire().await.map_err(unavailable)?;
        let log = ask(&mut connection, LOOK).await.map_err(unavailable)?;
        if log.pages < LOG_PAGES.into() {
            return Ok(());
        }
        let brought = self.bring_in(&mut connection).await;
        if self.fatal().is_cancelled() {
            // Pages that a failed sync has lost are in the log alone, though SQLite counts them
            // among those in the file. It removes a log with the last connection, which this is
            // then: a start reads all of the log anew.
            mem::forget(connection.detach());
        }
        brought
    }

    async fn bring_in(&self, connection: &mut SqliteConnection) -> Result<(), PortError> {
        let log = self.copy(connection).await?;
        // Else somebody reads, and what comes meanwhile would be too much for a turn.
        if log.pages < 0 || log.copied < log.pages {
            return Ok(());
        }
        self.sync_file().await?;
        let _turn = self.turn_in_time().await?;
        self.copy(connection).await.map(drop)
    }

    async fn copy(&self, connection: &mut SqliteConnection) -> Result<Log, PortError> {
        let log = ask(connection, COPY).await;
        if log.as_ref().is_err_and(is_failed_sync) {
            self.fatal().cancel();
        }
        log.map_err(unavailable)
    }

    /// Syncs what was copied, so that little is left to sync in the turn.
    async fn sync_file(&self) -> Result<(), PortError> {
        let inner = Arc::clone(&self.inner);
        let synced = spawn_blocking(move || inner.file.sync_data()).await;
        let synced = synced.map_err(|ended| PortError::unavailable(STORE, ended))?;
        synced.map_err(|error| {
            self.fatal().cancel();
            PortError::unavailable(STORE, error)
        })
    }
}

async fn ask(connection: &mut SqliteConnection, statement: &'static str) -> sqlx::Result<Log> {
    let said: (i64, i64, i64) = sqlx::query_as(statement).fetch_one(connection).await?;
    let (_is_busy, pages, copied) = said;
    Ok(Log { pages, copied })
}

#[cfg(test)]
mod tests {
    use std::{fs::File, path::Path, sync::Arc};

    use sqlx::ConnectOptions;
    use tempfile::TempDir;
    use tokio::task::yield_now;

    use super::*;

    /// A purchase of 256 pages.
    const SELL: &str = "INSERT INTO sold VALUES (zeroblob(1048576))";

    /// A folder, and the gate's way to write into it.
    struct Fixture {
        database: EmbeddedDatabase,
        journal: SqliteConnection,
        folder: TempDir,
    }

    async fn fixture() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let database = EmbeddedDatabase::open(folder.path()).await.unwrap();
        let mut journal = database.journal_options().connect().await.unwrap();
        sqlx::query("CREATE TABLE sold (body BLOB)").execute(&mut journal).await.unwrap();
        Fixture { database, journal, folder }
    }

    async fn sell(journal: &mut SqliteConnection, times: u32) {
        for _ in 0..times {
            sqlx::query(SELL).execute(&mut *journal).await.unwrap();
        }
    }

    async fn record(database: &EmbeddedDatabase) {
        let mut recording = database.write().await.unwrap();
        sqlx::query("INSERT INTO voided VALUES (hex(randomblob(8)), x'', '', 0)")
            .execute(&mut *recording.transaction)
            .await
            .unwrap();
        recording.commit().await.unwrap();
    }

    fn log_bytes(folder: &Path) -> u64 {
        folder.join("stampede.db-wal").metadata().unwrap().len()
    }

    #[tokio::test]
    async fn whoever_records_brings_a_long_log_in_and_the_next_purchase_begins_it_anew() {
        let Fixture { database, mut journal, folder } = fixture().await;
        sell(&mut journal, 10).await;
        record(&database).await;
        let short = ask(&mut journal, LOOK).await.unwrap();
        assert!(short.pages > 2_560 && short.copied == 0, "it is not long: {short:?}");
        sell(&mut journal, 10).await;
        record(&database).await;
        let long = ask(&mut journal, LOOK).await.unwrap();
        assert!(long.pages > LOG_PAGES.into() && long.copied == long.pages, "{long:?}");
        let grown = log_bytes(folder.path());
        sell(&mut journal, 1).await;
        let anew = ask(&mut journal, LOOK).await.unwrap();
        assert!(anew.pages < 300 && anew.copied == 0, "{anew:?}");
        assert_eq!(log_bytes(folder.path()), grown, "what was in the log has made room");
    }

    #[tokio::test]
    async fn the_journal_brings_it_in_before_it_is_without_bound() {
        let Fixture { database: _database, mut journal, folder } = fixture().await;
        sell(&mut journal, 80).await;
        let bytes = log_bytes(folder.path());
        assert!((64 << 20..66 << 20).contains(&bytes), "{bytes}");
    }

    #[tokio::test]
    async fn purchases_are_written_while_the_log_comes_in_and_come_in_with_it() {
        let Fixture { database, mut journal, folder: _folder } = fixture().await;
        sell(&mut journal, 20).await;
        let turn = database.turn().clone().lock_owned().await;
        let before = ask(&mut journal, LOOK).await.unwrap();
        let buying = async {
            while ask(&mut journal, LOOK).await.unwrap().copied < before.pages {
                yield_now().await;
            }
            sell(&mut journal, 1).await;
            drop(turn);
            journal
        };
        let shortening = database.shorten_log();
        tokio::pin!(buying, shortening);
        let mut journal = tokio::select! {
            journal = &mut buying => journal,
            () = &mut shortening => panic!("it did nothing without the turn"),
        };
        shortening.await;
        let after = ask(&mut journal, LOOK).await.unwrap();
        assert!(after.pages > 0 && after.copied == after.pages, "{after:?}");
    }

    #[tokio::test]
    async fn whoever_still_reads_an_older_form_keeps_nobody_waiting() {
        let Fixture { database, mut journal, folder: _folder } = fixture().await;
        let mut reading = database.readers().begin().await.unwrap();
        sqlx::query("SELECT * FROM voided").fetch_optional(&mut *reading).await.unwrap();
        sell(&mut journal, 20).await;
        let turn = database.turn().clone().lock_owned().await;
        database.shorten_log().await;
        drop((reading, turn));
        let log = ask(&mut journal, LOOK).await.unwrap();
        assert!(log.copied < log.pages, "{log:?}");
        record(&database).await;
        let log = ask(&mut journal, LOOK).await.unwrap();
        assert_eq!(log.copied, log.pages);
    }

    #[tokio::test]
    async fn a_log_of_which_a_sync_failed_is_kept_and_the_process_must_not_go_on() {
        let Fixture { mut database, mut journal, folder } = fixture().await;
        // Of a device nothing can be synced.
        Arc::get_mut(&mut database.inner).unwrap().file = File::open("/dev/null").unwrap();
        sell(&mut journal, 20).await;
        record(&database).await;
        assert!(database.fatal().is_cancelled());
        // Other than by a failure, the last connection takes the log with it.
        let grown = log_bytes(folder.path());
        drop(journal);
        database.close().await;
        assert_eq!(log_bytes(folder.path()), grown);
    }
}
