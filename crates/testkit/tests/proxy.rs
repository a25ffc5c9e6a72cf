//! The proxy fails as a network fails, in front of a real Redis.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use stampede_testkit::servers::{OwnRedis, OwnRedisOptions, Proxy, Way, redis, until};

const LIMIT: Duration = Duration::from_secs(10);
/// How long silence is listened to.
const SILENCE: Duration = Duration::from_millis(200);

/// A connection that sends and waits line by line, so that each test says what is on its way.
struct Client(TcpStream);

impl Client {
    fn of(proxy: &Proxy) -> Self {
        Self::at(&proxy.url("redis://127.0.0.1:1"))
    }

    fn at(url: &str) -> Self {
        let place = url.strip_prefix("redis://").expect("the address of a Redis");
        let stream = TcpStream::connect(place).expect("a connection");
        stream.set_read_timeout(Some(LIMIT)).expect("a limit");
        Self(stream)
    }

    fn say(&mut self, line: &str) {
        self.0.write_all(format!("{line}\r\n").as_bytes()).expect("a sent line");
    }

    /// The next line, `None` at the connection's orderly end.
    fn hear(&mut self) -> Result<Option<String>, ErrorKind> {
        let (mut line, mut byte) = (String::new(), [0]);
        while !line.ends_with("\r\n") {
            match self.0.read(&mut byte) {
                Ok(0) => return Ok(None),
                Ok(_) => line.push(char::from(byte[0])),
                Err(error) => return Err(error.kind()),
            }
        }
        Ok(Some(line.trim_end().to_owned()))
    }

    fn ask(&mut self, line: &str) -> String {
        self.say(line);
        self.hear().expect("an answer").expect("an answer")
    }

    fn hears_nothing(&mut self) -> bool {
        self.0.set_read_timeout(Some(SILENCE)).expect("a limit");
        let heard = self.hear();
        self.0.set_read_timeout(Some(LIMIT)).expect("a limit");
        heard == Err(ErrorKind::WouldBlock)
    }
}

/// A Redis of this test alone, a proxy in front of it, and a client that avoids the proxy.
async fn scene() -> (OwnRedis, Proxy, Client) {
    let redis = OwnRedis::start(OwnRedisOptions::default()).await;
    let proxy = Proxy::before(&redis.url()).await;
    let direct = Client::at(&redis.url());
    (redis, proxy, direct)
}

