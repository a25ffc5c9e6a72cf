//! Reading the record back.

use std::collections::HashSet;

use stampede_application::ports::ReconciliationRun;
use stampede_domain::{Position, PurchaseNo};

use crate::{
    builders::{a_purchase, a_sale},
    suites::{Records, records::entry_of},
};

/// Pages list each purchase of a sale once, in order, and none of another sale.
pub async fn pages_go_by_position_without_gap_or_repeat(records: &Records) {
    let sale = a_sale().build();
    let other = a_sale().sku("WIDGET-002").generation(2).build();
    let (epoch, other_epoch) = (records.create(&sale).await, records.create(&other).await);
    // Committed from the last to the first, since order is not required.
    let purchases = (1..=25).rev().map(|place| a_purchase(&sale, epoch).at_position(place).build());
    let others = (1..=5).map(|place| a_purchase(&other, other_epoch).at_position(place).build());
    records.commit(&[entry_of(purchases.collect()), entry_of(others.collect())]).await;

    let mut positions = Vec::new();
    loop {
        let after = positions.last().copied();
        let page = records.ledger.page(&sale.id, after, 10).await.expect("the ledger answers");
        assert!(page.len() <= 10);
        assert!(page.iter().all(|recorded| recorded.sale == sale.id));
        if page.is_empty() {
            break;
        }
        positions.extend(page.iter().map(|recorded| recorded.purchase.position));
    }
    assert_eq!(positions, (1..=25).map(Position).collect::<Vec<_>>());
}

/// Those that the ledger has, of a list of any length, and no others.
pub async fn what_is_known_is_told_apart_from_what_is_not(records: &Records) {
    let sale = a_sale().stock(2_000).build();
    let epoch = records.create(&sale).await;
    let number = |place| a_purchase(&sale, epoch).at_position(place).build().purchase.no();
    let even = (1..=1_000).map(|place| a_purchase(&sale, epoch).at_position(place * 2).build());
    records.commit(&[entry_of(even.collect())]).await;

    let asked: Vec<PurchaseNo> = (1..=2_000).map(number).collect();
    let known = records.ledger.known(&sale.id, &asked).await.expect("the ledger answers");
    assert_eq!(known, (1..=1_000).map(|place| number(place * 2)).collect::<HashSet<_>>());
    let none = records.ledger.known(&sale.id, &[]).await.expect("the ledger answers");
    assert_eq!(none, HashSet::new());
}

/// The last run on record is the last, finished or not.
pub async fn the_newest_run_of_reconciliation_is_on_record(records: &Records) {
    let ledger = &records.ledger;
    assert_eq!(ledger.last_run().await.expect("the ledger answers"), None);
    let started_at = a_sale().build().created_at;
    let first = ReconciliationRun {
        started_at,
        finished_at: started_at.plus_millis(1_234),
        sales: 3,
        mismatches: 2,
        repaired: 2,
        error: None,
    };
    ledger.record_run(&first).await.expect("the ledger records");
    assert_eq!(ledger.last_run().await.expect("the ledger answers").as_ref(), Some(&first));
    let second = ReconciliationRun { error: Some("redis is unavailable".into()), ..first };
    ledger.record_run(&second).await.expect("the ledger records");
    assert_eq!(ledger.last_run().await.expect("the ledger answers"), Some(second));
}
