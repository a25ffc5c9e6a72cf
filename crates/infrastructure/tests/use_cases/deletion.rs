//! An admin deletes products, and operations let their archive go.

use stampede_application::{
    live_sales::Known,
    ports::{Change, Entry, EntryBody, Ledger, SaleGate},
    use_cases::{CreateError, DeleteError, ExpireArchive},
};
use stampede_domain::{Purchase, PurchaseNo, SaleId};
use stampede_testkit::{
    builders::a_purchase,
    servers::{OwnRedis, OwnRedisOptions, SharedRedis},
    suites::{attempt, run},
};

use tokio::sync::oneshot;

use crate::shop::{Shop, WIDGET, When, crowd, sku};

on_every_engine!(
    a_deleted_sale_is_drained_archived_and_in_no_answer,
    the_same_sku_is_created_at_once_and_starts_clean,
    a_late_entry_of_a_deleted_sale_becomes_a_dead_letter_unless_it_is_archived,
    a_deletion_goes_on_from_where_the_ledger_stopped_it,
    a_deletion_whose_gate_was_not_forgotten_is_finished_by_a_repeat,
    a_poisoned_purchase_does_not_hold_a_deletion,
    an_entry_of_a_newer_version_holds_a_deletion_and_is_kept,
    deleting_what_is_not_there_says_so,
    a_sale_that_is_restored_each_time_is_not_deleted_and_loses_nothing,
    the_archive_keeps_purchases_until_retention_ends,
);

const DAY_MILLIS: i64 = 24 * 3_600_000;

fn numbers(purchases: &[Purchase]) -> Vec<PurchaseNo> {
    purchases.iter().map(Purchase::no).collect()
}

async fn known(shop: &Shop, id: &SaleId, numbers: &[PurchaseNo]) -> usize {
    shop.ledger.known(id, numbers).await.expect("the ledger answers").len()
}

/// Ends nowhere else either: not in the list, not at the gate, not in the memory of this node.
async fn is_in_no_answer(shop: &Shop, id: &SaleId) {
    assert_eq!(shop.view.one(&id.sku).await.expect("the stores answer"), None);
    let (all, _) = shop.view.page(None, 10).await.expect("the stores answer");
    assert!(all.iter().all(|view| view.sale.id != *id), "{all:?}");
    assert_eq!(shop.gate.snapshot(id).await.expect("the gate answers"), None);
    assert!(matches!(shop.live.get(&id.sku), Known::Unknown));
    assert!(shop.find.shown(&id.sku).await.expect("the stores answer").is_none());
}

async fn a_deleted_sale_is_drained_archived_and_in_no_answer(shop: Shop) {
    let id = shop.sell(WIDGET, 300, 1, When::Active).await;
    let other = shop.sell("GADGET-002", 10, 1, When::Active).await;
    // More entries than one round of draining takes.
    let mut bought = Vec::new();
    for attempt in crowd(120) {
        bought.extend(shop.buy_all(&id, &[attempt]).await);
    }
    let kept = shop.buy(&other, "ada").await;
    shop.change.run(&id.sku, Change::Pause).await.expect("the sale runs");
    shop.delete.run(&id.sku).await.expect("it is deleted");
    is_in_no_answer(&shop, &id).await;
    assert_eq!(shop.waiting(&id).await, []);
    assert_eq!(known(&shop, &id, &numbers(&bought)).await, 120, "all are in the archive");
    assert_eq!(shop.recorded(&id).await, [], "none stands");
    assert_eq!(shop.dead_letters().await, []);
    // Nobody else's sale was touched.
    assert_eq!(shop.waiting(&other).await.len(), 1);
    assert_eq!(shop.counts(&other).await, (9, 1, 0));
    assert_eq!(known(&shop, &other, &[kept.no()]).await, 0);
}

