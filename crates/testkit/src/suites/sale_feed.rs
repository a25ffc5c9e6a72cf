//! What every feed must bring to its node.

use std::{future::Future, sync::Arc, time::Duration};

use stampede_application::{
    live_sales::{Known, LiveSale, LiveSales},
    ports::{Buried, Change},
};
use stampede_domain::Sku;
use tokio::time;
use tokio_util::sync::CancellationToken;

use super::scene::{Harness, ManyNodes, Scene, When, attempt, decide_on};

/// Makes each sentence about a feed a `#[test]` over what `$harness` makes.
#[macro_export]
macro_rules! sale_feed_suite {
    ($harness:expr) => {
        $crate::suite_tests!(
            $harness,
            $crate::suites::sale_feed,
            every_sale_is_loaded_as_its_gate_has_it,
            more_sales_than_one_page_are_loaded,
            a_deleted_sale_is_not_loaded,
            an_installation_without_sales_is_read_too,
            a_feed_ends_when_it_is_told_to,
        );
    };
}

/// Makes each sentence about nodes that share a store a `#[test]`, for engines that have many.
#[macro_export]
macro_rules! sale_feed_across_nodes_suite {
    ($harness:expr) => {
        $crate::suite_tests!(
            $harness,
            $crate::suites::sale_feed,
            what_another_node_sells_arrives,
            a_change_made_on_another_node_arrives,
            a_sale_opened_on_another_node_arrives,
            a_sale_forgotten_on_another_node_leaves,
        );
    };
}

/// How long a change may take to arrive: the contract's second, and as much for a busy machine.
const ARRIVAL_MAX: Duration = Duration::from_secs(10);

/// Follows while `test` runs, and must end once it is told to.
async fn following<T, F: Future<Output = ()>>(harness: &T, test: impl FnOnce(Arc<LiveSales>) -> F)
where
    T: Harness,
{
    let (feed, live) = (harness.feed(), harness.live_sales());
    let stop = CancellationToken::new();
    let follow = feed.follow(live.clone(), stop.clone());
    let drive = async {
        test(live).await;
        stop.cancel();
    };
    futures::join!(follow, drive);
}

/// The sale as the node shows it, as soon as it satisfies `enough`.
pub async fn arrived(
    live: &LiveSales,
    sku: &Sku,
    enough: impl Fn(&LiveSale) -> bool,
) -> Arc<LiveSale> {
    let wait = async {
        let mut directory = live.watch_directory();
        let mut changes = loop {
            match live.watch(sku) {
                Some(changes) => break changes,
                None => directory.changed().await.expect("the directory lives"),
            }
        };
        loop {
            let seen = changes.borrow_and_update().clone();
            if enough(&seen) {
                return seen;
            }
            changes.changed().await.expect("the sale is not removed");
        }
    };
    time::timeout(ARRIVAL_MAX, wait).await.expect("it arrives")
}

/// Waits until all shards were read, which engines of one process say at once.
async fn all_read(live: &LiveSales) -> Vec<Arc<LiveSale>> {
    let wait = async {
        let mut turns = time::interval(Duration::from_millis(5));
        loop {
            if let Some((all, _)) = live.all() {
                return all;
            }
            turns.tick().await;
        }
    };
    time::timeout(ARRIVAL_MAX, wait).await.expect("every shard is read")
}

/// What was sold before this node started is shown.
pub async fn every_sale_is_loaded_as_its_gate_has_it(harness: &impl Harness) {
    let active = Scene::active(harness, 10, 3).await;
    let upcoming = Scene::open(harness, "GADGET-002", 2, 7, 1, When::Upcoming).await;
    active.buy(&attempt("ada", 1, 3)).await;
    upcoming.gate.change(upcoming.id(), Change::Pause).await.expect("the gate answers");
    following(harness, |live| async move {
        for scene in [&active, &upcoming] {
            let expected = scene.snapshot().await;
            let seen = arrived(&live, &scene.sale.id.sku, |_| true).await;
            assert_eq!(*seen.sale, expected.sale);
            assert_eq!((seen.stock, seen.version), (expected.stock, expected.version));
        }
        assert_eq!(all_read(&live).await.len(), 2);
    })
    .await;
}

