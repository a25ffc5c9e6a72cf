//! Entries that come when their epoch, their sale, or their chance is over.

use std::collections::HashSet;

use stampede_application::ports::{DeadLetter, Settled};
use stampede_domain::Epoch;

use crate::{
    builders::{a_purchase, a_sale},
    suites::{
        Records,
        records::{change_of, entry_of, inserted},
    },
};

/// What an earlier life of the gate accepted is not inserted unseen; what of it is in the ledger
/// already is done. A ledger whose gate cannot be lost takes all of it.
pub async fn an_entry_of_another_epoch_is_stale_but_for_what_the_ledger_has(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let [one, two, three] =
        [1, 2, 3].map(|position| a_purchase(&sale, epoch).at_position(position).build());
    records.commit(&[entry_of(vec![one.clone()])]).await;

    let earlier = Epoch { number: epoch.number - 1, nonce: epoch.nonce };
    let mut late = vec![one, two.clone(), three.clone()];
    for recorded in &mut late {
        recorded.epoch = earlier;
    }
    let missing = late[1..].to_vec();
    let answer = records.commit(&[entry_of(late)]).await;
    if records.stale_epochs {
        assert_eq!(answer, [Settled::Stale { purchases: missing, epoch }]);
        assert_eq!(records.row(&sale).await.sold, 1);
        // Adopted by the gate of today, they come again under its epoch.
        assert_eq!(records.commit(&[entry_of(vec![two, three])]).await, [inserted(2)]);
    } else {
        assert_eq!(answer, [inserted(2)]);
    }
    assert_eq!(records.row(&sale).await.sold, 3);
}

/// Epochs are equal or not; a store that failed over may give one number twice.
pub async fn an_epoch_of_the_same_number_and_another_nonce_is_another(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let twin = Epoch { number: epoch.number, nonce: epoch.nonce + 1 };
    let late = a_purchase(&sale, twin).build();
    let answer = records.commit(&[entry_of(vec![late.clone()])]).await;
    if records.stale_epochs {
        assert_eq!(answer, [Settled::Stale { purchases: vec![late], epoch }]);
    } else {
        assert_eq!(answer, [inserted(1)]);
    }
}

/// What the archive has is done; what it has not was acknowledged and must be told to a person.
pub async fn what_comes_after_the_burial_is_orphaned_but_for_what_the_archive_has(
    records: &Records,
) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let [one, two] = [1, 2].map(|position| a_purchase(&sale, epoch).at_position(position).build());
    records.commit(&[entry_of(vec![one.clone()])]).await;
    records.catalogue.bury(&sale.id, None, 8, sale.window.end).await.expect("the catalogue buries");

    let entries =
        [entry_of(vec![one.clone()]), entry_of(vec![one, two.clone()]), change_of(&sale, epoch, 1)];
    assert_eq!(
        records.commit(&entries).await,
        [inserted(0), Settled::Orphaned(vec![two]), Settled::Dropped]
    );

    // Nothing of the old sale appears in a new one of the same sku.
    let new = a_sale().generation(2).build();
    records.create(&new).await;
    assert_eq!(records.purchases(&new).await, []);
    assert_eq!(records.row(&new).await.sold, 0);
}

/// A store that lost a sale does not make its purchases good.
pub async fn what_is_of_no_sale_that_ever_was_is_orphaned(records: &Records) {
    let unknown = a_sale().build();
    let epoch = Epoch { number: 1, nonce: 7 };
    let purchase = a_purchase(&unknown, epoch).build();
    let entries = [entry_of(vec![purchase.clone()]), change_of(&unknown, epoch, 1)];
    assert_eq!(
        records.commit(&entries).await,
        [Settled::Orphaned(vec![purchase]), Settled::Dropped]
    );
}

/// What a person voided stays voided, however it comes back, and counts as known.
pub async fn a_voided_purchase_is_never_inserted(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let [voided, sound] =
        [1, 2].map(|position| a_purchase(&sale, epoch).at_position(position).build());
    let letter = DeadLetter {
        purchase: Some(voided.clone()),
        raw: None,
        error: "given up by a person".into(),
    };
    for _ in 0..2 {
        records.ledger.void(&letter, sale.window.end).await.expect("the ledger remembers");
    }

    let mut late = voided.clone();
    late.epoch = Epoch { number: epoch.number - 1, nonce: epoch.nonce };
    let entries = [entry_of(vec![voided.clone(), sound.clone()]), entry_of(vec![late])];
    assert_eq!(records.commit(&entries).await, [inserted(1), inserted(0)]);
    assert_eq!(records.purchases(&sale).await, [sound]);
    assert_eq!(records.row(&sale).await.sold, 1);
    let number = voided.purchase.no();
    let known = records.ledger.known(&sale.id, &[number]).await.expect("the ledger answers");
    assert_eq!(known, HashSet::from([number]));
}

/// A letter without a purchase has nothing that could come back.
pub async fn voiding_what_was_not_readable_is_harmless(records: &Records) {
    let letter = DeadLetter { purchase: None, raw: Some("\u{fffd}".into()), error: "torn".into() };
    let at = a_sale().build().window.end;
    records.ledger.void(&letter, at).await.expect("the ledger answers");
}
