//! What a gate says of the level at which its answers are due.

use stampede_application::ports::{Amended, Held, Judged, Trail};
use stampede_domain::{Acknowledgement, Attempt, Sale, TraceParent};

use crate::suites::{
    Harness, Scene,
    scene::{When, attempt, sale},
};

/// A sale whose purchases are to be in the ledger before they are told, or not.
async fn selling_at(harness: &impl Harness, acknowledge: Acknowledgement, when: When) -> Scene {
    let sale = sale(&*harness.clock(), "WIDGET-001", 1, 10, 2, when);
    Scene::of(harness, Sale { acknowledge, ..sale }).await
}

async fn trail_of(scene: &Scene, batch: &[Attempt]) -> Trail {
    let judged = scene.lane.decide(scene.id(), batch).await.expect("the gate answers");
    let Judged::Decided { trail, .. } = judged else { panic!("{judged:?}") };
    assert_eq!(trail.epoch, scene.epoch);
    trail
}

async fn held(scene: &Scene, buyer: &str) -> Held {
    let buyer = attempt(buyer, 1, 1).buyer;
    let held = scene.gate.purchases(scene.id(), &buyer).await.expect("the gate answers");
    held.expect("the gate has the sale")
}

/// Whoever answers may commit the very entry that a worker would; a gate that is as durable as the
/// ledger hands out none.
pub async fn a_strict_batch_hands_out_its_entry_as_the_outbox_has_it(harness: &impl Harness) {
    let scene = selling_at(harness, Acknowledgement::Ledger, When::Active).await;
    let traceparent = TraceParent::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let traced = Attempt { traceparent, ..attempt("ada", 1, 1) };
    let batch = [traced, attempt("ada", 2, 1), attempt("ben", 1, 2), attempt("ada", 1, 1)];
    let trail = trail_of(&scene, &batch).await;
    assert_eq!(trail.acknowledge, Acknowledgement::Ledger);
    let waiting = scene.waiting().await;
    assert_eq!(waiting.len(), 1);
    if scene.gate.acknowledges() == Acknowledgement::Ledger {
        assert_eq!(trail.entry, None);
    } else {
        assert_eq!(trail.entry.as_ref(), waiting.first());
    }

    let nothing = trail_of(&scene, &batch).await;
    assert_eq!((nothing.entry, nothing.acknowledge), (None, Acknowledgement::Ledger));
    let held = held(&scene, "ada").await;
    assert_eq!((held.purchases.len(), held.epoch), (2, scene.epoch));
    assert_eq!(held.acknowledge, Acknowledgement::Ledger);
}

/// It costs a sale that asks for no more than the gate's answer nothing.
pub async fn a_plain_batch_hands_out_none(harness: &impl Harness) {
    let scene = selling_at(harness, Acknowledgement::Gate, When::Active).await;
    let trail = trail_of(&scene, &[attempt("ada", 1, 1), attempt("ben", 1, 2)]).await;
    assert_eq!((trail.entry, trail.acknowledge), (None, Acknowledgement::Gate));
    assert_eq!(held(&scene, "ada").await.acknowledge, Acknowledgement::Gate);
}

/// The level is the gate's word, whatever a node remembers.
pub async fn the_level_that_was_amended_is_told_from_that_instant_on(harness: &impl Harness) {
    let scene = selling_at(harness, Acknowledgement::Gate, When::Upcoming).await;
    let strict = Sale { acknowledge: Acknowledgement::Ledger, ..scene.sale.clone() };
    let before = scene.snapshot().await.version;
    let amended = scene.gate.amend(&strict, scene.epoch, before).await.expect("the gate answers");
    assert!(matches!(amended, Amended::Applied(_)), "{amended:?}");
    let early = trail_of(&scene, &[attempt("ada", 1, 1)]).await;
    assert_eq!(early.acknowledge, Acknowledgement::Ledger);
    assert_eq!(scene.snapshot().await.sale.acknowledge, Acknowledgement::Ledger);
}

/// A gate that is made anew asks for as much as before.
pub async fn a_rebuild_keeps_the_level(harness: &impl Harness) {
    let scene = selling_at(harness, Acknowledgement::Ledger, When::Active).await;
    scene.gate.rebuild(scene.id()).await.expect("the gate rebuilds");
    let judged = scene.lane.decide(scene.id(), &[attempt("ada", 1, 1)]).await;
    let Ok(Judged::Decided { trail, .. }) = judged else { panic!("{judged:?}") };
    assert_eq!(trail.acknowledge, Acknowledgement::Ledger);
    assert_ne!(trail.epoch, scene.epoch);
}
