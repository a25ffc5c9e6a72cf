//! A sale that was over stays over, whatever becomes of the clock.

use stampede_domain::{Decision, Instant, Rejection, SaleId};
use stampede_testkit::suites::{Scene, attempt, run, sale_gate::clocks::ClockGoesBack};

use super::RedisHarness;

/// An instant long before any clock's now, in milliseconds.
const LONG_AGO: i64 = 2_000;

impl RedisHarness {
    async fn set_head(&self, id: &SaleId, fields: &[(&str, i64)]) {
        let mut command = redis::cmd("HSET");
        command.arg(self.key(id, &format!("sale:{id}:head"))).arg(fields);
        command.exec_async(&mut self.beside().await).await.expect("Redis answers");
    }

    async fn last_now(&self, id: &SaleId) -> i64 {
        let mut command = redis::cmd("HGET");
        command.arg(self.key(id, &format!("sale:{id}:head"))).arg("last_now");
        command.query_async(&mut self.beside().await).await.expect("Redis answers")
    }
}

const OVER: [Decision; 1] = [Decision::Rejected(Rejection::SaleNotActive)];

#[test]
fn the_end_is_written_down_when_it_is_first_met() {
    run(async {
        let harness = RedisHarness::start().await;
        let scene = Scene::active(&harness, 10, 1).await;
        let id = scene.id();
        let met = [("starts", 1), ("ends", LONG_AGO), ("last_now", 1)];
        harness.set_head(id, &met).await;
        assert_eq!(scene.decide(&[attempt("ada", 1, 1)]).await, OVER);
        let written = harness.last_now(id).await;
        assert!(written >= LONG_AGO, "{written}");
        assert_eq!(scene.decide(&[attempt("ada", 1, 1)]).await, OVER);
        assert_eq!(harness.last_now(id).await, written, "once in its life");

        // Whoever looks first writes it, a buyer or not.
        harness.set_head(id, &met).await;
        scene.gate.audit(id).await.expect("the gate answers");
        assert!(harness.last_now(id).await >= LONG_AGO);
    });
}

/// What a script left behind by whose clock it was judged; the clock of a Redis cannot be set.
impl ClockGoesBack for RedisHarness {
    async fn judge_at(&self, scene: &Scene, at: Instant) {
        self.set_head(scene.id(), &[("last_now", at.millis())]).await;
    }
}

stampede_testkit::sale_gate_clocks_suite!(RedisHarness::start());
