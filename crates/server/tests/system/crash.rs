//! A node dies without a word in the middle of a sale.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures::{StreamExt, stream};
use stampede_testkit::{
    servers::until,
    shop::{PATIENT, Shop, Stores},
};
use tokio::sync::Notify;

use crate::on_each_engine;

on_each_engine!(what_was_answered_before_a_kill_is_in_the_ledger_exactly_once);

const PURCHASES: usize = 20_000;
/// The node is killed when so many were answered.
const KILLED_AT: usize = 8_000;
/// Buyers who wait for an answer at a time.
const AT_ONCE: usize = 200;
/// A start after a crash, and the drain of everything.
const RECOVERY_LIMIT: Duration = Duration::from_secs(30);

/// Buys as the buyers of those numbers do, each with a key; answers numbers by buyer.
async fn buy(
    shop: &Shop,
    buyers: impl Iterator<Item = usize>,
    seen: impl Fn(),
) -> BTreeMap<usize, String> {
    let answers = stream::iter(buyers).map(async |buyer| {
        let name = format!("buyer-{buyer:05}");
        let answer = shop.attempt("WIDGET-001", &name, Some("the-only-key")).await?;
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
        let number = answer.purchase_no()?;
        seen();
        Some((buyer, number))
    });
    answers.buffer_unordered(AT_ONCE).filter_map(async |answered| answered).collect().await
}

async fn what_was_answered_before_a_kill_is_in_the_ledger_exactly_once(stores: Stores) {
    let mut node = stores.node_with(PATIENT).await;
    node.shop.open("WIDGET-001", u32::try_from(PURCHASES).expect("small"), 1).await;
    let (count, enough) = (AtomicUsize::new(0), Notify::new());
    let shop = node.shop.clone();
    let buying = async {
        let answered = buy(&shop, 0..PURCHASES, || {
            if count.fetch_add(1, Ordering::Relaxed) + 1 == KILLED_AT {
                enough.notify_one();
            }
        });
        let answered = answered.await;
        // Nor is it waited for what does not come any more.
        enough.notify_one();
        answered
    };
    let killing = async {
        enough.notified().await;
        node.process.kill_hard();
    };
    let (answered, ()) = futures::future::join(buying, killing).await;
    assert!((KILLED_AT..PURCHASES).contains(&answered.len()), "{} answered", answered.len());

    let node = stores.node_with(PATIENT).await;
    let before = recorded(&stores, &node.shop).await;
    for (buyer, number) in &answered {
        assert_eq!(before.get(buyer), Some(number), "answered before the kill");
    }
    // Everybody asks again with the same key, also those who never heard.
    let again = buy(&node.shop, 0..PURCHASES, || ()).await;
    assert_eq!(again.len(), PURCHASES);
    for (buyer, number) in &before {
        assert_eq!(again.get(buyer), Some(number), "a key gets the same purchase for ever");
    }
    assert_eq!(recorded(&stores, &node.shop).await, again);
    let product = node.shop.product("WIDGET-001").await;
    assert_eq!(product.data()["currentStock"], 0);
    drop(node);
    let compared = stores.compare().await;
    assert!(compared.agrees(), "{compared:?}");
}

/// Waits until gate and ledger count the same, and answers the ledger's numbers by buyer.
async fn recorded(stores: &Stores, shop: &Shop) -> BTreeMap<usize, String> {
    until("gate and ledger agree", RECOVERY_LIMIT, async || {
        let product = shop.product("WIDGET-001").await;
        let product = &product.body["data"];
        let sold = product["totalPurchases"].as_u64()?;
        (sold > 0 && product["persistedPurchases"] == sold).then_some(())
    })
    .await;
    let rows = stores.ledger().await;
    let count = rows.len();
    let by_buyer: BTreeMap<_, _> = rows
        .into_iter()
        .map(|row| {
            let number = row.buyer.strip_prefix("buyer-").expect("one of ours");
            (number.parse().expect("a number"), row.purchase_no)
        })
        .collect();
    assert_eq!(by_buyer.len(), count, "nobody stands in the ledger twice");
    by_buyer
}
