//! What a gate whose clock goes back still holds.

use std::future::Future;

use stampede_application::ports::Audit;
use stampede_domain::{Decision, Instant, Rejection};

use crate::suites::scene::{HOUR_MILLIS, Harness, Scene, attempt};

const OVER: [Decision; 1] = [Decision::Rejected(Rejection::SaleNotActive)];

/// A harness whose gate's clock can go wrong.
pub trait ClockGoesBack: Harness {
    /// The gate has judged the sale when its clock showed `at`; since then it shows again what it
    /// showed before.
    fn judge_at(&self, scene: &Scene, at: Instant) -> impl Future<Output = ()>;
}

async fn audit(scene: &Scene) -> Audit {
    let audit = scene.gate.audit(scene.id()).await.expect("the gate answers");
    audit.expect("the gate has the sale")
}

/// Who was told that it is over is never contradicted.
pub async fn a_clock_that_goes_back_reopens_no_window(harness: &impl ClockGoesBack) {
    let scene = Scene::active(harness, 10, 1).await;
    let end = scene.sale.window.end;
    harness.judge_at(&scene, end).await;
    assert_eq!(scene.decide(&[attempt("ada", 1, 1)]).await, OVER);
    assert_eq!(audit(&scene).await.at, end, "the time is told by which was judged");
}

/// Nor does a restore, whoever does it.
pub async fn a_gate_that_is_made_anew_judges_by_the_latest_time_of_the_old(
    harness: &impl ClockGoesBack,
) {
    let scene = Scene::active(harness, 10, 1).await;
    harness.judge_at(&scene, scene.sale.window.end).await;
    for _ in 0..2 {
        scene.gate.rebuild(scene.id()).await.expect("the gate rebuilds");
        assert_eq!(scene.decide(&[attempt("ada", 1, 1)]).await, OVER);
    }
}

/// A gate may have lost all that it had.
pub async fn an_end_that_the_ledger_knows_of_is_over_in_every_later_life(
    harness: &impl ClockGoesBack,
) {
    let scene = Scene::active(harness, 10, 1).await;
    let (id, end) = (scene.id(), scene.sale.window.end);
    scene.catalogue.note_over(id, scene.epoch, end).await.expect("the catalogue answers");
    scene.gate.rebuild(id).await.expect("the gate rebuilds");
    assert_eq!(scene.decide(&[attempt("ada", 1, 1)]).await, OVER);
    assert!(audit(&scene).await.at >= end);
}

/// Receipts of one sale tell its order.
pub async fn a_purchase_is_never_earlier_than_the_one_before_it(harness: &impl ClockGoesBack) {
    let scene = Scene::active(harness, 10, 1).await;
    let later = scene.clock.now().plus_millis(HOUR_MILLIS / 2);
    harness.judge_at(&scene, later).await;
    let second = scene.buy(&attempt("ben", 1, 1)).await;
    assert!(second.at >= later, "{:?} before {later:?}", second.at);
    scene.gate.rebuild(scene.id()).await.expect("the gate rebuilds");
    let third = scene.buy(&attempt("eve", 1, 1)).await;
    assert!(third.at >= second.at, "{:?} before {:?}", third.at, second.at);
}
