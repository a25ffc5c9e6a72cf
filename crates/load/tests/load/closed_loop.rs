//! A crowd against a server that answers, refuses, breaks off.

use std::time::Duration;

use stampede_load::{
    Attempts, ClosedLoop, Code, Fault, Report, StatusReads, Target, on_its_own_thread,
};

use crate::server::{Reply, Server, answer, listen, sold_out, success};

/// A crowd that ends by what it is answered, long before its time.
const CROWD: ClosedLoop = ClosedLoop {
    connections: 1,
    requests: None,
    duration: Duration::from_mins(1),
    answer_max: Duration::from_secs(30),
    keep_alive: true,
    stop_at: None,
};

async fn attempts(crowd: ClosedLoop, target: &Target) -> Report {
    crowd.run(target, Attempts::of(target, "A", "load")).await
}

/// The reasons of a report's breaks with their numbers.
fn breaks(report: &Report) -> Vec<(&str, u64)> {
    report.breaks.iter().map(|(why, count)| (why.as_str(), *count)).collect()
}

#[tokio::test]
async fn a_crowd_sends_as_many_requests_as_it_is_told() {
    let server = Server::start(|_| Reply::Whole(success())).await;
    let crowd = ClosedLoop { connections: 8, requests: Some(100), ..CROWD };
    let report = attempts(crowd, &server.target).await;
    assert_eq!((report.due(), report.sent, report.success()), (100, 100, 100));
    assert_eq!((report.latencies.count(), report.decided.count()), (100, 100));
    assert_eq!(report.seconds.iter().map(|second| second.decided).sum::<u64>(), 100);
    assert!(server.opened() <= 8, "{}", server.opened());
}

#[tokio::test]
async fn answers_that_come_byte_by_byte_are_read_alike() {
    let torn = |number| Reply::Torn(if number < 10 { success() } else { sold_out() });
    let server = Server::start(torn).await;
    let crowd = ClosedLoop { requests: Some(20), ..CROWD };
    let report = attempts(crowd, &server.target).await;
    assert_eq!((report.success(), report.rejected(Code::SoldOut)), (10, 10));
    assert_eq!(server.opened(), 1);
}

#[tokio::test]
async fn a_crowd_ends_once_an_answer_says_sold_out() {
    let sale = |number| Reply::Whole(if number < 30 { success() } else { sold_out() });
    let server = Server::start(sale).await;
    let crowd = ClosedLoop { connections: 8, stop_at: Some(Code::SoldOut), ..CROWD };
    let report = attempts(crowd, &server.target).await;
    assert_eq!(report.success(), 30);
    let sold_out = report.rejected(Code::SoldOut);
    assert!((1..=8).contains(&sold_out), "{sold_out} were on their way");
}

#[tokio::test]
async fn without_keep_alive_every_request_has_a_connection_of_its_own() {
    let server = Server::start(|_| Reply::Whole(success())).await;
    let crowd = ClosedLoop { connections: 2, requests: Some(10), keep_alive: false, ..CROWD };
    let report = attempts(crowd, &server.target).await;
    assert_eq!((report.success(), server.opened()), (10, 10));
}

#[tokio::test]
async fn a_connection_that_the_server_says_it_closes_is_not_used_again() {
    let last = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let server = Server::start(move |_| Reply::Closed(last.to_owned())).await;
    let crowd = ClosedLoop { requests: Some(3), ..CROWD };
    let report = attempts(crowd, &server.target).await;
    assert_eq!((report.failed(503), server.opened()), (3, 3));
    assert_eq!(report.seconds.iter().map(|second| second.shed).sum::<u64>(), 3);
    assert_eq!((report.decided.count(), report.latencies.count()), (0, 3));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_broken_and_the_next_request_connects_anew() {
    let half = success()[..50].to_owned();
    let server = Server::start(move |number| match number {
        0 => Reply::Closed(half.clone()),
        _ => Reply::Whole(success()),
    })
    .await;
    let crowd = ClosedLoop { requests: Some(3), ..CROWD };
    let report = attempts(crowd, &server.target).await;
    assert_eq!((report.broken(), report.success(), server.opened()), (1, 2, 2));
    assert_eq!(breaks(&report), [(Fault::Closed.to_string().as_str(), 1)]);
}

#[tokio::test]
async fn what_follows_an_answer_unasked_is_broken() {
    let server = Server::start(|_| Reply::Whole(success() + "more")).await;
    let crowd = ClosedLoop { requests: Some(2), ..CROWD };
    let report = attempts(crowd, &server.target).await;
    assert_eq!((report.broken(), server.opened()), (2, 2));
    assert_eq!(breaks(&report), [(Fault::Unasked.to_string().as_str(), 2)]);
}

#[tokio::test]
async fn an_answer_in_chunks_is_broken_at_once() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let server = Server::start(move |_| Reply::Whole(head.to_owned())).await;
    let crowd = ClosedLoop { requests: Some(1), ..CROWD };
    let report = attempts(crowd, &server.target).await;
    assert_eq!(report.broken(), 1);
    assert_eq!(breaks(&report), [(Fault::InChunks.to_string().as_str(), 1)]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let (listener, target) = listen().await;
    drop(listener);
    let crowd = ClosedLoop { requests: Some(2), ..CROWD };
    let report = attempts(crowd, &target).await;
    assert_eq!((report.sent, report.broken()), (0, 2));
    let (why, count) = report.breaks.first_key_value().expect("a reason");
    assert!(why.contains(&target.host) && *count == 2, "{why}: {count}");
}

#[tokio::test]
async fn a_status_is_read_on_a_thread_of_the_loads_own() {
    let server = Server::start(|_| Reply::Whole(answer(200, r#"{"success":true}"#))).await;
    let target = server.target.clone();
    let crowd = ClosedLoop { requests: Some(10), ..CROWD };
    let reads = move || async move { crowd.run(&target, StatusReads::of(&target, "A")).await };
    let report = on_its_own_thread(reads).await.expect("a thread");
    assert_eq!(report.success(), 10);
}
