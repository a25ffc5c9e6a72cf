//! What every outbox must hold between gate and ledger.

pub mod dead_letters;
pub mod readmission;

use std::{collections::HashSet, time::Duration};

use stampede_application::ports::{Change, Entry, EntryBody, EntryId};
use stampede_domain::PurchaseNo;
use tokio::time;

use super::scene::{Harness, Scene, When, attempt, purchases_of};

/// Makes each sentence about an outbox a `#[test]` over what `$harness` makes.
#[macro_export]
macro_rules! outbox_suite {
    ($harness:expr) => {
        $crate::suite_tests!(
            $harness,
            $crate::suites::outbox,
            an_entry_stays_until_it_is_done,
            done_twice_is_harmless,
            an_entry_goes_to_one_consumer_only,
            what_a_consumer_held_in_an_earlier_life_comes_to_it_first,
            a_read_brings_about_as_many_rows_as_were_asked_for,
            a_read_waits_for_the_first_entry,
            a_read_of_nothing_ends_after_its_wait,
            a_read_without_a_wait_brings_what_is_there_beside_what_is_in_hand,
            another_consumer_takes_over_what_was_held_too_long,
            take_overs_come_to_all_that_is_held_in_turn,
            what_is_renewed_is_not_taken_over,
            waiting_names_the_entries_of_one_sale_only,
            depth_counts_what_is_not_done,
            purchases_and_changes_keep_their_order,
            an_unfinished_entry_commits_once_however_often_it_is_read,
            what_is_overdue_is_named_whoever_holds_it,
        );
        $crate::suite_tests!(
            $harness,
            $crate::suites::outbox::readmission,
            a_purchase_that_stands_is_readmitted_as_it_is,
            a_lost_purchase_is_readmitted_once,
            a_purchase_without_room_is_not_readmitted,
            a_purchase_whose_buyer_bought_again_is_not_readmitted,
        );
        $crate::suite_tests!(
            $harness,
            $crate::suites::outbox::dead_letters,
            dead_letters_are_listed_page_by_page,
            a_purchase_becomes_a_dead_letter_once,
            a_dead_letter_is_taken_once,
        );
    };
}

/// Longer than any answer takes; nothing waits for it to pass.
const LONG: Duration = Duration::from_secs(30);
/// A wait that is meant to end.
pub(crate) const SHORT: Duration = Duration::from_millis(50);

async fn read(scene: &Scene, consumer: &str, rows_max: usize) -> Vec<Entry> {
    let shard = scene.shard();
    scene.outbox.read(shard, consumer, rows_max, SHORT).await.expect("the outbox answers")
}

async fn done(scene: &Scene, entries: &[Entry]) {
    scene.outbox.done(scene.shard(), &ids(entries)).await.expect("the outbox answers");
}

async fn take_over(scene: &Scene, consumer: &str, idle: Duration) -> Vec<Entry> {
    let shard = scene.shard();
    scene.outbox.take_over(shard, consumer, idle).await.expect("the outbox answers")
}

fn ids(entries: &[Entry]) -> Vec<EntryId> {
    entries.iter().map(|entry| entry.id.clone().expect("it stands in the outbox")).collect()
}

fn numbers(entries: &[Entry]) -> Vec<PurchaseNo> {
    purchases_of(entries).iter().map(|recorded| recorded.purchase.no()).collect()
}

/// Buys `batches` times, one unit each, by buyers of their own.
async fn fill(scene: &Scene, batches: u64) -> Vec<PurchaseNo> {
    let mut bought = Vec::new();
    for n in 0..batches {
        bought.push(scene.buy(&attempt(&format!("buyer-{n}"), n, 1)).await.no());
    }
    bought
}

/// I5: reading alone removes nothing.
pub async fn an_entry_stays_until_it_is_done(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let bought = fill(&scene, 3).await;
    let entries = read(&scene, "one", 100).await;
    assert_eq!(numbers(&entries), bought);
    assert_eq!(scene.waiting().await, entries);
    done(&scene, &entries[..1]).await;
    assert_eq!(numbers(&scene.waiting().await), bought[1..]);
    done(&scene, &entries[1..]).await;
    assert_eq!(scene.waiting().await, []);
    assert_eq!(read(&scene, "one", 100).await, []);
}

/// A worker whose answer was lost says it again.
pub async fn done_twice_is_harmless(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    fill(&scene, 2).await;
    let entries = read(&scene, "one", 100).await;
    for _ in 0..2 {
        done(&scene, &entries[..1]).await;
    }
    done(&scene, &[]).await;
    assert_eq!(scene.waiting().await, entries[1..]);
    // What was never read may be done too: a change is committed by who made it.
    scene.buy(&attempt("ada", 7, 1)).await;
    let unread = scene.waiting().await;
    done(&scene, &unread).await;
    assert_eq!(scene.waiting().await, []);
    assert_eq!(read(&scene, "one", 100).await, []);
}

