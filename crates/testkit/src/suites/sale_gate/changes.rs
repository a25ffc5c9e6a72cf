//! What a gate makes of an admin's changes.

use stampede_application::ports::{
    Amended, Change, Changed, Entry, EntryBody, RecordedChange, Snapshot,
};
use stampede_domain::{Acknowledgement, Decision, Rejection, Sale, SaleId, Version};

use crate::{
    builders::a_price,
    suites::scene::{HOUR_MILLIS, Harness, Scene, When, attempt, decide_on, sale},
};

const NOT_ACTIVE: Decision = Decision::Rejected(Rejection::SaleNotActive);

async fn change(scene: &Scene, id: &SaleId, change: Change) -> Changed {
    scene.gate.change(id, change).await.expect("the gate answers")
}

/// The snapshot and entry of a change that must hold.
async fn apply(scene: &Scene, wanted: Change) -> (Snapshot, Entry) {
    match change(scene, scene.id(), wanted).await {
        Changed::Applied { snapshot, epoch, entry } => {
            assert_eq!(epoch, scene.epoch);
            (snapshot, entry)
        }
        other @ (Changed::Ended { .. } | Changed::UnknownSale) => panic!("{wanted:?}: {other:?}"),
    }
}

fn recorded(entry: &Entry) -> RecordedChange {
    let EntryBody::Change(change) = &entry.body else { panic!("a change: {entry:?}") };
    RecordedChange::clone(change)
}

/// I9: from the answer on, every lane judges by the change.
pub async fn after_a_pause_no_lane_accepts_and_after_a_resume_they_do(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let other = scene.gate.lane();
    scene.buy(&attempt("ada", 1, 1)).await;
    decide_on(&*other, scene.id(), &[attempt("ada", 1, 1)]).await;
    let (paused, _) = apply(&scene, Change::Pause).await;
    assert!(paused.sale.paused);
    for lane in [scene.lane.clone(), other.clone(), scene.gate.lane()] {
        let decisions = decide_on(&*lane, scene.id(), &[attempt("ben", 1, 1)]).await;
        assert_eq!(decisions, [NOT_ACTIVE]);
    }
    let (resumed, _) = apply(&scene, Change::Resume).await;
    assert!(!resumed.sale.paused && resumed.version > paused.version);
    let decisions = decide_on(&*other, scene.id(), &[attempt("ben", 1, 1)]).await;
    assert!(matches!(decisions[0], Decision::Accepted(_)), "{decisions:?}");
}

/// I9, and the end is final.
pub async fn after_the_end_no_lane_accepts_and_nothing_undoes_it(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let other = scene.gate.lane();
    decide_on(&*other, scene.id(), &[attempt("ada", 1, 1)]).await;
    let (ended, _) = apply(&scene, Change::End).await;
    assert!(ended.sale.ended_by_admin);
    let decisions = decide_on(&*other, scene.id(), &[attempt("ben", 1, 1)]).await;
    assert_eq!(decisions, [NOT_ACTIVE]);
    for wanted in [Change::Resume, Change::Pause] {
        assert_eq!(
            change(&scene, scene.id(), wanted).await,
            Changed::Ended { snapshot: ended.clone(), epoch: scene.epoch }
        );
    }
    assert_eq!(scene.decide(&[attempt("ben", 1, 1)]).await, [NOT_ACTIVE]);
}

/// I9: a change travels like a purchase, and any reader can apply it alone.
pub async fn a_change_is_in_the_outbox_whole_and_with_a_higher_version(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let before = scene.snapshot().await.version;
    let (snapshot, entry) = apply(&scene, Change::Pause).await;
    assert!(snapshot.version > before);
    assert!(entry.id.is_some());
    assert_eq!(snapshot, scene.snapshot().await);
    let change = recorded(&entry);
    assert_eq!(change.sale, Sale { paused: true, ..scene.sale.clone() });
    assert_eq!((change.epoch, change.version), (scene.epoch, snapshot.version));
    assert_eq!(scene.waiting().await, [entry]);
    scene.record().await;
    assert_eq!(scene.waiting().await, []);
    let row = scene.catalogue.find(&scene.sale.id.sku).await.expect("the catalogue answers");
    let row = row.expect("the sale is there");
    assert!(row.sale.paused);
    assert_eq!(row.version, snapshot.version);
}

