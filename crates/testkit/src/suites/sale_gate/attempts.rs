//! What a gate makes of attempts.

use stampede_application::ports::{EntryBody, Judged};
use stampede_domain::{Attempt, BuyerId, Decision, Purchase, Rejection, TraceParent};

use super::upkeep::all_holdings;
use crate::{
    builders::a_price,
    suites::scene::{Harness, Scene, When, attempt, decide_on, sale},
};

const SOLD_OUT: Decision = Decision::Rejected(Rejection::SoldOut);
const NOT_ACTIVE: Decision = Decision::Rejected(Rejection::SaleNotActive);

fn accepted(decisions: &[Decision]) -> Vec<Purchase> {
    let accepted = decisions.iter().filter_map(|decision| match decision {
        Decision::Accepted(purchase) => Some(*purchase),
        Decision::Replayed(_) | Decision::KeyReused | Decision::Rejected(_) => None,
    });
    accepted.collect()
}

/// I1: whatever the sizes of the batches, the stock is sold and not a unit more.
pub async fn of_a_hundred_units_a_hundred_are_sold_whatever_the_batches(harness: &impl Harness) {
    let scene = Scene::active(harness, 100, 1).await;
    let crowd: Vec<Attempt> = (0..130).map(|n| attempt(&format!("buyer-{n}"), 1, 1)).collect();
    let mut rest = crowd.as_slice();
    let mut sold = Vec::new();
    for size in [1, 2, 60, 7, 40, 20] {
        let (batch, later) = rest.split_at(size);
        rest = later;
        let decisions = scene.decide(batch).await;
        let taken = accepted(&decisions);
        let refused = decisions.iter().filter(|&&decision| decision == SOLD_OUT).count();
        assert_eq!(taken.len() + refused, size);
        sold.extend(taken);
    }
    assert!(rest.is_empty());
    assert_eq!(sold.len(), 100);
    for (place, purchase) in sold.iter().enumerate() {
        assert_eq!(purchase.position.0, place as u64 + 1, "positions have no gaps");
        assert_eq!(purchase.remaining as usize, 99 - place, "the stock falls one by one");
    }
    let snapshot = scene.snapshot().await;
    assert_eq!((snapshot.stock, snapshot.sold), (0, 100));
    assert_eq!(scene.waiting_purchases().await.len(), 100);
}

/// I1 under concurrency.
pub async fn lanes_at_once_sell_no_more_than_the_stock(harness: &impl Harness) {
    let scene = Scene::active(harness, 50, 1).await;
    let calls = (0..10).map(|group| {
        let lane = scene.gate.lane();
        let id = scene.id().clone();
        async move {
            let buyers = (0..10).map(|n| attempt(&format!("buyer-{group}-{n}"), 1, 1));
            let batch: Vec<_> = buyers.collect();
            accepted(&decide_on(&*lane, &id, &batch).await).len()
        }
    });
    let sold: usize = futures::future::join_all(calls).await.into_iter().sum();
    assert_eq!(sold, 50);
    assert_eq!(scene.snapshot().await.stock, 0);
    assert_eq!(scene.waiting_purchases().await.len(), 50);
}

/// I6.
pub async fn the_same_key_gets_the_same_purchase_from_every_lane(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 5).await;
    let bought = scene.buy(&attempt("ada", 1, 2)).await;
    // A client that lost the answer comes back with the same key and, from elsewhere, other bits.
    let mut again = attempt("ada", 1, 2);
    again.bits.0 = [9; 10];
    for lane in [scene.lane.clone(), scene.gate.lane()] {
        let decisions = decide_on(&*lane, scene.id(), std::slice::from_ref(&again)).await;
        assert_eq!(decisions, [Decision::Replayed(bought)]);
    }
    assert_eq!(scene.snapshot().await.stock, 8);
    assert_eq!(scene.waiting_purchases().await.len(), 1);
}

