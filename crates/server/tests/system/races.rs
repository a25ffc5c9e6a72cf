//! Exactly the stock, once to each buyer, whoever races for it.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use stampede_testkit::shop::{Answer, Node, PATIENT, Stores};

use crate::on_each_engine;

on_each_engine!(
    a_thousand_buyers_at_once_get_the_hundred_units_one_each,
    one_buyer_a_hundred_times_at_once_buys_once,
    the_last_unit_raced_by_a_thousand_sells_once,
    twenty_keys_twenty_times_each_make_twenty_purchases,
    by_default_a_buyer_who_hammers_is_told_to_slow_down_and_still_buys_once,
);

/// Sends one attempt for each of `(buyer, key)` at once, to the nodes in turn.
async fn race(nodes: &[Node], sku: &str, attempts: &[(String, Option<String>)]) -> Vec<Answer> {
    let sent = attempts.iter().zip(nodes.iter().cycle()).map(async |((buyer, key), node)| {
        node.shop.attempt(sku, buyer, key.as_deref()).await.expect("an answer")
    });
    let answers = join_all(sent).await;
    let failed: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!(failed.is_empty(), "{} of them: {:?}", failed.len(), failed[0]);
    answers
}

fn buyers(count: usize) -> Vec<(String, Option<String>)> {
    (0..count).map(|number| (format!("buyer-{number}"), None)).collect()
}

/// How often each outcome was answered.
fn outcomes(answers: &[Answer]) -> BTreeMap<&str, usize> {
    let mut outcomes = BTreeMap::new();
    for answer in answers {
        *outcomes.entry(answer.outcome()).or_default() += 1;
    }
    outcomes
}

fn numbers(answers: &[Answer]) -> BTreeSet<String> {
    answers.iter().filter_map(Answer::purchase_no).collect()
}

/// What the ledger holds must be what was answered, each number once.
async fn assert_recorded(stores: &Stores, nodes: &[Node], sku: &str, numbers: &BTreeSet<String>) {
    nodes[0].shop.recorded(sku, numbers.len() as u64).await;
    let rows = stores.ledger().await;
    assert_eq!(rows.len(), numbers.len());
    let recorded: BTreeSet<String> = rows.into_iter().map(|row| row.purchase_no).collect();
    assert_eq!(recorded, *numbers);
}

async fn a_thousand_buyers_at_once_get_the_hundred_units_one_each(stores: Stores) {
    let nodes = [stores.node_with(PATIENT).await];
    nodes[0].shop.open("WIDGET-001", 100, 1).await;
    let answers = race(&nodes, "WIDGET-001", &buyers(1000)).await;
    assert_eq!(outcomes(&answers), BTreeMap::from([("ACCEPTED", 100), ("SOLD_OUT", 900)]));
    let numbers = numbers(&answers);
    assert_recorded(&stores, &nodes, "WIDGET-001", &numbers).await;
    let holders: BTreeSet<_> = stores.ledger().await.into_iter().map(|row| row.buyer).collect();
    assert_eq!(holders.len(), 100, "each of them another buyer");
    let status = nodes[0].shop.status("WIDGET-001").await;
    assert_eq!(
        (&status.data()["stock"], &status.data()["endReason"]),
        (&0.into(), &"SOLD_OUT".into())
    );
}

async fn one_buyer_a_hundred_times_at_once_buys_once(stores: Stores) {
    let nodes = [stores.node_with(PATIENT).await];
    nodes[0].shop.open("WIDGET-001", 100, 1).await;
    let attempts = vec![("ada".to_owned(), None); 100];
    let answers = race(&nodes, "WIDGET-001", &attempts).await;
    assert_eq!(outcomes(&answers), BTreeMap::from([("ACCEPTED", 1), ("ALREADY_PURCHASED", 99)]));
    let numbers = numbers(&answers);
    let bought = numbers.first().expect("a number");
    let held = nodes[0].shop.purchases("WIDGET-001", "ada").await;
    assert_eq!(held.data()["purchaseNo"], *bought.as_str(), "whether recorded by now or not");
    for refused in answers.iter().filter(|answer| answer.body["success"] == false) {
        assert_eq!(refused.body["error"]["purchase"]["purchaseNo"], *bought.as_str());
    }
    assert_recorded(&stores, &nodes, "WIDGET-001", &numbers).await;
}

async fn the_last_unit_raced_by_a_thousand_sells_once(stores: Stores) {
    let nodes = [stores.node_with(PATIENT).await];
    nodes[0].shop.open("WIDGET-001", 1, 1).await;
    let answers = race(&nodes, "WIDGET-001", &buyers(1000)).await;
    assert_eq!(outcomes(&answers), BTreeMap::from([("ACCEPTED", 1), ("SOLD_OUT", 999)]));
    assert_recorded(&stores, &nodes, "WIDGET-001", &numbers(&answers)).await;
}

async fn twenty_keys_twenty_times_each_make_twenty_purchases(stores: Stores) {
    let nodes = stores.nodes_with(&PATIENT).await;
    nodes[0].shop.open("WIDGET-001", 100, 20).await;
    let keys = (0..400).map(|attempt| format!("key-{}", attempt % 20));
    let attempts: Vec<_> = keys.map(|key| ("ada".to_owned(), Some(key))).collect();
    let answers = race(&nodes, "WIDGET-001", &attempts).await;
    assert_eq!(outcomes(&answers), BTreeMap::from([("ACCEPTED", 400)]));
    for first in &answers[..20] {
        let same_key = answers.iter().filter(|answer| answer.body["data"] == first.body["data"]);
        assert_eq!(same_key.count(), 20, "a key answers the same purchase from every node");
    }
    let numbers = numbers(&answers);
    assert_eq!(numbers.len(), 20);
    assert_recorded(&stores, &nodes, "WIDGET-001", &numbers).await;
}

async fn by_default_a_buyer_who_hammers_is_told_to_slow_down_and_still_buys_once(stores: Stores) {
    let limit = ("RATE_LIMIT_PURCHASE_PER_BUYER", "5");
    let node = stores.node_with(PATIENT.into_iter().chain([limit])).await;
    node.shop.open("WIDGET-001", 100, 1).await;
    let sent = (0..100).map(|_| node.shop.buy("WIDGET-001", "ada"));
    let answers = join_all(sent).await;
    let outcomes = outcomes(&answers);
    assert_eq!(outcomes["ACCEPTED"], 1, "{outcomes:?}");
    assert!(outcomes["RATE_LIMITED"] >= 50, "{outcomes:?}");
    for slow_down in answers.iter().filter(|answer| answer.status == 429) {
        assert!(slow_down.body["error"]["retryAfter"].as_u64() >= Some(1), "{slow_down:?}");
    }
    let other = node.shop.buy("WIDGET-001", "ben").await;
    assert_eq!(other.outcome(), "ACCEPTED", "others are not held up");
}
