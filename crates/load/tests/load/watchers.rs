//! Streams of a server that tells a falling stock.

use std::time::{Duration, Instant};

use stampede_load::{Fault, Watchers};
use tokio::{task::yield_now, time::timeout};

use crate::server::{Reply, Server, answer, listen};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";

/// What a stream sends while the stock falls from 10 to 8.
fn events() -> [String; 5] {
    let update = |stock| format!("event: stock-update\nid: 1\ndata: {{\"stock\":{stock}}}\n\n");
    [
        "retry: 1000\n\n".to_owned(),
        "event: initial\nid: 1\ndata: {\"stock\":10,\"initialStock\":10}\n\n".to_owned(),
        update(9),
        ": alive\n\n".to_owned(),
        update(8),
    ]
}

/// What comes to streams of a server that answers so, once two changes have come to each of them.
async fn watch(stream: fn(String) -> Reply, text: String) {
    let server = Server::start(move |_| stream(text.clone())).await;
    let watchers = Watchers::open(&server.target, "A", 20, 3).await.expect("streams");
    watchers.changed(9, Instant::now());
    watchers.changed(8, Instant::now());
    let all = async {
        while watchers.missing() > 0 {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), all).await.expect("every change at every stream");
    let report = watchers.finish().await;
    assert_eq!((report.streams, report.events, report.delays.count()), (20, 60, 40));
    assert_eq!((report.missing, report.broken), (0, 0));
    assert_eq!(server.opened(), 20);
}

#[tokio::test]
async fn every_change_comes_to_every_stream() {
    let chunks = events().map(|event| format!("{:x}\r\n{event}\r\n", event.len())).concat();
    let text = format!("{HEAD}transfer-encoding: chunked\r\n\r\n{chunks}");
    watch(Reply::Whole, text.clone()).await;
    watch(Reply::Torn, text).await;
}

#[tokio::test]
async fn a_stream_without_chunks_is_read_alike() {
    watch(Reply::Torn, format!("{HEAD}\r\n{}", events().concat())).await;
}

#[tokio::test]
async fn a_change_that_never_comes_is_missing_at_every_stream() {
    let text = format!("{HEAD}\r\n{}", events().concat());
    let server = Server::start(move |_| Reply::Whole(text.clone())).await;
    let watchers = Watchers::open(&server.target, "A", 3, 3).await.expect("streams");
    watchers.changed(7, Instant::now());
    assert_eq!(watchers.finish().await.missing, 3);
}

#[tokio::test]
async fn a_sale_that_is_unknown_has_no_stream() {
    let server = Server::start(|_| Reply::Whole(answer(404, "{}"))).await;
    let opened = Watchers::open(&server.target, "A", 2, 1).await;
    assert!(matches!(opened.err(), Some(Fault::NoEvents { status: 404 })));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let (listener, target) = listen().await;
    drop(listener);
    let fault = Watchers::open(&target, "A", 2, 1).await.err().expect("no stream");
    assert!(fault.to_string().contains(&target.host), "{fault}");
}
