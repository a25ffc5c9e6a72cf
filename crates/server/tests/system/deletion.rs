//! Products that are deleted and created again while they are bought.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use futures::future::join_all;
use stampede_testkit::{
    servers::until,
    shop::{Answer, Node, PATIENT, Shop, Stores},
};
use tokio_util::sync::CancellationToken;

use crate::on_each_engine;

on_each_engine!(
    a_sku_deleted_and_created_again_under_load_mixes_nothing,
    a_node_killed_in_the_middle_of_a_deletion_leaves_one_that_a_repeat_finishes,
);

const SKU: &str = "WIDGET-001";
/// Creations of the sku, each of which is sold and deleted.
const ROUNDS: usize = 6;
/// Buyers that never stop asking for it, each with one key.
const BUYERS: usize = 24;
/// More than they ask for, so that nobody hears of its end but by the deletion.
const STOCK: u32 = 1_000;
/// How long a busy machine may take for one round.
const ROUND_MAX: Duration = Duration::from_secs(30);

/// Asks again and again, with the same key, until `stop`; the numbers that were answered, in order.
async fn keeps_buying(node: &Shop, buyer: &str, stop: &CancellationToken) -> Vec<String> {
    let mut told = Vec::new();
    while !stop.is_cancelled() {
        let answer = node.attempt(SKU, buyer, Some("the-one-key")).await.expect("an answer");
        match answer.status {
            200 => told.extend(answer.purchase_no()),
            // Between two creations, or in the middle of a deletion.
            404 | 503 => {}
            _ => panic!("{answer:?}"),
        }
    }
    told.dedup();
    told
}

/// Creates, lets it sell, deletes; on another node each time.
async fn sells_and_deletes(nodes: &[Node]) {
    for round in 0..ROUNDS {
        let (first, second) =
            (&nodes[round % nodes.len()].shop, &nodes[(round + 1) % nodes.len()].shop);
        // A buyer who comes before the gate is open has it restored, and the creation is to be
        // repeated; the repeat finds it done.
        until("it is created", ROUND_MAX, async || {
            let answer = first.create(SKU, STOCK, 1).await;
            assert!([201, 409, 503].contains(&answer.status), "{answer:?}");
            (answer.status != 503).then_some(())
        })
        .await;
        until("half of the buyers have bought", ROUND_MAX, async || {
            let sold = first.product(SKU).await.body["data"]["totalPurchases"].as_u64();
            (sold >= Some(BUYERS as u64 / 2)).then_some(())
        })
        .await;
        is_deleted(second).await;
    }
}

/// A 503 is to be repeated; a repeat may find it done.
async fn is_deleted(node: &Shop) {
    until("it is deleted", ROUND_MAX, async || {
        let answer = node.delete(SKU).await.expect("an answer");
        assert!([200, 404, 503].contains(&answer.status), "{answer:?}");
        (answer.status != 503).then_some(())
    })
    .await;
}

/// It had ended the sale, and got as far as it got.
async fn a_node_killed_in_the_middle_of_a_deletion_leaves_one_that_a_repeat_finishes(
    stores: Stores,
) {
    let mut node = stores.node_with(PATIENT).await;
    node.shop.open(SKU, STOCK, 1).await;
    let names: Vec<_> = (0..10 * BUYERS).map(|number| format!("buyer-{number}")).collect();
    let shop = node.shop.clone();
    let bought = join_all(names.iter().map(|buyer| shop.buy(SKU, buyer))).await;
    let numbers: HashSet<_> = bought.iter().filter_map(Answer::purchase_no).collect();
    assert_eq!(numbers.len(), names.len());
    let killing = async {
        until("the sale has ended", ROUND_MAX, async || {
            let status = shop.status(SKU).await;
            (status.status == 404 || status.data()["state"] == "ENDED").then_some(())
        })
        .await;
        node.process.kill_hard();
    };
    futures::future::join(shop.delete(SKU), killing).await;

    let node = stores.node_with(PATIENT).await;
    is_deleted(&node.shop).await;
    let kept: HashSet<_> = stores.kept().await.into_iter().map(|row| row.purchase_no).collect();
    assert_eq!(kept, numbers);
    assert_eq!(stores.ledger().await, [], "nothing stands");
    assert_eq!(*node.shop.dead_letters().await.data(), serde_json::json!([]));
    node.shop.open(SKU, STOCK, 1).await;
    let again = node.shop.buy(SKU, &names[0]).await;
    assert!(again.purchase_no().is_some_and(|number| !numbers.contains(&number)), "{again:?}");
}

/// Every receipt is kept once, of its own creation, and nobody who was told of a creation is told of
/// an earlier one after it.
async fn a_sku_deleted_and_created_again_under_load_mixes_nothing(stores: Stores) {
    let nodes = stores.nodes_with(&PATIENT).await;
    let stop = CancellationToken::new();
    let names: Vec<String> = (0..BUYERS).map(|number| format!("buyer-{number}")).collect();
    let buying = names.iter().zip(nodes.iter().cycle());
    let buying = buying.map(|(buyer, node)| keeps_buying(&node.shop, buyer, &stop));
    let selling = async {
        sells_and_deletes(&nodes).await;
        stop.cancel();
    };
    let (told, ()) = futures::future::join(join_all(buying), selling).await;

    let kept = stores.kept().await;
    let creation: HashMap<&str, (i64, &str)> = kept
        .iter()
        .map(|row| (row.purchase_no.as_str(), (row.creation, row.buyer.as_str())))
        .collect();
    assert_eq!(creation.len(), kept.len(), "each number once");
    let once: HashSet<_> = kept.iter().map(|row| (row.creation, &row.buyer)).collect();
    assert_eq!(once.len(), kept.len(), "one a buyer and creation");
    for (buyer, told) in names.iter().zip(&told) {
        let told: Vec<_> = told
            .iter()
            .map(|number| {
                creation.get(number.as_str()).unwrap_or_else(|| panic!("{number} is lost"))
            })
            .collect();
        assert!(told.iter().all(|(_, of)| of == buyer), "{buyer} is told of others: {told:?}");
        let creations: Vec<_> = told.iter().map(|(creation, _)| creation).collect();
        let mut rising = creations.clone();
        rising.sort_unstable();
        rising.dedup();
        assert_eq!(creations, rising, "{buyer} is told of a creation that is gone");
    }
    let sold: HashSet<i64> = kept.iter().map(|row| row.creation).collect();
    assert_eq!(sold.len(), ROUNDS);
    assert_eq!(*nodes[0].shop.dead_letters().await.data(), serde_json::json!([]));
    assert_eq!(stores.ledger().await, [], "nothing stands");
}
