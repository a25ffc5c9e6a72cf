//! Two nodes on one Redis and one Postgres.

use futures::future::join_all;
use stampede_testkit::shop::{Event, Events, PATIENT, Shop, Stores};

/// Attempts by as many new buyers on both nodes, all at once; answers how many were accepted.
async fn crowd(shops: &[Shop], name: &str, count: usize) -> usize {
    let sent = (0..count)
        .zip(shops.iter().cycle())
        .map(async |(number, shop)| shop.buy("WIDGET-001", &format!("{name}-{number}")).await);
    let answers = join_all(sent).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    answers.iter().filter(|answer| answer.outcome() == "ACCEPTED").count()
}

fn is_sold_out(event: &Event) -> bool {
    event.name == "state-change" && event.data["reason"] == "SOLD_OUT"
}

/// Waits until both streams have told of `last`: a stream shows what is so when it is read, and
/// leaves out what is over by then.
async fn told(streams: &mut [(Events, Vec<Event>); 2], last: impl Fn(&Event) -> bool) {
    for (stream, events) in streams {
        events.extend(stream.until(&last).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_sell_one_stock_and_both_streams_tell_all_of_it() {
    let stores = Stores::redis().await;
    let nodes = stores.nodes_with(&PATIENT).await;
    let [first, second] = [&nodes[0].shop, &nodes[1].shop].map(Clone::clone);
    let shops = [first.clone(), second.clone()];
    first.open("WIDGET-001", 300, 1).await;
    let mut streams = [
        (Events::open(&first, "WIDGET-001").await, Vec::new()),
        (Events::open(&second, "WIDGET-001").await, Vec::new()),
    ];
    for shop in &shops {
        assert_eq!(
            shop.buy("WIDGET-001", &format!("first-{}", shop.url(""))).await.outcome(),
            "ACCEPTED"
        );
    }

    // The pause meets a crowd; whatever is sent after its answer is refused by both nodes.
    let (accepted, paused) =
        futures::future::join(crowd(&shops, "early", 100), first.change("WIDGET-001", "pause"))
            .await;
    assert_eq!(paused.data()["paused"], true);
    assert_eq!(crowd(&shops, "too-late", 100).await, 0, "after the pause was answered");
    let left = first.status("WIDGET-001").await.data()["stock"].as_u64().expect("a number");
    assert_eq!(left, 300 - 2 - accepted as u64);
    let is_change = |event: &Event| event.name == "state-change";
    told(&mut streams, |event| is_change(event) && event.data["paused"] == true).await;

    assert_eq!(second.change("WIDGET-001", "resume").await.data()["paused"], false);
    told(&mut streams, |event| is_change(event) && event.data["paused"] == false).await;
    assert_eq!(crowd(&shops, "rest", 400).await as u64, left, "each unit that was left, once");
    told(&mut streams, is_sold_out).await;

    for (mut stream, events) in streams {
        assert_eq!(events[0].name, "initial");
        let changes: Vec<_> = events.iter().filter(|event| is_change(event)).collect();
        let told: Vec<_> =
            changes.iter().map(|change| (&change.data["state"], &change.data["paused"])).collect();
        let (active, ended) = ("ACTIVE".into(), "ENDED".into());
        let (yes, no) = (true.into(), false.into());
        assert_eq!(told, [(&active, &yes), (&active, &no), (&ended, &no)]);
        assert!(events.is_sorted_by_key(|event| event.id), "versions never fall: {events:?}");
        let last = match events.iter().rev().find(|event| event.name == "stock-update") {
            Some(event) if event.data["stock"] == 0 => event.clone(),
            _ => stream.until(|event| event.name == "stock-update").await.remove(0),
        };
        assert_eq!(last.data["stock"], 0);
    }
    first.recorded("WIDGET-001", 300).await;
    assert_eq!(stores.ledger().await.len(), 300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_on_one_node_holds_on_the_other_from_its_answer_on() {
    let stores = Stores::redis().await;
    let nodes = stores.nodes_with(&PATIENT).await;
    let shops = [nodes[0].shop.clone(), nodes[1].shop.clone()];
    shops[0].open("WIDGET-001", 1000, 1).await;
    let (accepted, ended) =
        futures::future::join(crowd(&shops, "early", 100), shops[1].change("WIDGET-001", "end"))
            .await;
    assert_eq!(ended.data()["state"], "ENDED");
    assert_eq!(crowd(&shops, "too-late", 100).await, 0);
    if accepted > 0 {
        shops[0].recorded("WIDGET-001", accepted as u64).await;
    }
    assert_eq!(stores.ledger().await.len(), accepted);
}
