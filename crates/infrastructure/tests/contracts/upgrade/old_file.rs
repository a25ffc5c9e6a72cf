//! The file of an older version of this program, on the engine embedded, where one process has it.

use std::{path::Path, time::Duration};

use serde_json::json;
use sqlx::{Connection as _, SqliteConnection, migrate::Migrator, sqlite::SqliteConnectOptions};
use stampede_domain::{RecordedPurchase, Sale};
use stampede_testkit::{
    builders::{a_purchase, a_sale},
    suites::Harness as _,
};

use super::EPOCH;
use crate::embedded_engine::Node;

/// The newest migrations that versions of this program came with, but for this one's.
const SCHEMAS: [i64; 3] = [2, 3, 4];
const SALE: &str = "INSERT INTO sales (generation, sku, epoch_number, epoch_nonce, product_name,
        initial_stock, stock, sold, starts, ends, limit_per_buyer, acknowledge, paused,
        ended_by_admin, version, created_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 1, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
const PURCHASE: &str = "INSERT INTO purchases (purchase_no, bits, generation, epoch_number,
        epoch_nonce, buyer, purchased_at, qty, key_hash, remaining, position, ordinal, held_after,
        limit_per_buyer, cancelled)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 1, 0)";
const WAITING: &str = "INSERT INTO journal (id, generation, weight, body) VALUES (1, ?1, 1, ?2)";

/// Makes the file of an older version, with a sale, its first purchase and its second, which waits
/// for a worker.
async fn write(folder: &Path, schema: i64, sale: &Sale, [first, second]: &[RecordedPurchase; 2]) {
    let file =
        SqliteConnectOptions::new().filename(folder.join("stampede.db")).create_if_missing(true);
    let mut old = SqliteConnection::connect_with(&file).await.expect("a file");
    let all = sqlx_macros::migrate!("../../migrations/sqlite");
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
    let purchase = &first.purchase;
    sqlx::query(PURCHASE)
        .bind(purchase.no().as_str())
        .bind(purchase.bits.0.as_slice())
        .bind(sale.id.generation.0)
        .bind(EPOCH.number.cast_signed())
        .bind(EPOCH.nonce.cast_signed())
        .bind(first.buyer.as_str())
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
    let body = json!({
        "format": 1, "kind": "purchases", "sale": second.sale, "epoch": second.epoch,
        "purchases": [{ "buyer": second.buyer, "purchase": second.purchase }],
    });
    let waiting = sqlx::query(WAITING).bind(sale.id.generation.0).bind(body.to_string());
    waiting.execute(&mut old).await.expect("the old statement of the gate");
    old.close().await.expect("the file is written");
}

#[tokio::test]
async fn the_file_of_each_older_version_is_opened_with_what_is_in_it() {
    let versions = sqlx_macros::migrate!("../../migrations/sqlite");
    let newest = versions.migrations.iter().map(|one| one.version).max();
    assert_eq!(newest, SCHEMAS.last().map(|last| last + 1), "the version before joins the others");
    for schema in SCHEMAS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sale = a_sale().build();
        let purchases = [1, 2].map(|place| a_purchase(&sale, EPOCH).at_position(place).build());
        write(folder.path(), schema, &sale, &purchases).await;
        let [first, second] = purchases;

        let node = Node::start(folder.path()).await;
        let row = node.catalogue().find(&sale.id.sku).await.expect("the catalogue answers");
        let row = row.expect("a row");
        // The start is another life of the gate.
        assert_eq!((row.epoch.number, row.sold, &row.sale), (EPOCH.number + 1, 1, &sale));
        let gate = node.gate().snapshot(&sale.id).await.expect("the gate answers");
        assert_eq!(gate.expect("the sale").sold, 2);
        let [shard] = node.outbox().shards()[..] else { panic!("one journal is one shard") };
        let waiting = node.outbox().read(shard, "one", 10, Duration::ZERO).await;
        let waiting = waiting.expect("the outbox answers");
        node.ledger().commit(&waiting).await.expect("the ledger commits");
        let purchases = node.ledger().page(&sale.id, None, 10).await.expect("the ledger answers");
        assert_eq!(purchases, [first, second]);
    }
}
