//! Two nodes behind nginx, with the configuration that ships.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::join_all;
use reqwest::{Client, Response, header::HeaderMap};
use serde_json::Value;
use stampede_testkit::{
    servers::{Nginx, until},
    shop::{Events, Node, PATIENT, Shop, Stores},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    time::interval,
};

/// A node that is back is asked again after two seconds.
const LIMIT: Duration = Duration::from_secs(20);
/// What a node takes to hear of it, two seconds of nginx', and what a busy machine takes.
const SHOWN_LIMIT: Duration = Duration::from_secs(6);
/// Streams of one address.
const STREAMS_MAX: usize = 100;
/// Slower than one address may ask.
const PACE: Duration = Duration::from_millis(20);
/// What every node answers, whatever is away.
const ALIVE: &str = "/health/live";
const TRUSTING: (&str, &str) = ("STAMPEDE_TRUSTED_PROXIES", "127.0.0.1");
const UNLIMITED: (&str, &str) = ("RATE_LIMIT_PER_IP", "0");

/// What a test works with, in the order in which it goes.
struct Site {
    shop: Shop,
    nginx: Nginx,
    nodes: Vec<Node>,
    stores: Stores,
}

impl Site {
    async fn open() -> Self {
        Self::open_with([UNLIMITED]).await
    }

