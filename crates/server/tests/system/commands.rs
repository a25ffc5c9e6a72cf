//! What an operator types.

use std::{collections::HashSet, fs, net::TcpListener, path::Path, time::Duration};

use serde_json::Value;
use stampede_testkit::{
    servers::{Ended, OwnRedis, OwnRedisOptions, StampedeProcess, postgres, until},
    shop::{Shop, Stores},
};

const STOP_LIMIT: Duration = Duration::from_secs(20);
const DEMO_LIMIT: Duration = Duration::from_secs(15);

async fn run<const N: usize>(command: &str, settings: [(&str, &str); N]) -> Ended {
    let arguments: Vec<_> = command.split(' ').collect();
    let settings = settings.map(|(name, value)| (name, value.to_owned()));
    StampedeProcess::run(arguments, settings).await
}

fn assert_said(ended: &Ended, parts: &[&str]) {
    let said = ended.lines.join("\n");
    for part in parts {
        assert!(said.contains(part), "no {part:?} in:\n{said}");
    }
}

#[tokio::test]
async fn every_bad_setting_is_told_at_once_and_nothing_starts() {
    let ended = run(
        "serve",
        [
            ("PORT", "70000"),
            ("ADMIN_API_KEY", "short"),
            ("STAMPEDE_RECONCILE_SCHEDULE", "often"),
            ("STAMPEDE_RETENTION_DAYS", "-1"),
        ],
    )
    .await;
    assert_eq!(ended.code, Some(2));
    let names = ["PORT", "ADMIN_API_KEY", "STAMPEDE_RECONCILE_SCHEDULE", "STAMPEDE_RETENTION_DAYS"];
    assert_said(&ended, &names);
}

