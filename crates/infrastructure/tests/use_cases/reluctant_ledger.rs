//! A Postgres that is there, and does not do at once what workers ask of it.

use std::time::Duration;

use stampede_application::{
    ports::{Causes, PortError},
    use_cases::{DeadLetterError, DeleteError},
};
use stampede_domain::{PurchaseNo, SaleId};
use stampede_infrastructure::queue::QueueLimits;
use stampede_testkit::{servers::until, suites::run};

use crate::{
    dead_letters::{only_letter, raise},
    recording::{neighbours, taken_over, two_sales},
    shop::{self, Shop, TRIES_MAX, WIDGET, When, crowd, redis_nodes, redis_waiting},
    workers::Workers,
};

/// Longer than any worker takes.
const SOON: Duration = Duration::from_secs(20);

/// How long a node waits for a row that is held for good.
const IMPATIENT: Duration = Duration::from_millis(200);
/// The same where nobody waits in vain.
const PATIENT: Duration = Duration::from_secs(9);

/// What Postgres says when it stops, is full, is a standby, meets a conflict of transactions, makes
/// wait for too long, or is not reached.
const AWAY: [&str; 9] =
    ["57P01", "57P03", "53300", "25006", "40001", "40P01", "55P03", "57014", "08006"];

#[test]
fn no_code_of_a_store_that_is_away_costs_a_try() {
    run(async {
        let shop = shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        shop.buy_all(&id, &crowd(2)).await;
        shop.buy_poisoned(&id, "eve").await;
        let entries = shop.read(&id).await;
        for code in AWAY {
            let say = format!(
                "CREATE OR REPLACE FUNCTION be_away() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE EXCEPTION 'away' USING ERRCODE = '{code}'; END $$;
                 CREATE OR REPLACE TRIGGER away BEFORE INSERT ON purchases
                 FOR EACH STATEMENT EXECUTE FUNCTION be_away()"
            );
            shop.stores.change_ledger(&say).await;
            for _ in 0..=TRIES_MAX {
                let waits = shop.record.run(shop.shard(&id), entries.clone()).await;
                let said = format!("{:?}", waits.expect_err("it waits"));
                assert!(said.contains(code), "not for this: {said}");
            }
            assert_eq!(shop.ledger.refused_alone(), 0, "{code}");
        }
        assert_eq!(shop.dead_letters().await, []);
        assert_eq!(shop.waiting(&id).await, entries);
        shop.stores.change_ledger("DROP TRIGGER away ON purchases").await;
        let recorded = shop.record_entries(&id, entries).await.expect("the stores answer");
        assert_eq!((recorded.inserted, recorded.raised), (2, 1));
        assert_eq!(shop.ledger.refused_alone(), TRIES_MAX, "all its tries were left");
    });
}

/// A burial of millions holds the row of one sale for minutes.
#[test]
fn a_sale_whose_row_is_held_keeps_no_other_of_its_shard_waiting() {
    run(async {
        let shop = redis_waiting(IMPATIENT).await;
        let (widget, gadget) = two_sales(&shop).await;
        let held = shop.stores.hold_row(&widget).await;
        let recorded = shop.drain(&widget).await.expect("the others are recorded");
        assert_eq!((recorded.inserted, recorded.done.len()), (2, 2));
        assert_eq!((shop.recorded(&gadget).await.len(), shop.waiting(&widget).await.len()), (2, 2));
        assert_eq!(shop.gate.rebuilds(), 0, "gate and ledger agree");
        // Alone it waits too, and is neither tried nor given up.
        let alone = taken_over(&shop, &widget).await;
        let waits = shop.record_entries(&widget, alone).await.expect("nothing is wrong");
        assert_eq!((waits.done.len(), waits.raised), (0, 0));
        held.let_go().await;
        let back = taken_over(&shop, &widget).await;
        shop.record_entries(&widget, back).await.expect("the stores answer");
        assert_eq!(shop.recorded(&widget).await.len(), 2);
        assert_eq!((shop.waiting(&widget).await, shop.dead_letters().await), (vec![], vec![]));
    });
}

