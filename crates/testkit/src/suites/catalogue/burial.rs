//! Burying sales, and creating their skus again.

use std::collections::HashSet;

use futures::future::join;
use stampede_application::ports::{Buried, Created, SaleStanding};
use stampede_domain::{Epoch, PurchaseNo, Sale};

use crate::{
    builders::{PurchaseBuilder, a_purchase, a_sale},
    suites::{Records, records::inserted},
};

/// A buried sale is neither found, nor listed, nor locked; its tombstone is.
pub async fn a_buried_sale_is_in_no_answer(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    assert_eq!(tombstone(records, &sale).await, None);
    let last = bury(records, &sale, 8).await;
    assert_eq!(last, Epoch { number: epoch.number + 1, nonce: 8 });

    let catalogue = &records.catalogue;
    assert_eq!(catalogue.find(&sale.id.sku).await.expect("an answer"), None);
    assert_eq!(catalogue.page(None, 10).await.expect("an answer"), []);
    assert!(catalogue.lock(&sale.id.sku).await.expect("an answer").is_none());
    assert_eq!(tombstone(records, &sale).await, Some(last));
}

/// Versions of a sku never fall, however often it is deleted and created.
pub async fn a_recreated_sku_starts_above_its_tombstone(records: &Records) {
    let mut last = Epoch { number: 0, nonce: 0 };
    for generation in 1..=3 {
        let sale = a_sale().generation(generation).build();
        let epoch = records.create(&sale).await;
        assert!(epoch.number > last.number, "{epoch} after {last}");
        assert_eq!(records.row(&sale).await.version, epoch.first_version());
        last = bury(records, &sale, 8).await;
        assert_eq!(tombstone(records, &sale).await, Some(last));
    }
}

/// Also when the creation began before the burial was over.
pub async fn a_creation_that_races_a_burial_starts_above_its_tombstone(records: &Records) {
    let mut old = a_sale().build();
    records.create(&old).await;
    for generation in 2..20 {
        let new = a_sale().generation(generation).build();
        let (buried, created) =
            join(bury(records, &old, 8), records.catalogue.create(&new, 9)).await;
        match created.expect("the catalogue answers") {
            Created::Recorded(epoch) => assert!(epoch.number > buried.number),
            Created::Exists => {
                let epoch = records.create(&new).await;
                assert!(epoch.number > buried.number);
            }
            Created::Full => panic!("there is room"),
        }
        old = new;
    }
}

/// A deletion that is repeated, because its answer was lost, hears the same answer.
pub async fn burying_twice_is_as_if_once(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    records.commit(&[a_purchase(&sale, epoch).entry()]).await;
    let first = bury(records, &sale, 8).await;
    assert_eq!(bury(records, &sale, 9).await, first);
    let number = a_purchase(&sale, epoch).build().purchase.no();
    assert_eq!(known(records, &sale, &[number]).await, HashSet::from([number]));
}

/// Neither an unknown sku nor an unknown creation of a known one is buried.
pub async fn burying_what_never_was_changes_nothing(records: &Records) {
    let sale = a_sale().build();
    records.create(&sale).await;
    for stranger in [
        a_sale().generation(2).build(),
        a_sale().sku("UNKNOWN").generation(2).build(),
        a_sale().sku("UNKNOWN").build(),
    ] {
        let answer = records.catalogue.bury(&stranger.id, None, 8, stranger.created_at).await;
        assert_eq!(answer.expect("the catalogue answers"), Buried::Unknown);
    }
    assert_eq!(records.row(&sale).await.sale, sale);
}

/// A late repeat of a deletion does not touch the sale that has taken the sku since.
pub async fn burying_an_old_creation_again_leaves_the_new_one(records: &Records) {
    let old = a_sale().build();
    records.create(&old).await;
    bury(records, &old, 8).await;
    let new = a_sale().generation(2).build();
    records.create(&new).await;
    bury(records, &old, 9).await;
    assert_eq!(records.row(&new).await.sale, new);
}

/// The archive keeps what was bought, and of the buried sale only, until retention ends.
pub async fn purchases_of_a_buried_sale_stay_in_the_archive_until_retention_ends(
    records: &Records,
) {
    let sale = a_sale().build();
    let other = a_sale().sku("WIDGET-002").generation(2).build();
    let (epoch, other_epoch) = (records.create(&sale).await, records.create(&other).await);
    let of_sale = [1, 2, 3].map(|position| a_purchase(&sale, epoch).at_position(position));
    let numbers = of_sale.clone().map(|purchase| purchase.build().purchase.no());
    let of_other = a_purchase(&other, other_epoch).entry();
    let entries: Vec<_> = of_sale.map(PurchaseBuilder::entry).into();
    records.commit(&entries).await;
    assert_eq!(records.commit(&[of_other]).await, [inserted(1)]);

    bury(records, &sale, 8).await;
    assert_eq!(records.purchases(&sale).await, []);
    assert_eq!(records.purchases(&other).await.len(), 1);
    assert_eq!(known(records, &sale, &numbers).await, HashSet::from(numbers));

    let deleted_at = sale.window.end;
    assert_eq!(records.catalogue.expire_archive(deleted_at).await.expect("an answer"), 0);
    let later = deleted_at.plus_millis(1);
    assert_eq!(records.catalogue.expire_archive(later).await.expect("an answer"), 3);
    assert_eq!(known(records, &sale, &numbers).await, HashSet::new());
    assert_eq!(records.purchases(&other).await.len(), 1);
}

