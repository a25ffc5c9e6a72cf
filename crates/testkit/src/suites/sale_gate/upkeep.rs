//! Opening, scanning, repairing and forgetting the sales of a gate.

use std::collections::HashMap;

use stampede_application::ports::{
    Buried, Change, Changed, Created, Entry, EntryBody, Judged, Repaired, Snapshot,
};
use stampede_domain::{BuyerId, Decision, Purchase, RecordedPurchase, Sale, SaleId, Shard};

use crate::{
    builders::a_sale,
    suites::scene::{Harness, Scene, When, attempt, sale},
};

/// Every buyer and what they hold, by paging to the end.
pub(crate) async fn all_holdings(scene: &Scene) -> HashMap<BuyerId, Vec<Purchase>> {
    let mut all = HashMap::new();
    let mut from = None;
    for _ in 0..1_000 {
        let page = scene.gate.holdings(scene.id(), from.as_ref()).await;
        let page = page.expect("the gate answers").expect("the gate has the sale");
        all.extend(page.holdings);
        from = page.next;
        if from.is_none() {
            return all;
        }
    }
    panic!("the scan has no end")
}

/// A creation whose answer was lost may be opened again, also after it has sold.
pub async fn opening_twice_is_harmless(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let opened = scene.gate.open(&scene.sale, scene.epoch).await.expect("the gate opens");
    assert_eq!(opened.version, scene.epoch.first_version());
    let expected = Snapshot { sale: scene.sale.clone(), stock: 10, sold: 0, ..opened.clone() };
    assert_eq!(opened, expected);
    let bought = scene.buy(&attempt("ada", 1, 1)).await;
    let before = scene.snapshot().await;
    let again = scene.gate.open(&scene.sale, scene.epoch).await.expect("the gate opens");
    assert_eq!(again, before);
    assert_eq!(scene.decide(&[attempt("ada", 1, 1)]).await, [Decision::Replayed(bought)]);
}

/// Between catalogue and gate a node may die: whoever looks opens the sale.
pub async fn a_sale_whose_opening_was_lost_is_opened_by_who_looks(harness: &impl Harness) {
    let recorded = sale(&*harness.clock(), "WIDGET-001", 1, 10, 1, When::Active);
    let created = harness.catalogue().create(&recorded, 7).await.expect("the catalogue answers");
    assert!(matches!(created, Created::Recorded(_)), "{created:?}");
    let gate = harness.gate();
    let snapshot = gate.snapshot(&recorded.id).await.expect("the gate answers");
    let snapshot = snapshot.expect("the gate opens what the catalogue has");
    assert_eq!((&snapshot.sale, snapshot.stock, snapshot.sold), (&recorded, 10, 0));
    let judged = gate.lane().decide(&recorded.id, &[attempt("ada", 1, 1)]).await;
    let Ok(Judged::Decided { stock: 9, .. }) = judged else { panic!("{judged:?}") };
}

/// More buyers than one page names.
pub async fn holdings_name_every_buyer(harness: &impl Harness) {
    let scene = Scene::active(harness, 2_500, 2).await;
    assert_eq!(all_holdings(&scene).await, HashMap::new());
    let mut expected: HashMap<BuyerId, Vec<Purchase>> = HashMap::new();
    for first in (0..2_200).step_by(200) {
        let buyers = first..first + 200;
        let batch: Vec<_> = buyers.map(|n| attempt(&format!("buyer-{n}"), 1, 1)).collect();
        for (attempt, decision) in batch.iter().zip(scene.decide(&batch).await) {
            let Decision::Accepted(purchase) = decision else { panic!("{decision:?}") };
            expected.entry(attempt.buyer.clone()).or_default().push(purchase);
        }
    }
    let second = scene.buy(&attempt("buyer-7", 2, 1)).await;
    expected.entry(BuyerId::parse("buyer-7").expect("a buyer")).or_default().push(second);
    assert_eq!(all_holdings(&scene).await, expected);
    let page = scene.gate.holdings(scene.id(), None).await.expect("the gate answers");
    let page = page.expect("the gate has the sale");
    assert!(page.holdings.len() < 2_200, "a page is bounded: {}", page.holdings.len());
    assert_eq!(page.epoch, scene.epoch);
}

/// Counters fit together whatever was sold.
pub async fn an_audit_finds_the_counters_consistent(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 3).await;
    scene.decide(&[attempt("ada", 1, 2), attempt("ben", 1, 1), attempt("ada", 2, 1)]).await;
    let audit = scene.gate.audit(scene.id()).await.expect("the gate answers");
    let audit = audit.expect("the gate has the sale");
    assert!(audit.consistent, "{audit:?}");
    assert_eq!(audit.snapshot, scene.snapshot().await);
    let error_millis = audit.at.millis_since(scene.clock.now()).abs();
    assert!(error_millis < 60_000, "by the store's clock: {error_millis}");
    let unknown = sale(&*scene.clock, "GADGET-002", 2, 5, 1, When::Active).id;
    assert_eq!(scene.gate.audit(&unknown).await.expect("the gate answers"), None);
}

