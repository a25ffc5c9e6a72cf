//! A copy of a ledger as it was at one instant.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// What sales and purchases consist of; what refers to another stands behind it.
const TABLES: [&str; 5] = ["sales", "purchases", "purchases_archive", "voided", "dead_letters"];

/// What a Postgres held at one instant, within the same database.
///
/// Put back, the ledger is as after a failover to a replica that had got no further.
#[derive(Debug)]
pub struct LedgerCopy {
    url: String,
}

impl LedgerCopy {
    /// Copies the ledger at that address; a copy that was taken before is forgotten.
    pub async fn take(url: &str) -> Self {
        let copies = TABLES.map(|table| {
            format!(
                "DROP TABLE IF EXISTS saved_{table}; CREATE TABLE saved_{table} AS TABLE {table};"
            )
        });
        at_once(url, &copies.concat()).await;
        Self { url: url.to_owned() }
    }

    /// Makes the ledger what it was when the copy was taken.
    pub async fn put_back(&self) {
        let emptied = TABLES.iter().rev().map(|table| format!("DELETE FROM {table};"));
        let filled = TABLES.iter().map(|table| {
            format!("INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE saved_{table};")
        });
        at_once(&self.url, &emptied.chain(filled).collect::<String>()).await;
    }
}

/// Several statements in one message are one transaction.
async fn at_once(url: &str, statements: &str) {
    let mut connection = PgConnection::connect(url).await.expect("the database answers");
    let statements = AssertSqlSafe(statements.to_owned());
    sqlx::raw_sql(statements).execute(&mut connection).await.expect("the tables of a ledger");
}
