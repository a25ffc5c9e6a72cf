//! What later work adds to and does not rebuild, held by every engine from now on: a buyer's record
//! is a list in which a purchase may be cancelled; a change is one step among attempts; trace and
//! price have their places up to the row; a number is what purchases are compared by; a sale
//! maps to one shard.

use stampede_application::ports::{Change, Changed, Entry, EntryBody, Readmission, Repaired};
use stampede_domain::{
    Attempt, Decision, Position, Price, Purchase, RecordedPurchase, Rejection, Shard, TraceParent,
};

use crate::builders::a_price;

use super::scene::{Harness, Scene, When, attempt, decide_on, purchases_of};

/// Makes each sentence a `#[test]` over what `$harness` makes.
#[macro_export]
macro_rules! later_work_suite {
    ($harness:expr) => {
        $crate::suite_tests!(
            $harness,
            $crate::suites::later_work,
            a_cancelled_purchase_stays_in_its_buyers_list_and_holds_no_unit,
            a_repaired_purchase_that_was_cancelled_takes_no_unit,
            attempts_and_an_end_at_once_fall_on_one_side_of_it_each,
            trace_and_price_travel_to_the_row,
            a_readmitted_purchase_keeps_its_trace_and_price,
            a_rebuild_keeps_trace_and_price_of_what_was_on_its_way,
            a_purchase_is_the_same_by_its_number_whatever_else_differs,
            generation_epoch_and_version_stand_in_every_entry,
            an_entry_comes_from_the_shard_of_its_sale_alone,
        );
    };
}

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn traced(buyer: &str) -> Attempt {
    Attempt { traceparent: TraceParent::parse(TRACE), ..attempt(buyer, 1, 1) }
}

fn price() -> Price {
    a_price(1_999, "JPY")
}

/// Whether it has the trace of [`traced`] and the [`price`].
fn keeps_both(recorded: &RecordedPurchase) -> bool {
    recorded.traceparent == TraceParent::parse(TRACE)
        && recorded.purchase.unit_price == Some(price())
}

async fn in_ledger(scene: &Scene) -> Vec<RecordedPurchase> {
    scene.ledger.page(scene.id(), None, 100).await.expect("the ledger answers")
}

async fn only_in_ledger(scene: &Scene, recorded: &RecordedPurchase) {
    let entry = Entry { id: None, body: EntryBody::Purchases(vec![recorded.clone()]) };
    scene.ledger.commit(&[entry]).await.expect("the ledger commits");
}

fn cancelled(mut recorded: RecordedPurchase) -> RecordedPurchase {
    recorded.purchase.cancelled = true;
    recorded
}

async fn held(scene: &Scene, buyer: &str) -> Vec<Purchase> {
    let buyer = attempt(buyer, 1, 1).buyer;
    let held = scene.gate.purchases(scene.id(), &buyer).await.expect("the gate answers");
    held.expect("the gate has the sale").purchases
}

async fn is_consistent(scene: &Scene) -> bool {
    let audit = scene.gate.audit(scene.id()).await.expect("the gate answers");
    audit.expect("the gate has the sale").consistent
}

/// Nothing cancels yet; a gate that is made from a ledger with a cancelled purchase is right.
pub async fn a_cancelled_purchase_stays_in_its_buyers_list_and_holds_no_unit(
    harness: &impl Harness,
) {
    let scene = Scene::active(harness, 1, 1).await;
    let given_back = cancelled(scene.forged("ada", 1, 1));
    only_in_ledger(&scene, &given_back).await;
    let rebuilt = scene.gate.rebuild(scene.id()).await.expect("the gate rebuilds").snapshot;
    assert_eq!((rebuilt.stock, rebuilt.sold), (1, 0));
    let list = held(&scene, "ada").await;
    assert_eq!((list.len(), list[0].no()), (1, given_back.purchase.no()));
    assert!(list[0].cancelled);
    // There is room under the limit and in the stock again, behind what was cancelled.
    let bought = scene.buy(&attempt("ada", 2, 1)).await;
    assert_eq!((bought.ordinal, bought.held_after, bought.remaining), (2, 1, 0));
    let decisions = scene.decide(&[attempt("ada", 3, 1)]).await;
    assert_eq!(decisions, [Decision::Rejected(Rejection::AlreadyPurchased(Some(bought)))]);
    assert_eq!(held(&scene, "ada").await.len(), 2);
    assert!(is_consistent(&scene).await);
    scene.record().await;
    let standing = in_ledger(&scene).await;
    assert_eq!(standing.len(), 2);
    assert_eq!(standing.iter().filter(|recorded| recorded.purchase.cancelled).count(), 1);
}

