//! The second line of the invariants: what a ledger refuses, whatever the gate said.

use stampede_domain::AttemptKey;

use crate::{
    builders::{a_purchase, a_sale},
    suites::{
        Records,
        records::{entry_of, inserted},
    },
};

/// Invariant I1: no more units stand than are on offer, over many commits and within one.
pub async fn more_units_than_the_stock_are_drift(records: &Records) {
    let sale = a_sale().stock(3).limit(2).build();
    let epoch = records.create(&sale).await;
    records.commit(&[a_purchase(&sale, epoch).units(2).entry()]).await;
    let above = a_purchase(&sale, epoch).at_position(2).units(2).entry();
    assert_eq!(records.drift(&[above]).await, (sale.id.clone(), "sold_within_stock".to_owned()));
    assert_eq!(records.row(&sale).await.sold, 2);
    let last = a_purchase(&sale, epoch).at_position(2).entry();
    assert_eq!(records.commit(&[last]).await, [inserted(1)]);
}

/// Invariant I2: nobody holds more than the limit.
pub async fn a_unit_above_the_limit_is_drift(records: &Records) {
    let sale = a_sale().limit(1).build();
    let epoch = records.create(&sale).await;
    records.commit(&[a_purchase(&sale, epoch).by("ada").entry()]).await;
    let second = a_purchase(&sale, epoch).at_position(2).by("ada").as_their(2, 2).entry();
    assert_eq!(
        records.drift(&[second]).await,
        (sale.id.clone(), "purchases_within_limit".to_owned())
    );
    assert_eq!(records.row(&sale).await.sold, 1);
    assert_eq!(records.purchases(&sale).await.len(), 1);
}

/// Two purchases cannot have one position, one ordinal of a buyer, or one key of a buyer.
pub async fn what_stands_in_the_place_of_another_purchase_is_drift(records: &Records) {
    let sale = a_sale().limit(9).build();
    let epoch = records.create(&sale).await;
    let key = AttemptKey([1; 16]);
    records.commit(&[a_purchase(&sale, epoch).by("ada").keyed(key).entry()]).await;

    let mut in_its_position = a_purchase(&sale, epoch).at_position(2).build();
    in_its_position.purchase.position.0 = 1;
    let as_its_ordinal = a_purchase(&sale, epoch).at_position(3).by("ada").build();
    let by_its_key =
        a_purchase(&sale, epoch).at_position(4).by("ada").as_their(2, 2).keyed(key).build();
    for (refused, constraint) in [
        (in_its_position, "purchases_position_once"),
        (as_its_ordinal, "purchases_ordinal_once"),
        (by_its_key, "purchases_key_once"),
    ] {
        let drift = records.drift(&[entry_of(vec![refused])]).await;
        assert_eq!(drift, (sale.id.clone(), constraint.to_owned()));
    }
    assert_eq!(records.purchases(&sale).await.len(), 1);
}

/// Of many sales in one call the one that has drifted is named, and the others wait with it.
pub async fn drift_names_the_sale_and_commits_nothing_of_any(records: &Records) {
    let sales = [1, 2, 3]
        .map(|number| a_sale().sku(&format!("SKU-{number}")).generation(number).stock(1).build());
    let mut entries = Vec::new();
    for sale in &sales {
        let epoch = records.create(sale).await;
        entries.push(a_purchase(sale, epoch).entry());
        if sale.id == sales[1].id {
            entries.push(a_purchase(sale, epoch).at_position(2).entry());
        }
    }
    let drift = records.drift(&entries).await;
    assert_eq!(drift, (sales[1].id.clone(), "sold_within_stock".to_owned()));
    for sale in &sales {
        assert_eq!(records.purchases(sale).await, []);
    }
}
