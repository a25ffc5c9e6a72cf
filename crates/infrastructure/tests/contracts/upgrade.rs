//! Tables of older versions, with their data and with a node of theirs at work.
//!
//! Nodes are replaced one after the other, and each start migrates: from the first new node on,
//! the old ones work with tables that they do not know. So a migration adds, and what nobody asks
//! for any more is taken away in a later version.

#[path = "upgrade/old_file.rs"]
mod old_file;
#[path = "upgrade/old_node.rs"]
mod old_node;

use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use sqlx::{PgPool, migrate::Migrator};
use stampede_application::ports::{Catalogue as _, DeadLetter, Ledger as _, PortError, Settled};
use stampede_domain::{Epoch, RecordedPurchase, Sale};
use stampede_infrastructure::postgres::{
    PostgresCatalogue, PostgresLedger, PostgresLimits, connect, migrate,
};
use stampede_testkit::{
    builders::{a_purchase, a_sale},
    servers::{self, TestDatabase},
    suites::run,
};

use old_node::{OldNode, SCHEMAS, Schema};

const EPOCH: Epoch = Epoch { number: 1, nonce: 7 };
/// A migration gives up after three seconds of waiting, and is tried again.
const MIGRATED_LIMIT: Duration = Duration::from_secs(30);

/// An empty database with the tables of `schema`, and a pool of it.
async fn tables_of(schema: &Schema) -> (TestDatabase, PgPool) {
    let database = servers::postgres().await;
    let pool = connect(&database.url, &PostgresLimits::default()).expect("an address");
    let all = sqlx_macros::migrate!("../../migrations/postgres");
    let known = all.migrations.iter().filter(|migration| migration.version <= schema.version);
    let known = Migrator::with_migrations(known.cloned().collect());
    known.run(&pool).await.expect("the older migrations run");
    (database, pool)
}

fn purchase(sale: &Sale, position: u64) -> RecordedPurchase {
    a_purchase(sale, EPOCH).at_position(position).build()
}

/// Commits the purchase of that place by this version; answers how many were new.
async fn commit(ledger: &PostgresLedger, sale: &Sale, position: u64) -> usize {
    let entry = a_purchase(sale, EPOCH).at_position(position).entry();
    let settled = ledger.commit(&[entry]).await.expect("the ledger commits");
    let [Settled::Committed { inserted }] = settled.as_slice() else { panic!("{settled:?}") };
    *inserted
}

async fn void(ledger: &PostgresLedger, purchase: RecordedPurchase) {
    let at = purchase.purchase.at;
    let letter = DeadLetter { purchase: Some(purchase), raw: None, error: "gone".into() };
    ledger.void(&letter, at).await.expect("the ledger remembers");
}

async fn page(ledger: &PostgresLedger, sale: &Sale) -> Vec<RecordedPurchase> {
    ledger.page(&sale.id, None, 100).await.expect("the ledger answers")
}

/// Migrates as nodes do that are started again until they start.
async fn migrate_in_the_end(pool: &PgPool) {
    servers::until("the tables of this version", MIGRATED_LIMIT, async || {
        match migrate(pool).await {
            Ok(()) => Some(()),
            Err(PortError::Unavailable { .. }) => None,
            Err(error) => panic!("{error:?}"),
        }
    })
    .await;
}

#[test]
fn each_older_schema_has_its_node_here_and_the_newest_is_this_versions() {
    let versions = sqlx_macros::migrate!("../../migrations/postgres");
    let versions: Vec<i64> = versions.migrations.iter().map(|one| one.version).collect();
    let older: Vec<i64> = SCHEMAS.iter().map(|schema| schema.version).collect();
    let sold_on: Vec<i64> = versions.iter().copied().filter(|&version| version >= 3).collect();
    let (_, expected) = sold_on.split_last().expect("migrations");
    assert_eq!(older, expected, "a new migration adds the statements of the version before it");
}

