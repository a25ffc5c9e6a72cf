//! What an outbox must hold of purchases of another epoch.

use std::collections::HashSet;

use stampede_application::ports::{NoPlace, Readmission, Repaired};
use stampede_domain::RecordedPurchase;

use super::numbers;
use crate::suites::scene::{Harness, Scene, attempt};

async fn readmit(scene: &Scene, stale: &RecordedPurchase) -> Readmission {
    let answers = scene.outbox.readmit(std::slice::from_ref(stale), scene.epoch).await;
    let answers = answers.expect("the outbox answers");
    assert_eq!(answers.len(), 1);
    answers.into_iter().next().expect("one answer each")
}

/// The gate has it already.
pub async fn a_purchase_that_stands_is_readmitted_as_it_is(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    scene.buy(&attempt("ada", 1, 1)).await;
    let recorded = scene.waiting_purchases().await.remove(0);
    assert_eq!(readmit(&scene, &recorded).await, Readmission::Adopted);
    let snapshot = scene.snapshot().await;
    assert_eq!((snapshot.stock, snapshot.sold), (9, 1));
}

/// The same number and key, in the gate as it is now and on its way to the ledger.
pub async fn a_lost_purchase_is_readmitted_once(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let stale = scene.forged("ben", 4, 1);
    for _ in 0..2 {
        assert_eq!(readmit(&scene, &stale).await, Readmission::Adopted);
        let snapshot = scene.snapshot().await;
        assert_eq!((snapshot.stock, snapshot.sold), (9, 1));
    }
    let held = scene.gate.purchases(scene.id(), &stale.buyer).await.expect("the gate answers");
    assert_eq!(held.expect("the gate has the sale").purchases[0].no(), stale.purchase.no());
    let unique: HashSet<_> = numbers(&scene.waiting().await).into_iter().collect();
    assert_eq!(unique, HashSet::from([stale.purchase.no()]));
    scene.record().await;
    let page = scene.ledger.page(scene.id(), None, 100).await.expect("the ledger answers");
    assert_eq!(page.len(), 1);
}

/// Accepted and lost: told, never oversold.
pub async fn a_purchase_without_room_is_not_readmitted(harness: &impl Harness) {
    let scene = Scene::active(harness, 1, 1).await;
    scene.buy(&attempt("ada", 1, 1)).await;
    let refused = readmit(&scene, &scene.forged("ben", 4, 1)).await;
    assert_eq!(refused, Readmission::Refused(NoPlace::SoldOut));
    let repaired = scene.gate.repair(scene.id(), &[scene.forged("ben", 4, 1)]).await;
    assert_eq!(repaired.expect("the gate answers"), [Repaired::Refused]);
    assert_eq!(scene.snapshot().await.sold, 1);
}

/// A person is told whether the buyer has what the attempt was for.
pub async fn a_purchase_whose_buyer_bought_again_is_not_readmitted(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 2).await;
    scene.buy(&attempt("ada", 1, 1)).await;
    let mut same_key = scene.waiting_purchases().await.remove(0);
    same_key.purchase.bits = scene.forged("ada", 4, 1).purchase.bits;
    let refused = readmit(&scene, &same_key).await;
    assert_eq!(refused, Readmission::Refused(NoPlace::BoughtAgain));
    let refused = readmit(&scene, &scene.forged("ada", 4, 2)).await;
    assert_eq!(refused, Readmission::Refused(NoPlace::OverLimit));
    assert_eq!(scene.snapshot().await.sold, 1);
}
