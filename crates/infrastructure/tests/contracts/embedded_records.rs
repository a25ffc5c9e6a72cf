//! Catalogue and ledger of the embedded engine, on a file in a temporary folder.

use std::sync::Arc;

use stampede_application::ports::{Catalogue, Created, Ledger, Settled, StoreProbe};
use stampede_domain::Epoch;
use stampede_infrastructure::embedded::{
    EmbeddedCatalogue, EmbeddedDatabase, EmbeddedLedger, EmbeddedProbe,
};
use stampede_testkit::{
    builders::{a_purchase, a_sale},
    suites::Records,
};

async fn records() -> Records {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = EmbeddedDatabase::open(folder.path()).await.expect("the database opens");
    Records {
        catalogue: Arc::new(EmbeddedCatalogue::new(database.clone(), Records::SALES_MAX)),
        ledger: Arc::new(EmbeddedLedger::new(database)),
        stale_epochs: false,
        kept: Box::new(folder),
    }
}

mod catalogue {
    stampede_testkit::catalogue_suite!(super::records());
}

mod ledger {
    stampede_testkit::ledger_suite!(super::records());
}

#[tokio::test]
async fn each_start_raises_the_epochs_of_living_sales_and_keeps_their_record() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (living, buried) = (a_sale().build(), a_sale().sku("WIDGET-002").generation(2).build());
    let (first, tombstone) = {
        let database = EmbeddedDatabase::open(folder.path()).await.expect("the database opens");
        let catalogue = EmbeddedCatalogue::new(database.clone(), Records::SALES_MAX);
        let created = catalogue.create(&living, 7).await.expect("an answer");
        let Created::Recorded(first) = created else { panic!("not recorded: {created:?}") };
        catalogue.create(&buried, 7).await.expect("an answer");
        catalogue.bury(&buried.id, None, 8, buried.window.end).await.expect("an answer");
        let ledger = EmbeddedLedger::new(database.clone());
        ledger.commit(&[a_purchase(&living, first).entry()]).await.expect("the ledger commits");
        let tombstone = catalogue.tombstone(&buried.id.sku).await.expect("an answer");
        database.close().await;
        (first, tombstone)
    };

    let database = EmbeddedDatabase::open(folder.path()).await.expect("the database opens");
    let catalogue = EmbeddedCatalogue::new(database.clone(), Records::SALES_MAX);
    assert_eq!(catalogue.raise_epochs(9).await.expect("an answer"), 1);
    let row = catalogue.find(&living.id.sku).await.expect("an answer").expect("the sale");
    assert_eq!(row.epoch, Epoch { number: first.number + 1, nonce: 9 });
    assert_eq!((row.sold, row.version), (1, first.first_version()));
    assert_eq!(catalogue.tombstone(&buried.id.sku).await.expect("an answer"), tombstone);

    // What the last life had journalled is as good as what this one will.
    let late = a_purchase(&living, first).at_position(2).entry();
    let settled = EmbeddedLedger::new(database).commit(&[late]).await.expect("an answer");
    assert_eq!(settled, [Settled::Committed { inserted: 1 }]);
}

#[tokio::test]
async fn a_put_that_waits_for_the_gate_does_not_hold_the_file() {
    let records = records().await;
    let sale = a_sale().build();
    let created = records.catalogue.create(&sale, 7).await.expect("an answer");
    let Created::Recorded(epoch) = created else { panic!("not recorded: {created:?}") };
    let held = records.catalogue.lock(&sale.id.sku).await.expect("an answer");
    // The gate's journal and the ledger write meanwhile.
    let settled = records.ledger.commit(&[a_purchase(&sale, epoch).entry()]).await;
    assert_eq!(settled.expect("an answer"), [Settled::Committed { inserted: 1 }]);
    drop(held);
}

#[tokio::test]
async fn a_probe_reads_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = EmbeddedDatabase::open(folder.path()).await.expect("the database opens");
    let probe = EmbeddedProbe::new(database.clone());
    assert_eq!(probe.name(), "sqlite");
    probe.ping().await.expect("the file answers");
    database.close().await;
    assert!(probe.ping().await.is_err());
}
