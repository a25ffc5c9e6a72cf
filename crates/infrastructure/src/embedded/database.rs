//! The database file of the embedded engine, and who may open it.

use std::{
    error::Error,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process,
    sync::Arc,
    time::Duration,
};

use sqlx::{
    Connection, Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use stampede_application::ports::PortError;
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time,
};
use tokio_util::sync::CancellationToken;

use super::{
    STORE,
    failure::{is_failed_sync, unavailable},
    log::LOG_PAGES,
};

/// Connections that read, of all ports together.
const READERS_MAX: u32 = 4;
/// KiB of pages that the connection of the ports keeps: those of the newest purchases, of which a
/// commit reads and changes several a purchase.
const WRITER_CACHE_KIB: i64 = 16 * 1_024;
/// Pages of the log (64 MiB) after which a commit of the gate's journal brings them into the file,
/// for which its buyers would wait: it is left to those who record what was sold, and nothing but
/// selling makes the log grow. This is for the time in which they do not get to it.
const JOURNAL_LOG_PAGES: u32 = 4 * LOG_PAGES;
/// How long a statement waits for another connection's write before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a caller waits for its turn before it is told that the store is unavailable.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a caller waits for a connection before it is told that the store is unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Begins a transaction that its commit syncs. Both say how it is, so that none is begun as the
/// last one was.
const BEGIN_SYNCED: &str = "PRAGMA synchronous = FULL; BEGIN IMMEDIATE";
/// Begins one that the next synced commit syncs along, whoever's that is.
const BEGIN_UNSYNCED: &str = "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";

/// Why a data folder could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it: two gates over one journal would sell the same units.
    #[error("{} is in use by the process with the id {pid}", folder.display())]
    Taken {
        /// The folder.
        folder: PathBuf,
        /// What the first process wrote into its lock file.
        pid: String,
    },
    /// The folder or its lock file cannot be made or written.
    #[error("{} cannot be used as a data folder", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database cannot be opened or brought up to date.
    #[error("the database in {} cannot be opened", folder.display())]
    Database {
        /// The folder.
        folder: PathBuf,
        /// What SQLite said.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// The open database of one data folder, which no other process can open meanwhile.
///
/// Write-ahead log with `synchronous=FULL`: what is committed survives power loss. Cheap to
/// clone; the folder is let go when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct EmbeddedDatabase {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    /// One connection: SQLite has one writer, and queueing for it here is fair.
    writer: SqlitePool,
    /// Readers see the last commit and neither wait for the writer nor hold it up.
    readers: SqlitePool,
    /// How this file is opened, for connections of the gate's own.
    options: SqliteConnectOptions,
    /// Which of the ports has their one connection; held until the log is in the file again, so
    /// that who waits for that has not the turn meanwhile.
    port: Arc<Mutex<()>>,
    /// Whose turn it is to write, a port's or the gate's; held across one transaction.
    turn: Arc<Mutex<()>>,
    /// Whose turn it is to change a sale's definition; held across a whole PUT.
    definitions: Arc<Mutex<()>>,
    /// Cancelled when a sync failed.
    fatal: CancellationToken,
    /// The database file, to be synced beside SQLite; open for as long as SQLite has it, since the
    /// system lets go of all of a process's locks of a file when the process closes it once.
    pub(super) file: File,
    /// Keeps other processes out until it is closed; the system closes it if we die.
    _lock: File,
}

impl EmbeddedDatabase {
    /// The file inside the data folder.
    pub const FILE: &str = "stampede.db";
    /// The lock inside the data folder; holds the id of the process that has it.
    pub const LOCK_FILE: &str = "stampede.lock";

    /// Opens the database in `folder`, creating both, and brings its tables up to date.
    ///
    /// # Errors
    ///
    /// [`OpenError::Taken`] names the process that has the folder; the others keep their cause.
    pub async fn open(folder: &Path) -> Result<Self, OpenError> {
        let refused = |source| OpenError::Folder { folder: folder.into(), source };
        fs::create_dir_all(folder).map_err(refused)?;
        let lock = take_lock(folder)?;
        let options = SqliteConnectOptions::new()
            .filename(folder.join(Self::FILE))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // Each purchase would look for its sale, whose row the same transaction has just read;
            // and no row of sales is ever deleted, a deleted sale being a tombstone.
            .foreign_keys(false)
            .busy_timeout(BUSY_TIMEOUT)
            // A statement of many rows keeps the pages that it changes for the case that a row is
            // refused: in memory, where that needs no file and no room elsewhere.
            .pragma("temp_store", "memory");
        let writing = options
            .clone()
            .pragma("cache_size", (-WRITER_CACHE_KIB).to_string())
            // Whoever commits brings the log in, after the turn.
            .pragma("wal_autocheckpoint", "0");
        let writer = pool(1).connect_lazy_with(writing);
        let database = |source: Box<dyn Error + Send + Sync>| OpenError::Database {
            folder: folder.into(),
            source,
        };
        sqlx_macros::migrate!("../../migrations/sqlite")
            .run(&writer)
            .await
            .map_err(|error| database(error.into()))?;
        let file = OpenOptions::new().read(true).write(true).open(folder.join(Self::FILE));
        let readers = pool(READERS_MAX).connect_lazy_with(options.clone().read_only(true));
        Ok(Self {
            inner: Arc::new(Inner {
                writer,
                readers,
                options,
                port: Arc::default(),
                turn: Arc::default(),
                definitions: Arc::default(),
                fatal: CancellationToken::new(),
                file: file.map_err(refused)?,
                _lock: lock,
            }),
        })
    }