async fn the_same_sku_is_created_at_once_and_starts_clean(shop: Shop) {
    let old = shop.sell(WIDGET, 10, 1, When::Active).await;
    let sold = shop.buy(&old, "ada").await;
    let before = shop.snapshot(&old).await;
    shop.delete.run(&old.sku).await.expect("it is deleted");
    let new = shop.sell(WIDGET, 20, 1, When::Active).await;
    assert_ne!(new, old);
    let view = shop.product(&new).await;
    assert_eq!((view.current_stock, view.total_purchases, view.persisted_purchases), (20, 0, 0));
    assert!(view.version > before.version, "versions never fall for a sku");
    let Known::Live(live, _) = shop.live.get(&new.sku) else { panic!("this node shows it") };
    assert_eq!((&live.sale.id, live.stock), (&new, 20));
    // The same buyer, the same key: another generation, another purchase.
    let again = shop.buy(&new, "ada").await;
    assert_eq!(again.position.0, 1);
    shop.drain(&new).await.expect("the stores answer");
    let standing: Vec<_> = shop.recorded(&new).await.into_iter().map(|one| one.sale).collect();
    assert_eq!(standing, std::slice::from_ref(&new));
    assert_eq!(known(&shop, &old, &[sold.no()]).await, 1);
    assert_eq!(shop.counts(&new).await, (19, 1, 1));
    // Deleting once more buries the new one, and leaves the archive of the old.
    shop.delete.run(&new.sku).await.expect("it is deleted");
    is_in_no_answer(&shop, &new).await;
    assert_eq!(known(&shop, &old, &[sold.no()]).await, 1);
}

async fn a_late_entry_of_a_deleted_sale_becomes_a_dead_letter_unless_it_is_archived(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    let row = shop.row(&id).await;
    let archived = shop.waiting(&id).await;
    shop.delete.run(&id.sku).await.expect("it is deleted");
    let again = shop.record_entries(&id, archived).await.expect("the stores answer");
    assert_eq!((again.done.len(), again.raised, again.inserted), (1, 0, 0), "it is done");
    assert_eq!(shop.dead_letters().await, []);
    let late = a_purchase(&row.sale, row.epoch).at_position(7).build();
    let entry = Entry { id: None, body: EntryBody::Purchases(vec![late.clone()]) };
    let recorded = shop.record_entries(&id, vec![entry]).await.expect("the stores answer");
    assert_eq!((recorded.raised, recorded.inserted), (1, 0));
    let letters = shop.dead_letters().await;
    let found: Vec<_> = letters.iter().map(|(_, letter)| letter.purchase.as_ref()).collect();
    assert_eq!(found, [Some(&late)], "a person is told");
    assert_eq!(known(&shop, &id, &[late.purchase.no()]).await, 0);
    // Nor does it appear in a sale of the same sku.
    let new = shop.sell(WIDGET, 10, 1, When::Active).await;
    assert_eq!(shop.counts(&new).await, (10, 0, 0));
}

async fn a_deletion_goes_on_from_where_the_ledger_stopped_it(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let bought = shop.buy(&id, "ada").await;
    shop.ledger.go_away();
    for _ in 0..2 {
        let stopped = shop.delete.run(&id.sku).await;
        assert!(matches!(stopped, Err(DeleteError::Port(_))), "{stopped:?}");
    }
    // Nothing is accepted any more, and nothing is lost.
    let decisions = shop.decide(&id, &[attempt("ben", 1, 1)]).await;
    assert!(matches!(decisions[0], stampede_domain::Decision::Rejected(_)), "{decisions:?}");
    assert!(!shop.waiting(&id).await.is_empty());
    let exists = shop.create.run(shop.offer(WIDGET, 5, 1, When::Active)).await;
    assert!(matches!(exists, Err(CreateError::AlreadyExists)), "{exists:?}");
    shop.ledger.come_back();
    shop.delete.run(&id.sku).await.expect("a repeat goes on");
    is_in_no_answer(&shop, &id).await;
    assert_eq!(known(&shop, &id, &[bought.no()]).await, 1);
    assert_eq!(shop.dead_letters().await, []);
}

