//! What lies in Redis says its format, and what a newer version wrote is kept and not misread.

use futures::StreamExt as _;
use redis::{Value, aio::MultiplexedConnection};
use stampede_application::{
    live_sales::Known,
    ports::{EntryBody, Judged, PortError},
};
use stampede_domain::{Acknowledgement, SaleId, Shard};
use stampede_testkit::{
    builders::a_sale,
    servers::connection,
    suites::{Harness as _, Scene, attempt, run, sale_feed::arrived},
};
use tokio_util::sync::CancellationToken;

use super::RedisHarness;

impl RedisHarness {
    pub(super) async fn beside(&self) -> MultiplexedConnection {
        connection(&self.server.url).await
    }

    pub(super) fn key(&self, id: &SaleId, name: &str) -> String {
        format!("{}{{{}}}:{name}", self.server.prefix, Shard::of(&id.sku))
    }

    fn buyers(&self, id: &SaleId) -> String {
        self.key(id, &format!("sale:{id}:buyers"))
    }
}

fn text(value: &Value) -> String {
    let Value::BulkString(bytes) = value else { panic!("a string: {value:?}") };
    bytes.escape_ascii().to_string()
}

/// A head that was written before heads had the level.
#[test]
fn a_head_without_the_level_asks_for_what_its_definition_says() {
    run(async {
        let harness = RedisHarness::start().await;
        let mut beside = harness.beside().await;
        for (generation, level) in [(1, Acknowledgement::Gate), (2, Acknowledgement::Ledger)] {
            let sale = a_sale().sku(&format!("LEVEL-{generation}")).generation(generation);
            let scene = Scene::of(&harness, sale.acknowledged_at(level).build()).await;
            let id = scene.id();
            let mut forget = redis::cmd("HDEL");
            forget.arg(harness.key(id, &format!("sale:{id}:head"))).arg("acknowledge");
            let gone: u32 = forget.query_async(&mut beside).await.expect("Redis answers");
            assert_eq!(gone, 1);
            let judged = scene.lane.decide(id, &[attempt("ada", 1, 1)]).await;
            let Ok(Judged::Decided { trail, .. }) = judged else { panic!("{judged:?}") };
            assert_eq!(trail.acknowledge, level);
        }
    });
}

#[test]
fn entries_records_and_messages_say_their_format() {
    run(async {
        let harness = RedisHarness::start().await;
        let scene = Scene::active(&harness, 10, 1).await;
        let (id, mut beside) = (scene.id(), harness.beside().await);
        let client = redis::Client::open(harness.server.url.as_str()).expect("an address");
        let mut feed = client.get_async_pubsub().await.expect("Redis answers");
        feed.subscribe(harness.key(id, "feed")).await.expect("Redis answers");
        scene.buy(&attempt("ada", 1, 1)).await;
        let message = feed.on_message().next().await.expect("a message");
        let payload: serde_json::Value =
            serde_json::from_slice(message.get_payload_bytes()).expect("JSON");
        assert_eq!((&payload["format"], &payload["kind"]), (&1.into(), &"stock".into()));
        assert_eq!(payload["generation"], id.generation.to_string());
        assert_eq!(payload["version"], scene.snapshot().await.version.0);

        let outbox = harness.key(id, "outbox");
        let entries: Vec<(String, Vec<Value>)> = redis::cmd("XRANGE")
            .arg(outbox)
            .arg("-")
            .arg("+")
            .query_async(&mut beside)
            .await
            .expect("Redis answers");
        let fields: Vec<String> = entries[0].1.iter().map(text).collect();
        assert_eq!(fields[..4], ["f", "1", "k", "purchases"]);
        assert_eq!(fields[4..6], ["g", &id.generation.to_string()]);

        let record: Vec<u8> = redis::cmd("HGET")
            .arg(harness.buyers(id))
            .arg("ada")
            .query_async(&mut beside)
            .await
            .expect("Redis answers");
        assert_eq!(record[0], 1);
    });
}