/// Waits until the server has done what it was told.
async fn becomes(direct: &mut Client, key: &str, value: &str) {
    until("the command is executed", LIMIT, async || {
        direct.say(&format!("GET {key}"));
        let length = direct.hear().expect("an answer").expect("an answer");
        let is = length != "$-1" && direct.hear().expect("a value").as_deref() == Some(value);
        is.then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_passes_is_answered_and_counted() {
    let shared = redis().await;
    let proxy = Proxy::before(&shared.url).await;
    assert_eq!(Client::of(&proxy).ask("PING"), "+PONG");
    let carried = proxy.carried();
    assert_eq!((carried.opened, carried.cut), (1, 0));
    assert_eq!((carried.requests.came, carried.requests.delivered), (6, 6));
    assert_eq!((carried.replies.came, carried.replies.delivered), (7, 7));
}

#[tokio::test]
async fn delayed_bytes_come_late_and_do_not_wait_for_each_other() {
    // A busy machine has four times that; one after the other they would take five times.
    let late = Duration::from_secs(1);
    let (_redis, proxy, _) = scene().await;
    let mut client = Client::of(&proxy);
    proxy.replies(Way::Delay(late));
    let start = Instant::now();
    for _ in 0..5 {
        client.say("PING");
    }
    for _ in 0..5 {
        assert_eq!(client.hear(), Ok(Some("+PONG".to_owned())));
    }
    assert!((late..5 * late).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_throttled_way_carries_no_more_than_its_rate() {
    let (_redis, proxy, _) = scene().await;
    let mut client = Client::of(&proxy);
    proxy.requests(Way::Throttle(1_000));
    let start = Instant::now();
    assert_eq!(client.ask(&format!("SET key {}", "x".repeat(300))), "+OK");
    assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
}

#[tokio::test]
async fn what_was_held_is_delivered_late_although_its_client_has_gone() {
    let (_redis, proxy, mut direct) = scene().await;
    let mut client = Client::of(&proxy);
    assert_eq!(client.ask("SET stock 7"), "+OK");
    let before = proxy.carried().requests;
    proxy.freeze();
    client.say("SET stock 6");
    until("the late original", LIMIT, async || {
        (proxy.carried().requests.came > before.came).then_some(())
    })
    .await;
    drop(client);
    becomes(&mut direct, "stock", "7").await;
    assert_eq!(proxy.carried().requests.delivered, before.delivered);
    proxy.thaw();
    becomes(&mut direct, "stock", "6").await;
}

#[tokio::test]
async fn a_swallowed_reply_is_silence_and_the_command_was_executed() {
    let (_redis, proxy, mut direct) = scene().await;
    let mut client = Client::of(&proxy);
    proxy.replies(Way::Blackhole);
    client.say("SET stock 6");
    becomes(&mut direct, "stock", "6").await;
    until("it is swallowed", LIMIT, async || {
        (proxy.carried().replies.swallowed == 5).then_some(())
    })
    .await;
    assert!(client.hears_nothing());
}

#[tokio::test]
async fn a_stream_that_lost_bytes_stays_silent_and_a_new_connection_does_not() {
    let (_redis, proxy, _) = scene().await;
    let mut client = Client::of(&proxy);
    proxy.requests(Way::Blackhole);
    client.say("PING");
    assert!(client.hears_nothing());
    proxy.requests(Way::Pass);
    client.say("PING");
    assert!(client.hears_nothing(), "the middle of a stream is never lost");
    assert_eq!(Client::of(&proxy).ask("PING"), "+PONG");
}

#[tokio::test]
async fn a_reply_that_is_cut_off_resets_its_client_and_the_command_was_executed() {
    let (_redis, proxy, mut direct) = scene().await;
    let mut client = Client::of(&proxy);
    proxy.replies(Way::Cut);
    client.say("SET stock 6");
    assert_eq!(client.hear(), Err(ErrorKind::ConnectionReset));
    becomes(&mut direct, "stock", "6").await;
    assert_eq!(proxy.carried().cut, 1);
}

#[tokio::test]
async fn a_cut_resets_every_connection_and_takes_new_ones() {
    let (_redis, proxy, _) = scene().await;
    let mut clients = [Client::of(&proxy), Client::of(&proxy)];
    for client in &mut clients {
        assert_eq!(client.ask("PING"), "+PONG");
    }
    proxy.cut().await;
    for client in &mut clients {
        assert_eq!(client.hear(), Err(ErrorKind::ConnectionReset));
    }
    assert_eq!(proxy.carried().cut, 2);
    assert_eq!(Client::of(&proxy).ask("PING"), "+PONG");
}

#[tokio::test]
async fn new_connections_are_refused_and_those_that_stand_stay() {
    let (_redis, proxy, _) = scene().await;
    let mut client = Client::of(&proxy);
    assert_eq!(client.ask("PING"), "+PONG");
    proxy.refuse().await;
    let place = proxy.url("redis://127.0.0.1:1").replace("redis://", "");
    let refused = TcpStream::connect(place).expect_err("nobody listens").kind();
    assert_eq!(refused, ErrorKind::ConnectionRefused);
    assert_eq!(client.ask("PING"), "+PONG");
    proxy.accept().await;
    assert_eq!(Client::of(&proxy).ask("PING"), "+PONG");
}

#[tokio::test]
async fn only_new_connections_are_led_to_another_server() {
    let (one, proxy, _) = scene().await;
    let other = OwnRedis::start(OwnRedisOptions::default()).await;
    let mut client = Client::of(&proxy);
    assert_eq!(client.ask("SET stock 7"), "+OK");
    proxy.lead_to(&other.url());
    assert_eq!(client.ask("SET stock 6"), "+OK");
    assert_eq!(Client::of(&proxy).ask("GET stock"), "$-1");
    assert_eq!(Client::at(&one.url()).ask("GET stock"), "$1");
}

#[tokio::test]
async fn new_connections_are_led_to_several_servers_in_turn() {
    let (one, proxy, _) = scene().await;
    let other = OwnRedis::start(OwnRedisOptions::default()).await;
    proxy.lead_in_turn([one.url().as_str(), other.url().as_str()]);
    for _ in 0..4 {
        Client::of(&proxy).ask("INCR connections");
    }
    for server in [one, other] {
        let mut client = Client::at(&server.url());
        assert_eq!(
            (client.ask("GET connections"), client.hear()),
            ("$1".into(), Ok(Some("2".into())))
        );
    }
}
