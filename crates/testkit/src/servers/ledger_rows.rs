//! What stands in the ledger of a Stampede, read past it.

use std::path::Path;

use sqlx::{
    AssertSqlSafe, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions,
};

/// One purchase as the ledger's table has it, the same on every engine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, sqlx_macros::FromRow)]
pub struct LedgerRow {
    /// Who bought.
    pub buyer: String,
    /// The purchase's number.
    pub purchase_no: String,
    /// Units.
    pub qty: i32,
    /// What one unit cost, in the smallest unit of its currency.
    pub unit_price_minor: Option<i64>,
    /// The currency.
    pub currency: Option<String>,
    /// Its place among all purchases of the sale.
    pub position: i64,
    /// The number of the life of the gate that has it.
    pub epoch_number: i64,
    /// Its place among its buyer's.
    pub ordinal: i32,
    /// Units that its buyer held right after it.
    pub held_after: i32,
    /// Units that nobody held right after it.
    pub remaining: i32,
    /// When the gate accepted it: milliseconds since 1970 by the clock of the gate's store.
    pub at_ms: i64,
}

/// Of sales that are not deleted, in the order of buyers.
fn rows(at_ms: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!(
        "SELECT buyer, purchase_no, qty, unit_price_minor, purchases.currency, position,
            purchases.epoch_number, ordinal, held_after, remaining, {at_ms} AS at_ms
        FROM purchases
        JOIN sales ON sales.generation = purchases.generation
        WHERE sales.deleted_at IS NULL
        ORDER BY buyer, purchase_no"
    ))
}

/// One purchase that is kept, whether its sale is deleted or not.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct KeptRow {
    /// Rises with each creation of a sku.
    pub creation: i64,
    /// Who bought.
    pub buyer: String,
    /// The purchase's number.
    pub purchase_no: String,
}

/// What stands and what is in the archive.
const KEPT: &str = "
    SELECT sales.epoch_number AS creation, kept.buyer, kept.purchase_no
    FROM (SELECT generation, buyer, purchase_no FROM purchases
          UNION ALL SELECT generation, buyer, purchase_no FROM purchases_archive) AS kept
    JOIN sales ON sales.generation = kept.generation
    ORDER BY creation, kept.buyer";

/// All that a Postgres keeps.
pub async fn postgres_kept(url: &str) -> Vec<KeptRow> {
    let mut connection = PgConnection::connect(url).await.expect("the database answers");
    sqlx::query_as(KEPT).fetch_all(&mut connection).await.expect("the tables of purchases")
}

/// All that the database of the engine embedded keeps, which may be at work.
pub async fn sqlite_kept(file: &Path) -> Vec<KeptRow> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.expect("a database");
    sqlx::query_as(KEPT).fetch_all(&mut connection).await.expect("the tables of purchases")
}

/// The purchases in a Postgres.
pub async fn postgres_rows(url: &str) -> Vec<LedgerRow> {
    let mut connection = PgConnection::connect(url).await.expect("the database answers");
    let rows = rows("(extract(epoch FROM purchased_at) * 1000)::bigint");
    sqlx::query_as(rows).fetch_all(&mut connection).await.expect("the table of purchases")
}

/// The purchases in the database of the engine embedded, which may be at work.
pub async fn sqlite_rows(file: &Path) -> Vec<LedgerRow> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.expect("a database");
    sqlx::query_as(rows("purchased_at"))
        .fetch_all(&mut connection)
        .await
        .expect("the table of purchases")
}

/// What all comparisons on record found, of every trigger.
const DIFFERENCES: &str =
    "SELECT cast(coalesce(sum(mismatches), 0) AS bigint) FROM reconciliation_runs";

/// In how many ways all comparisons on record in a Postgres found that gate and ledger differ.
pub async fn postgres_differences(url: &str) -> usize {
    let mut connection = PgConnection::connect(url).await.expect("the database answers");
    let sum: i64 = sqlx::query_scalar(DIFFERENCES)
        .fetch_one(&mut connection)
        .await
        .expect("the table of comparisons");
    usize::try_from(sum).expect("not negative")
}

/// The same of the database of the engine embedded.
pub async fn sqlite_differences(file: &Path) -> usize {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.expect("a database");
    let sum: i64 = sqlx::query_scalar(DIFFERENCES)
        .fetch_one(&mut connection)
        .await
        .expect("the table of comparisons");
    usize::try_from(sum).expect("not negative")
}

/// Purchases by their rows, and by what their sales say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Counted {
    /// Rows of purchases.
    pub rows: i64,
    /// Units that sales count as sold.
    pub sold: i64,
}

const COUNTED: &str = "
    SELECT (SELECT count(*) FROM purchases) AS rows,
        (SELECT cast(coalesce(sum(sold), 0) AS bigint) FROM sales) AS sold";

/// All purchases in a Postgres.
pub async fn postgres_counted(url: &str) -> Counted {
    let mut connection = PgConnection::connect(url).await.expect("the database answers");
    sqlx::query_as(COUNTED).fetch_one(&mut connection).await.expect("the table of purchases")
}

/// All purchases in the database of the engine embedded, which may be at work.
pub async fn sqlite_counted(file: &Path) -> Counted {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.expect("a database");
    sqlx::query_as(COUNTED).fetch_one(&mut connection).await.expect("the table of purchases")
}

/// How many purchases in a Postgres wait for a person.
pub async fn dead_letters(url: &str) -> usize {
    let mut connection = PgConnection::connect(url).await.expect("the database answers");
    let count = sqlx::query_scalar("SELECT count(*) FROM dead_letters");
    let count: i64 = count.fetch_one(&mut connection).await.expect("the table of dead letters");
    usize::try_from(count).expect("not negative")
}

/// The number of the newest life of any sale's gate in a Postgres.
pub async fn postgres_epoch(url: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.expect("the database answers");
    let newest = sqlx::query_scalar("SELECT coalesce(max(epoch_number), 0) FROM sales");
    newest.fetch_one(&mut connection).await.expect("the table of sales")
}

/// Does something to a Postgres that only a fault or another version would do.
pub async fn execute(url: &str, statement: &str) {
    let mut connection = PgConnection::connect(url).await.expect("the database answers");
    let statement = AssertSqlSafe(statement.to_owned());
    sqlx::raw_sql(statement).execute(&mut connection).await.expect("the statement");
}
