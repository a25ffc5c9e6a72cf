//! Arrivals at a server that answers, and at one that does not.

use std::time::Duration;

use stampede_load::{Attempts, OpenLoop};

use crate::server::{Reply, Server, listen, success};

#[tokio::test]
async fn all_that_is_due_is_sent_and_answered() {
    let server = Server::start(|_| Reply::Whole(success())).await;
    let arrivals = OpenLoop {
        rate_per_s: 1_000,
        duration: Duration::from_millis(200),
        connections_max: 16,
        answer_max: Duration::from_secs(30),
    };
    let attempts = Attempts::over(&server.target, &["A", "B"], "load").with_keys();
    let report = arrivals.run(&server.target, attempts).await;
    assert_eq!((report.due(), report.sent, report.success()), (200, 200, 200));
    assert_eq!((report.lateness.count(), report.decided.count()), (200, 200));
    // The last is due after 199 ms.
    assert!(report.took >= Duration::from_millis(199), "{:?}", report.took);
    assert_eq!(server.opened(), 16);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stalls_slows_no_arrival() {
    let (_stalled, target) = listen().await;
    let answer_max = Duration::from_millis(300);
    let arrivals = OpenLoop {
        rate_per_s: 100,
        duration: Duration::from_millis(500),
        connections_max: 50,
        answer_max,
    };
    let report = arrivals.run(&target, Attempts::of(&target, "A", "load")).await;
    assert_eq!((report.due(), report.sent, report.timed_out()), (50, 50, 50));
    let latencies = &report.latencies;
    assert_eq!((latencies.count(), latencies.p50(), latencies.max()), (50, answer_max, answer_max));
    assert_eq!(report.decided.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_finds_no_connection_in_time_is_given_up_unsent() {
    let (_stalled, target) = listen().await;
    let answer_max = Duration::from_millis(100);
    let arrivals = OpenLoop {
        rate_per_s: 10_000,
        duration: Duration::from_millis(50),
        connections_max: 2,
        answer_max,
    };
    let report = arrivals.run(&target, Attempts::of(&target, "A", "load")).await;
    assert_eq!((report.due(), report.timed_out()), (500, 500));
    // Ten are due in a millisecond, and give up in one: only two of them had a connection.
    assert!(report.sent < 250, "{} were sent over two connections", report.sent);
    let latencies = &report.latencies;
    assert_eq!(
        (latencies.count(), latencies.p50(), latencies.max()),
        (500, answer_max, answer_max)
    );
}

#[tokio::test(start_paused = true)]
async fn a_load_without_arrivals_or_connections_ends() {
    let (_stalled, target) = listen().await;
    let nobody = OpenLoop {
        rate_per_s: 0,
        duration: Duration::from_secs(1),
        connections_max: 2,
        answer_max: Duration::from_secs(1),
    };
    assert_eq!(nobody.run(&target, Attempts::of(&target, "A", "load")).await.due(), 0);
    let unconnected = OpenLoop { rate_per_s: 10, connections_max: 0, ..nobody };
    let report = unconnected.run(&target, Attempts::of(&target, "A", "load")).await;
    assert_eq!((report.sent, report.timed_out()), (0, 10));
}
