//! The Postgres that the tests of one process share.

use std::{mem::take, thread};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{OwnPostgres, OwnPostgresOptions, blocking, container, programs, source::Source};

/// An empty database of one test.
///
/// Dropped with the value: a server would otherwise carry those of every test before.
#[derive(Debug)]
pub struct TestDatabase {
    /// The address.
    pub url: String,
    name: String,
    /// The address of the database from which this one is dropped.
    drop_from: String,
}

/// The server, kept as long as the process lives.
struct Server {
    url: String,
    _local: Option<OwnPostgres>,
}

/// An empty database of its own on the Postgres of this test process, which the first call
/// starts.
pub async fn postgres() -> TestDatabase {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    let server = SERVER.get_or_init(|| blocking(find)).await;
    let name = format!("t_{}", Uuid::new_v4().simple());
    run(&server.url, format!("CREATE DATABASE {name} TEMPLATE template0"))
        .await
        .unwrap_or_else(|error| panic!("create a database on {}: {error}", server.url));
    TestDatabase { url: with_database(&server.url, &name), name, drop_from: server.url.clone() }
}

fn find() -> Server {
    let is_installed = programs::find_postgres().is_some();
    match Source::choose("STAMPEDE_TEST_DATABASE_URL", is_installed) {
        Source::Named(url) => Server { url, _local: None },
        Source::Local => {
            let local = OwnPostgres::launch(&OwnPostgresOptions::default());
            Server { url: local.url(), _local: Some(local) }
        }
        Source::Container => Server { url: container::postgres(), _local: None },
    }
}

async fn run(url: &str, statement: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await
}

impl Drop for TestDatabase {
    /// On a thread with a runtime of its own, since the test's runtime cannot wait here.
    fn drop(&mut self) {
        let url = take(&mut self.drop_from);
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(run(&url, statement)))
        });
        // A database that stays is a pity and no reason to fail a test that has passed.
        drop(dropping.join());
    }
}

/// `url` with another database, its user, its server and its options kept.
fn with_database(url: &str, name: &str) -> String {
    let (address, options) = url.split_once('?').map_or((url, None), |(a, o)| (a, Some(o)));
    let host = address.find("://").map_or(0, |at| at + "://".len());
    let end = address[host..].find('/').map_or(address.len(), |at| host + at);
    let options = options.map(|options| format!("?{options}")).unwrap_or_default();
    format!("{}/{name}{options}", &address[..end])
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn another_database_of_the_same_server_keeps_everything_else() {
        let same = |url: &str| with_database(url, "t_1");
        assert_eq!(same("postgres://u:p@host:5432/first"), "postgres://u:p@host:5432/t_1");
        assert_eq!(same("postgres://host"), "postgres://host/t_1");
        assert_eq!(same("postgres://host/"), "postgres://host/t_1");
        assert_eq!(
            same("postgresql://host/first?sslmode=require&host=/tmp"),
            "postgresql://host/t_1?sslmode=require&host=/tmp"
        );
    }
}
