//! What an engine remembers after it died, and what it says while its journal fails.

use std::{collections::HashMap, time::Duration};

use futures::{StreamExt, future::join_all, join, stream::FuturesUnordered};
use sqlx::AssertSqlSafe;
use stampede_application::ports::{
    Amended, Change, Changed, DeadLetter, Entry, EntryBody, Judged, PortError, SaleGate, Snapshot,
};
use stampede_domain::{Attempt, Decision, Instant, PurchaseNo, Sale, SaleId};
use stampede_infrastructure::embedded::{EmbeddedDatabase, EngineLimits, OpenError};
use stampede_testkit::suites::{Harness, Scene, attempt, run};

use super::Node;

async fn snapshot(node: &Node, id: &SaleId) -> Snapshot {
    let snapshot = node.gate().snapshot(id).await.expect("the gate answers");
    snapshot.expect("the gate has the sale")
}

/// How often each number stands in the gate.
async fn standing(gate: &dyn SaleGate, id: &SaleId) -> HashMap<PurchaseNo, u32> {
    let mut standing = HashMap::new();
    let mut from = None;
    loop {
        let page = gate.holdings(id, from.as_ref()).await.expect("the gate answers");
        let page = page.expect("the gate has the sale");
        for purchase in page.holdings.iter().flat_map(|(_, held)| held) {
            *standing.entry(purchase.no()).or_default() += 1;
        }
        from = page.next;
        if from.is_none() {
            return standing;
        }
    }
}

pub(super) async fn decide(
    node: &Node,
    id: &SaleId,
    attempt: &Attempt,
) -> Result<Decision, PortError> {
    let judged = node.gate().lane().decide(id, std::slice::from_ref(attempt)).await?;
    match judged {
        Judged::Decided { decisions, .. } => Ok(decisions[0].expect("nothing was sent twice")),
        Judged::UnknownSale => panic!("{id} is known"),
    }
}

/// Runs a statement beside the engine, as nobody but a test does.
async fn tamper(node: &Node, statement: String) {
    let done = sqlx::query(AssertSqlSafe(statement)).execute(node.database.writer()).await;
    done.expect("the statement is done");
}

#[test]
fn every_answered_purchase_is_there_once_after_a_crash() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let node = Node::start(folder.path()).await;
        let scene = Scene::active(&node, 400, 1).await;
        let mut flying: FuturesUnordered<_> = (0..100)
            .map(|group| {
                let lane = scene.gate.lane();
                let id = scene.id().clone();
                async move {
                    let buyers = (0..5).map(|n| attempt(&format!("buyer-{group}-{n}"), 1, 1));
                    let batch: Vec<_> = buyers.collect();
                    let judged = lane.decide(&id, &batch).await.expect("the gate answers");
                    (batch, judged)
                }
            })
            .collect();
        let mut answered = Vec::new();
        while answered.len() < 40 {
            answered.push(flying.next().await.expect("more are flying"));
            if answered.len() == 20 {
                scene.record().await;
            }
        }
        let id = scene.id().clone();
        drop((flying, scene, node));

        let node = Node::start(folder.path()).await;
        let held = standing(&*node.gate(), &id).await;
        assert!(held.values().all(|&times| times == 1));
        let after = snapshot(&node, &id).await;
        assert_eq!(after.sold as usize, held.len());
        assert_eq!(after.stock + after.sold, 400);
        for (batch, judged) in answered {
            let Judged::Decided { decisions, .. } = judged else { panic!("{judged:?}") };
            for (attempt, decision) in batch.iter().zip(decisions) {
                let Some(Decision::Accepted(bought)) = decision else { continue };
                assert!(held.contains_key(&bought.no()), "{attempt:?}");
                let again = decide(&node, &id, attempt).await.expect("the gate answers");
                assert_eq!(again, Decision::Replayed(bought));
            }
        }
        drain(&node, &id).await;
        let recorded = node.ledger().page(&id, None, 1_000).await.expect("the ledger answers");
        assert_eq!(recorded.len(), held.len());
    });
}

/// Records what waits, as a worker does.
async fn drain(node: &Node, id: &SaleId) {
    let outbox = node.outbox();
    let entries = outbox.waiting(id, 10_000).await.expect("the outbox answers");
    node.ledger().commit(&entries).await.expect("the ledger commits");
    let ids: Vec<_> = entries.into_iter().filter_map(|entry| entry.id).collect();
    outbox.done(outbox.shards()[0], &ids).await.expect("the outbox answers");
}