/// Somebody's open transaction, for longer than any commit waits.
#[test]
fn what_was_read_with_a_held_sale_is_on_record_before_its_row_is_waited_for() {
    run(async {
        let shop = redis_waiting(PATIENT).await;
        let (widget, gadget) = two_sales(&shop).await;
        let mut held = shop.stores.hold_row(&widget).await;
        let met = async {
            until("a commit waits for the row", SOON, async || {
                held.has_kept_waiting(Duration::ZERO).await.then_some(())
            })
            .await;
            assert_eq!(shop.recorded(&gadget).await.len(), 2, "recorded before");
            held.let_go().await;
        };
        let (recorded, ()) = tokio::join!(shop.drain(&widget), met);
        let recorded = recorded.expect("the stores answer");
        assert_eq!((recorded.inserted, recorded.done.len()), (4, 4), "{recorded:?}");
    });
}

/// Such as a transaction that has changed every sale.
#[test]
fn of_all_rows_that_are_held_one_is_waited_for_in_vain() {
    run(async {
        let shop = redis_waiting(IMPATIENT).await;
        let mut sales = vec![shop.sell(WIDGET, 10, 1, When::Active).await];
        for sku in neighbours(WIDGET).take(3) {
            sales.push(shop.sell(&sku, 10, 1, When::Active).await);
        }
        let mut rows = Vec::new();
        for id in &sales {
            shop.buy(id, "ada").await;
            rows.push(shop.stores.hold_row(id).await);
        }
        rows.remove(0).let_go().await;
        let recorded = shop.drain(&sales[0]).await.expect("the free one is recorded");
        assert_eq!((recorded.inserted, recorded.apart.len()), (1, 3));
        assert_eq!(shop.ledger.commits(), 5, "all, the free one, a held one, the other two twice");
        for row in rows {
            row.let_go().await;
        }
        let back = taken_over(&shop, &sales[0]).await;
        let recorded = shop.record_entries(&sales[0], back).await.expect("the stores answer");
        assert_eq!((recorded.inserted, shop.ledger.commits()), (3, 6));
    });
}

/// Whoever asked is told that it is the row, and may ask again.
#[test]
fn a_deletion_and_a_replay_say_that_others_hold_the_row() {
    let says_so = |error: &PortError| {
        let is_unknown = matches!(error, PortError::Unavailable { .. });
        is_unknown && Causes(error).to_string().contains("lock timeout")
    };
    run(async {
        let shop = redis_waiting(IMPATIENT).await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        raise(&shop, &id, "ada").await;
        let letter = only_letter(&shop).await;
        shop.buy(&id, "ben").await;
        let held = shop.stores.hold_row(&id).await;
        let replayed = shop.letters.replay(&letter.0).await;
        assert!(
            matches!(&replayed, Err(DeadLetterError::Port(error)) if says_so(error)),
            "{replayed:?}"
        );
        let deleted = shop.delete.run(&id.sku).await;
        assert!(matches!(&deleted, Err(DeleteError::Port(error)) if says_so(error)), "{deleted:?}");
        assert_eq!(only_letter(&shop).await, letter);
        held.let_go().await;
        shop.letters.replay(&letter.0).await.expect("a repeat goes on");
        shop.delete.run(&id.sku).await.expect("a repeat goes on");
        assert_eq!((shop.waiting(&id).await, shop.dead_letters().await), (vec![], vec![]));
    });
}

/// Two nodes: the one that has the batch renews its claim while the ledger makes it wait.
#[test]
fn a_batch_that_takes_longer_than_the_claim_is_recorded_by_its_holder_alone() {
    run(async {
        let [one, other] = redis_nodes([0, 0]).await;
        let id = one.sell(WIDGET, 10, 1, When::Active).await;
        // Renewed after a third of it: a busy machine has three seconds for that, and as much until
        // the wait for the row is given up.
        let claim_idle = Duration::from_millis(4_500);
        let read_wait = claim_idle / 20;
        let limits = QueueLimits { claim_idle, read_wait, ..QueueLimits::default() };
        let workers = [("one", &one), ("other", &other)]
            .map(|(node, shop)| Workers::of_node(node, shop, limits.clone()));
        let mut held = one.stores.hold_row(&id).await;
        // One entry, which is one batch.
        let bought = one.buy_all(&id, &crowd(1)).await;
        until("a commit has waited for longer than the claim", SOON, async || {
            held.has_kept_waiting(claim_idle * 5 / 4).await.then_some(())
        })
        .await;
        held.let_go().await;
        until("nothing waits", SOON, async || one.waiting(&id).await.is_empty().then_some(()))
            .await;
        assert_eq!(one.recorded(&id).await.len(), bought.len());
        assert_eq!(one.ledger.commits() + other.ledger.commits(), 1);
        for workers in workers {
            workers.stop().await;
        }
    });
}

