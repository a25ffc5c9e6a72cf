//! Copies of the stores, taken and put back by the scripts that ship: what stands afterwards, and
//! that nothing is sold twice.

use std::{collections::BTreeMap, path::Path, time::Duration};

use futures::future::join_all;
use stampede_testkit::{
    servers::{Ended, OwnPostgres, OwnRedis, OwnRedisOptions, run_program, scratch, until},
    shop::{Answer, Shop, Stores},
};

/// A node that starts over other stores, a restore, and what a comparison brings back.
const RECOVERY_LIMIT: Duration = Duration::from_mins(1);
const AS_SHIPPED: [(&str, &str); 0] = [];

/// Purchase numbers by buyer.
type Held = BTreeMap<String, String>;

/// Runs a script of `infrastructure/copies` over these stores, to its good end.
async fn script(name: &str, folder: &Path, redis: &OwnRedis, postgres: &OwnPostgres) {
    let ended = ended_script(name, folder, redis, postgres).await;
    assert_eq!(ended.code, Some(0), "{name}: {:?}", ended.lines);
}

async fn ended_script(
    name: &str,
    folder: &Path,
    redis: &OwnRedis,
    postgres: &OwnPostgres,
) -> Ended {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infrastructure/copies");
    let settings = [
        format!("DATABASE_URL={}", postgres.url()),
        format!("REDIS_URL={}", redis.url()),
        "bash".to_owned(),
        script.join(name).display().to_string(),
        folder.display().to_string(),
    ];
    run_program("env", settings).await
}

/// What an operator types; the answer's lines.
async fn told<const COUNT: usize>(redis: &OwnRedis, words: [&str; COUNT]) -> Vec<String> {
    let url = redis.url();
    let words = ["-u", &url, "--no-auth-warning"].into_iter().chain(words);
    run_program("redis-cli", words.map(str::to_owned)).await.lines
}

/// Asks with the same key until it is decided.
async fn insist(shop: &Shop, buyer: &str) -> Answer {
    until("a decision", RECOVERY_LIMIT, async || {
        let answer = shop.attempt("WIDGET-001", buyer, Some("the-only-key")).await?;
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
        (answer.status == 200).then_some(answer)
    })
    .await
}

/// What those of them hold who got something.
async fn buy(shop: &Shop, name: &str, count: usize) -> Held {
    let buyers = (0..count).map(|number| format!("{name}-{number}"));
    let asked = buyers.map(async |buyer| (insist(shop, &buyer).await.purchase_no(), buyer));
    let answered = join_all(asked).await;
    answered.into_iter().filter_map(|(number, buyer)| Some((buyer, number?))).collect()
}

async fn recorded(stores: &Stores) -> Held {
    stores.ledger().await.into_iter().map(|row| (row.buyer, row.purchase_no)).collect()
}

/// Waits until the ledger has so many; a node that starts over other stores restores first.
async fn has_recorded(stores: &Stores, count: usize) {
    until("what was sold is in the ledger", RECOVERY_LIMIT, async || {
        (recorded(stores).await.len() == count).then_some(())
    })
    .await;
}