#[test]
fn a_reopened_engines_versions_are_higher_and_its_positions_go_on() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let node = Node::start(folder.path()).await;
        let scene = Scene::active(&node, 10, 1).await;
        let id = scene.id().clone();
        let mut last = scene.snapshot().await.version;
        drop((scene, node));
        for life in 1..4 {
            let node = Node::start(folder.path()).await;
            let opened = snapshot(&node, &id).await;
            assert!(opened.version > last, "life {life}: {} > {last}", opened.version);
            let wanted = attempt(&format!("buyer-{life}"), 1, 1);
            let decision = decide(&node, &id, &wanted).await.expect("the gate answers");
            let Decision::Accepted(bought) = decision else { panic!("{decision:?}") };
            assert_eq!(bought.position.0, life);
            last = snapshot(&node, &id).await.version;
        }
    });
}

#[test]
fn a_change_that_was_not_recorded_outlives_a_crash() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let node = Node::start(folder.path()).await;
        let scene = Scene::active(&node, 10, 1).await;
        let changed = scene.gate.change(scene.id(), Change::Pause).await;
        let Ok(Changed::Applied { snapshot: paused, .. }) = changed else { panic!("{changed:?}") };
        let id = scene.id().clone();
        drop((scene, node));

        let node = Node::start(folder.path()).await;
        assert_eq!(snapshot(&node, &id).await.sale, paused.sale);
        drain(&node, &id).await;
        let row = node.catalogue().find(&id.sku).await.expect("the catalogue answers");
        assert!(row.expect("the sale is there").sale.paused);
        drop(node);

        let node = Node::start(folder.path()).await;
        assert!(snapshot(&node, &id).await.sale.paused);
    });
}

#[test]
fn an_amendment_that_the_catalogue_never_heard_of_outlives_a_crash() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let node = Node::start(folder.path()).await;
        let scene = Scene::upcoming(&node, 10, 1).await;
        let began = Instant::from_millis(scene.sale.window.start.millis() - 2 * 3_600_000);
        let mut amended = Sale { initial_stock: 3, ..scene.sale.clone() };
        amended.window.start = began;
        let seen = scene.snapshot().await.version;
        let answer = scene.gate.amend(&amended, scene.epoch, seen).await.expect("the gate answers");
        assert!(matches!(answer, Amended::Applied(_)), "{answer:?}");
        scene.buy(&attempt("ada", 1, 1)).await;
        drop((scene, node));

        let node = Node::start(folder.path()).await;
        let after = snapshot(&node, &amended.id).await;
        assert_eq!((after.sale, after.stock, after.sold), (amended, 2, 1));
    });
}

#[test]
fn a_second_engine_on_one_folder_is_refused() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let node = Node::start(folder.path()).await;
        let second = EmbeddedDatabase::open(folder.path()).await;
        assert!(matches!(second, Err(OpenError::Taken { .. })), "{second:?}");
        node.engine.stop().await;
    });
}

#[test]
fn a_stop_answers_what_has_queued_and_refuses_what_comes_after() {
    run(async {
        let node = super::embedded().await;
        let scene = Scene::active(&node, 10, 1).await;
        let wanted = attempt("ada", 1, 1);
        let batch = std::slice::from_ref(&wanted);
        let (judged, ()) = join!(scene.lane.decide(scene.id(), batch), node.engine.stop());
        assert!(matches!(judged, Ok(Judged::Decided { stock: 9, .. })), "{judged:?}");
        let late = scene.lane.decide(scene.id(), batch).await;
        assert!(matches!(late, Err(PortError::Unavailable { .. })), "{late:?}");
    });
}

#[test]
fn beyond_its_queue_the_engine_sheds() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let limits = EngineLimits { queue_max: 1, group_max: 1 };
        let node = Node::start_with(folder.path(), limits).await;
        let scene = Scene::active(&node, 10, 1).await;
        let calls = (0..3).map(|n| {
            let (lane, id) = (scene.gate.lane(), scene.id().clone());
            async move { lane.decide(&id, &[attempt(&format!("buyer-{n}"), 1, 1)]).await }
        });
        let shed = join_all(calls).await.into_iter().filter(Result::is_err).count();
        assert_eq!(shed, 2);
        assert_eq!(scene.snapshot().await.sold, 1);
    });
}

