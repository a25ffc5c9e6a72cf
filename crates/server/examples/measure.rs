//! Measures the server beside a bare actix handler, in one run, with `wrk`.
//!
//! `cargo xtask bench` builds what this needs and runs it. The first argument is the bare
//! handler's program; `STAMPEDE_BIN` names the server. Loopback only, bounded in time.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement talks to a terminal and fails by panicking"
)]

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;
use stampede_testkit::servers::{OwnPostgres, OwnRedis, OwnRedisOptions, StampedeProcess};

const ADMIN_KEY: &str = "measured-by-the-benchmark";
const SECONDS: &str = "8";
const CONNECTIONS: &str = "64";
const WORKERS: &str = "2";

/// Every request another buyer, so that each is judged anew.
const BUY: &str = r#"
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local number = 0
math.randomseed(os.time())
local run = math.random(1000000000)
request = function()
  number = number + 1
  wrk.headers["X-User-Id"] = run .. "-" .. number
  return wrk.format(nil, nil, nil, '{"sku":"SKU","qty":1}')
end
"#;

#[tokio::main]
async fn main() {
    let bare_program = std::env::args().nth(1).expect("the bare handler's program");
    let scripts = tempfile::tempdir().expect("a folder for scripts");
    let script = |sku: &str| {
        let path = scripts.path().join(format!("{sku}.lua"));
        std::fs::write(&path, BUY.replace("SKU", sku)).expect("a script");
        path.to_str().expect("text").to_owned()
    };
    let bare = Bare::start(&bare_program);
    println!("{SECONDS} s each, {CONNECTIONS} connections, {WORKERS} workers; requests/s (p99)");
    for engine in ["embedded", "redis"] {
        let (server, _stores) = start(engine).await;
        let server_url = server.base_url();
        create(server_url, "OPEN", 10_000_000).await;
        create(server_url, "GONE", 1).await;
        buy_the_last(server_url).await;
        let (open, gone) = (script("OPEN"), script("GONE"));
        let (buy, look) = ("/api/v1/purchases", "/api/v1/sales?sku=OPEN");
        // What is measured stands between two rounds of the bare handler, same load each.
        println!("{engine}");
        for (name, path, script, bare_script) in [
            ("accepted", buy, Some(&open), Some(&open)),
            ("sold out", buy, Some(&gone), Some(&open)),
            ("status", look, None, None),
        ] {
            let before = wrk(&bare.url(path), bare_script);
            let figure = wrk(&format!("{server_url}{path}"), script);
            let after = wrk(&bare.url(path), bare_script);
            let ratio = figure.rate / f64::midpoint(before.rate, after.rate);
            println!(
                "  {name:<9} {:>8.0}  p99 {:>8}  {ratio:.2} of bare {:.0} and {:.0}{}",
                figure.rate, figure.p99, before.rate, after.rate, figure.errors
            );
        }
    }
}

/// The server of that engine, and the stores that it needs.
async fn start(engine: &str) -> (StampedeProcess, Option<(OwnRedis, OwnPostgres)>) {
    let mut settings = vec![
        ("ADMIN_API_KEY", ADMIN_KEY.to_owned()),
        ("RATE_LIMIT_PURCHASE_PER_BUYER", "0".to_owned()),
        ("STAMPEDE_ENGINE", engine.to_owned()),
        ("STAMPEDE_HTTP_WORKERS", WORKERS.to_owned()),
    ];
    let mut stores = None;
    if engine == "redis" {
        let options = OwnRedisOptions::on_disk();
        let (redis, postgres) = (OwnRedis::start(options).await, OwnPostgres::start().await);
        settings.push(("REDIS_URL", redis.url()));
        settings.push(("DATABASE_URL", postgres.url()));
        stores = Some((redis, postgres));
    }
    (StampedeProcess::start(["serve"], settings).await, stores)
}

async fn create(base: &str, sku: &str, stock: u32) {
    let answer = reqwest::Client::new()
        .post(format!("{base}/api/v1/products"))
        .header("X-Admin-Key", ADMIN_KEY)
        .json(&json!({
            "sku": sku, "productName": sku, "initialStock": stock,
            "startTime": "2020-01-01T00:00:00Z", "endTime": "2099-01-01T00:00:00Z",
        }))
        .send()
        .await
        .expect("an answer");
    assert!(answer.status().is_success(), "{:?}", answer.text().await);
}

async fn buy_the_last(base: &str) {
    let answer = reqwest::Client::new()
        .post(format!("{base}/api/v1/purchases"))
        .header("X-User-Id", "the-first")
        .json(&json!({ "sku": "GONE" }))
        .send()
        .await
        .expect("an answer");
    assert!(answer.status().is_success(), "{:?}", answer.text().await);
}

/// What `wrk` said.
struct Figure {
    rate: f64,
    p99: String,
    errors: String,
}

fn wrk(url: &str, script: Option<&String>) -> Figure {
    let mut command = Command::new("wrk");
    command.args(["-t1", "-c", CONNECTIONS, "-d", SECONDS, "--latency"]);
    command.args(script.iter().flat_map(|script| ["-s", script.as_str()]));
    let output = command.arg(url).output().expect("wrk: install it by `apt-get install wrk`");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = |name: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(name));
        line.and_then(|line| line.split_whitespace().last()).unwrap_or_default().to_owned()
    };
    let rate = value("Requests/sec:").parse().expect("a rate");
    let errors = text.lines().find(|line| line.contains("Non-2xx"));
    let errors = errors.map(|line| format!("  [{}]", line.trim())).unwrap_or_default();
    Figure { rate, p99: value("99%"), errors }
}

/// The bare handler as a process of its own; ended when dropped.
struct Bare {
    child: Child,
    port: u16,
}

impl Bare {
    fn start(program: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let mut command = Command::new(program);
        command.args([&port.to_string(), WORKERS]).stdout(Stdio::null());
        let child = command.spawn().expect("the bare handler starts");
        let limit = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < limit, "the bare handler does not listen");
            std::thread::yield_now();
        }
        Self { child, port }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // It is ours and holds nothing: gone is all it has to be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
