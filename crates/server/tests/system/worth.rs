//! What an acknowledgement is worth is told in the same words by `check`, the log and `/health`.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use stampede_testkit::{
    servers::{
        Fsync, OwnPostgres, OwnPostgresOptions, OwnRedis, OwnRedisOptions, StampedeProcess, until,
    },
    shop::{Node, PATIENT, Stores},
};

const LEDGER: (&str, &str) = ("STAMPEDE_ACK", "ledger");
/// The faults of the engine redis, in the order of its table.
const FAULTS: [&str; 8] = [
    "this program killed",
    "the gate's store killed",
    "the gate's host loses power",
    "the gate's store emptied, or older",
    "a replica of the gate promoted",
    "the gate sells on, parted",
    "the ledger's host loses power",
    "the ledger loses commits",
];

/// A Redis that syncs every write, and a Postgres that syncs or not.
async fn stores(fsync: bool) -> (OwnRedis, OwnPostgres, Stores) {
    let redis = OwnRedisOptions { fsync: Fsync::Always, ..OwnRedisOptions::on_disk() };
    let redis = OwnRedis::start(redis).await;
    let postgres =
        OwnPostgres::start_with(OwnPostgresOptions { fsync, ..Default::default() }).await;
    let stores = Stores::between(&redis, &postgres);
    (redis, postgres, stores)
}

/// The lines of a node's log with this message, in order.
fn logged(node: &Node, message: &str) -> Vec<Value> {
    let lines = node.process.logs();
    let lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let fields = lines.map(|line| line.get("fields").unwrap_or(&line).clone());
    fields.filter(|fields| fields["message"] == message).collect()
}

fn text<'a>(told: &'a Value, name: &str) -> &'a str {
    told[name].as_str().unwrap_or_else(|| panic!("no {name} in {told}"))
}

#[tokio::test]
async fn check_says_what_level_ledger_is_worth_and_fails_over_a_postgres_that_syncs_nothing() {
    for (fsync, code, parts) in [
        (true, 0, vec!["a commit is synced when answered"]),
        (false, 1, vec!["fsync is off", "at level ledger that is a promise broken"]),
    ] {
        let (_redis, _postgres, stores) = stores(fsync).await;
        let mut settings = stores.settings();
        settings.push((LEDGER.0, LEDGER.1.to_owned()));
        let ended = StampedeProcess::run(["check"], settings).await;
        let said = ended.lines.join("\n");
        assert_eq!(ended.code, Some(code), "fsync {fsync}:\n{said}");
        for part in parts.into_iter().chain(["(level ledger, engine redis)"]) {
            assert!(said.contains(part), "no {part:?} in:\n{said}");
        }
        let loss = |fault: &str| {
            let line = ended.lines.iter().find(|line| line.trim_start().starts_with(fault));
            line.map(|line| line.trim_start().replacen(fault, "", 1).trim().to_owned())
        };
        for of_gate in &FAULTS[..6] {
            assert_eq!(loss(of_gate).as_deref(), Some("nothing is lost"), "{said}");
        }
        let power = if fsync {
            "nothing is lost on a disk that syncs when it says so"
        } else {
            "repaired while the same gate lives, lost with it"
        };
        assert_eq!(loss("the ledger's host loses power").as_deref(), Some(power), "{said}");
    }
}

#[tokio::test]
async fn the_start_says_what_an_acknowledgement_is_worth() {
    let (_redis, _postgres, stores) = stores(false).await;
    for (level, broken) in [("gate", 0), ("ledger", 1)] {
        let node = stores.node_with(PATIENT.into_iter().chain([(LEDGER.0, level)])).await;
        let lines = logged(&node, "what an acknowledged purchase is worth here");
        let faults: Vec<_> = lines.iter().map(|line| text(line, "fault")).collect();
        assert_eq!(faults, FAULTS, "a line a fault");
        assert!(lines.iter().all(|line| text(line, "level") == level), "{lines:?}");
        let emptied = if level == "gate" { "what is not in the ledger yet" } else { "nothing" };
        assert!(text(&lines[3], "may_lose").starts_with(emptied), "{lines:?}");
        // The promise of level gate does not rest on this Postgres.
        let told = logged(&node, "the ledger does not keep what it answers");
        assert_eq!(told.len(), broken, "{told:?}");
        assert!(told.iter().all(|line| text(line, "why").contains("fsync is off")), "{told:?}");
    }
}

#[tokio::test]
async fn health_says_what_an_acknowledgement_is_worth_on_these_stores() {
    let (_redis, _postgres, stores) = stores(false).await;
    let node = stores.node_with([LEDGER]).await;
    // A promise that is not kept makes no store unhealthy; a Redis that syncs may answer late.
    let health = until("every store answers", Duration::from_secs(20), async || {
        let health = node.shop.health("/health").await;
        let is_known = health.status == 200 && health.data()["acknowledgement"].is_object();
        is_known.then_some(health)
    })
    .await;
    let worth = &health.data()["acknowledgement"];
    assert_eq!(worth["level"], "ledger");
    let settings = json!({
        "appendonly": "yes", "appendfsync": "always", "replicas": "0",
        "synchronousCommit": "on", "fsync": "off", "fullPageWrites": "off",
        "synchronousStandbyNames": "",
    });
    assert_eq!(worth["settings"], settings);
    assert!(text(worth, "broken").contains("fsync is off"), "{worth}");
    let faults: BTreeSet<_> = worth["mayLose"]
        .as_array()
        .expect("a row a fault")
        .iter()
        .map(|row| (text(row, "fault"), text(row, "loss")))
        .collect();
    assert_eq!(faults.len(), FAULTS.len(), "{worth}");
    for row in [("GATE_LOST", "NOTHING"), ("LEDGER_POWER_LOSS", "REPAIRED_WHILE_GATE_LIVES")] {
        assert!(faults.contains(&row), "{worth}");
    }

    let node = Stores::embedded().node().await;
    let health = node.shop.health("/health").await;
    let worth = &health.data()["acknowledgement"];
    assert_eq!((&worth["level"], &worth["broken"]), (&json!("ledger"), &Value::Null));
    assert_eq!(worth["settings"], json!({ "synchronous": "FULL" }));
}