/// The file is in the hand of whoever records a batch, and buyers wait for it meanwhile.
#[test]
fn a_read_brings_no_more_than_may_hold_the_file_up() {
    run(async {
        let node = super::embedded().await;
        let scene = Scene::active(&node, 1_000, 1).await;
        for batch in 0..3 {
            let attempts: Vec<Attempt> =
                (0..200).map(|n| attempt(&format!("buyer-{batch}-{n}"), n, 1)).collect();
            scene.decide(&attempts).await;
        }
        for _ in 0..3 {
            let wait = Duration::from_millis(10);
            let read = scene.outbox.read(scene.shard(), "one", 1_000, wait).await;
            let read = read.expect("the outbox answers");
            let EntryBody::Purchases(purchases) = &read[0].body else { panic!("{read:?}") };
            assert_eq!((read.len(), purchases.len()), (1, 200));
        }
        assert_eq!(scene.outbox.depth().await.expect("the outbox answers"), 3);
    });
}

const FAIL: &str = "CREATE TRIGGER journal_fails BEFORE INSERT ON journal
                    BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";

#[test]
fn while_the_journal_fails_nothing_is_sold_and_then_all_goes_on() {
    run(async {
        let node = super::embedded().await;
        let scene = Scene::active(&node, 10, 1).await;
        let bought = scene.buy(&attempt("ada", 1, 1)).await;
        let before = scene.snapshot().await;
        tamper(&node, FAIL.to_owned()).await;
        for _ in 0..2 {
            let calls = (0..5).map(|n| {
                let (lane, id) = (scene.gate.lane(), scene.id().clone());
                async move { lane.decide(&id, &[attempt(&format!("buyer-{n}"), 1, 1)]).await }
            });
            for judged in join_all(calls).await {
                assert!(matches!(judged, Err(PortError::Unavailable { .. })), "{judged:?}");
            }
        }
        let changed = scene.gate.change(scene.id(), Change::Pause).await;
        assert!(matches!(changed, Err(PortError::Unavailable { .. })), "{changed:?}");
        // Made anew from what was written; what needs no writing is answered.
        let after = scene.snapshot().await;
        assert_eq!((after.sale, after.stock, after.sold), (before.sale, 9, 1));
        assert!(after.version > before.version);
        assert_eq!(scene.decide(&[attempt("ada", 1, 1)]).await, [Decision::Replayed(bought)]);
        tamper(&node, "DROP TRIGGER journal_fails".to_owned()).await;
        assert_eq!(scene.buy(&attempt("ben", 1, 1)).await.position.0, 2);
        assert_eq!(scene.waiting_purchases().await.len(), 2);
        assert!(!node.database.fatal().is_cancelled(), "only a failed sync ends the process");
    });
}

#[test]
fn an_entry_of_a_newer_version_is_left_alone_and_keeps_its_sale_closed() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let node = Node::start(folder.path()).await;
        let scene = Scene::active(&node, 10, 1).await;
        let id = scene.id().clone();
        let generation = id.generation.0.simple();
        let body = r#"{"format":3,"kind":"purchases","packed":"AAEC"}"#;
        tamper(&node, format!("INSERT INTO journal VALUES (70, x'{generation}', 1, '{body}')"))
            .await;
        tamper(&node, format!("INSERT INTO journal VALUES (71, x'{generation}', 1, x'0300')"))
            .await;
        let wait = Duration::from_millis(10);
        let read = scene.outbox.read(scene.shard(), "one", 100, wait).await;
        let bodies = |entries: Vec<Entry>| -> Vec<EntryBody> {
            entries.into_iter().map(|entry| entry.body).collect()
        };
        let newer = [EntryBody::Newer { format: 3 }, EntryBody::Newer { format: 3 }];
        assert_eq!(bodies(read.expect("the outbox answers")), newer);
        assert_eq!(bodies(scene.waiting().await), newer);
        drop((scene, node));

        // What it has sold is not known: neither a decision nor "unknown" would be true.
        let node = Node::start(folder.path()).await;
        let refused = decide(&node, &id, &attempt("ada", 1, 1)).await;
        assert!(matches!(refused, Err(PortError::Unavailable { .. })), "{refused:?}");
        let refused = node.gate().snapshot(&id).await;
        assert!(matches!(refused, Err(PortError::Unavailable { .. })), "{refused:?}");
        // A worker that can read it records it.
        tamper(&node, "DELETE FROM journal WHERE id IN (70, 71)".to_owned()).await;
        assert_eq!(snapshot(&node, &id).await.stock, 10);
        let decided = decide(&node, &id, &attempt("ada", 1, 1)).await;
        assert!(matches!(decided, Ok(Decision::Accepted(_))), "{decided:?}");
    });
}

