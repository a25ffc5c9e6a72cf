//! What befalls a Postgres besides its end.

use std::{fs, str::FromStr};

use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection, PgConnection, error::DatabaseError, postgres::PgConnectOptions};

use super::{OwnPostgres, START_LIMIT};
use crate::servers::{
    blocking,
    child::{RunAs, command, run},
    ledger_rows::execute,
    programs,
    until::until,
};

/// By which the sessions of [`TakenConnections`] are known.
const TAKEN: &str = "taken";
/// What a server says that has no connection left.
const TOO_MANY_CONNECTIONS: &str = "53300";

/// Every connection that a Postgres has to give, until this is dropped.
#[derive(Debug)]
pub struct TakenConnections(Vec<PgConnection>);

impl TakenConnections {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl OwnPostgres {
    /// Stops it and every session in the middle of whatever they do: connections stay open, new
    /// ones are made by the system, and nothing answers.
    pub fn freeze(&self) {
        // The parent first, which would else start others meanwhile.
        self.child.signal(Signal::STOP);
        self.signal_sessions(Signal::STOP);
    }

    /// Lets a frozen one go on.
    pub fn thaw(&self) {
        self.signal_sessions(Signal::CONT);
        self.child.signal(Signal::CONT);
    }

    /// Takes every connection that it has to give, and ends the sessions that stand in the way.
    pub async fn exhaust_connections(&self) -> TakenConnections {
        let options = PgConnectOptions::from_str(&self.url()).expect("an address of our own");
        let options = options.application_name(TAKEN);
        let mut taken = Vec::new();
        while taken.len() < usize::from(self.plan.options.connections) {
            match PgConnection::connect_with(&options).await {
                Ok(connection) => taken.push(connection),
                Err(error) => {
                    let code = error.as_database_error().and_then(DatabaseError::code);
                    assert_eq!(code.as_deref(), Some(TOO_MANY_CONNECTIONS), "{error}");
                    end_sessions(taken.first_mut().expect("one at least")).await;
                }
            }
        }
        TakenConnections(taken)
    }

    /// Refuses every write from now on, as a standby does, or takes them again. Sessions end.
    pub async fn read_only(&self, is_read_only: bool) {
        let state = if is_read_only { "on" } else { "off" };
        let url = self.url();
        let set = format!("ALTER SYSTEM SET default_transaction_read_only = {state}");
        execute(&url, &set).await;
        execute(&url, "SELECT pg_reload_conf()").await;
        until("new sessions know it", START_LIMIT, async || {
            let mut session = PgConnection::connect(&url).await.ok()?;
            let now: String = sqlx::query_scalar("SHOW default_transaction_read_only")
                .fetch_one(&mut session)
                .await
                .ok()?;
            if now == state {
                end_sessions(&mut session).await;
            }
            (now == state).then_some(())
        })
        .await;
    }

    /// Puts its data aside as they are now, for [`OwnPostgres::restart_from_copy`], while
    /// sessions go on.
    pub async fn save_copy(&self) {
        let plan = self.plan.clone();
        let target = plan.copy();
        blocking(move || {
            if target.exists() {
                fs::remove_dir_all(&target).expect("remove the copy before");
            }
            let program = plan.program.with_file_name("pg_basebackup");
            let mut copy = command(&program, RunAs::Postgres, "KILL");
            copy.args(["--host=127.0.0.1", "--username=postgres", "--checkpoint=fast"])
                .args(["--wal-method=stream", "--no-sync"])
                .arg(format!("--port={}", plan.port))
                .arg("--pgdata")
                .arg(target)
                .current_dir(plan.data.parent().expect("its folder"));
            run(copy);
        })
        .await;
    }

    /// Starts it again with the data that [`OwnPostgres::save_copy`] put aside: failed over to
    /// a state in which it had committed less. May be repeated.
    pub async fn restart_from_copy(&mut self) {
        self.kill();
        let plan = self.plan.clone();
        blocking(move || {
            fs::remove_dir_all(&plan.data).expect("remove the data");
            let program = programs::find("cp").expect("cp");
            // By the user that runs it, whose files they must be.
            let mut copy = command(&program, RunAs::Postgres, "KILL");
            copy.arg("-a").arg(plan.copy()).arg(&plan.data).current_dir("/");
            run(copy);
        })
        .await;
        self.restart().await;
    }

    /// To each session and each helper of the server, which are children of its first process.
    fn signal_sessions(&self, signal: Signal) {
        let parent = self.child.id();
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
        for child in children.unwrap_or_default().split_whitespace() {
            let pid = Pid::from_raw(child.parse().expect("a number")).expect("not zero");
            // One that has ended meanwhile is none.
            kill_process(pid, signal).ok();
        }
    }
}

/// Ends every session but those that hold connections taken, and the one that asks.
async fn end_sessions(asking: &mut PgConnection) {
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND application_name <> $1
             AND pid <> pg_backend_pid()",
    )
    .bind(TAKEN)
    .execute(asking)
    .await
    .expect("end the sessions of others");
}
