//! Purchases inserted into a Postgres with nothing around the statement: what a drain can reach.

use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};

/// A table like that of purchases, with its columns, checks and indexes.
const MAKE: &str = "
    DROP TABLE IF EXISTS raw_purchases;
    CREATE TABLE raw_purchases (LIKE purchases INCLUDING ALL)";

/// What came before leaves work behind (tables to be vacuumed, pages to be written) that would slow
/// what is measured.
const SETTLE: [&str; 2] = ["VACUUM ANALYZE", "CHECKPOINT"];

/// The purchases of one sale, in the order in which its gate accepted them.
const READ: &str = "
    SELECT purchase_no, bits, generation::text AS generation, epoch_number, epoch_nonce, buyer,
        (extract(epoch FROM purchased_at) * 1000)::bigint AS at_ms, qty, key_hash, remaining,
        position, ordinal, held_after
    FROM purchases
    ORDER BY generation, position";

/// What a sale's purchases have in common is sent once, as the ledger does.
const INSERT: &str = "
    INSERT INTO raw_purchases (purchase_no, bits, generation, epoch_number, epoch_nonce, buyer,
        purchased_at, qty, key_hash, remaining, position, ordinal, held_after, limit_per_buyer,
        cancelled)
    SELECT no, bits, $1::uuid, $2, $3, buyer, to_timestamp(at_ms / 1000.0), qty, key_hash,
        remaining, position, ordinal, held_after, 100, false
    FROM UNNEST($4::text[], $5::bytea[], $6::text[], $7::int8[], $8::int4[], $9::bytea[],
        $10::int4[], $11::int8[], $12::int4[], $13::int4[])
        AS rows(no, bits, buyer, at_ms, qty, key_hash, remaining, position, ordinal, held_after)";

/// What [`raw_insert`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawInsert {
    /// Rows inserted.
    pub rows: u64,
    /// How long the statements took, one after the other.
    pub took: Duration,
}

#[derive(sqlx_macros::FromRow)]
struct Row {
    purchase_no: String,
    bits: Vec<u8>,
    generation: String,
    epoch_number: i64,
    epoch_nonce: i64,
    buyer: String,
    at_ms: i64,
    qty: i32,
    key_hash: Vec<u8>,
    remaining: i32,
    position: i64,
    ordinal: i32,
    held_after: i32,
}

/// Rows of one sale by column, as `UNNEST` takes them.
#[derive(Default)]
struct Columns {
    generation: String,
    epoch_number: i64,
    epoch_nonce: i64,
    purchase_no: Vec<String>,
    bits: Vec<Vec<u8>>,
    buyer: Vec<String>,
    at_ms: Vec<i64>,
    qty: Vec<i32>,
    key_hash: Vec<Vec<u8>>,
    remaining: Vec<i32>,
    position: Vec<i64>,
    ordinal: Vec<i32>,
    held_after: Vec<i32>,
}

/// Inserts every purchase that the ledger at this address has, all of one sale, into a table of the
/// same shape, over one connection, so many rows a statement, each statement a transaction.
///
/// The server is to do nothing else meanwhile.
pub async fn raw_insert(url: &str, rows_per_statement: usize) -> RawInsert {
    let mut connection = PgConnection::connect(url).await.expect("the database answers");
    sqlx::raw_sql(MAKE).execute(&mut connection).await.expect("a table like that of purchases");
    for statement in SETTLE {
        sqlx::raw_sql(statement).execute(&mut connection).await.expect("nothing is left to do");
    }
    let rows: Vec<Row> =
        sqlx::query_as(READ).fetch_all(&mut connection).await.expect("the table of purchases");
    let mut statements: Vec<Columns> = Vec::new();
    for (place, row) in rows.into_iter().enumerate() {
        if place % rows_per_statement == 0 {
            statements.push(Columns::default());
        }
        let columns = statements.last_mut().expect("one was begun");
        columns.push(row);
    }
    let (begun, mut rows) = (Instant::now(), 0);
    for columns in statements {
        rows += columns.insert(&mut connection).await;
    }
    RawInsert { rows, took: begun.elapsed() }
}

impl Columns {
    fn push(&mut self, row: Row) {
        (self.epoch_number, self.epoch_nonce) = (row.epoch_number, row.epoch_nonce);
        self.generation = row.generation;
        self.purchase_no.push(row.purchase_no);
        self.bits.push(row.bits);
        self.buyer.push(row.buyer);
        self.at_ms.push(row.at_ms);
        self.qty.push(row.qty);
        self.key_hash.push(row.key_hash);
        self.remaining.push(row.remaining);
        self.position.push(row.position);
        self.ordinal.push(row.ordinal);
        self.held_after.push(row.held_after);
    }

    /// Answers how many rows were inserted.
    async fn insert(self, connection: &mut PgConnection) -> u64 {
        let inserted = sqlx::query(INSERT)
            .bind(self.generation)
            .bind(self.epoch_number)
            .bind(self.epoch_nonce)
            .bind(self.purchase_no)
            .bind(self.bits)
            .bind(self.buyer)
            .bind(self.at_ms)
            .bind(self.qty)
            .bind(self.key_hash)
            .bind(self.remaining)
            .bind(self.position)
            .bind(self.ordinal)
            .bind(self.held_after)
            .execute(connection)
            .await;
        inserted.expect("rows like those of purchases").rows_affected()
    }
}
