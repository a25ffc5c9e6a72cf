//! Reading the record back.

use std::collections::HashSet;

use stampede_application::ports::{DeadLetter, Voided};
use stampede_domain::{Position, PurchaseNo};

use crate::{
    builders::{a_purchase, a_sale},
    suites::{
        Records,
        records::{entry_of, inserted},
    },
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

/// What an answer may name: what stands, was cancelled or is archived, and not what was voided.
pub async fn what_is_on_record_is_told_apart_from_what_was_voided(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let at = |place| a_purchase(&sale, epoch).at_position(place);
    let (standing, cancelled) = (at(1).build(), at(2).cancelled().build());
    let (voided, unheard_of) = (at(3).build(), at(4).build());
    records.commit(&[entry_of(vec![standing.clone(), cancelled.clone()])]).await;
    let letter = DeadLetter { purchase: Some(voided.clone()), raw: None, error: "gone".into() };
    let given_up = records.ledger.void(&letter, sale.window.end).await;
    assert_eq!(given_up.expect("the ledger answers"), Voided::Done);

    let numbers = [&standing, &cancelled, &voided, &unheard_of].map(|one| one.purchase.no());
    let on_record = records.ledger.on_record(&sale.id, &numbers).await.expect("the ledger answers");
    assert_eq!(on_record.numbers, numbers[..2].iter().copied().collect::<HashSet<_>>());
    assert_eq!(on_record.voided, HashSet::from([voided.purchase.no()]));
    let none = records.ledger.on_record(&sale.id, &[]).await.expect("the ledger answers");
    assert_eq!(none.numbers, HashSet::new());

    // A deleted sale has no life, and its purchases are on record.
    records.catalogue.bury(&sale.id, None, 8, sale.window.end).await.expect("the catalogue buries");
    let archived = records.ledger.on_record(&sale.id, &numbers).await.expect("the ledger answers");
    assert_eq!((archived.numbers, archived.epoch), (on_record.numbers, None));
    assert_eq!(archived.voided, on_record.voided);
}

/// Whoever asks learns whether gate and ledger are in one life, whatever it finds.
pub async fn what_is_on_record_comes_with_the_life_that_the_ledger_is_in(records: &Records) {
    let (sale, unknown) = (a_sale().build(), a_sale().sku("WIDGET-002").generation(2).build());
    let epoch = records.create(&sale).await;
    let read = async |id| {
        let on_record = records.ledger.on_record(id, &[]).await;
        on_record.expect("the ledger answers").epoch
    };
    assert_eq!(read(&sale.id).await, Some(epoch));
    assert_eq!(read(&unknown.id).await, None);
}

/// A purchase that was recorded before its letter was discarded is nobody's to give up.
pub async fn what_is_on_record_is_not_voided(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let recorded = a_purchase(&sale, epoch).build();
    records.commit(&[entry_of(vec![recorded.clone()])]).await;
    let letter = DeadLetter { purchase: Some(recorded.clone()), raw: None, error: "late".into() };
    for _ in 0..2 {
        let given_up = records.ledger.void(&letter, sale.window.end).await;
        assert_eq!(given_up.expect("the ledger answers"), Voided::Recorded);
    }
    assert_eq!(records.commit(&[entry_of(vec![recorded.clone()])]).await, [inserted(0)]);
    assert_eq!(records.purchases(&sale).await, [recorded]);
}

/// Of one sale, from behind one place up to another.
pub async fn purchases_between_two_places_are_counted(records: &Records) {
    let sale = a_sale().build();
    let other = a_sale().sku("WIDGET-002").generation(2).build();
    let (epoch, other_epoch) = (records.create(&sale).await, records.create(&other).await);
    let own = [1, 2, 4, 7].map(|place| a_purchase(&sale, epoch).at_position(place).build());
    let others = [3, 5].map(|place| a_purchase(&other, other_epoch).at_position(place).build());
    records.commit(&[entry_of(own.to_vec()), entry_of(others.to_vec())]).await;
    for (after, to, expected) in [(0, 7, 4), (1, 4, 2), (2, 3, 0), (7, 99, 0), (4, 2, 0)] {
        let counted = records.ledger.count_between(&sale.id, Position(after), Position(to)).await;
        assert_eq!(counted.expect("the ledger answers"), expected, "{after}..={to}");
    }
}