/// Puts a purchase into the ledger that the gate has never seen.
async fn only_in_ledger(scene: &Scene, lost: &RecordedPurchase) {
    let entry = Entry { id: None, body: EntryBody::Purchases(vec![lost.clone()]) };
    scene.ledger.commit(&[entry]).await.expect("the ledger commits");
}

async fn repair(scene: &Scene, lost: &[RecordedPurchase]) -> Vec<Repaired> {
    scene.gate.repair(scene.id(), lost).await.expect("the gate answers")
}

/// I7: the ledger's purchase is standing again, with its units, key and number.
pub async fn a_repair_adds_what_was_lost_once(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 3).await;
    let bought = scene.buy(&attempt("ada", 1, 1)).await;
    scene.record().await;
    let lost = scene.forged("ben", 2, 2);
    only_in_ledger(&scene, &lost).await;
    let before = scene.snapshot().await;
    let known = RecordedPurchase { purchase: bought, ..scene.forged("ada", 1, 1) };
    let answers = repair(&scene, &[lost.clone(), known, lost.clone()]).await;
    assert_eq!(answers, [Repaired::Added, Repaired::Present, Repaired::Present]);
    assert_eq!(repair(&scene, std::slice::from_ref(&lost)).await, [Repaired::Present]);
    let after = scene.snapshot().await;
    assert_eq!((after.stock, after.sold), (7, 3));
    assert!(after.version > before.version);
    let held = scene.gate.purchases(scene.id(), &lost.buyer).await.expect("the gate answers");
    let held = held.expect("the gate has the sale").purchases;
    assert_eq!(held.iter().map(Purchase::no).collect::<Vec<_>>(), [lost.purchase.no()]);
    assert_eq!((held[0].qty, held[0].key, held[0].ordinal), (2, lost.purchase.key, 1));
    // What is sold next stands behind it.
    let next = scene.buy(&attempt("eve", 1, 1)).await;
    assert!(next.position > lost.purchase.position, "{next:?}");
    let audit = scene.gate.audit(scene.id()).await.expect("the gate answers");
    assert!(audit.expect("the gate has the sale").consistent);
    assert_eq!(scene.waiting_purchases().await.len(), 1, "a repair is no news for the ledger");
}

/// I1 and I2 hold for repairs too: counters that disagree are told, not bent.
pub async fn a_repair_never_goes_over_the_stock_or_the_limit(harness: &impl Harness) {
    let scene = Scene::active(harness, 3, 2).await;
    scene.decide(&[attempt("ada", 1, 2)]).await;
    let before = scene.snapshot().await;
    let over_stock = scene.forged("ben", 7, 2);
    let over_limit = scene.forged("ada", 8, 1);
    assert_eq!(repair(&scene, &[over_stock, over_limit]).await, [Repaired::Refused; 2]);
    assert_eq!(scene.snapshot().await, before);
}

/// I5 and I7: a life of the gate ends, and nothing with it.
pub async fn a_rebuild_keeps_every_purchase_and_raises_the_version(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 3).await;
    let first = scene.buy(&attempt("ada", 1, 2)).await;
    scene.record().await;
    let second = scene.buy(&attempt("ada", 2, 1)).await;
    let third = scene.buy(&attempt("ben", 1, 1)).await;
    let before = scene.snapshot().await;
    let rebuilt = scene.gate.rebuild(scene.id()).await.expect("the gate rebuilds").snapshot;
    assert_eq!((rebuilt.stock, rebuilt.sold), (6, 4));
    assert!(rebuilt.version > before.version);
    assert_eq!(scene.snapshot().await, rebuilt);
    let page = scene.gate.holdings(scene.id(), None).await.expect("the gate answers");
    assert_ne!(page.expect("the gate has the sale").epoch, scene.epoch);
    let numbers: HashMap<_, Vec<_>> = all_holdings(&scene)
        .await
        .into_iter()
        .map(|(buyer, held)| (buyer, held.iter().map(Purchase::no).collect()))
        .collect();
    let buyer = |name| BuyerId::parse(name).expect("a buyer");
    let expected = HashMap::from([
        (buyer("ada"), vec![first.no(), second.no()]),
        (buyer("ben"), vec![third.no()]),
    ]);
    assert_eq!(numbers, expected);
    // I6: the key still finds the purchase of the earlier life.
    let again = scene.decide(&[attempt("ada", 2, 1)]).await;
    let Decision::Replayed(again) = again[0] else { panic!("{again:?}") };
    assert_eq!(again.no(), second.no());
    let next = scene.buy(&attempt("eve", 1, 1)).await;
    assert_eq!(next.remaining, 5);
}