    /// A site whose nodes have these settings too.
    async fn open_with<const COUNT: usize>(others: [(&'static str, &str); COUNT]) -> Self {
        let stores = Stores::redis().await;
        let settings = [PATIENT.as_slice(), &[TRUSTING], &others].concat();
        let nodes =
            vec![stores.node_with(settings.clone()).await, stores.node_with(settings).await];
        let addresses: Vec<_> = nodes.iter().map(|node| node.process.base_url()).collect();
        let nginx = Nginx::before(&addresses).await;
        let shop = Shop::at(&nginx.base_url());
        Self { shop, nginx, nodes, stores }
    }

    async fn get(&self, client: &Client, path: &str, headers: &[(&'static str, &str)]) -> Response {
        let request = client.get(format!("{}{path}", self.nginx.base_url()));
        let named =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        named.send().await.expect("an answer")
    }
}

/// The path of a script of the page that a node shows.
async fn script_of(node: &Node) -> String {
    let page = reqwest::get(node.process.base_url()).await.expect("an answer");
    let page = page.text().await.expect("text");
    let is_script = |part: &&str| {
        let ending = Path::new(part).extension();
        part.starts_with("/assets/") && ending.is_some_and(|ending| ending == "js")
    };
    let script = page.split('"').find(is_script);
    script.expect("the page is built into the program").to_owned()
}

/// A client with an address of its own: all of 127.0.0.0/8 is this machine.
fn client_at(last: u8) -> Client {
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
    Client::builder().local_address(address).build().expect("a client")
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().expect("text"))
}

async fn code(response: Response) -> String {
    let body: Value = response.json().await.expect("JSON");
    assert_eq!(body["success"], false, "{body}");
    body["error"]["code"].as_str().expect("a code").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_may_ask_a_hundred_times_a_second_and_others_go_on() {
    let site = Site::open().await;
    let (greedy, other) = (client_at(2), client_at(3));
    let begun = Instant::now();
    let asked = join_all((0..1_000).map(|_| site.get(&greedy, ALIVE, &[])));
    let meanwhile = join_all((0..100).map(|_| site.get(&other, ALIVE, &[])));
    let (asked, meanwhile) = tokio::join!(asked, meanwhile);
    let (served, refused): (Vec<_>, Vec<_>) =
        asked.into_iter().partition(|response| response.status() == 200);
    let (served, seconds) = (served.len() as u64, begun.elapsed().as_secs() + 1);
    assert!(served > 100, "a burst is served: {served}");
    assert!(served <= 101 + 100 * seconds, "and then so many a second: {served} in {seconds} s");
    assert!(!refused.is_empty(), "and no more of it");
    for response in refused {
        assert_eq!(response.status(), 429);
        assert_eq!(text(response.headers(), "retry-after"), "1");
        assert!(!text(response.headers(), "x-correlation-id").is_empty());
        assert_eq!(code(response).await, "RATE_LIMITED");
    }
    assert!(meanwhile.iter().all(|response| response.status() == 200), "each has its own limit");
    // Once a second they would take a minute.
    let mut more = 0;
    until("fifty more are served", LIMIT, async || {
        let answer = site.get(&greedy, ALIVE, &[]).await;
        more += u32::from(answer.status() == 200);
        (more == 50).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_is_kept_for_a_moment_and_a_change_is_shown_soon() {
    let site = Site::open().await;
    let node = &site.nodes[0].shop;
    node.open("WIDGET-001", 10, 1).await;
    let (client, path) = (client_at(2), "/api/v1/sales?sku=WIDGET-001");
    let mine = [("X-Correlation-Id", "mine")];
    // The first ones may fall on both sides of the turn of two seconds.
    let kept = until("a kept answer", LIMIT, async || {
        let response = site.get(&client, path, &mine).await;
        assert_eq!(response.status(), 200);
        assert_eq!(text(response.headers(), "x-correlation-id"), "mine");
        (text(response.headers(), "x-cache-status") == "HIT").then_some(response)
    })
    .await;
    assert_eq!(text(kept.headers(), "cache-control"), "public, max-age=1");
    let etag = text(kept.headers(), "etag").to_owned();
    let again = site.get(&client, path, &[("If-None-Match", etag.as_str())]).await;
    assert_eq!(again.status(), 304);
    let unnamed = site.get(&client, path, &[]).await;
    assert_ne!(text(unnamed.headers(), "x-correlation-id"), "mine", "kept answers have new ids");

    assert_eq!(node.change("WIDGET-001", "pause").await.data()["paused"], true);
    until("the pause is shown", SHOWN_LIMIT, async || {
        let response = site.get(&client, path, &[]).await;
        let body: Value = response.json().await.expect("JSON");
        (body["data"]["paused"] == true).then_some(())
    })
    .await;
    let unknown = site.get(&client, "/api/v1/sales?sku=NOPE", &[]).await;
    assert_eq!(unknown.status(), 404);
    assert_eq!(code(unknown).await, "NOT_FOUND");
}

/// For a second after the one for which it is kept: nobody waits for the node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_status_is_shown_while_a_node_is_asked_anew() {
    let site = Site::open().await;
    site.nodes[0].shop.open("WIDGET-001", 10, 1).await;
    let (client, path) = (client_at(2), "/api/v1/sales?sku=WIDGET-001");
    until("an answer that is a second old", LIMIT, async || {
        let response = site.get(&client, path, &[]).await;
        assert_eq!(response.status(), 200);
        matches!(text(response.headers(), "x-cache-status"), "STALE" | "UPDATING").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_answer_names_nobodys_trace() {
    // Nobody takes the spans there, and they are made all the same.
    let collector = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
    let site = Site::open_with([UNLIMITED, collector]).await;
    site.nodes[0].shop.open("WIDGET-001", 10, 1).await;
    let client = client_at(2);
    let traced = [
        ("X-User-Id", "ada"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ];
    for path in ["/api/v1/sales?sku=WIDGET-001", &script_of(&site.nodes[0]).await] {
        until("a kept answer", LIMIT, async || {
            let response = site.get(&client, path, &traced).await;
            assert_eq!(response.status(), 200, "{path}");
            assert_eq!(text(response.headers(), "traceresponse"), "", "{path}");
            (text(response.headers(), "x-cache-status") == "HIT").then_some(())
        })
        .await;
    }
    let own = site.get(&client, "/api/v1/purchases?sku=WIDGET-001", &traced).await;
    let told = text(own.headers(), "traceresponse");
    assert!(told.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_tells_at_once_and_one_address_has_a_hundred() {
    let site = Site::open().await;
    site.nodes[0].shop.open("WIDGET-001", 10, 1).await;
    let mut pace = interval(PACE);
    let mut streams = Vec::new();
    for number in 0..STREAMS_MAX {
        pace.tick().await;
        let stream = Events::try_open(&site.shop, "WIDGET-001").await;
        streams.push(stream.unwrap_or_else(|| panic!("stream {number}")));
    }
    pace.tick().await;
    assert!(Events::try_open(&site.shop, "WIDGET-001").await.is_none(), "one too many");

    assert_eq!(site.nodes[1].shop.buy("WIDGET-001", "ada").await.outcome(), "ACCEPTED");
    for stream in &mut streams {
        let events = stream.until(|event| event.name == "stock-update").await;
        assert_eq!(events.last().expect("an update").data["stock"], 9);
    }
    streams.pop();
    until("a place that somebody left", LIMIT, async || {
        Events::try_open(&site.shop, "WIDGET-001").await.map(drop)
    })
    .await;
}

/// Asks with the same key until the attempt is decided; it may be too early, or too often.
async fn decided(shop: &Shop, buyer: &str) -> String {
    until("a decision", LIMIT, async || {
        let answer = shop.attempt("WIDGET-001", buyer, Some("the-only-key")).await?;
        assert!(matches!(answer.status, 200 | 429 | 503), "{answer:?}");
        answer.purchase_no()
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_node_is_left_out_and_without_any_nginx_says_so_itself() {
    let mut site = Site::open().await;
    site.nodes[0].shop.open("WIDGET-001", 60, 1).await;
    let mut told = BTreeMap::new();
    for number in 0..60 {
        if number == 20 {
            site.nodes.remove(0).process.kill().await;
        }
        let buyer = format!("buyer-{number}");
        let purchase_no = decided(&site.shop, &buyer).await;
        told.insert(buyer, purchase_no);
    }
    let client = client_at(2);
    for _ in 0..20 {
        assert_eq!(site.get(&client, ALIVE, &[]).await.status(), 200, "by the node that is left");
    }
    // What the killed node held is taken over first.
    until("60 purchases in the ledger", LIMIT, async || {
        (site.stores.ledger().await.len() == 60).then_some(())
    })
    .await;
    let recorded: BTreeMap<_, _> =
        site.stores.ledger().await.into_iter().map(|row| (row.buyer, row.purchase_no)).collect();
    assert_eq!(recorded, told, "each buyer has the purchase that was told, and no other");

    let port = site.nodes[0].process.base_url().rsplit(':').next().expect("a port").to_owned();
    site.nodes.remove(0).process.kill().await;
    let nobody = site.get(&client, "/api/v1/purchases?sku=WIDGET-001", &[]).await;
    assert_eq!(nobody.status(), 503);
    assert_eq!(text(nobody.headers(), "retry-after"), "2");
    assert_eq!(text(nobody.headers(), "cache-control"), "no-store");
    assert_eq!(code(nobody).await, "SERVICE_UNAVAILABLE");

    site.nodes.push(site.stores.node_with([TRUSTING, ("PORT", port.as_str())]).await);
    assert_eq!(decided(&site.shop, "buyer-1").await, told["buyer-1"]);
}

/// Takes every request, counts it, and says this of it: nothing, as a node does that dies over it, or
/// what a node of another version says.
async fn strange_node(taken: Arc<AtomicUsize>, says: &'static str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            if matches!(connection.read(&mut [0; 1_024]).await, Ok(1..)) {
                taken.fetch_add(1, Ordering::Relaxed);
                connection.write_all(says.as_bytes()).await.expect("nginx waits for it");
            }
        }
    });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_a_node_took_is_sent_to_no_other() {
    let taken = Arc::new(AtomicUsize::new(0));
    let nodes = [strange_node(taken.clone(), "").await, strange_node(taken.clone(), "").await];
    let nginx = Nginx::before(&nodes.each_ref().map(String::as_str)).await;
    let shop = Shop::at(&nginx.base_url());
    let unknown = shop.attempt("WIDGET-001", "ada", Some("the-only-key")).await;
    let unknown = unknown.expect("an answer of nginx' own");
    assert_eq!((unknown.status, unknown.outcome()), (503, "SERVICE_UNAVAILABLE"));
    assert_eq!(taken.load(Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_see_the_address_of_the_client_whatever_it_claims() {
    let site = Site::open_with([("RATE_LIMIT_PER_IP", "5")]).await;
    let path = "/api/v1/purchases?sku=WIDGET-001";
    let (liar, other) = (client_at(2), client_at(3));
    // Fewer than nginx itself would refuse.
    let asked = join_all((0..40).map(async |number| {
        let claimed = format!("198.51.100.{number}");
        let headers = [("X-User-Id", "ada"), ("X-Forwarded-For", claimed.as_str())];
        site.get(&liar, path, &headers).await.status().as_u16()
    }))
    .await;
    assert!(asked.contains(&404) && asked.contains(&429), "{asked:?}");
    let honest = site.get(&other, path, &[("X-User-Id", "ada")]).await;
    assert_eq!(honest.status(), 404, "another address is not held to the first one's limit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_the_page_are_kept_packed_and_metrics_are_not_shown() {
    let site = Site::open().await;
    let client = client_at(2);
    let script = script_of(&site.nodes[0]).await;
    for (accepted, packed) in [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0", "")] {
        let headers = [("Accept-Encoding", accepted)];
        let file = until("a kept file", LIMIT, async || {
            let response = site.get(&client, &script, &headers).await;
            (text(response.headers(), "x-cache-status") == "HIT").then_some(response)
        })
        .await;
        assert_eq!(text(file.headers(), "content-encoding"), packed);
        assert!(text(file.headers(), "cache-control").contains("immutable"));
    }
    let hidden = site.get(&client, "/metrics", &[]).await;
    assert_eq!(hidden.status(), 404);
    assert_eq!(code(hidden).await, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_only_one_node_has_is_found_while_nodes_are_upgraded() {
    const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n";
    let asked = Arc::new(AtomicUsize::new(0));
    let (old, stores) = (strange_node(asked.clone(), NOT_FOUND).await, Stores::redis().await);
    let new = stores.node_with([TRUSTING]).await;
    let script = script_of(&new).await;
    let nginx = Nginx::before(&[&old, new.process.base_url()]).await;
    for packed in ["br", "gzip", "identity"] {
        let request = client_at(2).get(format!("{}{script}", nginx.base_url()));
        let file = request.header("Accept-Encoding", packed).send().await.expect("an answer");
        assert_eq!(file.status(), 200, "{packed}");
    }
    assert!(asked.load(Ordering::Relaxed) > 0, "the old node was asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_are_offered_http_2() {
    let site = Site::open().await;
    let address = site.nginx.encrypted_address();
    let asking = tokio::task::spawn_blocking(move || {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-alpn", "h2,http/1.1", "-connect", &address]);
        command.stdin(Stdio::null()).output().expect("openssl")
    });
    let output = asking.await.expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("ALPN protocol: h2"), "{said}");
}