/// Changes are idempotent: a repeat answers as the first did, so that it can be answered.
pub async fn a_repeated_change_changes_nothing(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let (first, _) = apply(&scene, Change::Pause).await;
    let entries = scene.waiting().await;
    let (second, entry) = apply(&scene, Change::Pause).await;
    assert_eq!(second, first);
    assert_eq!(entry.id, None, "nothing new is in the outbox");
    assert_eq!(recorded(&entry).version, first.version);
    assert!(recorded(&entry).sale.paused);
    assert_eq!(scene.waiting().await, entries);
    apply(&scene, Change::Resume).await;
    let (resumed, entry) = apply(&scene, Change::Resume).await;
    assert!(!resumed.sale.paused && entry.id.is_none());
    let (ended, _) = apply(&scene, Change::End).await;
    let (again, entry) = apply(&scene, Change::End).await;
    assert_eq!((again, entry.id), (ended, None));
}

/// A pause before the start holds at the start.
pub async fn a_pause_while_upcoming_holds(harness: &impl Harness) {
    let scene = Scene::open(harness, "WIDGET-001", 1, 5, 1, When::Upcoming).await;
    let (paused, entry) = apply(&scene, Change::Pause).await;
    assert!(paused.sale.paused && entry.id.is_some());
    assert!(scene.snapshot().await.sale.paused);
    let (resumed, _) = apply(&scene, Change::Resume).await;
    assert!(!resumed.sale.paused);
}

/// An end before the start means that it never starts.
pub async fn an_end_while_upcoming_holds(harness: &impl Harness) {
    let scene = Scene::open(harness, "WIDGET-001", 1, 5, 1, When::Upcoming).await;
    let (ended, _) = apply(&scene, Change::End).await;
    assert!(ended.sale.ended_by_admin);
    let amended =
        scene.gate.amend(&scene.sale, scene.epoch, ended.version).await.expect("the gate answers");
    assert_eq!(amended, Amended::NotUpcoming);
}

/// The first reason of an end stays.
pub async fn a_sale_that_sold_out_has_ended_for_changes(harness: &impl Harness) {
    let scene = Scene::active(harness, 1, 1).await;
    scene.buy(&attempt("ada", 1, 1)).await;
    let before = scene.snapshot().await;
    for wanted in [Change::Pause, Change::Resume, Change::End] {
        assert_eq!(
            change(&scene, scene.id(), wanted).await,
            Changed::Ended { snapshot: before.clone(), epoch: scene.epoch }
        );
    }
    assert_eq!(scene.snapshot().await, before);
}

/// The first reason of an end stays.
pub async fn a_sale_that_is_over_has_ended_for_changes(harness: &impl Harness) {
    let scene = Scene::open(harness, "WIDGET-001", 1, 5, 1, When::Over).await;
    let before = scene.snapshot().await;
    for wanted in [Change::Pause, Change::Resume, Change::End] {
        assert_eq!(
            change(&scene, scene.id(), wanted).await,
            Changed::Ended { snapshot: before.clone(), epoch: scene.epoch }
        );
    }
}

/// What a PUT asks for, whole.
fn amended(of: &Sale) -> Sale {
    let mut next = of.clone();
    next.product_name = "Better Widget \u{1f6d2}".into();
    next.description = Some("Better in every way.\nExcept the \"colour\".".into());
    next.picture = Some("/pictures/better.svg".into());
    next.price = Some(a_price(2_999, "EUR"));
    next.initial_stock = 42;
    next.limit_per_buyer = 4;
    next.window.start = of.window.start.plus_millis(-2 * HOUR_MILLIS);
    next.window.end = of.window.end.plus_millis(HOUR_MILLIS);
    next.acknowledge = Acknowledgement::Ledger;
    next
}

/// The stock moves with the definition, and lanes judge by it at once.
pub async fn an_amendment_replaces_the_definition_and_its_stock(harness: &impl Harness) {
    let scene = Scene::open(harness, "WIDGET-001", 1, 5, 1, When::Upcoming).await;
    let seen = scene.snapshot().await.version;
    assert_eq!(scene.decide(&[attempt("ada", 1, 1)]).await, [NOT_ACTIVE]);
    let next = amended(&scene.sale);
    let answer = scene.gate.amend(&next, scene.epoch, seen).await.expect("the gate answers");
    let Amended::Applied(version) = answer else { panic!("{answer:?}") };
    assert!(version > seen);
    let snapshot = scene.snapshot().await;
    assert_eq!(snapshot, Snapshot { sale: next, stock: 42, sold: 0, version });
    // Its start was moved into the past: it runs, and four are allowed.
    assert_eq!(scene.buy(&attempt("ada", 1, 4)).await.remaining, 38);
}

