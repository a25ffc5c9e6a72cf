//! The nodes' own clocks are wrong. On redis only: an embedded gate has one node, which judges.

use stampede_application::use_cases::{Attempted, NewProduct};
use stampede_domain::{Decision, Rejection, Window};
use stampede_testkit::suites::run;

use crate::{
    looking_up::{buying, request},
    shop::{WIDGET, When, redis_nodes},
};

const MINUTES_MILLIS: i64 = 5 * 60_000;
/// From the test's begin to the sale's, the sale's length, and how long it is tried after it.
const PART_MILLIS: i64 = 300;

/// What decides is the store's clock, whatever a node believes and shows.
#[test]
fn nodes_with_clocks_minutes_apart_sell_nothing_outside_the_window() {
    run(async {
        let nodes = redis_nodes([-MINUTES_MILLIS, MINUTES_MILLIS]).await;
        let [behind, ahead] = &nodes;
        let begin = behind.stores.time().await;
        let window = Window {
            start: begin.plus_millis(PART_MILLIS),
            end: begin.plus_millis(2 * PART_MILLIS),
        };
        let offer = behind.offer(WIDGET, 1_000_000, 1, When::Active);
        let sale = behind.create.run(NewProduct { window, ..offer }).await.expect("it is new").sale;
        let (id, last) = (sale.id, window.end.plus_millis(PART_MILLIS));

        let buyings = [behind, ahead].map(|node| buying(node, &node.live, &node.find));
        let mut sold = [0_u32; 2];
        let (mut too_early, mut too_late, mut round) = (0, 0, 0);
        while behind.stores.time().await < last {
            round += 1;
            for (node, buying) in buyings.iter().enumerate() {
                let before = behind.stores.time().await;
                let attempted = buying.run(request(&format!("buyer-{node}-{round}"))).await;
                let after = behind.stores.time().await;
                let Attempted::Decided { decision, .. } = attempted else {
                    panic!("{attempted:?}")
                };
                match decision {
                    Decision::Accepted(bought) => {
                        assert!(window.start <= bought.at && bought.at < window.end, "{bought:?}");
                        assert!(before < window.end && after >= window.start);
                        sold[node] += 1;
                    }
                    Decision::Rejected(Rejection::SaleNotActive) if before < window.start => {
                        too_early += 1;
                    }
                    Decision::Rejected(Rejection::SaleNotActive) if after >= window.end => {
                        too_late += 1;
                    }
                    Decision::Replayed(_) | Decision::KeyReused | Decision::Rejected(_) => {
                        panic!("between {before:?} and {after:?}: {decision:?}")
                    }
                }
            }
        }
        assert!(too_early > 0 && too_late > 0 && sold.iter().all(|&sold| sold > 0), "{sold:?}");
        let gate = ahead.snapshot(&id).await;
        assert_eq!(gate.sold, sold.iter().sum::<u32>());
    });
}
