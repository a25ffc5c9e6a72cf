//! A Postgres that stops in the middle of a commit for as long as a test likes.

use std::time::Duration;

use sqlx::{Connection, PgConnection};

use super::until;

/// Which lock the commits wait for; nobody else's.
const LOCK: i64 = 7_300_001;

/// Runs as the last step of a transaction that recorded a purchase, when its client has asked
/// for the commit and has nothing more to say.
const HOLD: &str = "
    CREATE OR REPLACE FUNCTION wait_to_commit() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7300001); RETURN NULL; END $$;
    DROP TRIGGER IF EXISTS wait_to_commit ON purchases;
    CREATE CONSTRAINT TRIGGER wait_to_commit AFTER INSERT ON purchases
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_to_commit()";

/// Every commit of purchases waits at its last step while this lives.
#[derive(Debug)]
pub struct HeldCommits {
    connection: PgConnection,
}

impl HeldCommits {
    /// Holds those that come from now on.
    pub async fn hold(url: &str) -> Self {
        let mut connection = PgConnection::connect(url).await.expect("the database answers");
        let lock = sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK);
        lock.execute(&mut connection).await.expect("nobody else has it");
        sqlx::raw_sql(HOLD).execute(&mut connection).await.expect("the table of purchases");
        Self { connection }
    }

    /// Waits until a commit is held.
    pub async fn reached(&mut self, limit: Duration) {
        until("a commit is held", limit, async || {
            // Of the same lock of another database, other tests wait on the same server.
            let waiting = sqlx::query_scalar(
                "SELECT count(*) FROM pg_locks
                WHERE locktype = 'advisory' AND NOT granted AND objid::bigint = $1
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            );
            let waiting: i64 =
                waiting.bind(LOCK).fetch_one(&mut self.connection).await.expect("an answer");
            (waiting > 0).then_some(())
        })
        .await;
    }

    /// Lets all of them be done.
    pub async fn let_go(self) {
        self.connection.close().await.expect("the database answers");
    }
}