async fn a_deletion_whose_gate_was_not_forgotten_is_finished_by_a_repeat(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    shop.gate.lose_forget();
    let stopped = shop.delete.run(&id.sku).await;
    assert!(matches!(stopped, Err(DeleteError::Port(_))), "{stopped:?}");
    shop.delete.run(&id.sku).await.expect("a repeat goes on");
    is_in_no_answer(&shop, &id).await;
    let over = shop.delete.run(&id.sku).await;
    assert!(matches!(over, Err(DeleteError::Unknown)), "{over:?}");
}

/// On redis only: the embedded gate cannot be lost without its ledger.
#[test]
fn a_deletion_whose_gate_was_not_forgotten_is_finished_by_whoever_meets_it_closed() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        shop.buy(&id, "ada").await;
        shop.gate.lose_forget();
        let stopped = shop.delete.run(&id.sku).await;
        assert!(matches!(stopped, Err(DeleteError::Port(_))), "{stopped:?}");
        shop.stores.lose_buyer(&id, "ada").await;
        assert_eq!(shop.gate.snapshot(&id).await.expect("an answer"), None);
        assert!(shop.stores.is_forgotten(&id).await);
    });
}

/// The ledger comes back older and has forgotten the end, Redis loses all, and the sale sells on. On
/// redis only: the embedded gate's end lies in its ledger's file.
#[test]
fn a_sale_restored_between_its_end_and_its_burial_is_ended_again_first() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        let first = shop.buy(&id, "ada").await;
        shop.drain(&id).await.expect("the stores answer");
        let ((drained, buys), (bought, goes_on)) = (oneshot::channel(), oneshot::channel());
        shop.burials.before_bury(async move {
            drained.send(()).expect("a buyer waits");
            goes_on.await.expect("somebody buys");
        });
        let buying = async {
            buys.await.expect("the outbox is drained");
            shop.stores.change_ledger("UPDATE sales SET ended_by_admin = FALSE").await;
            shop.stores.lose_shard(&id).await;
            assert!(!shop.snapshot(&id).await.sale.ended_by_admin, "the end is lost");
            let second = shop.buy(&id, "ben").await;
            bought.send(()).expect("the deletion waits");
            second
        };
        let (deleted, second) = tokio::join!(shop.delete.run(&id.sku), buying);
        deleted.expect("it is deleted");
        is_in_no_answer(&shop, &id).await;
        assert_eq!(known(&shop, &id, &[first.no(), second.no()]).await, 2, "in the archive");
        assert_eq!(shop.waiting(&id).await, []);
        assert_eq!(shop.dead_letters().await, []);
    });
}

/// An outbox that has nothing says so of its own life alone. On redis only: the embedded outbox has
/// one.
#[test]
fn an_outbox_that_is_lost_between_the_end_and_the_drain_is_not_taken_for_drained() {
    run(async {
        let (_own, server) = own_redis().await;
        let shop = crate::shop::redis_over(&server).await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        let bought = shop.buy(&id, "ada").await;
        let (stores, sale) = (shop.stores.clone(), id.clone());
        shop.gate.after_change(async move { stores.promote_without_outbox(&sale).await });
        shop.delete.run(&id.sku).await.expect("it is deleted");
        assert_eq!(known(&shop, &id, &[bought.no()]).await, 1, "its buyer's record was left");
        assert_eq!(shop.dead_letters().await, []);
        is_in_no_answer(&shop, &id).await;
    });
}

/// A Redis of the test's own, whose life may be made another.
async fn own_redis() -> (OwnRedis, SharedRedis) {
    let arguments = vec!["--enable-debug-command".to_owned(), "yes".to_owned()];
    let own = OwnRedis::start(OwnRedisOptions { arguments, ..OwnRedisOptions::default() }).await;
    let server = SharedRedis { url: own.url(), prefix: "t:".to_owned() };
    (own, server)
}

