//! The file of an older version of this program, on the engine embedded, where one process has it.

use std::path::Path;

use sqlx::{Connection as _, SqliteConnection, migrate::Migrator, sqlite::SqliteConnectOptions};
use stampede_application::ports::{Catalogue as _, Ledger as _};
use stampede_domain::{RecordedPurchase, Sale};
use stampede_infrastructure::embedded::{EmbeddedCatalogue, EmbeddedDatabase, EmbeddedLedger};
use stampede_testkit::builders::{a_purchase, a_sale};

use super::EPOCH;

/// The newest migrations that versions of this program came with, but for this one's.
const SCHEMAS: [i64; 2] = [2, 3];
const SALE: &str = "INSERT INTO sales (generation, sku, epoch_number, epoch_nonce, product_name,
        initial_stock, stock, sold, starts, ends, limit_per_buyer, acknowledge, paused,
        ended_by_admin, version, created_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 1, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
const PURCHASE: &str = "INSERT INTO purchases (purchase_no, bits, generation, epoch_number,
        epoch_nonce, buyer, purchased_at, qty, key_hash, remaining, position, ordinal, held_after,
        limit_per_buyer, cancelled)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 1, 0)";

/// Makes the file of an older version, with a sale and its first purchase.
async fn write(folder: &Path, schema: i64, sale: &Sale, recorded: &RecordedPurchase) {
    let file =
        SqliteConnectOptions::new().filename(folder.join("stampede.db")).create_if_missing(true);
    let mut old = SqliteConnection::connect_with(&file).await.expect("a file");
    let all = sqlx::migrate!("../../migrations/sqlite");
    let known = all.migrations.iter().filter(|migration| migration.version <= schema);
    let known = Migrator::with_migrations(known.cloned().collect());
    known.run(&mut old).await.expect("the older migrations run");
    sqlx::query(SALE)
        .bind(sale.id.generation.0)
        .bind(sale.id.sku.as_str())
        .bind(EPOCH.number.cast_signed())
        .bind(EPOCH.nonce.cast_signed())
        .bind(&sale.product_name)
        .bind(sale.initial_stock)
        .bind(sale.window.start.millis())
        .bind(sale.window.end.millis())
        .bind(sale.limit_per_buyer)
        .bind(sale.acknowledge.to_string())
        .bind(sale.paused)
        .bind(sale.ended_by_admin)
        .bind(EPOCH.first_version().0.cast_signed())
        .bind(sale.created_at.millis())
        .execute(&mut old)
        .await
        .expect("the old statement creates");
    let purchase = &recorded.purchase;
    sqlx::query(PURCHASE)
        .bind(purchase.no().as_str())
        .bind(purchase.bits.0.as_slice())
        .bind(sale.id.generation.0)
        .bind(EPOCH.number.cast_signed())
        .bind(EPOCH.nonce.cast_signed())
        .bind(recorded.buyer.as_str())
        .bind(purchase.at.millis())
        .bind(purchase.qty)
        .bind(purchase.key.0.as_slice())
        .bind(purchase.remaining)
        .bind(purchase.position.0.cast_signed())
        .bind(purchase.ordinal)
        .bind(purchase.held_after)
        .execute(&mut old)
        .await
        .expect("the old statement records");
    old.close().await.expect("the file is written");
}

#[tokio::test]
async fn the_file_of_each_older_version_is_opened_with_what_is_in_it() {
    let versions = sqlx::migrate!("../../migrations/sqlite");
    let newest = versions.migrations.iter().map(|one| one.version).max();
    assert_eq!(newest, SCHEMAS.last().map(|last| last + 1), "the version before joins the others");
    for schema in SCHEMAS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sale = a_sale().build();
        let recorded = a_purchase(&sale, EPOCH).build();
        write(folder.path(), schema, &sale, &recorded).await;

        let database = EmbeddedDatabase::open(folder.path()).await.expect("the database opens");
        let catalogue = EmbeddedCatalogue::new(database.clone(), 10);
        let row = catalogue.find(&sale.id.sku).await.expect("the catalogue answers");
        let row = row.expect("a row");
        assert_eq!((row.epoch, row.sold, &row.sale), (EPOCH, 1, &sale));
        let ledger = EmbeddedLedger::new(database);
        let purchases = ledger.page(&sale.id, None, 10).await.expect("the ledger answers");
        assert_eq!(purchases, [recorded]);
        let second = a_purchase(&sale, EPOCH).at_position(2).entry();
        ledger.commit(&[second]).await.expect("the ledger commits");
    }
}