    /// The one connection that writes for the ports; take a [`turn`](Self::turn) first.
    #[must_use]
    pub fn writer(&self) -> &SqlitePool {
        &self.inner.writer
    }

    /// Connections that only read, and see every commit that was answered before.
    #[must_use]
    pub fn readers(&self) -> &SqlitePool {
        &self.inner.readers
    }

    /// How the gate opens this file for its journal.
    #[must_use]
    pub fn journal_options(&self) -> SqliteConnectOptions {
        self.inner.options.clone().pragma("wal_autocheckpoint", JOURNAL_LOG_PAGES.to_string())
    }

    /// The turn to write, first come first served, to be held across one transaction.
    ///
    /// SQLite itself lets a second writer wait by asking again after longer and longer naps;
    /// whoever writes through a connection of its own takes a turn here instead.
    #[must_use]
    pub fn turn(&self) -> &Arc<Mutex<()>> {
        &self.inner.turn
    }

    /// Begins a transaction that writes, when the caller's turn has come; the turn ends with it.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] if the turn does not come in time or the file is not writable.
    pub(super) async fn write(&self) -> Result<Writing, PortError> {
        self.begin(BEGIN_SYNCED).await
    }

    /// The same for what a power loss may undo, until another transaction is committed and synced:
    /// it is not synced for itself, so that buyers do not wait for that.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] if the turn does not come in time or the file is not writable.
    pub(super) async fn write_unsynced(&self) -> Result<Writing, PortError> {
        self.begin(BEGIN_UNSYNCED).await
    }

    async fn begin(&self, statement: &'static str) -> Result<Writing, PortError> {
        let port = within_turn(&self.inner.port).await?;
        let turn = self.turn_in_time().await?;
        let transaction = self.inner.writer.begin_with(statement).await;
        let transaction = transaction.map_err(unavailable)?;
        Ok(Writing { transaction, turn, _port: port, database: self.clone() })
    }

    /// The [`turn`](Self::turn), if it comes in time.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] if it does not.
    pub(super) async fn turn_in_time(&self) -> Result<OwnedMutexGuard<()>, PortError> {
        within_turn(&self.inner.turn).await
    }

    /// Cancelled when a sync failed: what the system says of the disk is not to be believed any
    /// more, so that the process must not go on. The server then exits with 1.
    #[must_use]
    pub fn fatal(&self) -> &CancellationToken {
        &self.inner.fatal
    }

    /// The turn to change a definition, to be held across a whole PUT.
    ///
    /// Apart from [`turn`](Self::turn), because whoever holds it waits for the gate, and the gate
    /// writes its journal into the same file meanwhile.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] if the turn does not come in time.
    pub(super) async fn definition_turn(&self) -> Result<OwnedMutexGuard<()>, PortError> {
        within_turn(&self.inner.definitions).await
    }

    /// Closes all connections of the pools, so that the file is left as one, without a log beside.
    pub async fn close(&self) {
        self.inner.readers.close().await;
        self.inner.writer.close().await;
    }
}

/// A transaction that writes, and the turn that it was begun in.
pub(super) struct Writing {
    // Dropped in this order: what was not committed is rolled back before the next turn begins.
    pub(super) transaction: Transaction<'static, Sqlite>,
    turn: OwnedMutexGuard<()>,
    _port: OwnedMutexGuard<()>,
    database: EmbeddedDatabase,
}

impl Writing {
    /// Commits, and syncs if it was begun so; ends the turn, and brings the log into the file if it
    /// is long.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] leaves open whether it is committed.
    pub(super) async fn commit(self) -> Result<(), PortError> {
        let Self { transaction, turn, _port, database } = self;
        let committed = transaction.commit().await;
        drop(turn);
        if committed.as_ref().is_err_and(is_failed_sync) {
            database.fatal().cancel();
        }
        committed.map_err(unavailable)?;
        database.shorten_log().await;
        Ok(())
    }
}