/// Two workers never hold the same entry.
pub async fn an_entry_goes_to_one_consumer_only(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let bought = fill(&scene, 4).await;
    let first = read(&scene, "one", 2).await;
    let second = read(&scene, "two", 100).await;
    assert!(!first.is_empty() && !second.is_empty());
    let mut all = numbers(&first);
    all.extend(numbers(&second));
    assert_eq!(all, bought);
    assert_eq!(read(&scene, "three", 100).await, []);
}

/// A worker that starts again under its name gets what it held before anything new.
pub async fn what_a_consumer_held_in_an_earlier_life_comes_to_it_first(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let mut bought = fill(&scene, 2).await;
    read(&scene, "one", 100).await;
    bought.push(scene.buy(&attempt("ada", 7, 1)).await.no());
    let anew = harness.outbox_after_restart();
    let mut came = Vec::new();
    for _ in 0..2 {
        let entries = anew.read(scene.shard(), "one", 100, SHORT).await;
        let entries = entries.expect("the outbox answers");
        came.extend(numbers(&entries));
        anew.done(scene.shard(), &ids(&entries)).await.expect("the outbox answers");
    }
    assert_eq!(came, bought);
    assert_eq!(scene.waiting().await, []);
}

/// Memory of a worker is bounded; an entry is never cut.
pub async fn a_read_brings_about_as_many_rows_as_were_asked_for(harness: &impl Harness) {
    let scene = Scene::active(harness, 1_000, 1).await;
    for batch in 0..10_u64 {
        let buyers = (0..50).map(|n| attempt(&format!("buyer-{batch}-{n}"), n, 1));
        scene.decide(&buyers.collect::<Vec<_>>()).await;
    }
    let mut rows = 0;
    for _ in 0..20 {
        let entries = read(&scene, "one", 120).await;
        if entries.is_empty() {
            break;
        }
        let brought = purchases_of(&entries).len();
        // The last entry may go over by one batch, the largest of which is 256.
        assert!((1..120 + 256).contains(&brought), "{brought} rows");
        rows += brought;
        done(&scene, &entries).await;
    }
    assert_eq!(rows, 500);
}

/// A worker sleeps until there is something, and wakes at once.
pub async fn a_read_waits_for_the_first_entry(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let reading = scene.outbox.read(scene.shard(), "one", 100, LONG);
    let began = time::Instant::now();
    let wanted = attempt("ada", 1, 1);
    let (entries, bought) = futures::join!(reading, scene.buy(&wanted));
    assert_eq!(numbers(&entries.expect("the outbox answers")), [bought.no()]);
    assert!(began.elapsed() < LONG / 2, "woken, not timed out");
}

/// A worker that is to stop is not held for ever.
pub async fn a_read_of_nothing_ends_after_its_wait(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    assert_eq!(read(&scene, "one", 100).await, []);
}

/// A worker reads ahead while it records what it read before.
pub async fn a_read_without_a_wait_brings_what_is_there_beside_what_is_in_hand(
    harness: &impl Harness,
) {
    let scene = Scene::active(harness, 10, 1).await;
    let at_once = async || {
        let read = scene.outbox.read(scene.shard(), "one", 1, Duration::ZERO).await;
        numbers(&read.expect("the outbox answers"))
    };
    assert_eq!(at_once().await, []);
    let bought = fill(&scene, 2).await;
    assert_eq!([at_once().await, at_once().await].concat(), bought);
    assert_eq!(at_once().await, []);
    done(&scene, &scene.waiting().await).await;
}

/// What a dead worker held goes on.
pub async fn another_consumer_takes_over_what_was_held_too_long(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    fill(&scene, 2).await;
    let held = read(&scene, "dead", 100).await;
    assert_eq!(take_over(&scene, "heir", LONG).await, [], "it has not been idle for long");
    // What one read brought may have been handed out by several commands, and so be idle for long
    // enough at different instants: a take-over brings what is by then, whoever holds it.
    let mut taken: Vec<Entry> = Vec::new();
    let bound = time::Instant::now() + LONG;
    while taken.len() < held.len() && time::Instant::now() < bound {
        let more = take_over(&scene, "heir", Duration::from_millis(5)).await;
        taken.retain(|entry| !more.contains(entry));
        taken.extend(more);
        tokio::task::yield_now().await;
    }
    taken.sort_by_key(|entry| held.iter().position(|other| other == entry));
    assert_eq!(taken, held);
    assert_eq!(read(&scene, "dead", 100).await, [], "it is the heir's now");
    done(&scene, &taken).await;
    assert_eq!(scene.waiting().await, []);
}

/// What nobody can finish keeps nothing behind it from whoever takes over.
pub async fn take_overs_come_to_all_that_is_held_in_turn(harness: &impl Harness) {
    let scene = Scene::active(harness, 1_000, 1).await;
    let bought: HashSet<_> = fill(&scene, 200).await.into_iter().collect();
    let mut held = 0;
    while held < bought.len() {
        held += read(&scene, "dead", 1_000).await.len();
    }
    let mut came = HashSet::new();
    for _ in 0..4 {
        came.extend(numbers(&take_over(&scene, "heir", Duration::ZERO).await));
    }
    assert_eq!(came, bought);
}