#[test]
fn a_dead_letter_holds_its_units_until_a_person_discards_it() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let node = Node::start(folder.path()).await;
        let scene = Scene::active(&node, 10, 1).await;
        scene.buy(&attempt("ada", 1, 1)).await;
        let purchase = scene.waiting_purchases().await.remove(0);
        let letter = DeadLetter { purchase: Some(purchase), raw: None, error: "refused".into() };
        scene.outbox.raise(scene.shard(), &letter).await.expect("the outbox answers");
        let ids: Vec<_> = scene.waiting().await.into_iter().filter_map(|entry| entry.id).collect();
        scene.outbox.done(scene.shard(), &ids).await.expect("the outbox answers");
        let id = scene.id().clone();
        drop((scene, node));

        let node = Node::start(folder.path()).await;
        assert_eq!(snapshot(&node, &id).await.stock, 9);
        let now = node.clock().now();
        node.ledger().void(&letter, now).await.expect("the ledger answers");
        let rebuilt = node.gate().rebuild(&id).await.expect("the gate rebuilds").snapshot;
        assert_eq!(rebuilt.stock, 10);
    });
}

/// As when the program dies between what it writes of one purchase and of the next.
#[test]
fn what_stands_in_several_places_takes_its_units_once() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let node = Node::start(folder.path()).await;
        let scene = Scene::active(&node, 10, 1).await;
        for buyer in ["recorded", "raised", "waiting"] {
            scene.buy(&attempt(buyer, 1, 1)).await;
        }
        let purchases = scene.waiting_purchases().await;
        let entry = Entry { id: None, body: EntryBody::Purchases(vec![purchases[0].clone()]) };
        node.ledger().commit(&[entry]).await.expect("the ledger commits");
        for purchase in &purchases[..2] {
            let purchase = Some(purchase.clone());
            let letter = DeadLetter { purchase, raw: None, error: "refused".into() };
            scene.outbox.raise(scene.shard(), &letter).await.expect("the outbox answers");
        }
        let id = scene.id().clone();
        drop((scene, node));

        let node = Node::start(folder.path()).await;
        let after = snapshot(&node, &id).await;
        assert_eq!((after.stock, after.sold), (7, 3));
        let held = standing(&*node.gate(), &id).await;
        assert_eq!(held, purchases.iter().map(|one| (one.purchase.no(), 1)).collect());
    });
}

#[test]
fn what_was_raised_stands_where_there_is_room_and_what_is_recorded_must() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let node = Node::start(folder.path()).await;
        let scene = Scene::active(&node, 2, 1).await;
        scene.buy(&attempt("ada", 1, 1)).await;
        scene.record().await;
        scene.buy(&attempt("ben", 1, 1)).await;
        let purchase = Some(scene.waiting_purchases().await.remove(0));
        let letter = DeadLetter { purchase, raw: None, error: "refused".into() };
        scene.outbox.raise(scene.shard(), &letter).await.expect("the outbox answers");
        let ids: Vec<_> = scene.waiting().await.into_iter().filter_map(|entry| entry.id).collect();
        scene.outbox.done(scene.shard(), &ids).await.expect("the outbox answers");
        let id = scene.id().clone();
        tamper(&node, "UPDATE sales SET stock = 1".to_owned()).await;
        let rebuilt = node.gate().rebuild(&id).await.expect("the gate rebuilds").snapshot;
        assert_eq!((rebuilt.stock, rebuilt.sold), (0, 1));

        tamper(&node, "UPDATE sales SET sold = 0, stock = 0".to_owned()).await;
        let refused = node.gate().rebuild(&id).await;
        assert!(matches!(refused, Err(PortError::Unavailable { .. })), "{refused:?}");
    });
}

/// More than a start reads at once.
#[test]
fn a_start_reads_page_after_page() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let node = Node::start(folder.path()).await;
        let scene = Scene::active(&node, 20_000, 1).await;
        let id = scene.id().clone();
        for batch in 0..45 {
            let attempts: Vec<Attempt> =
                (0..250).map(|n| attempt(&format!("buyer-{batch}-{n}"), n, 1)).collect();
            scene.decide(&attempts).await;
        }
        let entries = scene.waiting().await;
        node.ledger().commit(&entries).await.expect("the ledger commits");
        drop((scene, node));

        let node = Node::start(folder.path()).await;
        let after = snapshot(&node, &id).await;
        assert_eq!((after.stock, after.sold), (8_750, 11_250));
        let held = standing(&*node.gate(), &id).await;
        assert!(held.len() == 11_250 && held.values().all(|&times| times == 1));
    });
}