#[test]
fn what_an_older_node_wrote_is_read_and_it_goes_on_beside_this_version() {
    run(async {
        for schema in &SCHEMAS {
            go_on_beside(schema).await;
        }
    });
}

async fn go_on_beside(schema: &'static Schema) {
    let (database, pool) = tables_of(schema).await;
    let mut old = OldNode::of(schema, &database.url).await;
    let sale = a_sale().build();
    old.create(&sale, EPOCH).await;
    assert!(old.commit(&purchase(&sale, 1)).await);
    old.record_run().await;
    assert_eq!(old.positions(&sale).await, [1]);

    migrate_in_the_end(&pool).await;
    let catalogue = PostgresCatalogue::new(pool.clone(), &PostgresLimits::default());
    let ledger = PostgresLedger::new(pool);
    let row = catalogue.find(&sale.id.sku).await.expect("the catalogue answers").expect("a row");
    assert_eq!((row.epoch, row.sold, &row.sale), (EPOCH, 1, &sale));
    assert_eq!(page(&ledger, &sale).await, [purchase(&sale, 1)]);
    let runs = ledger.runs(None, 10).await.expect("the ledger answers");
    assert_eq!(runs.len(), 1, "the older node's run: {runs:?}");

    assert_eq!(commit(&ledger, &sale, 2).await, 1);
    assert!(old.commit(&purchase(&sale, 3)).await);
    assert!(!old.commit(&purchase(&sale, 2)).await, "a repeat by the older node");
    assert_eq!(commit(&ledger, &sale, 3).await, 0, "a repeat by this version");
    assert_eq!(old.positions(&sale).await, [1, 2, 3]);
    assert_eq!(page(&ledger, &sale).await, [1, 2, 3].map(|position| purchase(&sale, position)));
    old.void(&purchase(&sale, 4)).await;
    assert_eq!(commit(&ledger, &sale, 4).await, 0, "the older node voided it");
    void(&ledger, purchase(&sale, 5)).await;
    assert!(!old.commit(&purchase(&sale, 5)).await, "this version voided it");

    old.pause(&sale, EPOCH.first_version().0.cast_signed() + 1).await;
    old.record_run().await;
    let row = catalogue.find(&sale.id.sku).await.expect("the catalogue answers").expect("a row");
    assert_eq!((row.sold, row.sale.paused), (3, true));
    let buried = catalogue.bury(&sale.id, None, 8, sale.window.end).await;
    buried.expect("the catalogue answers");
    assert_eq!(old.positions(&sale).await, Vec::<i64>::new(), "they are in the archive");
}

#[test]
fn an_older_node_commits_on_while_the_tables_are_changed() {
    run(async {
        for schema in &SCHEMAS {
            let (database, pool) = tables_of(schema).await;
            let sale = a_sale().stock(1_000_000).build();
            let mut old = OldNode::of(schema, &database.url).await;
            old.create(&sale, EPOCH).await;
            let is_migrated = AtomicBool::new(false);
            let committing = async {
                let mut position = 0;
                while commits_on(&mut old, &sale, &mut position, &is_migrated).await.is_continue() {
                }
                position
            };
            let migrating = async {
                migrate_in_the_end(&pool).await;
                is_migrated.store(true, Ordering::Relaxed);
            };
            let (committed, ()) = tokio::join!(committing, migrating);
            let row = PostgresCatalogue::new(pool, &PostgresLimits::default());
            let row = row.find(&sale.id.sku).await.expect("the catalogue answers").expect("a row");
            assert_eq!(u64::from(row.sold), committed, "none is lost, none is refused");
        }
    });
}

/// One more purchase, until one was committed after the tables were changed.
async fn commits_on(
    old: &mut OldNode,
    sale: &Sale,
    position: &mut u64,
    is_migrated: &AtomicBool,
) -> ControlFlow<()> {
    let was_migrated = is_migrated.load(Ordering::Relaxed);
    *position += 1;
    assert!(old.commit(&purchase(sale, *position)).await);
    if was_migrated { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