/// A change that was not committed yet outlives the life of the gate that made it.
pub async fn a_rebuild_keeps_what_an_admin_changed(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 3).await;
    let changed = scene.gate.change(scene.id(), Change::Pause).await.expect("the gate answers");
    assert!(matches!(changed, Changed::Applied { .. }), "{changed:?}");
    scene.record().await;
    let rebuilt = scene.gate.rebuild(scene.id()).await.expect("the gate rebuilds").snapshot;
    assert_eq!(rebuilt.sale, Sale { paused: true, ..scene.sale.clone() });
}

/// A life of the gate ends: what was sold stays sold at its price, and what is sold next has it.
pub async fn a_rebuild_keeps_page_and_price(harness: &impl Harness) {
    let page = a_sale().with_a_page().build();
    let offer = sale(&*harness.clock(), "WIDGET-001", 1, 10, 1, When::Active);
    let Sale { description, picture, price, .. } = page;
    let scene = Scene::of(harness, Sale { description, picture, price, ..offer }).await;
    let recorded = scene.buy(&attempt("ada", 1, 1)).await;
    scene.record().await;
    let on_its_way = scene.buy(&attempt("ben", 1, 1)).await;
    let rebuilt = scene.gate.rebuild(scene.id()).await.expect("the gate rebuilds").snapshot;
    assert_eq!(rebuilt.sale, scene.sale);
    let held = all_holdings(&scene).await;
    let prices = held.values().flatten().map(|purchase| (purchase.no(), purchase.unit_price));
    let expected = HashMap::from([(recorded.no(), price), (on_its_way.no(), price)]);
    assert_eq!(prices.collect::<HashMap<_, _>>(), expected);
    assert_eq!(scene.buy(&attempt("eve", 1, 1)).await.unit_price, price);
    scene.record().await;
    let rows = scene.ledger.page(scene.id(), None, 10).await.expect("the ledger answers");
    assert_eq!(rows.iter().map(|row| row.purchase.unit_price).collect::<Vec<_>>(), [price; 3]);
}

/// What the gate had lost comes back, and its units with it.
pub async fn a_rebuild_takes_in_what_only_the_ledger_has(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 3).await;
    scene.buy(&attempt("ada", 1, 1)).await;
    scene.record().await;
    let lost = scene.forged("ben", 2, 2);
    only_in_ledger(&scene, &lost).await;
    let rebuilt = scene.gate.rebuild(scene.id()).await.expect("the gate rebuilds").snapshot;
    assert_eq!((rebuilt.stock, rebuilt.sold), (7, 3));
    let held = all_holdings(&scene).await;
    assert_eq!(held[&lost.buyer][0].no(), lost.purchase.no());
}

/// A buyer's second purchase may be recorded before the first, by another worker.
pub async fn a_rebuild_closes_a_gap_in_what_a_buyer_has_in_the_ledger(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 3).await;
    let first = scene.buy(&attempt("ada", 1, 1)).await;
    let second = scene.buy(&attempt("ada", 2, 1)).await;
    let entries = scene.waiting().await;
    scene.ledger.commit(&entries[1..]).await.expect("the ledger takes the second");
    let rebuilt = scene.gate.rebuild(scene.id()).await.expect("the gate rebuilds").snapshot;
    assert_eq!((rebuilt.stock, rebuilt.sold), (8, 2));
    let third = scene.buy(&attempt("ada", 3, 1)).await;
    scene.record().await;
    let rows = scene.ledger.page(scene.id(), None, 10).await.expect("the ledger answers");
    let mut recorded: Vec<_> = rows.iter().map(|row| row.purchase.no()).collect();
    recorded.sort_unstable();
    let mut bought = [first.no(), second.no(), third.no()];
    bought.sort_unstable();
    assert_eq!(recorded, bought);
    let mut ordinals: Vec<_> = rows.iter().map(|row| row.purchase.ordinal).collect();
    ordinals.sort_unstable();
    assert_eq!(ordinals, [1, 2, 3]);
}

async fn listed(scene: &Scene) -> Vec<SaleId> {
    let shard = Shard::of(&scene.sale.id.sku);
    scene.gate.listed(shard).await.expect("the gate answers")
}