/// Reconciliation gives a gate back what it lost, cancelled or not.
pub async fn a_repaired_purchase_that_was_cancelled_takes_no_unit(harness: &impl Harness) {
    let scene = Scene::active(harness, 1, 1).await;
    scene.buy(&attempt("ben", 1, 1)).await;
    let lost = cancelled(scene.forged("ada", 7, 1));
    for wanted in [Repaired::Added, Repaired::Present] {
        let answers = scene.gate.repair(scene.id(), std::slice::from_ref(&lost)).await;
        assert_eq!(answers.expect("the gate answers"), [wanted]);
    }
    assert!(held(&scene, "ada").await[0].cancelled);
    let snapshot = scene.snapshot().await;
    assert_eq!((snapshot.stock, snapshot.sold), (0, 1));
    assert!(is_consistent(&scene).await);
}

/// I9: an end is one step among the attempts. What it tells of the stock is the stock for good,
/// and whatever was accepted stands before it in the outbox.
pub async fn attempts_and_an_end_at_once_fall_on_one_side_of_it_each(harness: &impl Harness) {
    let scene = Scene::active(harness, 1_000, 1).await;
    let attempts = (0..20).map(|group| {
        let (lane, id) = (scene.gate.lane(), scene.id().clone());
        async move {
            let buyers = (0..5).map(|n| attempt(&format!("buyer-{group}-{n}"), 1, 1));
            let batch: Vec<_> = buyers.collect();
            let decisions = decide_on(&*lane, &id, &batch).await;
            decisions.iter().filter(|one| matches!(one, Decision::Accepted(_))).count()
        }
    });
    let end = scene.gate.change(scene.id(), Change::End);
    let (sold, ended) = futures::join!(futures::future::join_all(attempts), end);
    let sold: usize = sold.into_iter().sum();
    let Changed::Applied { snapshot, .. } = ended.expect("the gate answers") else {
        panic!("the sale runs")
    };
    assert_eq!(snapshot.sold as usize, sold);
    assert_eq!(scene.snapshot().await, snapshot, "nothing is accepted behind it");
    let entries = scene.waiting().await;
    let (last, before) = entries.split_last().expect("the change is there");
    assert!(matches!(last.body, EntryBody::Change(_)), "{last:?}");
    assert_eq!(purchases_of(before).len(), sold);
}