/// I6 inside one batch.
pub async fn the_same_key_twice_in_one_batch_buys_once(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 5).await;
    let one = attempt("ada", 1, 2);
    let decisions = scene.decide(&[one.clone(), attempt("ben", 1, 1), one]).await;
    let Decision::Accepted(bought) = decisions[0] else { panic!("{decisions:?}") };
    assert_eq!(decisions[2], Decision::Replayed(bought));
    let snapshot = scene.snapshot().await;
    assert_eq!((snapshot.stock, snapshot.sold), (7, 3));
}

/// A key's scope is its buyer.
pub async fn a_key_belongs_to_its_buyer(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 5).await;
    let ada = attempt("ada", 1, 1);
    let ben = Attempt { key: ada.key, ..attempt("ben", 1, 2) };
    let decisions = scene.decide(&[ada, ben]).await;
    assert_eq!(accepted(&decisions).len(), 2, "{decisions:?}");
}

/// A remembered key with another quantity is a client's mistake, and is told apart.
pub async fn a_key_reused_with_another_quantity_buys_nothing(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 5).await;
    scene.buy(&attempt("ada", 1, 2)).await;
    assert_eq!(scene.decide(&[attempt("ada", 1, 1)]).await, [Decision::KeyReused]);
    let in_one = [attempt("ben", 1, 1), attempt("ben", 1, 2)];
    assert_eq!(scene.decide(&in_one).await[1], Decision::KeyReused);
    assert_eq!(scene.snapshot().await.stock, 7);
}

/// I2: two and one of three, and no fourth.
pub async fn the_limit_counts_over_batches(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 3).await;
    let first = scene.buy(&attempt("ada", 1, 2)).await;
    let second = scene.buy(&attempt("ada", 2, 1)).await;
    assert_eq!((first.ordinal, first.held_after, first.remaining), (1, 2, 8));
    assert_eq!((second.ordinal, second.held_after, second.remaining), (2, 3, 7));
    let held = Decision::Rejected(Rejection::AlreadyPurchased(Some(second)));
    assert_eq!(scene.decide(&[attempt("ada", 3, 1)]).await, [held]);
    assert_eq!(scene.snapshot().await.stock, 7);
}

/// I2 inside one batch: the second attempt of a buyer sees the first.
pub async fn the_limit_counts_within_one_batch(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 3).await;
    let batch = [attempt("ada", 1, 2), attempt("ada", 2, 2), attempt("ada", 3, 1)];
    let decisions = scene.decide(&batch).await;
    let Decision::Accepted(first) = decisions[0] else { panic!("{decisions:?}") };
    assert_eq!(decisions[1], Decision::Rejected(Rejection::AlreadyPurchased(Some(first))));
    let Decision::Accepted(third) = decisions[2] else { panic!("{decisions:?}") };
    assert_eq!((third.ordinal, third.held_after), (2, 3));
}

/// The order of judging is part of the contract.
pub async fn replay_comes_first_then_limit_then_window_then_stock(harness: &impl Harness) {
    use stampede_application::ports::Change;
    let scene = Scene::active(harness, 2, 1).await;
    let bought = scene.buy(&attempt("ada", 1, 1)).await;
    let held = Decision::Rejected(Rejection::AlreadyPurchased(Some(bought)));
    // Two units of a limit of one: over the limit, and over the stock.
    let never = Decision::Rejected(Rejection::AlreadyPurchased(None));
    assert_eq!(scene.decide(&[attempt("ben", 1, 2)]).await, [never]);
    scene.gate.change(scene.id(), Change::Pause).await.expect("the gate answers");
    let batch = [attempt("ada", 1, 1), attempt("ada", 2, 1), attempt("ben", 2, 1)];
    assert_eq!(scene.decide(&batch).await, [Decision::Replayed(bought), held, NOT_ACTIVE]);
    scene.gate.change(scene.id(), Change::Resume).await.expect("the gate answers");
    scene.buy(&attempt("ben", 2, 1)).await;
    let batch = [attempt("ada", 1, 1), attempt("ada", 2, 1), attempt("eve", 1, 1)];
    assert_eq!(scene.decide(&batch).await, [Decision::Replayed(bought), held, SOLD_OUT]);
}

