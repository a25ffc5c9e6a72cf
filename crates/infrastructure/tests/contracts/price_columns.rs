//! What the tables themselves hold of prices, whoever writes to them.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, migrate::Migrator};
use stampede_application::ports::{Catalogue, Created, Ledger, PortError};
use stampede_infrastructure::{
    embedded::{EmbeddedCatalogue, EmbeddedDatabase, EmbeddedLedger},
    postgres::{PostgresCatalogue, PostgresLedger, PostgresLimits, connect, migrate},
};
use stampede_testkit::{
    builders::{a_purchase, a_sale},
    servers,
};

use super::postgres_records::database;

/// Statements over a priced sale and a priced purchase, and the constraint that refuses each.
const REFUSED: [(&str, &str); 8] = [
    ("UPDATE sales SET price_minor = NULL", "sales_price_whole"),
    ("UPDATE sales SET currency = NULL", "sales_price_whole"),
    ("UPDATE sales SET currency = 'eur'", "sales_price_whole"),
    ("UPDATE sales SET currency = 'EURO'", "sales_price_whole"),
    ("UPDATE sales SET price_minor = -1", "sales_price_not_negative"),
    ("UPDATE purchases SET unit_price_minor = NULL", "purchases_price_whole"),
    ("UPDATE purchases SET currency = NULL", "purchases_price_whole"),
    ("UPDATE purchases SET currency = 'eur'", "purchases_price_whole"),
];
/// And those that nothing refuses.
const TAKEN: [&str; 3] = [
    "UPDATE sales SET price_minor = 0",
    "UPDATE sales SET price_minor = NULL, currency = NULL",
    "UPDATE purchases SET unit_price_minor = NULL, currency = NULL",
];
/// What is left of a purchase whose sale is deleted.
const ARCHIVED: &str = "SELECT unit_price_minor, currency FROM purchases_archive";

/// Records one purchase at 25.00 EUR of a sale at 19.99 EUR.
async fn record(catalogue: &dyn Catalogue, ledger: &dyn Ledger) {
    let sale = a_sale().priced(1_999, "EUR").build();
    let created = catalogue.create(&sale, 7).await.expect("the catalogue answers");
    let Created::Recorded(epoch) = created else { panic!("not recorded: {created:?}") };
    let entry = a_purchase(&sale, epoch).priced(2_500, "EUR").entry();
    ledger.commit(&[entry]).await.expect("the ledger commits");
}

async fn bury(catalogue: &dyn Catalogue) {
    let sale = a_sale().build();
    catalogue.bury(&sale.id, None, 8, sale.window.end).await.expect("the catalogue answers");
}

#[tokio::test]
async fn postgres_holds_whole_prices_only_and_archives_them() {
    let (_database, pool) = database().await;
    let catalogue = PostgresCatalogue::new(pool.clone(), &PostgresLimits::default());
    let ledger = PostgresLedger::new(pool.clone());
    record(&catalogue, &ledger).await;
    for (statement, constraint) in REFUSED {
        let refused = sqlx::query(statement).execute(&pool).await.expect_err(statement);
        let by = refused.as_database_error().and_then(|refusal| refusal.constraint());
        assert_eq!(by, Some(constraint), "{statement}");
    }
    bury(&catalogue).await;
    let archived: Vec<(i64, String)> =
        sqlx::query_as(ARCHIVED).fetch_all(&pool).await.expect("rows");
    assert_eq!(archived, [(2_500, "EUR".to_owned())]);
}

#[tokio::test]
async fn sqlite_holds_whole_prices_only_and_archives_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = EmbeddedDatabase::open(folder.path()).await.expect("the database opens");
    let catalogue = EmbeddedCatalogue::new(database.clone(), 10);
    record(&catalogue, &EmbeddedLedger::new(database.clone())).await;
    for (statement, constraint) in REFUSED {
        let refused = sqlx::query(statement).execute(database.writer()).await.expect_err(statement);
        assert!(refused.to_string().ends_with(constraint), "{statement}: {refused}");
    }
    bury(&catalogue).await;
    let archived: Vec<(i64, String)> =
        sqlx::query_as(ARCHIVED).fetch_all(database.writer()).await.expect("rows");
    assert_eq!(archived, [(2_500, "EUR".to_owned())]);
}

#[tokio::test]
async fn a_price_may_be_nothing_at_all_or_none() {
    let (_database, pool) = database().await;
    let catalogue: Arc<dyn Catalogue> =
        Arc::new(PostgresCatalogue::new(pool.clone(), &PostgresLimits::default()));
    record(&*catalogue, &PostgresLedger::new(pool.clone())).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = EmbeddedDatabase::open(folder.path()).await.expect("the database opens");
    record(&EmbeddedCatalogue::new(file.clone(), 10), &EmbeddedLedger::new(file.clone())).await;
    for statement in TAKEN {
        sqlx::query(statement).execute(&pool).await.expect(statement);
        sqlx::query(statement).execute(file.writer()).await.expect(statement);
    }
}

/// An `ALTER TABLE` that waits for a long transaction has every purchase waiting behind it.
#[tokio::test]
async fn the_columns_of_products_wait_for_nobody_for_long_and_may_be_tried_again() {
    let database = servers::postgres().await;
    let pool = connect(&database.url, &PostgresLimits::default()).expect("an address");
    let before = sqlx_macros::migrate!("../../migrations/postgres").migrations.iter();
    let before = before.filter(|migration| migration.version < 4).cloned().collect();
    Migrator::with_migrations(before).run(&pool).await.expect("the older migrations run");

    let mut reader = pool.begin().await.expect("a transaction");
    let held = AssertSqlSafe("LOCK TABLE sales IN ACCESS SHARE MODE");
    sqlx::query(held).execute(&mut *reader).await.expect("what any reader takes");
    let refused = migrate(&pool).await;
    assert!(matches!(refused, Err(PortError::Unavailable { .. })), "{refused:?}");
    reader.commit().await.expect("the reader ends");
    migrate(&pool).await.expect("the migrations run");
}