/// The attempt's trace and the sale's price find their place in entry and row.
pub async fn trace_and_price_travel_to_the_row(harness: &impl Harness) {
    let scene = Scene::priced(harness, 10, 1, price()).await;
    scene.decide(&[attempt("ada", 1, 1), traced("ben"), attempt("eve", 1, 1)]).await;
    assert!(keeps_both(&scene.waiting_purchases().await[1]));
    scene.record().await;
    let rows = in_ledger(&scene).await;
    assert_eq!(rows.iter().map(keeps_both).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(rows[0].purchase.unit_price, Some(price()), "with a trace or without");
}

/// A purchase of an earlier life comes back whole, with a price of its own: the wrong side of a
/// partition may not have heard of the last change before the start.
pub async fn a_readmitted_purchase_keeps_its_trace_and_price(harness: &impl Harness) {
    let scene = Scene::priced(harness, 10, 1, a_price(2_500, "EUR")).await;
    let Attempt { traceparent, .. } = traced("ben");
    let mut stale = RecordedPurchase { traceparent, ..scene.forged("ben", 4, 1) };
    stale.purchase.unit_price = Some(price());
    let answers = scene.outbox.readmit(&[stale], scene.epoch).await.expect("the outbox answers");
    assert_eq!(answers, [Readmission::Adopted]);
    let waiting = scene.waiting_purchases().await.remove(0);
    assert!(keeps_both(&waiting), "{waiting:?}");
    // Its receipt, which says that none remained, stays too.
    assert_eq!(waiting.purchase.remaining, 0);
    scene.record().await;
    assert!(keeps_both(&in_ledger(&scene).await[0]));
}

/// A gate's record of a buyer has no trace; the entry that was on its way has both.
pub async fn a_rebuild_keeps_trace_and_price_of_what_was_on_its_way(harness: &impl Harness) {
    let scene = Scene::priced(harness, 10, 1, price()).await;
    scene.buy(&traced("ben")).await;
    scene.gate.rebuild(scene.id()).await.expect("the gate rebuilds");
    scene.record().await;
    let rows = in_ledger(&scene).await;
    assert_eq!(rows.len(), 1);
    assert!(keeps_both(&rows[0]), "{rows:?}");
}

/// Position, ordinal and epoch are given anew by a restore; the number stays.
pub async fn a_purchase_is_the_same_by_its_number_whatever_else_differs(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 3).await;
    let bought = scene.buy(&attempt("ada", 1, 1)).await;
    let mut moved = scene.waiting_purchases().await.remove(0);
    moved.epoch.number += 1;
    moved.purchase = Purchase { position: Position(9), ordinal: 2, held_after: 2, ..bought };
    let before = scene.snapshot().await;
    let answers = scene.gate.repair(scene.id(), std::slice::from_ref(&moved)).await;
    assert_eq!(answers.expect("the gate answers"), [Repaired::Present]);
    let answers = scene.outbox.readmit(std::slice::from_ref(&moved), scene.epoch).await;
    assert_eq!(answers.expect("the outbox answers"), [Readmission::Adopted]);
    assert_eq!(scene.snapshot().await, before);
    scene.record().await;
    moved.epoch = scene.epoch;
    only_in_ledger(&scene, &moved).await;
    assert_eq!(in_ledger(&scene).await.len(), 1);
    let known = scene.ledger.known(scene.id(), &[bought.no()]).await;
    assert_eq!(known.expect("the ledger answers").len(), 1);
}

/// Of which creation, which life and, for a change, which version.
pub async fn generation_epoch_and_version_stand_in_every_entry(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    scene.buy(&attempt("ada", 1, 1)).await;
    scene.gate.change(scene.id(), Change::Pause).await.expect("the gate answers");
    let entries = scene.waiting().await;
    let [bought, changed] = entries.as_slice() else { panic!("{entries:?}") };
    let EntryBody::Purchases(bought) = &bought.body else { panic!("{entries:?}") };
    assert_eq!((&bought[0].sale, bought[0].epoch), (scene.id(), scene.epoch));
    let EntryBody::Change(change) = &changed.body else { panic!("{entries:?}") };
    assert_eq!((&change.sale.id, change.epoch), (scene.id(), scene.epoch));
    assert_eq!(change.version, scene.snapshot().await.version);
    assert_eq!(change.version, scene.epoch.first_version().plus(2));
}

/// One place says which: readers are fixed, and nothing is discovered.
pub async fn an_entry_comes_from_the_shard_of_its_sale_alone(harness: &impl Harness) {
    let mut scenes = Vec::new();
    for number in 1..=6_u32 {
        let sku = format!("WIDGET-{number}");
        let scene = Scene::open(harness, &sku, number.into(), 10, 1, When::Active).await;
        scene.buy(&attempt(&format!("buyer-{number}"), 1, 1)).await;
        scenes.push(scene);
    }
    let outbox = harness.outbox();
    let shards = outbox.shards();
    let mut came = 0;
    for &shard in &shards {
        let entries = outbox.read(shard, "worker", 100, super::outbox::SHORT).await;
        for recorded in purchases_of(&entries.expect("the outbox answers")) {
            assert!(shards.len() == 1 || Shard::of(&recorded.sale.sku) == shard, "{recorded:?}");
            came += 1;
        }
    }
    assert_eq!(came, scenes.len());
}
