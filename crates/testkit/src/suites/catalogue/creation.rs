//! Creating sales, finding them, and listing them.

use futures::future::join_all;
use stampede_application::ports::{CatalogueCursor, Created};
use stampede_domain::{Acknowledgement, Generation};

use crate::{builders::a_sale, suites::Records};

/// A sale is found as it was created, at the first version of its epoch, with nothing sold.
pub async fn a_new_sale_reads_back_as_it_was_created(records: &Records) {
    let sale = a_sale()
        .named("Größe „L“ – 限定")
        .stock(10_000_000)
        .limit(100)
        .acknowledged_at(Acknowledgement::Ledger)
        .with_a_page()
        .build();
    let nonce = u64::MAX >> 11;
    let created = records.catalogue.create(&sale, nonce).await.expect("the catalogue answers");
    let Created::Recorded(epoch) = created else { panic!("not recorded: {created:?}") };
    assert_eq!((epoch.number, epoch.nonce), (1, nonce));

    let row = records.row(&sale).await;
    assert_eq!(row.sale, sale);
    assert_eq!(row.epoch, epoch);
    assert_eq!(row.version, epoch.first_version());
    assert_eq!(row.sold, 0);
}

/// A sku that exists is not created again.
pub async fn a_sku_is_created_once(records: &Records) {
    let first = a_sale().build();
    records.create(&first).await;
    let second = a_sale().generation(2).stock(7).build();
    assert_eq!(records.catalogue.create(&second, 8).await.expect("an answer"), Created::Exists);
    assert_eq!(records.row(&first).await.sale, first);
}

/// However many create one sku at the same time, one of them does.
pub async fn of_creations_of_one_sku_at_once_one_is_recorded(records: &Records) {
    let sales: Vec<_> = (1..=12).map(|number| a_sale().generation(number).build()).collect();
    let creations = sales.iter().map(|sale| records.catalogue.create(sale, 7));
    let answers: Vec<Created> = join_all(creations)
        .await
        .into_iter()
        .map(|answer| answer.expect("the catalogue answers"))
        .collect();
    let recorded = answers.iter().filter(|answer| matches!(answer, Created::Recorded(_)));
    assert_eq!(recorded.count(), 1, "{answers:?}");
    let exists = answers.iter().filter(|answer| **answer == Created::Exists);
    assert_eq!(exists.count(), sales.len() - 1, "{answers:?}");
}

/// The number of living sales has a limit; a tombstone does not count.
pub async fn a_full_catalogue_takes_no_more_until_a_sale_is_buried(records: &Records) {
    let sale =
        |number: u32| a_sale().sku(&format!("SKU-{number}")).generation(u128::from(number)).build();
    for number in 0..Records::SALES_MAX {
        records.create(&sale(number)).await;
    }
    let more = sale(Records::SALES_MAX);
    assert_eq!(records.catalogue.create(&more, 7).await.expect("an answer"), Created::Full);

    let first = sale(0);
    records
        .catalogue
        .bury(&first.id, None, 8, first.created_at)
        .await
        .expect("the catalogue buries");
    records.create(&more).await;
}

/// Keyset pages list each sale once, also among sales of one millisecond.
pub async fn pages_list_every_sale_once_and_newest_first(records: &Records) {
    let mut created = Vec::new();
    for number in 0..23_u32 {
        let sale = a_sale()
            .sku(&format!("SKU-{number}"))
            // Out of order, so that neither insertion nor generation is the order by accident.
            .generation(u128::from(number * 7 % 23 + 1))
            .created_later_by(i64::from(number / 5))
            .build();
        records.create(&sale).await;
        created.push((sale.created_at, sale.id.generation));
    }
    created.sort_unstable_by(|one, other| other.cmp(one));

    let mut listed: Vec<(_, Generation)> = Vec::new();
    loop {
        let after = listed
            .last()
            .map(|&(created_at, generation)| CatalogueCursor { created_at, generation });
        let page = records.catalogue.page(after.as_ref(), 4).await.expect("the catalogue answers");
        assert!(page.len() <= 4);
        if page.is_empty() {
            break;
        }
        listed.extend(page.iter().map(|row| (row.sale.created_at, row.sale.id.generation)));
    }
    assert_eq!(listed, created);
}
