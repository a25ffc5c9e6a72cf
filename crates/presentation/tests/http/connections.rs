//! What a connection may take: heads that do not end, answers that nobody reads, requests that
//! nobody waits for, and too many of one address.

use std::{net::Ipv4Addr, pin::pin, time::Duration};

use futures::future::select;
use stampede_presentation::{HttpSettings, TrustedProxies};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::site::{Events, PATIENCE, Site};

const WHOLE: &str = "HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
const HALF: &str = "HEAD /health/live HTTP/1.1\r\nHost:";
const STREAM: &str = "GET /api/v1/sales/events?sku=W-1 HTTP/1.1\r\nHost: x\r\n\r\n";
/// Little enough to be full soon, and more than a system refuses.
const ROOM_BYTES: u32 = 4_096;

/// A connection by hand.
struct Caller(TcpStream);

impl Caller {
    async fn open(site: &Site) -> Self {
        let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, site.port)).await;
        Self(connected.expect("a connection"))
    }

    /// A client for whom little is kept while it does not read.
    async fn with_little_room(site: &Site) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(ROOM_BYTES).expect("a size");
        let connected = socket.connect((Ipv4Addr::LOCALHOST, site.port).into()).await;
        Self(connected.expect("a connection"))
    }

    /// A connection that was answered once and is kept.
    async fn kept(site: &Site) -> Self {
        let mut caller = Self::open(site).await;
        caller.say(WHOLE).await;
        assert_answered(&caller.until("\r\n\r\n").await);
        caller
    }

    async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("it is sent");
    }

    /// What comes up to the first `mark`, and a little more, or up to the connection's end.
    async fn until(&mut self, mark: &str) -> String {
        let mut said = Vec::new();
        let reading = async {
            loop {
                // A reset is an end too.
                let read = self.0.read_buf(&mut said).await.unwrap_or(0);
                let text = String::from_utf8_lossy(&said);
                if read == 0 || text.contains(mark) {
                    return text.into_owned();
                }
            }
        };
        timeout(PATIENCE, reading).await.expect("in time")
    }

    /// What comes up to the connection's end.
    async fn rest(&mut self) -> String {
        self.until("what nobody says").await
    }
}

fn assert_answered(said: &str) {
    assert!(said.starts_with("HTTP/1.1 200 "), "{said:?}");
}

fn impatient(settings: &mut HttpSettings) {
    // Longer than a busy machine may take for a whole one.
    settings.limits.head_timeout = Duration::from_secs(1);
}

/// Streams are shown every change, and little is kept for clients that do not read.
fn with_little_room(settings: &mut HttpSettings) {
    settings.limits.send_buffer_bytes = ROOM_BYTES;
    settings.limits.stock_update_interval = Duration::from_millis(1);
}

/// Takes longer than a head may.
async fn outlast_a_head(site: &Site) {
    let mut slow = Caller::kept(site).await;
    slow.say(HALF).await;
    assert_eq!(slow.rest().await, "");
}

/// Sells a unit, and waits until a stream shows it; returns what is left.
async fn sell_and_see(site: &Site, events: &mut Events) -> u32 {
    let sold = site.engine.sell_one("W-1");
    assert!(site.live.apply_stock(&sold.sale.id, sold.version, sold.stock));
    while events.next().await.data["stock"] != sold.stock {}
    sold.stock
}

#[tokio::test]
async fn a_first_head_that_does_not_end_is_answered_408() {
    let site = Site::start_with(impatient);
    let mut caller = Caller::open(&site).await;
    caller.say(HALF).await;
    let said = caller.rest().await;
    assert!(said.starts_with("HTTP/1.1 408 "), "{said:?}");
}

#[tokio::test]
async fn a_later_head_that_does_not_end_ends_its_connection() {
    let site = Site::start_with(impatient);
    outlast_a_head(&site).await;
    site.metrics_say("http_connections_ended_total{reason=\"slow_head\"} 1").await;
}

#[tokio::test]
async fn a_body_may_take_longer_than_a_head() {
    let site = Site::start_with(|settings| {
        impatient(settings);
        settings.limits.body_timeout = PATIENCE;
    });
    site.create("W-1", 9).await;
    let mut buyer = Caller::kept(&site).await;
    let head = "POST /api/v1/purchases HTTP/1.1\r\nHost: x\r\nX-User-Id: ada\r\n\
        Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"sku\"";
    buyer.say(head).await;
    outlast_a_head(&site).await;
    buyer.say(":\"W-1\"}").await;
    assert_answered(&buyer.until("\r\n\r\n").await);
}

#[tokio::test]
async fn an_idle_connection_is_kept_longer_than_a_head_may_take() {
    let site = Site::start_with(impatient);
    let mut idle = Caller::kept(&site).await;
    outlast_a_head(&site).await;
    idle.say(WHOLE).await;
    assert_answered(&idle.until("\r\n\r\n").await);
}

#[tokio::test]
async fn a_stream_that_nobody_reads_is_ended_and_one_that_is_read_is_not() {
    let site = Site::start_with(|settings| {
        with_little_room(settings);
        settings.limits.write_timeout = Duration::from_millis(200);
    });
    site.create("W-1", 10_000_000).await;
    let mut events = site.watch("?sku=W-1").await;
    let mut idler = Caller::with_little_room(&site).await;
    idler.say(STREAM).await;
    site.metrics_say("sse_connections_active 2").await;
    let selling = async { while sell_and_see(&site, &mut events).await > 0 {} };
    select(pin!(selling), pin!(site.metrics_say("sse_connections_active 1"))).await;
    site.metrics_say("http_connections_ended_total{reason=\"unread\"} 1").await;
    sell_and_see(&site, &mut events).await;
    idler.rest().await;
}

