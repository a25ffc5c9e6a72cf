//! Changes of a sale on their way through the outbox.

use stampede_application::ports::Settled;
use stampede_domain::{Epoch, Sale};

use crate::{
    builders::{a_purchase, a_sale},
    suites::{
        Records,
        records::{change_of, inserted},
    },
};

/// The whole changeable state is written.
pub async fn a_change_is_written_whole(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let mut changed = a_sale().named("Another Widget").stock(120).limit(2).with_a_page().build();
    changed.window.end = sale.window.end.plus_millis(60_001);
    changed.paused = true;
    changed.ended_by_admin = true;
    assert_eq!(records.commit(&[change_of(&changed, epoch, 3)]).await, [inserted(0)]);
    let row = records.row(&sale).await;
    assert_eq!(row.sale, changed);
    assert_eq!(row.version, epoch.first_version().plus(3));
    let bare = Sale { description: None, picture: None, price: None, ..changed };
    assert_eq!(records.commit(&[change_of(&bare, epoch, 4)]).await, [inserted(0)]);
    assert_eq!(records.row(&sale).await.sale, bare);
}

/// Changes that arrive out of order leave the newest.
pub async fn a_change_applies_only_over_a_lower_version(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let paused = Sale { paused: true, ..sale.clone() };
    let ended = Sale { ended_by_admin: true, ..sale.clone() };
    let entries = [change_of(&ended, epoch, 5), change_of(&paused, epoch, 4)];
    assert_eq!(records.commit(&entries).await, [inserted(0), inserted(0)]);
    assert_eq!(records.commit(&[change_of(&paused, epoch, 5)]).await, [inserted(0)]);
    let row = records.row(&sale).await;
    assert_eq!(row.sale, ended);
    assert_eq!(row.version, epoch.first_version().plus(5));
}

/// Units that were added and sold at once need not arrive in that order.
pub async fn purchases_meet_the_stock_of_a_change_in_the_same_call(records: &Records) {
    let sale = a_sale().stock(1).build();
    let epoch = records.create(&sale).await;
    let more = Sale { initial_stock: 2, ..sale.clone() };
    let entries = [
        a_purchase(&sale, epoch).entry(),
        a_purchase(&sale, epoch).at_position(2).entry(),
        change_of(&more, epoch, 1),
    ];
    assert_eq!(records.commit(&entries).await, [inserted(1), inserted(1), inserted(0)]);
    assert_eq!(records.row(&sale).await.sold, 2);
}

/// No change takes away what is sold.
pub async fn a_change_that_would_cut_the_stock_below_what_is_sold_is_drift(records: &Records) {
    let sale = a_sale().stock(5).limit(3).build();
    let epoch = records.create(&sale).await;
    records.commit(&[a_purchase(&sale, epoch).units(3).entry()]).await;
    let fewer = Sale { initial_stock: 2, ..sale.clone() };
    let drift = records.drift(&[change_of(&fewer, epoch, 1)]).await;
    assert_eq!(drift, (sale.id.clone(), "sold_within_stock".to_owned()));
    assert_eq!(records.row(&sale).await.sale, sale);
}

/// Nobody was told of a change whose gate was lost; one whose gate cannot be lost stands.
pub async fn a_change_of_another_epoch_is_dropped(records: &Records) {
    let sale = a_sale().build();
    let epoch = records.create(&sale).await;
    let other = Epoch { number: epoch.number, nonce: epoch.nonce + 1 };
    let paused = Sale { paused: true, ..sale.clone() };
    let answer = records.commit(&[change_of(&paused, other, 1)]).await;
    if records.stale_epochs {
        assert_eq!(answer, [Settled::Dropped]);
        assert_eq!(records.row(&sale).await.sale, sale);
    } else {
        assert_eq!(answer, [inserted(0)]);
        assert_eq!(records.row(&sale).await.sale, paused);
    }
}
