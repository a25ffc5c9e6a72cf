//! A node that is asked to stop.

use std::{collections::BTreeSet, time::Duration};

use futures::future::{join, join_all};
use stampede_testkit::shop::{Events, Stores};

use crate::on_each_engine;

on_each_engine!(
    an_open_stream_is_ended_and_does_not_hold_the_exit,
    whoever_was_answered_before_the_exit_is_in_the_ledger,
);

/// The sum of the limits of every step of the stop.
const STOP_LIMIT: Duration = Duration::from_secs(20);

async fn an_open_stream_is_ended_and_does_not_hold_the_exit(stores: Stores) {
    let node = stores.node().await;
    node.shop.open("WIDGET-001", 100, 1).await;
    let mut stream = Events::open(&node.shop, "WIDGET-001").await;
    assert_eq!(stream.next().await.expect("an event").name, "initial");
    node.process.terminate();
    let ended = node.process.wait(STOP_LIMIT).await;
    assert_eq!(ended.code, Some(0), "{:?}", ended.lines);
    assert!(stream.next().await.is_none(), "the stream is over");
    assert!(ended.lines.iter().any(|line| line.contains("\"stopped\"")), "{:?}", ended.lines);
}

async fn whoever_was_answered_before_the_exit_is_in_the_ledger(stores: Stores) {
    let node = stores.node().await;
    node.shop.open("WIDGET-001", 1000, 1).await;
    let names: Vec<_> = (0..1000).map(|number| format!("buyer-{number}")).collect();
    let crowd = join_all(names.iter().map(async |name| {
        let answer = node.shop.attempt("WIDGET-001", name, None).await?;
        answer.purchase_no()
    }));
    let stopping = async {
        node.shop.buy("WIDGET-001", "the first of all").await;
        node.process.terminate();
    };
    let (answers, ()) = join(crowd, stopping).await;
    assert_eq!(node.process.wait(STOP_LIMIT).await.code, Some(0));

    let node = stores.node().await;
    let product = node.shop.product("WIDGET-001").await;
    let sold = product.data()["totalPurchases"].as_u64().expect("a number");
    node.shop.recorded("WIDGET-001", sold).await;
    let rows = stores.ledger().await;
    let recorded: BTreeSet<_> = rows.into_iter().map(|row| row.purchase_no).collect();
    let answered: BTreeSet<_> = answers.into_iter().flatten().collect();
    assert!(answered.is_subset(&recorded), "{} of {}", recorded.len(), answered.len());
}