#[tokio::test]
async fn whoever_reads_late_finds_the_newest_and_no_queue_of_what_was() {
    const CHANGES: usize = 1_000;
    let site = Site::start_with(with_little_room);
    site.create("W-1", 10_000_000).await;
    let mut events = site.watch("?sku=W-1").await;
    let mut idler = Caller::with_little_room(&site).await;
    idler.say(STREAM).await;
    site.metrics_say("sse_connections_active 2").await;
    let mut left = 0;
    for _ in 0..CHANGES {
        left = sell_and_see(&site, &mut events).await;
    }
    // The kernels hold a few; a server that queued would have hundreds more.
    let found = idler.until(&format!("\"stock\":{left},")).await;
    let shown = found.matches("event: stock-update").count();
    assert!((1..CHANGES / 5).contains(&shown), "{shown}");
}

#[tokio::test]
async fn one_connection_more_than_an_address_may_have_is_closed_until_another_is_gone() {
    let site = Site::start_with(|settings| settings.limits.connections_per_address_max = 2);
    let (first, mut second) = (Caller::kept(&site).await, Caller::kept(&site).await);
    assert_eq!(Caller::open(&site).await.rest().await, "");
    second.say(WHOLE).await;
    assert_answered(&second.until("\r\n\r\n").await);
    drop(first);
    let welcome = async {
        loop {
            let mut next = Caller::open(&site).await;
            // Refused as long as the server has not heard that the first is gone.
            let sent = next.0.write_all(WHOLE.as_bytes()).await;
            if sent.is_ok() && !next.until("\r\n\r\n").await.is_empty() {
                return;
            }
        }
    };
    timeout(PATIENCE, welcome).await.expect("a place");
}

#[tokio::test]
async fn connections_of_a_trusted_proxy_are_not_counted() {
    let site = Site::start_with(|settings| {
        settings.limits.connections_per_address_max = 1;
        settings.trusted_proxies = TrustedProxies::parse("127.0.0.1").expect("an address");
    });
    let mut kept = Vec::new();
    for _ in 0..3 {
        kept.push(Caller::kept(&site).await);
    }
    for caller in &mut kept {
        caller.say(WHOLE).await;
        assert_answered(&caller.until("\r\n\r\n").await);
    }
}

/// The library waits for what nobody reads, and no timer of it runs meanwhile.
#[tokio::test]
async fn a_body_that_nobody_reads_and_that_does_not_end_ends_its_connection() {
    let site = Site::start_with(|settings| {
        impatient(settings);
        settings.limits.keep_alive = Duration::from_millis(500);
    });
    let mut caller = Caller::open(&site).await;
    let head = "GET /health/live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    caller.say(head).await;
    assert_answered(&caller.rest().await);
    site.metrics_say("http_connections_ended_total{reason=\"unfinished\"} 1").await;
}

#[tokio::test]
async fn a_request_behind_a_stream_does_not_end_it() {
    let site = Site::start_with(impatient);
    site.create("W-1", 2).await;
    let mut caller = Caller::open(&site).await;
    caller.say(&format!("{STREAM}{WHOLE}")).await;
    caller.until("event: initial").await;
    outlast_a_head(&site).await;
    outlast_a_head(&site).await;
    let sold = site.engine.sell_one("W-1");
    assert!(site.live.apply_stock(&sold.sale.id, sold.version, sold.stock));
    let said = caller.until("stock-update").await;
    assert!(said.contains("stock-update"), "{said:?}");
}

/// Nobody answers what comes behind a stream.
#[tokio::test]
async fn whoever_sends_far_ahead_of_its_answers_is_ended() {
    let site = Site::start();
    site.create("W-1", 2).await;
    let mut caller = Caller::open(&site).await;
    caller.say(STREAM).await;
    caller.until("event: initial").await;
    let row = WHOLE.repeat(10_000);
    // It may be ended before it has sent all.
    let _sent = timeout(PATIENCE, caller.0.write_all(row.as_bytes())).await.expect("in time");
    caller.rest().await;
    site.metrics_say("http_connections_ended_total{reason=\"far_ahead\"} 1").await;
    site.metrics_say("sse_connections_active 0").await;
}

#[tokio::test]
async fn rows_of_requests_are_answered_whole_however_many_there_are() {
    const ROW: usize = 100;
    let site = Site::start();
    let mut caller = Caller::open(&site).await;
    let last = "HEAD /health/live HTTP/1.1\r\nHost: x\r\nX-Correlation-Id: last\r\n\r\n";
    for _ in 0..30 {
        caller.say(&format!("{}{last}", WHOLE.repeat(ROW - 1))).await;
        let said = caller.until(": last\r\n").await;
        assert_eq!(said.matches("HTTP/1.1 200 ").count(), ROW);
        if !said.ends_with("\r\n\r\n") {
            caller.until("\r\n\r\n").await;
        }
    }
}

#[tokio::test]
async fn a_kept_connection_does_not_hold_the_stop() {
    let site = Site::start_with(|settings| settings.limits.stop_timeout = Duration::from_hours(1));
    let mut kept = Caller::kept(&site).await;
    site.stop.cancel();
    assert_eq!(kept.rest().await, "");
    let stopped = timeout(PATIENCE, site.running).await.expect("in time");
    assert!(stopped.expect("no panic").is_ok());
}
