//! A sale that was over stays over, whatever becomes of the clock.

use stampede_domain::{Decision, Instant, Rejection};
use stampede_testkit::suites::{
    Harness as _, Scene, attempt, run, sale_gate::clocks::ClockGoesBack,
};

use super::{Node, embedded, faults::decide};

const HOUR_MILLIS: i64 = 3_600_000;

impl ClockGoesBack for Node {
    async fn judge_at(&self, scene: &Scene, at: Instant) {
        let before = self.clock.set_offset(at.millis_since(scene.clock.now()));
        scene.gate.audit(scene.id()).await.expect("the gate answers");
        self.clock.set_offset(before);
    }
}

stampede_testkit::sale_gate_clocks_suite!(embedded());

/// Nothing was bought that would tell how late it was.
#[test]
fn a_gate_that_is_started_with_a_clock_that_went_back_reopens_no_window() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let node = Node::start(folder.path()).await;
        let scene = Scene::active(&node, 10, 1).await;
        let end = scene.sale.window.end;
        node.clock.set_offset(2 * HOUR_MILLIS);
        let over = Decision::Rejected(Rejection::SaleNotActive);
        let (id, ada) = (scene.id().clone(), attempt("ada", 1, 1));
        assert_eq!(decide(&node, &id, &ada).await.expect("the gate answers"), over);
        drop((scene, node));

        let node = Node::start(folder.path()).await;
        let audit = node.gate().audit(&id).await.expect("the gate answers");
        assert!(audit.expect("the gate has the sale").at >= end);
        assert_eq!(decide(&node, &id, &ada).await.expect("the gate answers"), over);
    });
}

/// What was told is what is kept: an end that could not be written down was told to nobody.
#[test]
fn an_end_is_written_down_before_anybody_hears_of_it() {
    run(async {
        let node = embedded().await;
        let scene = Scene::active(&node, 10, 1).await;
        let noted = async || {
            let row = scene.catalogue.find(&scene.id().sku).await.expect("the catalogue answers");
            row.expect("the sale is there").over_at
        };
        assert_eq!(noted().await, None);
        node.clock.set_offset(2 * HOUR_MILLIS);
        scene.decide(&[attempt("ada", 1, 1)]).await;
        let first = noted().await;
        assert_eq!(first, Some(scene.clock.now()));
        node.clock.set_offset(3 * HOUR_MILLIS);
        scene.decide(&[attempt("ada", 1, 1)]).await;
        assert_eq!(noted().await, first, "once in its life");
    });
}