async fn within_turn(turn: &Arc<Mutex<()>>) -> Result<OwnedMutexGuard<()>, PortError> {
    let waiting = time::timeout(TURN_TIMEOUT, Arc::clone(turn).lock_owned());
    waiting.await.map_err(|elapsed| PortError::unavailable(STORE, elapsed))
}

/// A pool of connections that are kept and not tested: the file does not go away.
///
/// But one that still counts a transaction as begun is closed and not handed out again: where a
/// disk is full or fails, SQLite rolls back by itself, the rollback that follows is refused, and
/// the connection could begin none for ever.
fn pool(connections_max: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(|connection, _| {
            let is_free = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_free) })
        })
}

/// Locks the folder for this process and writes its id; the lock ends with the returned file.
fn take_lock(folder: &Path) -> Result<File, OpenError> {
    let refused = |source| OpenError::Folder { folder: folder.into(), source };
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(folder.join(EmbeddedDatabase::LOCK_FILE))
        .map_err(refused)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid).map_err(refused)?;
            return Err(OpenError::Taken { folder: folder.into(), pid: pid.trim().into() });
        }
        Err(TryLockError::Error(source)) => return Err(refused(source)),
    }
    file.set_len(0).map_err(refused)?;
    file.seek(SeekFrom::Start(0)).map_err(refused)?;
    writeln!(file, "{}", process::id()).map_err(refused)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use sqlx::ConnectOptions;

    use super::*;

    #[tokio::test]
    async fn a_second_opening_is_refused_and_names_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("deep/data");
        let first = EmbeddedDatabase::open(&data).await.unwrap();
        let refusal = EmbeddedDatabase::open(&data).await.unwrap_err();
        assert!(refusal.to_string().ends_with(&process::id().to_string()), "{refusal}");
        first.close().await;
        drop(first);
        EmbeddedDatabase::open(&data).await.unwrap();
    }

    #[tokio::test]
    async fn a_transaction_that_sqlite_ended_by_itself_is_followed_by_others() {
        let folder = tempfile::tempdir().unwrap();
        let database = EmbeddedDatabase::open(folder.path()).await.unwrap();
        let mut writing = database.write().await.unwrap();
        // As SQLite does by itself where the disk has no room or fails.
        sqlx::query("ROLLBACK").execute(&mut *writing.transaction).await.unwrap();
        drop(writing);
        database.write().await.unwrap().commit().await.unwrap();
    }

    #[tokio::test]
    async fn what_is_committed_is_synced_and_readers_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let database = EmbeddedDatabase::open(folder.path()).await.unwrap();
        let synchronous: i64 =
            sqlx::query_scalar("PRAGMA synchronous").fetch_one(database.writer()).await.unwrap();
        assert_eq!(synchronous, 2, "2 is FULL");
        let journal: String =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(database.writer()).await.unwrap();
        assert_eq!(journal, "wal");
        let write = sqlx::query("DELETE FROM voided").execute(database.readers()).await;
        assert!(write.is_err());
    }

    #[tokio::test]
    async fn what_waits_in_the_journal_moves_as_it_is_when_entries_become_bytes() {
        let memory = SqliteConnectOptions::new();
        let mut connection = memory.connect().await.unwrap();
        let ledger = include_str!("../../../../migrations/sqlite/0001_ledger.sql");
        let journal = include_str!("../../../../migrations/sqlite/0002_journal.sql");
        let packed = include_str!("../../../../migrations/sqlite/0005_packed_journal.sql");
        let waits = "INSERT INTO journal VALUES (7, x'01', 2, '{\"format\":1}')";
        let joins = "INSERT INTO journal VALUES (8, x'01', 3, x'02ff')";
        for statements in [ledger, journal, waits, packed, joins] {
            sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
        }
        let rows: Vec<(i64, i64, Vec<u8>)> =
            sqlx::query_as("SELECT id, weight, body FROM journal WHERE generation = x'01'")
                .fetch_all(&mut connection)
                .await
                .unwrap();
        assert_eq!(rows, [(7, 2, br#"{"format":1}"#.to_vec()), (8, 3, vec![2, 255])]);
    }

    #[tokio::test]
    async fn what_a_power_loss_may_undo_is_not_synced_for_itself_and_all_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let database = EmbeddedDatabase::open(folder.path()).await.unwrap();
        for (is_synced, level) in [(false, 1), (true, 2), (false, 1)] {
            let begun =
                if is_synced { database.write().await } else { database.write_unsynced().await };
            let mut writing = begun.unwrap();
            let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
                .fetch_one(&mut *writing.transaction)
                .await
                .unwrap();
            assert_eq!(synchronous, level, "1 is NORMAL, 2 is FULL");
            writing.commit().await.unwrap();
        }
    }
}