#[tokio::test]
async fn what_is_not_built_is_refused_and_never_ignored() {
    for (name, value) in
        [("STAMPEDE_ENGINE", "postgres"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")]
    {
        let key = ("ADMIN_API_KEY", "0123456789abcdef");
        let ended = run("serve", [key, (name, value)]).await;
        assert_eq!(ended.code, Some(2), "{name}");
        assert_said(&ended, &[name, "not in this version"]);
    }
}

#[tokio::test]
async fn a_command_that_nobody_knows_is_bad_usage_and_help_is_none() {
    assert_eq!(run("sell", []).await.code, Some(2));
    assert_eq!(run("serve --quickly", []).await.code, Some(2));
    let help = run("--help", []).await;
    assert_eq!(help.code, Some(0));
    for command in ["serve", "demo", "migrate", "check", "health", "reconcile", "openapi"] {
        assert_said(&help, &[command]);
        assert_eq!(run(&format!("{command} --help"), []).await.code, Some(0));
    }
}

#[tokio::test]
async fn openapi_prints_the_committed_document() {
    let ended = run("openapi", []).await;
    assert_eq!(ended.code, Some(0));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace");
    let committed = fs::read_to_string(root.join("openapi.json")).expect("the document");
    assert_eq!(ended.lines.join("\n"), committed.trim_end());
}

#[tokio::test]
async fn check_says_what_an_acknowledgement_is_worth_on_each_engine() {
    let stores = Stores::embedded();
    let mut settings = stores.settings();
    settings.push(("OTEL_LOGS_EXPORTER", "otlp".to_owned()));
    let ended = StampedeProcess::run(["check"], settings).await;
    assert_eq!(ended.code, Some(0), "{:?}", ended.lines);
    assert_said(
        &ended,
        &[
            "engine embedded",
            "open files: ",
            "warn  not heeded: OTEL_LOGS_EXPORTER",
            "What an answered purchase is worth here",
        ],
    );

    let redis = OwnRedis::start(OwnRedisOptions::as_shipped()).await;
    let stores = Stores::over(&redis).await;
    let ended = StampedeProcess::run(["check"], stores.settings()).await;
    assert_eq!(ended.code, Some(0), "{:?}", ended.lines);
    assert_said(
        &ended,
        &["noeviction", "appendfsync everysec", "no replica", "postgres", "level gate"],
    );
}

#[tokio::test]
async fn check_fails_over_a_redis_that_may_forget_sales() {
    let arguments = ["--maxmemory-policy", "allkeys-lru"].map(str::to_owned).to_vec();
    let redis = OwnRedis::start(OwnRedisOptions { arguments, ..Default::default() }).await;
    let stores = Stores::over(&redis).await;
    let ended = StampedeProcess::run(["check"], stores.settings()).await;
    assert_eq!(ended.code, Some(1), "{:?}", ended.lines);
    assert_said(&ended, &["allkeys-lru", "set it to noeviction", "appendonly no"]);
}

#[tokio::test]
async fn migrate_makes_the_tables_that_a_start_without_migrations_needs() {
    let (redis, database) = (OwnRedis::start(OwnRedisOptions::default()).await, postgres().await);
    let (redis_url, database_url) = (redis.url(), database.url.as_str());
    let settings = [
        ("ADMIN_API_KEY", "0123456789abcdef"),
        ("STAMPEDE_ENGINE", "redis"),
        ("STAMPEDE_MIGRATE", "0"),
        ("REDIS_URL", redis_url.as_str()),
        ("DATABASE_URL", database_url),
    ];
    let refused = run("serve", settings).await;
    assert_eq!(refused.code, Some(1), "{:?}", refused.lines);
    assert_said(&refused, &["stampede migrate"]);
    for _ in 0..2 {
        assert_eq!(run("migrate", settings).await.code, Some(0));
    }
    let settings = settings.map(|(name, value)| (name, value.to_owned()));
    let node = StampedeProcess::start(["serve"], settings).await;
    node.terminate();
    assert_eq!(node.wait(STOP_LIMIT).await.code, Some(0));
}

#[tokio::test]
async fn health_asks_the_server_of_its_settings_whether_it_is_ready() {
    let stores = Stores::embedded();
    let node = stores.node().await;
    let port = node.process.base_url().rsplit(':').next().expect("a port").to_owned();
    let settings = [("ADMIN_API_KEY", "0123456789abcdef"), ("PORT", port.as_str())];
    let ready = run("health", settings).await;
    assert_eq!(ready.code, Some(0), "{:?}", ready.lines);
    assert_said(&ready, &["ready"]);
    node.process.terminate();
    node.process.wait(STOP_LIMIT).await;
    let gone = run("health", settings).await;
    assert_eq!(gone.code, Some(1), "{:?}", gone.lines);
    assert_said(&gone, &["nobody answers", "PORT"]);
}

#[tokio::test]
async fn reconcile_of_a_sku_that_is_not_there_fails() {
    let stores = Stores::embedded();
    let ended = StampedeProcess::run(["reconcile", "--sku", "NOPE"], stores.settings()).await;
    assert_eq!(ended.code, Some(1), "{:?}", ended.lines);
    assert_said(&ended, &["NOPE"]);
}

#[tokio::test]
async fn a_second_process_on_one_folder_is_refused_and_told_of_the_first() {
    let stores = Stores::embedded();
    let _node = stores.node().await;
    let ended = StampedeProcess::run(["serve"], stores.settings()).await;
    assert_eq!(ended.code, Some(1), "{:?}", ended.lines);
    assert_said(&ended, &["STAMPEDE_DATA_DIR", "process"]);
}

#[tokio::test]
async fn the_demo_sells_by_itself_and_prints_a_key_that_works() {
    let demo = StampedeProcess::start(["demo"], []).await;
    let shop = Shop::at(demo.base_url());
    let key = until("the key", DEMO_LIMIT, async || {
        let lines = demo.logs();
        let line = lines.iter().find_map(|line| line.split_once("Admin key: "))?.1.to_owned();
        line.split(' ').next().map(str::to_owned)
    })
    .await;
    let http = reqwest::Client::new();
    let get = async |path: &str| -> Value {
        let answer = http.get(shop.url(path)).header("X-Admin-Key", &key).send().await;
        answer.expect("an answer").json().await.expect("JSON")
    };
    assert_eq!(get("/api/v1/products").await["success"], true, "the key is right");
    let all = get("/api/v1/sales/all").await;
    let sales = all["data"].as_array().expect("sales");
    let states: Vec<_> = sales.iter().map(|sale| sale["state"].as_str().expect("text")).collect();
    assert_eq!(states, ["ACTIVE", "ACTIVE", "UPCOMING", "UPCOMING"], "{all}");
    for field in ["endTime", "productName", "picture"] {
        let told: HashSet<_> = sales.iter().map(|sale| sale[field].as_str()).collect();
        assert_eq!(told.len(), sales.len(), "each its own {field}: {all}");
    }
    until("the stock falls", DEMO_LIMIT, async || {
        let featured = get("/api/v1/sales").await;
        let data = &featured["data"];
        (data["stock"].as_u64()? < data["initialStock"].as_u64()?).then_some(())
    })
    .await;
    demo.terminate();
    assert_eq!(demo.wait(STOP_LIMIT).await.code, Some(0));
}

#[tokio::test]
async fn the_demo_takes_the_next_port_and_says_so() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port().to_string();
    let demo = StampedeProcess::start(["demo", "--port", &port], []).await;
    assert_ne!(demo.base_url(), format!("http://127.0.0.1:{port}"));
    let told = format!("Port {port} is taken");
    until(&told, DEMO_LIMIT, async || {
        demo.logs().iter().any(|line| line.contains(&told)).then_some(())
    })
    .await;
}
