//! The engine's task: take what queued, decide it, write it by one sync, then answer.

use std::{mem, time::Duration};

use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};
use stampede_application::ports::{Causes, PortError};
use tokio::{
    sync::{mpsc, watch},
    time::{self, Instant},
};
use tokio_util::sync::CancellationToken;

use super::{
    command::{Answer, Asking, Command},
    group::{Body, Group, Over, Row},
    load::Loader,
    memory::Memory,
};
use crate::embedded::{STORE, failure::unavailable};

/// How long the engine waits for the turn to write before it says that it cannot.
const TURN_WAIT_MAX: Duration = Duration::from_secs(5);
/// How long a gate that could not be made anew is left alone before it is tried again.
const RECOVERY_PAUSE: Duration = Duration::from_secs(1);
/// Rows of a statement that is kept prepared: a group seldom has more, being one row a sale and one
/// a change, and to keep a statement of every length would cost more than to prepare it again.
const ROWS_KEPT_MAX: usize = 16;
/// A statement of one row.
const INSERT_ROW: &str = "INSERT INTO journal (id, generation, weight, body) VALUES (?, ?, ?, ?)";
/// SQLite's extended codes for a sync of a file or folder that failed.
const FAILED_SYNC_CODES: [&str; 2] = ["1034", "1290"];

/// The task that owns the gate's state; nothing else touches it, so nothing is locked.
pub(super) struct Task {
    pub(super) commands: mpsc::Receiver<Command>,
    /// Commands that go into one sync at most.
    pub(super) group_max: usize,
    pub(super) loader: Loader,
    /// The journal's own connection, opened anew after a failure.
    pub(super) connection: Option<SqliteConnection>,
    /// `None` after a failure, until it could be made anew.
    pub(super) memory: Option<Memory>,
    /// What is decided and not yet written.
    pub(super) group: Group,
    /// The id of the last row that is synced, for those who wait for rows.
    pub(super) written: watch::Sender<i64>,
    /// Ends the task once everything that has queued is answered.
    pub(super) stop: CancellationToken,
    /// Cancelled when a sync failed: the process must not go on.
    pub(super) fatal: CancellationToken,
    /// When a gate that could not be made anew may be tried again.
    pub(super) retry_at: Option<Instant>,
}

impl Task {
    /// Runs until it is told to stop, or nobody can ask any more.
    pub(super) async fn run(mut self) {
        let mut queued = Vec::with_capacity(self.group_max);
        loop {
            let stopping = self.commands.is_closed();
            let taken = tokio::select! {
                taken = self.commands.recv_many(&mut queued, self.group_max) => taken,
                () = self.stop.cancelled(), if !stopping => {
                    self.commands.close();
                    continue;
                }
            };
            if taken == 0 {
                return;
            }
            self.answer(&mut queued).await;
        }
    }

    /// Decides and answers all of `queued`, in order, with one sync unless the database must be
    /// asked for a sale in between.
    async fn answer(&mut self, queued: &mut Vec<Command>) {
        let mut rest = mem::take(queued).into_iter();
        let mut refusal = self.recover().await.err();
        while refusal.is_none()
            && let Some(command) = rest.next()
        {
            let Some(memory) = &mut self.memory else { break };
            if let Some(asking) = memory.apply(command, &mut self.group) {
                refusal = self.settle().await.err();
                match refusal.clone() {
                    None => self.ask(asking).await,
                    Some(error) => asking.tell(Err(error)),
                }
            }
        }
        if refusal.is_none() {
            refusal = self.settle().await.err();
        }
        if let Some(error) = refusal {
            rest.for_each(|command| command.refuse(error.clone()));
            while let Ok(command) = self.commands.try_recv() {
                command.refuse(error.clone());
            }
        }
    }

    /// Writes the group by one sync and tells its answers, or that we do not know.
    async fn settle(&mut self) -> Result<(), PortError> {
        let last_id = self.group.last_id();
        let group = mem::replace(&mut self.group, Group::after(last_id));
        let has_rows = !group.rows.is_empty();
        let written = match group.fault {
            Some(fault) => Err(fault),
            None if !has_rows && group.over.is_empty() => Ok(()),
            None => self.write(group.rows, &group.over).await,
        };
        if let Err(error) = &written {
            tracing::error!(
                error = %Causes(error),
                "the journal was not written: the gate is made anew"
            );
            // What was decided may or may not be in the journal: only reading it tells.
            self.memory = None;
            self.connection = None;
        } else if has_rows {
            self.written.send_replace(last_id);
        }
        tell(group.answers, &written);
        written
    }

