//! Holding a sale's row to change it.

use futures::future::join_all;
use stampede_application::ports::{LockedSale, PutDecision};
use stampede_domain::{Acknowledgement, Sale, Sku};

use crate::{builders::a_sale, suites::Records};

/// Holders come one after the other, and each sees what the one before has written.
pub async fn a_locked_row_is_written_by_one_holder_at_a_time(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let holders = 8;
    let changes = (0..holders).map(|_| async {
        let locked = lock(records, &sale).await;
        let next = locked.row().version.plus(1);
        // Room for another holder to come in between, were the row not held.
        records.catalogue.find(&sale.id.sku).await.expect("readers do not wait for holders");
        let decision = PutDecision::Write(Box::new(sale.clone()), next);
        locked.finish(decision).await.expect("the holder writes");
    });
    join_all(changes).await;
    assert_eq!(records.row(&sale).await.version, epoch.first_version().plus(holders));
}

/// A holder that goes away without a word leaves the row as it was, to the next one.
pub async fn a_dropped_lock_changes_nothing_and_lets_the_row_go(records: &Records) {
    let sale = a_sale().build();
    records.create(&sale).await;
    let before = records.row(&sale).await;
    drop(lock(records, &sale).await);
    let locked = lock(records, &sale).await;
    assert_eq!(*locked.row(), before);
    drop(locked);
    assert_eq!(records.row(&sale).await, before);
}

/// A holder may decide to change nothing.
pub async fn a_row_that_is_left_stays_as_it_was(records: &Records) {
    let sale = a_sale().build();
    records.create(&sale).await;
    let before = records.row(&sale).await;
    lock(records, &sale).await.finish(PutDecision::Leave).await.expect("the holder lets go");
    assert_eq!(records.row(&sale).await, before);
    lock(records, &sale).await.finish(PutDecision::Leave).await.expect("the row is free again");
}

/// All that a holder may change of a sale is written.
pub async fn a_written_row_reads_back_whole(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let mut changed = a_sale()
        .named("Another Widget")
        .stock(250)
        .limit(3)
        .acknowledged_at(Acknowledgement::Ledger)
        .with_a_page()
        .build();
    changed.window.start = sale.window.start.plus_millis(1);
    changed.window.end = sale.window.end.plus_millis(2);
    changed.paused = true;
    changed.ended_by_admin = true;
    let version = epoch.first_version().plus(1);
    let decision = PutDecision::Write(Box::new(changed.clone()), version);
    lock(records, &sale).await.finish(decision).await.expect("the holder writes");

    let row = records.row(&sale).await;
    assert_eq!(row.sale, changed);
    assert_eq!(row.version, version);
    assert_eq!(row.epoch, epoch);

    // What a product may be without can go again.
    let bare = Sale { description: None, picture: None, price: None, ..changed };
    let decision = PutDecision::Write(Box::new(bare.clone()), version.plus(1));
    lock(records, &sale).await.finish(decision).await.expect("the holder writes");
    assert_eq!(records.row(&sale).await.sale, bare);
}

/// What is not there cannot be held.
pub async fn there_is_no_row_to_lock_of_an_unknown_sku(records: &Records) {
    let unknown = Sku::parse("UNKNOWN").expect("a sku");
    let locked = records.catalogue.lock(&unknown).await.expect("the catalogue answers");
    assert!(locked.is_none());
}

async fn lock(records: &Records, sale: &Sale) -> Box<dyn LockedSale> {
    let locked = records.catalogue.lock(&sale.id.sku).await.expect("the catalogue answers");
    locked.expect("the sale is there")
}
