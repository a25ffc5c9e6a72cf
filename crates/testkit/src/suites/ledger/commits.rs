//! Committing purchases: whole or not at all, twice as if once.

use futures::future::join_all;
use stampede_application::ports::{CommitError, Entry, EntryBody, PortError, Settled};
use stampede_domain::{AttemptKey, Instant, Position};

use crate::{
    builders::{a_purchase, a_sale},
    suites::{
        Records,
        records::{entry_of, inserted},
    },
};

/// Every part of a record comes back as it was, instants to the millisecond.
pub async fn a_purchase_reads_back_whole_and_to_the_millisecond(records: &Records) {
    let sale = a_sale().limit(5).build();
    let epoch = records.create(&sale).await;
    let purchase = a_purchase(&sale, epoch)
        .by("Ada Łovelace 👩‍💻 \"quoted\" \\ 'single'")
        .units(3)
        .at(Instant::parse("2026-02-15T10:00:00.999Z").expect("an instant"))
        .keyed(AttemptKey([0xff; 16]))
        .traced("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .priced(1_999, "EUR")
        .build();
    assert_eq!(records.commit(&[entry_of(vec![purchase.clone()])]).await, [inserted(1)]);
    assert_eq!(records.purchases(&sale).await, [purchase]);
    assert_eq!(records.row(&sale).await.sold, 3);
}

/// What an attempt need not have is absent, not empty.
pub async fn a_purchase_without_trace_and_price_reads_back_so(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let purchase = a_purchase(&sale, epoch).build();
    assert!(purchase.traceparent.is_none() && purchase.purchase.unit_price.is_none());
    records.commit(&[entry_of(vec![purchase.clone()])]).await;
    assert_eq!(records.purchases(&sale).await, [purchase]);
}

/// An entry that comes again, whole or in other company, is in the ledger once.
pub async fn committing_twice_is_as_if_once(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let [one, two, three] =
        [1, 2, 3].map(|position| a_purchase(&sale, epoch).at_position(position).build());
    let first = entry_of(vec![one, two.clone()]);
    assert_eq!(records.commit(std::slice::from_ref(&first)).await, [inserted(2)]);
    assert_eq!(records.commit(std::slice::from_ref(&first)).await, [inserted(0)]);
    let again = entry_of(vec![two, three]);
    assert_eq!(records.commit(&[first, again]).await, [inserted(0), inserted(1)]);
    assert_eq!(records.purchases(&sale).await.len(), 3);
    assert_eq!(records.row(&sale).await.sold, 3);
}

/// Also within one call.
pub async fn a_purchase_that_two_entries_carry_is_inserted_once(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let entry = a_purchase(&sale, epoch).entry();
    assert_eq!(records.commit(&[entry.clone(), entry]).await, [inserted(1), inserted(0)]);
    assert_eq!(records.row(&sale).await.sold, 1);
}

/// A long absence of the store ends in large commits.
pub async fn ten_thousand_purchases_commit_in_one_call(records: &Records) {
    let sale = a_sale().stock(10_000).build();
    let epoch = records.create(&sale).await;
    let purchase = |position| a_purchase(&sale, epoch).at_position(position).build();
    let entries: Vec<Entry> = (0..40)
        .map(|batch| entry_of((1..=250).map(|place| purchase(batch * 250 + place)).collect()))
        .collect();
    assert_eq!(records.commit(&entries).await, vec![inserted(250); 40]);
    assert_eq!(records.commit(&entries).await, vec![inserted(0); 40]);
    let last = records.ledger.page(&sale.id, Some(Position(9_999)), 10).await;
    assert_eq!(last.expect("the ledger answers"), [purchase(10_000)]);
    assert_eq!(records.row(&sale).await.sold, 10_000);
}

/// A conflict is a purchase number, never the buyer.
pub async fn a_buyers_second_purchase_within_the_limit_is_inserted(records: &Records) {
    let sale = a_sale().limit(3).build();
    let epoch = records.create(&sale).await;
    let first = a_purchase(&sale, epoch).by("ada").units(2);
    let second = a_purchase(&sale, epoch).at_position(2).by("ada").as_their(2, 3);
    assert_eq!(records.commit(&[first.entry()]).await, [inserted(1)]);
    assert_eq!(records.commit(&[second.entry()]).await, [inserted(1)]);
    assert_eq!(records.row(&sale).await.sold, 3);
}

/// It stays on record, its units are on offer.
pub async fn a_cancelled_purchase_is_recorded_and_has_no_units(records: &Records) {
    let sale = a_sale().stock(1).build();
    let epoch = records.create(&sale).await;
    let cancelled = a_purchase(&sale, epoch).cancelled().build();
    let standing = a_purchase(&sale, epoch).at_position(2).build();
    let entry = entry_of(vec![cancelled.clone(), standing.clone()]);
    assert_eq!(records.commit(&[entry]).await, [inserted(2)]);
    assert_eq!(records.purchases(&sale).await, [cancelled, standing]);
    assert_eq!(records.row(&sale).await.sold, 1);
}

/// Workers that meet the same sales in different order never deadlock: what is busy is committed
/// sale by sale, and each waits.
pub async fn commits_of_the_same_sales_in_any_order_all_succeed(records: &Records) {
    let sales = [1, 2, 3].map(|number| {
        a_sale().sku(&format!("SKU-{number}")).generation(number).stock(1_000).build()
    });
    let mut epochs = Vec::new();
    for sale in &sales {
        epochs.push(records.create(sale).await);
    }
    let batches = 12;
    let calls = (0..batches).map(|batch| {
        let mut entries: Vec<Entry> = sales
            .iter()
            .zip(&epochs)
            .map(|(sale, &epoch)| {
                let places = batch * 20 + 1..=batch * 20 + 20;
                let bought = places.map(|place| a_purchase(sale, epoch).at_position(place).build());
                entry_of(bought.collect())
            })
            .collect();
        entries.rotate_left(usize::try_from(batch % 3).expect("a few"));
        async move {
            match records.ledger.commit(&entries).await {
                Err(CommitError::Busy { sales, .. }) => assert!(!sales.is_empty()),
                together => return together,
            }
            let mut settled = Vec::new();
            for entry in entries.chunks(1) {
                settled.extend(records.ledger.commit(entry).await?);
            }
            Ok(settled)
        }
    });
    for answer in join_all(calls).await {
        let settled = answer.expect("the ledger commits");
        assert_eq!(settled, vec![inserted(20); 3]);
    }
    for sale in &sales {
        assert_eq!(u64::from(records.row(sale).await.sold), batches * 20);
    }
}

/// The entry beside the poisoned one is not committed either: the caller bisects.
pub async fn a_poisoned_value_is_a_fault_of_the_data_and_commits_nothing(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let sound = a_purchase(&sale, epoch).entry();
    let poisoned = a_purchase(&sale, epoch).at_position(2).units(0).entry();
    let answer = records.ledger.commit(&[sound.clone(), poisoned]).await;
    assert!(matches!(answer, Err(CommitError::Data(_))), "{answer:?}");
    assert_eq!(records.purchases(&sale).await, []);
    assert_eq!(records.row(&sale).await.sold, 0);
    assert_eq!(records.commit(&[sound]).await, [inserted(1)]);
}

/// A number is refused rather than stored as another one.
pub async fn a_number_that_no_column_holds_is_a_fault_of_the_data(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let far = a_purchase(&sale, epoch).at_position(u64::MAX).entry();
    let answer = records.ledger.commit(&[far]).await;
    assert!(matches!(answer, Err(CommitError::Data(_))), "{answer:?}");
    assert_eq!(records.purchases(&sale).await, []);
}

/// A caller's mistake is told, and neither dropped nor taken for done.
pub async fn an_entry_that_cannot_be_read_is_not_committed(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let broken = EntryBody::Broken { raw: "{".into(), error: "torn".into() };
    for body in [EntryBody::Newer { format: 9 }, broken] {
        let unreadable = Entry { id: None, body };
        let answer: Result<Vec<Settled>, CommitError> =
            records.ledger.commit(&[a_purchase(&sale, epoch).entry(), unreadable]).await;
        let refused = matches!(answer, Err(CommitError::Port(PortError::Inconsistent { .. })));
        assert!(refused, "{answer:?}");
        assert_eq!(records.purchases(&sale).await, []);
    }
}