/// I3.
pub async fn nothing_is_accepted_before_the_start(harness: &impl Harness) {
    let scene = Scene::open(harness, "WIDGET-001", 1, 5, 1, When::Upcoming).await;
    assert_eq!(scene.decide(&[attempt("ada", 1, 1)]).await, [NOT_ACTIVE]);
    assert_eq!(scene.snapshot().await.stock, 5);
}

/// I3.
pub async fn nothing_is_accepted_after_the_end(harness: &impl Harness) {
    let scene = Scene::open(harness, "WIDGET-001", 1, 5, 1, When::Over).await;
    assert_eq!(scene.decide(&[attempt("ada", 1, 1)]).await, [NOT_ACTIVE]);
    assert_eq!(scene.snapshot().await.stock, 5);
}

/// A smaller attempt still fits afterwards.
pub async fn more_than_is_left_is_sold_out_and_takes_nothing(harness: &impl Harness) {
    let scene = Scene::active(harness, 3, 5).await;
    assert_eq!(scene.decide(&[attempt("ada", 1, 4)]).await, [SOLD_OUT]);
    // A rejection is not remembered: the same key may ask again.
    assert_eq!(scene.buy(&attempt("ada", 1, 3)).await.remaining, 0);
}

/// I4: what a worker needs stands in the entry, in the order of judging.
pub async fn an_accepted_batch_is_in_the_outbox_with_all_its_fields(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 3).await;
    let traced = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut batch =
        [attempt("ada", 1, 2), attempt("b\"\u{f6}\u{1f6d2} n", 1, 1), attempt("ada", 2, 1)];
    batch[0].traceparent = TraceParent::parse(traced);
    let purchases = accepted(&scene.decide(&batch).await);
    assert_eq!(purchases.len(), 3);
    let fields = |p: &Purchase| (p.position.0, p.ordinal, p.held_after, p.remaining, p.qty);
    assert_eq!(fields(&purchases[0]), (1, 1, 2, 8, 2));
    assert_eq!(fields(&purchases[1]), (2, 1, 1, 7, 1));
    assert_eq!(fields(&purchases[2]), (3, 2, 3, 6, 1));
    let entries = scene.waiting().await;
    assert_eq!(entries.len(), 1, "one entry a batch: {entries:?}");
    assert!(entries[0].id.is_some());
    let EntryBody::Purchases(recorded) = &entries[0].body else { panic!("{entries:?}") };
    assert_eq!(recorded.len(), 3);
    for ((attempt, purchase), recorded) in batch.iter().zip(purchases).zip(recorded) {
        assert_eq!(recorded.sale, scene.sale.id);
        assert_eq!(recorded.epoch, scene.epoch);
        assert_eq!(recorded.buyer, attempt.buyer);
        assert_eq!(recorded.purchase, purchase);
        assert_eq!((purchase.bits, purchase.key), (attempt.bits, attempt.key));
        assert_eq!(recorded.traceparent, attempt.traceparent);
        assert_eq!(purchase.unit_price, None, "the sale has no price");
    }
}

/// The price is the gate's own word: nobody who asks brings it, and whoever is answered hears it.
pub async fn every_purchase_of_a_priced_sale_has_its_price(harness: &impl Harness) {
    let price = Some(a_price(1_999, "EUR"));
    let scene = Scene::priced(harness, 10, 2, a_price(1_999, "EUR")).await;
    let traced = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let first = Attempt { traceparent: TraceParent::parse(traced), ..attempt("ada", 1, 1) };
    let batch = [first, attempt("ada", 2, 1), attempt("ben", 1, 2)];
    let bought = accepted(&scene.decide(&batch).await);
    assert_eq!(bought.iter().map(|one| one.unit_price).collect::<Vec<_>>(), [price; 3]);
    let again = scene.decide(&[attempt("ada", 1, 1), attempt("ben", 2, 1)]).await;
    assert_eq!(again[0], Decision::Replayed(bought[0]));
    let newest = Rejection::AlreadyPurchased(Some(bought[2]));
    assert_eq!(again[1], Decision::Rejected(newest));
    let held = scene.gate.purchases(scene.id(), &batch[0].buyer).await;
    let held = held.expect("the gate answers").map(|held| held.purchases);
    assert_eq!(held, Some(bought[..2].to_vec()));
    let holdings = all_holdings(&scene).await;
    assert_eq!(holdings[&batch[2].buyer], bought[2..]);
    let waiting = scene.waiting_purchases().await;
    assert_eq!(waiting.iter().map(|one| one.purchase).collect::<Vec<_>>(), bought);
    assert_eq!(waiting[0].traceparent, TraceParent::parse(traced));
    scene.record().await;
    let rows = scene.ledger.page(scene.id(), None, 10).await.expect("the ledger answers");
    assert_eq!(rows.iter().map(|row| row.purchase).collect::<Vec<_>>(), bought);
}