/// The holder of a long batch says that it is still at work.
pub async fn what_is_renewed_is_not_taken_over(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    fill(&scene, 2).await;
    let held = read(&scene, "one", 100).await;
    // A fault of the harness' clock aside, this takes as long as a read that finds nothing.
    assert_eq!(read(&scene, "two", 100).await, []);
    scene.outbox.renew(scene.shard(), "one", &ids(&held)).await.expect("the outbox answers");
    assert_eq!(take_over(&scene, "two", LONG).await, []);
    assert_eq!(scene.waiting().await, held);
}

/// A deletion drains its own sale, and nobody else's.
pub async fn waiting_names_the_entries_of_one_sale_only(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    // The same shard on every engine, since a shard is a matter of the sku.
    let other = Scene::open(harness, "GADGET-002", 2, 10, 1, When::Active).await;
    let bought = fill(&scene, 3).await;
    let sold = other.buy(&attempt("ada", 7, 1)).await;
    assert_eq!(numbers(&scene.waiting().await), bought);
    assert_eq!(numbers(&other.waiting().await), [sold.no()]);
    read(&scene, "one", 100).await;
    assert_eq!(numbers(&scene.waiting().await), bought, "in somebody's hand or in none");
    let some = scene.outbox.waiting(scene.id(), 2).await.expect("the outbox answers");
    assert_eq!(numbers(&some), bought[..2], "oldest first");
}

/// What `/health` and the metrics show.
pub async fn depth_counts_what_is_not_done(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let other = Scene::open(harness, "GADGET-002", 2, 10, 1, When::Active).await;
    let depth = async || scene.outbox.depth().await.expect("the outbox answers");
    assert_eq!(depth().await, 0);
    fill(&scene, 2).await;
    other.buy(&attempt("ada", 7, 1)).await;
    assert_eq!(depth().await, 3);
    let entries = read(&scene, "one", 100).await;
    assert_eq!(depth().await, 3);
    done(&scene, &entries).await;
    done(&other, &other.waiting().await).await;
    assert_eq!(depth().await, 0);
}

/// I9: changes travel as purchases do.
pub async fn purchases_and_changes_keep_their_order(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    scene.buy(&attempt("ada", 1, 1)).await;
    scene.gate.change(scene.id(), Change::Pause).await.expect("the gate answers");
    scene.gate.change(scene.id(), Change::Resume).await.expect("the gate answers");
    scene.buy(&attempt("ben", 1, 1)).await;
    let kinds: Vec<_> = read(&scene, "one", 100)
        .await
        .into_iter()
        .map(|entry| match entry.body {
            EntryBody::Purchases(_) => None,
            EntryBody::Change(change) => Some(change.sale.paused),
            body @ (EntryBody::Newer { .. } | EntryBody::Broken { .. }) => panic!("{body:?}"),
        })
        .collect();
    assert_eq!(kinds, [None, Some(true), Some(false), None]);
}

/// I5: a worker that dies between commit and done does no harm.
pub async fn an_unfinished_entry_commits_once_however_often_it_is_read(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    fill(&scene, 3).await;
    for _ in 0..3 {
        let entries = scene.waiting().await;
        scene.ledger.commit(&entries).await.expect("the ledger commits");
    }
    scene.record().await;
    let page = scene.ledger.page(scene.id(), None, 100).await.expect("the ledger answers");
    assert_eq!(page.len(), 3);
    let row = scene.catalogue.find(&scene.sale.id.sku).await.expect("the catalogue answers");
    assert_eq!(row.expect("the sale is there").sold, 3);
}

/// Whoever holds it, and if nobody does: an entry that nobody was given again is found by its age.
pub async fn what_is_overdue_is_named_whoever_holds_it(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    scene.buy(&attempt("ada", 1, 1)).await;
    let held = scene.outbox.read(scene.shard(), "worker", 1, Duration::from_secs(5)).await;
    assert_eq!(held.expect("the outbox answers").len(), 1);
    scene.buy(&attempt("ben", 1, 1)).await;
    let waiting = scene.waiting().await;
    let overdue = async |before, max| {
        let overdue = scene.outbox.overdue(scene.shard(), before, max).await;
        overdue.expect("the outbox answers")
    };
    let now = scene.clock.now();
    assert_eq!(overdue(now.plus_millis(60_000), 10).await, waiting);
    assert_eq!(overdue(now.plus_millis(60_000), 1).await, waiting[..1]);
    assert_eq!(overdue(now.plus_millis(-60_000), 10).await, []);
    scene.record().await;
    assert_eq!(overdue(now.plus_millis(60_000), 10).await, []);
}