/// Until the start the price may come, change and go; what is sold then is sold at the last one.
pub async fn what_is_sold_next_has_the_price_that_was_amended(harness: &impl Harness) {
    let prices = [Some(a_price(0, "USD")), Some(a_price(2_999, "JPY")), None];
    let mut scene = Scene::open(harness, "WIDGET-001", 1, 9, 1, When::Upcoming).await;
    for (place, price) in prices.into_iter().enumerate() {
        if place > 0 {
            let (sku, number) = (format!("WIDGET-00{}", place + 1), place as u128 + 1);
            let other = sale(&*scene.clock, &sku, number, 9, 1, When::Upcoming);
            scene = Scene::of(harness, Sale { price: Some(a_price(1, "EUR")), ..other }).await;
        }
        let start = scene.sale.window.start.plus_millis(-2 * HOUR_MILLIS);
        let mut next = Sale { price, ..scene.sale.clone() };
        next.window.start = start;
        let seen = scene.snapshot().await.version;
        let answer = scene.gate.amend(&next, scene.epoch, seen).await.expect("the gate answers");
        assert!(matches!(answer, Amended::Applied(_)), "{answer:?}");
        let bought = scene.buy(&attempt("ada", 1, 1)).await;
        assert_eq!(bought.unit_price, price);
        assert_eq!(scene.waiting_purchases().await[0].purchase, bought);
        assert_eq!(scene.snapshot().await.sale, next);
    }
}

/// Two admins at once: the second reads again.
pub async fn an_amendment_over_another_version_is_refused(harness: &impl Harness) {
    let scene = Scene::open(harness, "WIDGET-001", 1, 5, 1, When::Upcoming).await;
    let seen = scene.snapshot().await.version;
    apply(&scene, Change::Pause).await;
    let before = scene.snapshot().await;
    for other in [seen, Version(before.version.0 + 1)] {
        let answer = scene.gate.amend(&amended(&scene.sale), scene.epoch, other).await;
        assert_eq!(answer.expect("the gate answers"), Amended::Moved);
    }
    assert_eq!(scene.snapshot().await, before);
}

/// A pause moves the version as an amendment would; it must not be taken for one that was repeated.
pub async fn an_amendment_without_effect_does_not_hide_a_pause(harness: &impl Harness) {
    let scene = Scene::open(harness, "WIDGET-001", 1, 5, 1, When::Upcoming).await;
    let seen = scene.snapshot().await.version;
    apply(&scene, Change::Pause).await;
    let answer = scene.gate.amend(&scene.sale, scene.epoch, seen).await.expect("the gate answers");
    assert_eq!(answer, Amended::Moved);
    assert!(scene.snapshot().await.sale.paused);
}

/// Judged by the gate's clock, not by who asks.
pub async fn an_amendment_of_a_running_sale_is_refused(harness: &impl Harness) {
    let running = Scene::active(harness, 5, 1).await;
    let over = Scene::open(harness, "GADGET-002", 2, 5, 1, When::Over).await;
    for scene in [running, over] {
        let before = scene.snapshot().await;
        let answer = scene.gate.amend(&amended(&scene.sale), scene.epoch, before.version).await;
        assert_eq!(answer.expect("the gate answers"), Amended::NotUpcoming);
        assert_eq!(scene.snapshot().await, before);
    }
}

/// Another generation of a sku is another sale.
pub async fn changes_of_an_unknown_sale_say_so(harness: &impl Harness) {
    let scene = Scene::open(harness, "WIDGET-001", 1, 5, 1, When::Upcoming).await;
    let other = sale(&*scene.clock, "WIDGET-001", 2, 5, 1, When::Upcoming);
    assert_eq!(change(&scene, &other.id, Change::End).await, Changed::UnknownSale);
    let seen = scene.snapshot().await.version;
    let answer = scene.gate.amend(&other, scene.epoch, seen).await.expect("the gate answers");
    let has_none = matches!(answer, Amended::UnknownSale | Amended::OtherLife);
    assert!(has_none, "whether it ever was is the ledger's to say: {answer:?}");
    assert!(!scene.snapshot().await.sale.ended_by_admin);
}