/// What the gate has is told by it alone, so that a sale which the ledger lost is found.
pub async fn a_sale_is_listed_in_its_shard_until_it_is_deleted(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let own = vec![scene.id().clone()];
    assert_eq!(listed(&scene).await, own);
    scene.gate.change(scene.id(), Change::End).await.expect("the gate answers");
    assert_eq!(listed(&scene).await, own, "over is not gone");
    let others = Shard::all().filter(|&shard| shard != Shard::of(&scene.sale.id.sku));
    for shard in others {
        assert_eq!(scene.gate.listed(shard).await.expect("the gate answers"), []);
    }
    delete(&scene).await;
    assert_eq!(listed(&scene).await, []);
}

/// A sale that was shut while its ledger was another is made anew, with all that it had.
pub async fn a_sale_that_is_shut_loses_nothing(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let bought = scene.buy(&attempt("ada", 1, 1)).await;
    for _ in 0..2 {
        scene.gate.shut(scene.id()).await.expect("the gate answers");
    }
    let found = scene.snapshot().await;
    assert_eq!((found.stock, found.sold), (9, 1));
    assert_eq!(scene.decide(&[attempt("ada", 1, 1)]).await, [Decision::Replayed(bought)]);
    scene.record().await;
    let rows = scene.ledger.page(scene.id(), None, 10).await.expect("the ledger answers");
    assert_eq!(rows.iter().map(|row| row.purchase.no()).collect::<Vec<_>>(), [bought.no()]);
}

/// The time by which a gate judges, the last place that it gave and its life come with the
/// counters.
pub async fn an_audit_tells_the_gates_time_life_and_last_place(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let audit = async || {
        let audit = scene.gate.audit(scene.id()).await.expect("the gate answers");
        audit.expect("the gate has the sale")
    };
    let before = audit().await;
    assert_eq!((before.epoch, before.position.0), (scene.epoch, 0));
    let bought = scene.buy(&attempt("ada", 1, 1)).await;
    let after = audit().await;
    assert_eq!(after.position, bought.position);
    assert!(after.at >= bought.at && bought.at >= before.at);
    scene.gate.rebuild(scene.id()).await.expect("the gate rebuilds");
    assert_ne!(audit().await.epoch, scene.epoch);
}

/// Ends, drains, buries and forgets the sale, as a deletion does.
async fn delete(scene: &Scene) {
    scene.gate.change(scene.id(), Change::End).await.expect("the gate answers");
    scene.record().await;
    let buried = scene.catalogue.bury(scene.id(), None, 8, scene.clock.now()).await;
    let Ok(Buried::Buried(epoch)) = buried else { panic!("{buried:?}") };
    for _ in 0..2 {
        scene.gate.forget(scene.id(), epoch).await.expect("the gate forgets");
    }
}

/// A deletion whose answer was lost is repeated.
pub async fn a_forgotten_sale_is_unknown_and_forgetting_twice_is_harmless(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 3).await;
    let ada = attempt("ada", 1, 1);
    scene.buy(&ada).await;
    delete(&scene).await;
    let id = scene.id();
    for lane in [scene.lane.clone(), scene.gate.lane()] {
        let judged = lane.decide(id, std::slice::from_ref(&ada)).await;
        assert_eq!(judged.expect("the gate answers"), Judged::UnknownSale);
    }
    assert_eq!(scene.gate.snapshot(id).await.expect("the gate answers"), None);
    assert_eq!(scene.gate.purchases(id, &ada.buyer).await.expect("the gate answers"), None);
    assert_eq!(scene.gate.holdings(id, None).await.expect("the gate answers"), None);
    let changed = scene.gate.change(id, Change::Resume).await.expect("the gate answers");
    assert_eq!(changed, Changed::UnknownSale);
    assert_eq!(scene.waiting().await, []);
}

/// Nothing of the old sale appears in the new one, and its version does not fall.
pub async fn a_sku_created_again_starts_clean_above_its_old_version(harness: &impl Harness) {
    let old = Scene::active(harness, 10, 1).await;
    old.buy(&attempt("ada", 1, 1)).await;
    let before = old.gate.rebuild(old.id()).await.expect("the gate rebuilds").snapshot;
    delete(&old).await;
    let new = Scene::open(harness, "WIDGET-001", 2, 20, 1, When::Active).await;
    let snapshot = new.snapshot().await;
    assert!(snapshot.version > before.version, "{} > {}", snapshot.version, before.version);
    assert_eq!((snapshot.stock, snapshot.sold), (20, 0));
    assert_eq!(all_holdings(&new).await, HashMap::new());
    assert_eq!(new.buy(&attempt("ada", 2, 1)).await.position.0, 1);
    assert_eq!(
        old.lane.decide(old.id(), &[attempt("ben", 1, 1)]).await.expect("the gate answers"),
        Judged::UnknownSale
    );
}