/// Loading goes page by page.
pub async fn more_sales_than_one_page_are_loaded(harness: &impl Harness) {
    for n in 0..250_u32 {
        let sku = format!("WIDGET-{n:03}");
        Scene::open(harness, &sku, u128::from(n) + 1, n + 1, 1, When::Active).await;
    }
    following(harness, |live| async move {
        for n in 0..250 {
            let sku = Sku::parse(&format!("WIDGET-{n:03}")).expect("a sku");
            assert_eq!(arrived(&live, &sku, |_| true).await.stock, n + 1);
        }
        assert_eq!(all_read(&live).await.len(), 250);
    })
    .await;
}

async fn delete(scene: &Scene) {
    scene.gate.change(scene.id(), Change::End).await.expect("the gate answers");
    scene.record().await;
    let buried = scene.catalogue.bury(scene.id(), None, 8, scene.clock.now()).await;
    let Ok(Buried::Buried(epoch)) = buried else { panic!("{buried:?}") };
    scene.gate.forget(scene.id(), epoch).await.expect("the gate forgets");
}

/// A deleted sale stays out of every answer, also on a node that starts later.
pub async fn a_deleted_sale_is_not_loaded(harness: &impl Harness) {
    let kept = Scene::active(harness, 10, 1).await;
    let deleted = Scene::open(harness, "GADGET-002", 2, 7, 1, When::Active).await;
    delete(&deleted).await;
    following(harness, |live| async move {
        arrived(&live, &kept.sale.id.sku, |_| true).await;
        assert_eq!(all_read(&live).await.len(), 1);
        assert!(matches!(live.get(&deleted.sale.id.sku), Known::Unknown));
    })
    .await;
}

/// Nothing to load is no reason to know nothing.
pub async fn an_installation_without_sales_is_read_too(harness: &impl Harness) {
    following(harness, |live| async move {
        assert_eq!(all_read(&live).await.len(), 0);
        assert!(matches!(live.featured(), Ok(None)));
    })
    .await;
}

/// A node that stops does not wait for its feed; [`following`] ends only if the feed does.
pub async fn a_feed_ends_when_it_is_told_to(harness: &impl Harness) {
    following(harness, |_| async {}).await;
}

/// Stock that another node sold is shown here.
pub async fn what_another_node_sells_arrives(harness: &impl ManyNodes) {
    let scene = Scene::active(harness, 10, 5).await;
    let elsewhere = harness.other_gate();
    following(harness, |live| async move {
        let sku = &scene.sale.id.sku;
        arrived(&live, sku, |seen| seen.stock == 10).await;
        let lane = elsewhere.lane();
        for n in 1..=4 {
            decide_on(&*lane, scene.id(), &[attempt("ada", u64::from(n), 1)]).await;
            let seen = arrived(&live, sku, |seen| seen.stock == 10 - n).await;
            assert_eq!(seen.version, scene.snapshot().await.version);
        }
    })
    .await;
}

/// A pause on another node is shown here.
pub async fn a_change_made_on_another_node_arrives(harness: &impl ManyNodes) {
    let scene = Scene::active(harness, 10, 5).await;
    let elsewhere = harness.other_gate();
    following(harness, |live| async move {
        let sku = &scene.sale.id.sku;
        arrived(&live, sku, |seen| !seen.sale.paused).await;
        elsewhere.change(scene.id(), Change::Pause).await.expect("the gate answers");
        arrived(&live, sku, |seen| seen.sale.paused).await;
        elsewhere.change(scene.id(), Change::End).await.expect("the gate answers");
        arrived(&live, sku, |seen| seen.sale.ended_by_admin).await;
    })
    .await;
}

/// A sale that another node creates is shown here.
pub async fn a_sale_opened_on_another_node_arrives(harness: &impl ManyNodes) {
    following(harness, |live| async move {
        assert_eq!(all_read(&live).await.len(), 0);
        let scene = Scene::active(harness, 10, 5).await;
        arrived(&live, &scene.sale.id.sku, |seen| seen.stock == 10).await;
    })
    .await;
}

/// A deletion on another node closes this node's streams.
pub async fn a_sale_forgotten_on_another_node_leaves(harness: &impl ManyNodes) {
    let scene = Scene::active(harness, 10, 5).await;
    following(harness, |live| async move {
        let sku = scene.sale.id.sku.clone();
        arrived(&live, &sku, |_| true).await;
        let mut changes = live.watch(&sku).expect("it is known");
        delete(&scene).await;
        let gone = async { while changes.changed().await.is_ok() {} };
        time::timeout(ARRIVAL_MAX, gone).await.expect("its streams end");
        assert!(!matches!(live.get(&sku), Known::Live(..)));
    })
    .await;
}