async fn a_sale_that_is_restored_each_time_is_not_deleted_and_loses_nothing(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let bought = shop.buy(&id, "ada").await;
    for _ in 0..3 {
        let (gate, sale) = (shop.gate.clone(), id.clone());
        shop.burials.before_bury(async move {
            gate.rebuild(&sale).await.expect("the gate rebuilds");
        });
    }
    let given_up = shop.delete.run(&id.sku).await;
    assert!(matches!(given_up, Err(DeleteError::Port(_))), "{given_up:?}");
    assert_eq!(shop.counts(&id).await, (9, 1, 1));
    shop.delete.run(&id.sku).await.expect("a repeat goes on");
    is_in_no_answer(&shop, &id).await;
    assert_eq!(known(&shop, &id, &[bought.no()]).await, 1);
}

async fn a_poisoned_purchase_does_not_hold_a_deletion(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let (sound, sick) = (shop.buy(&id, "ada").await, shop.buy_poisoned(&id, "eve").await);
    shop.delete.run(&id.sku).await.expect("it is deleted");
    is_in_no_answer(&shop, &id).await;
    assert_eq!(known(&shop, &id, &[sound.no(), sick.no()]).await, 1);
    let letters = shop.dead_letters().await;
    let lost: Vec<_> = letters.iter().filter_map(|(_, letter)| letter.purchase.as_ref()).collect();
    assert_eq!(lost.len(), 1, "{letters:?}");
    assert_eq!(lost[0].purchase, sick);
}

async fn an_entry_of_a_newer_version_holds_a_deletion_and_is_kept(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    shop.stores.plant_newer(&id).await;
    for _ in 0..2 {
        let held = shop.delete.run(&id.sku).await;
        assert!(matches!(held, Err(DeleteError::Port(_))), "{held:?}");
    }
    let waiting = shop.waiting(&id).await;
    assert!(
        waiting.iter().any(|entry| entry.body == EntryBody::Newer { format: 3 }),
        "{waiting:?}"
    );
    assert_eq!(shop.dead_letters().await, []);
    assert!(shop.catalogue.find(&id.sku).await.expect("the catalogue answers").is_some());
}

async fn deleting_what_is_not_there_says_so(shop: Shop) {
    let unknown = shop.delete.run(&sku(WIDGET)).await;
    assert!(matches!(unknown, Err(DeleteError::Unknown)), "{unknown:?}");
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.delete.run(&id.sku).await.expect("it is deleted");
    let again = shop.delete.run(&id.sku).await;
    assert!(matches!(again, Err(DeleteError::Unknown)), "{again:?}");
}

async fn the_archive_keeps_purchases_until_retention_ends(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let bought = shop.buy_all(&id, &crowd(3)).await;
    shop.delete.run(&id.sku).await.expect("it is deleted");
    let later = Later(shop.clock.now().plus_millis(3 * DAY_MILLIS));
    let later = std::sync::Arc::new(later);
    let expire = |days| ExpireArchive::new(shop.catalogue.clone(), later.clone(), days);
    assert_eq!(expire(4).run().await.expect("the catalogue answers"), 0);
    assert_eq!(known(&shop, &id, &numbers(&bought)).await, 3, "kept for four days");
    assert_eq!(expire(2).run().await.expect("the catalogue answers"), 3);
    assert_eq!(known(&shop, &id, &numbers(&bought)).await, 0, "kept for two days");
    assert_eq!(expire(2).run().await.expect("the catalogue answers"), 0, "a repeat is harmless");
}

/// A clock of days after.
struct Later(stampede_domain::Instant);

impl stampede_application::ports::Clock for Later {
    fn now(&self) -> stampede_domain::Instant {
        self.0
    }
}