/// One entry a batch, as soon as it may be.
fn one_by_one() -> QueueLimits {
    QueueLimits { rows_max: 1, lag_max: Duration::ZERO, ..QueueLimits::default() }
}

/// In a batch each.
async fn three_buy(shop: &Shop, id: &SaleId) -> Vec<PurchaseNo> {
    let mut bought = Vec::new();
    for buyer in ["ada", "ben", "eve"] {
        bought.push(shop.buy(id, buyer).await.no());
    }
    bought
}

async fn are_in_hand(shop: &Shop, id: &SaleId, count: usize) {
    until("a worker has so many", SOON, async || {
        (shop.stores.in_hand(id).await == count).then_some(())
    })
    .await;
}

async fn all_are_recorded_once(shop: &Shop, id: &SaleId, bought: &[PurchaseNo]) {
    until("nothing waits", SOON, async || shop.waiting(id).await.is_empty().then_some(())).await;
    let recorded = shop.recorded(id).await;
    let recorded: Vec<_> = recorded.iter().map(|one| one.purchase.no()).collect();
    assert_eq!(recorded, bought);
    assert_eq!(shop.dead_letters().await, []);
}

#[test]
fn the_next_batch_is_read_while_a_commit_waits() {
    run(async {
        let shop = redis_waiting(PATIENT).await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        let bought = three_buy(&shop, &id).await;
        let mut held = shop.stores.hold_row(&id).await;
        let workers = Workers::of(&shop, one_by_one());
        until("a commit waits for the row", SOON, async || {
            held.has_kept_waiting(Duration::ZERO).await.then_some(())
        })
        .await;
        are_in_hand(&shop, &id, 2).await;
        assert_eq!(shop.ledger.commits(), 1, "it is read, and not committed beside the first");
        held.let_go().await;
        all_are_recorded_once(&shop, &id, &bought).await;
        assert_eq!(shop.ledger.commits(), 3);
        workers.stop().await;
    });
}

#[test]
fn while_the_ledger_is_away_one_batch_is_read_ahead_and_no_more() {
    run(async {
        let shop = shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        let bought = three_buy(&shop, &id).await;
        shop.ledger.go_away();
        let workers = Workers::of(&shop, one_by_one());
        are_in_hand(&shop, &id, 2).await;
        let tried = shop.ledger.commits();
        until("the first is tried again", SOON, async || {
            (shop.ledger.commits() >= tried + 2).then_some(())
        })
        .await;
        assert_eq!(shop.stores.in_hand(&id).await, 2);
        shop.ledger.come_back();
        all_are_recorded_once(&shop, &id, &bought).await;
        workers.stop().await;
    });
}

/// The first is given up, and comes to a worker again as whatever is given up does.
#[test]
fn what_was_read_ahead_of_a_batch_that_is_given_up_is_recorded_before_it() {
    run(async {
        let shop = redis_waiting(IMPATIENT).await;
        let (widget, gadget) = (
            shop.sell(WIDGET, 10, 1, When::Active).await,
            shop.sell(&neighbours(WIDGET).next().expect("one is"), 10, 1, When::Active).await,
        );
        let first = shop.buy(&widget, "ada").await.no();
        let others = three_buy(&shop, &gadget).await;
        let held = shop.stores.hold_row(&widget).await;
        let claim_idle = Duration::from_secs(1);
        let workers = Workers::of(&shop, QueueLimits { claim_idle, ..one_by_one() });
        all_are_recorded_once(&shop, &gadget, &others).await;
        assert_eq!(shop.recorded(&widget).await, []);
        held.let_go().await;
        all_are_recorded_once(&shop, &widget, &[first]).await;
        workers.stop().await;
    });
}