/// A Redis and a Postgres of the test's own.
async fn stores_of_its_own() -> (OwnRedis, OwnPostgres) {
    (OwnRedis::start(OwnRedisOptions::on_disk()).await, OwnPostgres::start().await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_copy_of_postgres_has_stands_and_the_rest_is_sold_once() {
    let (mut redis, postgres) = stores_of_its_own().await;
    let node = Stores::between(&redis, &postgres).node().await;
    node.shop.open("WIDGET-001", 100, 1).await;
    let early = buy(&node.shop, "early", 30).await;
    node.shop.recorded("WIDGET-001", 30).await;
    let folder = scratch("copies");
    // Nobody stops selling for it.
    let taking = script("take.sh", folder.path(), &redis, &postgres);
    let (meanwhile, ()) = tokio::join!(buy(&node.shop, "meanwhile", 40), taking);
    assert_eq!((early.len(), meanwhile.len()), (30, 40));
    node.process.kill().await;
    drop(postgres);

    redis.restart_empty().await;
    let another = OwnPostgres::start().await;
    script("put-back.sh", folder.path(), &redis, &another).await;
    let stores = Stores::between(&redis, &another);
    let node = stores.node().await;
    assert_eq!(buy(&node.shop, "early", 30).await, early, "all that was recorded by then");
    let mut all = buy(&node.shop, "meanwhile", 40).await;
    assert_eq!(all.len(), 40, "whoever is not in the copy buys again");
    all.extend(buy(&node.shop, "late", 100).await);
    all.extend(early);
    assert_eq!(all.len(), 100, "each unit once");
    has_recorded(&stores, 100).await;
    assert_eq!(recorded(&stores).await, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_copies_of_both_stores_what_waited_for_postgres_is_recorded() {
    let (mut redis, postgres) = stores_of_its_own().await;
    let api = Stores::between(&redis, &postgres).node_as("api", AS_SHIPPED).await;
    api.shop.open("WIDGET-001", 100, 1).await;
    let held = buy(&api.shop, "waiting", 30).await;
    assert_eq!(held.len(), 30);
    let folder = scratch("copies");
    script("take.sh", folder.path(), &redis, &postgres).await;
    api.process.kill().await;
    drop(postgres);

    redis.restart_from(folder.path()).await;
    let another = OwnPostgres::start().await;
    script("put-back.sh", folder.path(), &redis, &another).await;
    let stores = Stores::between(&redis, &another);
    assert_eq!(recorded(&stores).await, Held::new(), "it had none of them");
    let node = stores.node().await;
    has_recorded(&stores, 30).await;
    assert_eq!(recorded(&stores).await, held);
    assert_eq!(buy(&node.shop, "waiting", 30).await, held);
    assert_eq!(buy(&node.shop, "late", 100).await.len(), 70, "what is left, once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_of_postgres_gets_from_redis_what_it_has_not() {
    let (redis, postgres) = stores_of_its_own().await;
    let node = Stores::between(&redis, &postgres).node().await;
    node.shop.open("WIDGET-001", 100, 1).await;
    let mut held = buy(&node.shop, "early", 30).await;
    node.shop.recorded("WIDGET-001", 30).await;
    let folder = scratch("copies");
    script("take.sh", folder.path(), &redis, &postgres).await;
    held.extend(buy(&node.shop, "later", 20).await);
    node.shop.recorded("WIDGET-001", 50).await;
    node.process.kill().await;
    drop(postgres);

    let another = OwnPostgres::start().await;
    script("put-back.sh", folder.path(), &redis, &another).await;
    let stores = Stores::between(&redis, &another);
    assert_eq!(recorded(&stores).await.len(), 30);
    let node = stores.node().await;
    has_recorded(&stores, 50).await;
    assert_eq!(recorded(&stores).await, held);
    assert_eq!(buy(&node.shop, "late", 100).await.len(), 50, "what is left, once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_would_hurt_redis_is_refused() {
    const PERCENTAGE: &str = "auto-aof-rewrite-percentage";
    let (redis, postgres) = stores_of_its_own().await;
    let refused = async |folder: &Path, why: &str| {
        let ended = ended_script("take.sh", folder, &redis, &postgres).await;
        assert_eq!(ended.code, Some(1), "{:?}", ended.lines);
        assert!(ended.lines.iter().any(|line| line.contains(why)), "{:?}", ended.lines);
    };
    let where_it_has_its_files = told(&redis, ["CONFIG", "GET", "dir"]).await.remove(1);
    let (own, before) = (Path::new(&where_it_has_its_files), told(&redis, ["DBSIZE"]).await);
    refused(own, "name another FOLDER").await;
    assert!(own.join("appendonlydir").is_dir(), "its files are still there");
    assert!(!own.join("ledger.dump").exists(), "nothing is half done");
    let after = told(&redis, ["CONFIG", "GET", PERCENTAGE]).await.remove(1);
    assert_ne!(after, "0", "it rewrites its file as before");

    // As another copy has it meanwhile.
    told(&redis, ["CONFIG", "SET", PERCENTAGE, "0"]).await;
    refused(scratch("copies").path(), "another copy is being taken").await;
    assert_eq!(told(&redis, ["DBSIZE"]).await, before);
}