/// A rejection takes nothing, not even a version.
pub async fn a_rejection_writes_nothing(harness: &impl Harness) {
    let scene = Scene::active(harness, 1, 1).await;
    scene.buy(&attempt("ada", 1, 1)).await;
    let (before, entries) = (scene.snapshot().await, scene.waiting().await);
    let batch = [attempt("ada", 1, 1), attempt("ada", 2, 1), attempt("ben", 1, 1)];
    let judged = scene.lane.decide(scene.id(), &batch).await.expect("the gate answers");
    let Judged::Decided { stock, version, .. } = judged else { panic!("{judged:?}") };
    assert_eq!((stock, version), (before.stock, before.version));
    assert_eq!(scene.snapshot().await, before);
    assert_eq!(scene.waiting().await, entries);
}

/// The lookup is right before any worker has run.
pub async fn a_purchase_is_known_the_instant_it_is_answered(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 3).await;
    let first = scene.buy(&attempt("ada", 1, 1)).await;
    let second = scene.buy(&attempt("ada", 2, 2)).await;
    let held = |buyer: &str| {
        let (gate, id) = (scene.gate.clone(), scene.id().clone());
        let buyer = BuyerId::parse(buyer).expect("a buyer");
        async move {
            let held = gate.purchases(&id, &buyer).await.expect("the gate answers");
            held.map(|held| held.purchases)
        }
    };
    assert_eq!(held("ada").await, Some(vec![first, second]));
    assert_eq!(held("ben").await, Some(vec![]));
    scene.record().await;
    assert_eq!(held("ada").await, Some(vec![first, second]));
}

/// 256 attempts by buyers with the longest names.
pub async fn a_full_batch_is_decided(harness: &impl Harness) {
    let scene = Scene::active(harness, 300, 1).await;
    let name = |n: usize| format!("{n:03}{}", "\u{1f6d2}".repeat(252));
    let batch: Vec<_> = (0..256).map(|n| attempt(&name(n), 1, 1)).collect();
    assert_eq!(accepted(&scene.decide(&batch).await).len(), 256);
    assert_eq!(scene.waiting_purchases().await.len(), 256);
}

/// An unknown sale is said to be so, and makes nothing.
pub async fn a_sale_that_was_never_opened_is_unknown(harness: &impl Harness) {
    let scene = Scene::active(harness, 5, 1).await;
    let other_sku = sale(&*scene.clock, "GADGET-002", 2, 5, 1, When::Active).id;
    let other_generation = sale(&*scene.clock, "WIDGET-001", 2, 5, 1, When::Active).id;
    for id in [other_sku, other_generation] {
        let judged = scene.lane.decide(&id, &[attempt("ada", 1, 1)]).await;
        assert_eq!(judged.expect("the gate answers"), Judged::UnknownSale, "{id}");
        assert_eq!(scene.gate.snapshot(&id).await.expect("the gate answers"), None, "{id}");
        let ada = attempt("ada", 1, 1).buyer;
        let held = scene.gate.purchases(&id, &ada).await.expect("the gate answers");
        assert_eq!(held, None, "{id}");
    }
}