/// I8: a buyer whose record this version cannot read is answered by nobody of this version.
#[test]
fn a_record_of_a_newer_version_is_not_judged_by_and_is_kept() {
    run(async {
        let harness = RedisHarness::start().await;
        let scene = Scene::active(&harness, 10, 1).await;
        let (id, mut beside) = (scene.id(), harness.beside().await);
        scene.buy(&attempt("ada", 1, 1)).await;
        let newer = [2_u8, 7, 7, 7];
        let mut plant = redis::cmd("HSET");
        plant.arg(harness.buyers(id)).arg("ada").arg(&newer);
        plant.exec_async(&mut beside).await.expect("Redis answers");
        let before = scene.snapshot().await;
        for key in [1, 2] {
            let judged = scene.lane.decide(id, &[attempt("ada", key, 1)]).await;
            assert!(matches!(judged, Err(PortError::Unavailable { .. })), "{judged:?}");
        }
        let held = scene.gate.purchases(id, &attempt("ada", 1, 1).buyer).await;
        assert!(held.is_err(), "{held:?}");
        assert_eq!(scene.snapshot().await, before);
        let mut found = redis::cmd("HGET");
        found.arg(harness.buyers(id)).arg("ada");
        let found: Vec<u8> = found.query_async(&mut beside).await.expect("Redis answers");
        assert_eq!(found, newer);
        scene.buy(&attempt("ben", 1, 1)).await;
    });
}

/// A body with a part that this version does not know is no broken one.
#[test]
fn an_entry_with_parts_of_a_newer_version_stays_in_the_outbox() {
    run(async {
        let harness = RedisHarness::start().await;
        let scene = Scene::active(&harness, 10, 1).await;
        let (id, mut beside) = (scene.id(), harness.beside().await);
        let epoch = format!("{}.{:016x}", scene.epoch.number, scene.epoch.nonce);
        // An item, ordinal and units, a buyer, and extras of which bit 2 is set.
        let mut body = vec![7; 43];
        body.extend([0, 1, 1, 0, 3]);
        body.extend(b"ada");
        body.push(0b100);
        let mut add = redis::cmd("XADD");
        add.arg(harness.key(id, "outbox")).arg("*").arg("f").arg(1).arg("k").arg("purchases");
        add.arg("g").arg(id.generation.to_string()).arg("s").arg(id.sku.as_str());
        add.arg("e").arg(epoch).arg("b").arg(body);
        add.query_async::<Value>(&mut beside).await.expect("Redis answers");
        let waiting: Vec<_> = scene.waiting().await.into_iter().map(|entry| entry.body).collect();
        assert_eq!(waiting, [EntryBody::Newer { format: 1 }]);
    });
}

/// A node that cannot read a message reads the sale, and goes on hearing those that it can.
#[test]
fn a_message_of_a_newer_version_is_not_misread() {
    run(async {
        let harness = RedisHarness::start().await;
        let scene = Scene::active(&harness, 10, 5).await;
        let (id, mut beside) = (scene.id(), harness.beside().await);
        let (feed, live) = (harness.feed(), harness.live_sales());
        let stop = CancellationToken::new();
        let stock = async |wanted: u32| {
            arrived(&live, &id.sku, |seen| {
                assert_ne!(seen.stock, 3, "it was never the stock");
                seen.stock == wanted
            })
            .await;
        };
        let drive = async {
            stock(10).await;
            let message = format!(
                r#"{{"format":2,"kind":"stock","sku":"{}","generation":"{}","version":9007199254740991,"stock":3}}"#,
                id.sku, id.generation
            );
            let mut publish = redis::cmd("PUBLISH");
            publish.arg(harness.key(id, "feed")).arg(message);
            // Sales may be read before the subscription stands.
            let mut heard = 0;
            while heard == 0 {
                heard = publish.query_async(&mut beside).await.expect("Redis answers");
            }
            scene.buy(&attempt("ada", 1, 1)).await;
            stock(9).await;
            assert!(matches!(live.get(&id.sku), Known::Live(..)));
            stop.cancel();
        };
        futures::join!(feed.follow(live.clone(), stop.clone()), drive);
    });
}