    /// One statement, and so one transaction and one sync, whatever the number of rows; and one for
    /// each sale that has come to its end.
    async fn write(&mut self, rows: Vec<Row>, over: &[Over]) -> Result<(), PortError> {
        let database = &self.loader.database;
        // Only this wait is bounded: a statement that was given up might still be done later,
        // behind the back of a gate that was made anew without it.
        let turn = time::timeout(TURN_WAIT_MAX, database.turn().lock());
        let _turn = turn.await.map_err(|late| PortError::unavailable(STORE, late))?;
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none @ None => {
                none.insert(database.journal_options().connect().await.map_err(unavailable)?)
            }
        };
        let written = write(connection, rows, over).await;
        if written.as_ref().is_err_and(is_failed_sync) {
            self.fatal.cancel();
        }
        written.map_err(unavailable)
    }

    /// Makes the gate anew if it was dropped.
    async fn recover(&mut self) -> Result<(), PortError> {
        if self.memory.is_some() {
            return Ok(());
        }
        if self.retry_at.is_some_and(|at| Instant::now() < at) {
            return Err(PortError::unavailable(STORE, "the gate could not be made anew yet"));
        }
        match self.loader.everything().await {
            Ok(memory) => {
                self.memory = Some(memory);
                self.retry_at = None;
                Ok(())
            }
            Err(error) => {
                self.retry_at = Some(Instant::now() + RECOVERY_PAUSE);
                Err(error)
            }
        }
    }

    /// Reads a sale anew and answers; everything before it is written and answered.
    async fn ask(&mut self, asking: Asking) {
        let Some(memory) = &mut self.memory else { return };
        let read = self.loader.one(asking.id(), memory).await;
        let snapshot = read.and_then(|()| memory.snapshot(asking.id()));
        asking.tell(snapshot);
    }
}

async fn write(
    connection: &mut SqliteConnection,
    rows: Vec<Row>,
    over: &[Over],
) -> Result<(), sqlx::Error> {
    for Over { generation, at } in over {
        sqlx::query(
            "UPDATE sales SET over_at = max(coalesce(over_at, ?2), ?2) WHERE generation = ?1",
        )
        .bind(generation.0)
        .bind(at.millis())
        .execute(&mut *connection)
        .await?;
    }
    if rows.is_empty() {
        return Ok(());
    }
    let statement = format!("{INSERT_ROW}{}", ", (?, ?, ?, ?)".repeat(rows.len() - 1));
    let is_kept = rows.len() <= ROWS_KEPT_MAX;
    let mut insert = sqlx::query(AssertSqlSafe(statement)).persistent(is_kept);
    for Row { id, generation, weight, body } in rows {
        insert = insert.bind(id).bind(generation.0).bind(weight);
        insert = match body {
            Body::Purchases(_, bytes) => insert.bind(bytes),
            Body::Change(text) => insert.bind(text),
        };
    }
    insert.execute(connection).await.map(drop)
}

fn tell(answers: Vec<Answer>, written: &Result<(), PortError>) {
    for answer in answers {
        answer.tell(written.clone());
    }
}

/// Whether a sync failed: the system may have dropped what it could not write, and would say that
/// all is well the next time it is asked.
fn is_failed_sync(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| FAILED_SYNC_CODES.contains(&code.as_ref()))
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, error::Error, fmt};

    use sqlx::error::{DatabaseError, ErrorKind};

    use super::*;

    /// What SQLite says with that extended code; a disk that fails is not to be had in a test.
    #[derive(Debug)]
    struct Said(&'static str);

    impl fmt::Display for Said {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Said {}

    impl DatabaseError for Said {
        fn message(&self) -> &str {
            self.0
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }

        fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[test]
    fn a_failed_sync_is_told_from_a_full_disk() {
        let is_fatal = |code| is_failed_sync(&sqlx::Error::Database(Box::new(Said(code))));
        // SQLITE_IOERR_FSYNC and SQLITE_IOERR_DIR_FSYNC.
        assert!(is_fatal("1034") && is_fatal("1290"));
        // SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_BUSY.
        assert!(!is_fatal("13") && !is_fatal("778") && !is_fatal("5"));
        assert!(!is_failed_sync(&sqlx::Error::PoolClosed));
    }
}