/// Between a sale's end and its burial its gate may have been restored, and have sold.
pub async fn a_burial_of_another_life_changes_nothing_and_says_so(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    records.commit(&[a_purchase(&sale, epoch).entry()]).await;
    let (later, twin) =
        (Epoch { number: epoch.number + 1, ..epoch }, Epoch { nonce: epoch.nonce + 1, ..epoch });
    for other in [later, twin] {
        let answer = records.catalogue.bury(&sale.id, Some(other), 8, sale.window.end).await;
        assert_eq!(answer.expect("the catalogue answers"), Buried::Moved);
    }
    assert_eq!(records.row(&sale).await.epoch, epoch);
    assert_eq!(records.purchases(&sale).await.len(), 1);
    let answer = records.catalogue.bury(&sale.id, Some(epoch), 8, sale.window.end).await;
    let Ok(Buried::Buried(last)) = answer else { panic!("{answer:?}") };
    // Its answer was lost, and the repeat has seen what was before.
    let again = records.catalogue.bury(&sale.id, Some(epoch), 9, sale.window.end).await;
    assert_eq!(again.expect("the catalogue answers"), Buried::Buried(last));
}

/// Whoever finds a sale at a gate learns whether it is to live, to be forgotten, or to be kept shut.
pub async fn the_standing_of_sales_is_told_in_the_order_asked(records: &Records) {
    let living = a_sale().build();
    let buried = a_sale().sku("WIDGET-002").generation(2).build();
    let unheard_of = a_sale().sku("WIDGET-003").generation(3).build();
    let epoch = records.create(&living).await;
    records.create(&buried).await;
    let last = bury(records, &buried, 8).await;
    let ids = [&buried, &unheard_of, &living, &buried].map(|sale| sale.id.clone());
    let standing = records.catalogue.standing(&ids).await.expect("the catalogue answers");
    let gone = SaleStanding::Buried(last);
    assert_eq!(standing, [gone, SaleStanding::Unknown, SaleStanding::Living(epoch), gone]);
    assert_eq!(records.catalogue.standing(&[]).await.expect("the catalogue answers"), []);
}

/// An end that was judged stays; that gate and ledger agreed holds until something arrives.
pub async fn what_is_noted_of_a_sale_that_is_over_is_of_its_life(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let other = Epoch { nonce: epoch.nonce + 1, ..epoch };
    let (end, later) = (sale.window.end, sale.window.end.plus_millis(5));
    let noted = async || {
        let row = records.row(&sale).await;
        (row.over_at, row.final_run_at)
    };
    assert_eq!(noted().await, (None, None));
    for (epoch, at) in [(other, later), (epoch, end)] {
        records.catalogue.note_over(&sale.id, epoch, at).await.expect("the catalogue answers");
        records.catalogue.note_final_run(&sale.id, epoch, at).await.expect("an answer");
    }
    assert_eq!(noted().await, (Some(end), Some(end)), "another life is not noted");
    for at in [later, end] {
        records.catalogue.note_over(&sale.id, epoch, at).await.expect("the catalogue answers");
    }
    assert_eq!(noted().await, (Some(later), Some(end)), "the latest stays");

    records.commit(&[a_purchase(&sale, epoch).entry()]).await;
    assert_eq!(noted().await, (Some(later), None), "something has arrived");
    records.catalogue.note_final_run(&sale.id, epoch, later).await.expect("an answer");
    assert_eq!(records.commit(&[a_purchase(&sale, epoch).entry()]).await, [inserted(0)]);
    assert_eq!(noted().await, (Some(later), Some(later)), "nothing that is new");
}

/// Buries a sale that must have been, at its window's end; its last epoch.
async fn bury(records: &Records, sale: &Sale, nonce: u64) -> Epoch {
    let buried = records.catalogue.bury(&sale.id, None, nonce, sale.window.end).await;
    match buried.expect("the catalogue answers") {
        Buried::Buried(epoch) => epoch,
        other @ (Buried::Moved | Buried::Unknown) => panic!("{} was created: {other:?}", sale.id),
    }
}

/// The epoch of the sku's tombstone, which must be this sale's.
async fn tombstone(records: &Records, sale: &Sale) -> Option<Epoch> {
    let tombstone = records.catalogue.tombstone(&sale.id.sku).await.expect("an answer");
    tombstone.map(|(id, epoch)| {
        assert_eq!(id, sale.id);
        epoch
    })
}

async fn known(records: &Records, sale: &Sale, numbers: &[PurchaseNo]) -> HashSet<PurchaseNo> {
    records.ledger.known(&sale.id, numbers).await.expect("the ledger answers")
}
