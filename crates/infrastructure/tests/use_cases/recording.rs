//! A worker records what the outbox brings.

use std::{sync::Arc, time::Duration};

use stampede_application::ports::{
    Change, CommitError, Entry, EntryBody, Ledger, PortError, Readmission, SaleGate,
};
use stampede_domain::{Epoch, Purchase, PurchaseNo, SaleId, Shard};
use stampede_infrastructure::queue::QueueLimits;
use stampede_testkit::{
    builders::a_purchase,
    servers::{OwnRedis, OwnRedisOptions, Proxy, SharedRedis, Way, until},
    suites::{attempt, run},
};

use crate::{
    faults::{drift_of, taken_away},
    shop::{Shop, TRIES_MAX, WIDGET, When, crowd, poisoned},
    workers::Workers,
};

/// Longer than any worker takes.
const SOON: Duration = Duration::from_secs(20);

on_every_engine!(
    a_batch_drains_and_draining_twice_is_harmless,
    the_poisoned_purchase_alone_becomes_a_dead_letter,
    a_poisoned_purchase_has_its_tries,
    every_poisoned_purchase_of_a_read_is_found,
    poison_among_a_thousand_is_found_in_a_few_commits,
    with_the_ledger_away_nothing_is_tried_and_nothing_is_a_dead_letter,
    drift_makes_the_sale_anew_and_gives_no_unit_back,
    what_is_not_known_to_be_repaired_is_not_told_and_hides_no_failure,
    a_letter_is_counted_though_the_rest_of_its_entry_is_not_recorded,
    an_entry_of_a_newer_version_is_neither_acknowledged_nor_dropped,
    a_broken_entry_is_raised_as_it_was_found,
    a_broken_entry_is_raised_once_while_the_ledger_is_away,
    a_change_is_recorded_among_purchases,
    a_sale_that_drifts_for_good_keeps_no_other_of_its_shard_waiting,
    a_sale_whose_restore_fails_keeps_no_other_waiting,
    workers_go_on_with_other_sales_while_one_drifts,
    workers_record_all_that_is_sold_at_the_first_try,
);

fn numbers(purchases: &[Purchase]) -> Vec<PurchaseNo> {
    purchases.iter().map(Purchase::no).collect()
}

async fn recorded_numbers(shop: &Shop, id: &SaleId) -> Vec<PurchaseNo> {
    shop.recorded(id).await.iter().map(|one| one.purchase.no()).collect()
}

async fn raised_numbers(shop: &Shop) -> Vec<PurchaseNo> {
    let letters = shop.dead_letters().await;
    let purchases = letters.iter().filter_map(|(_, letter)| letter.purchase.as_ref());
    purchases.map(|one| one.purchase.no()).collect()
}

async fn a_batch_drains_and_draining_twice_is_harmless(shop: Shop) {
    let id = shop.sell(WIDGET, 100, 1, When::Active).await;
    let mut bought = Vec::new();
    for part in crowd(60).chunks(25) {
        bought.extend(shop.buy_all(&id, part).await);
    }
    let entries = shop.read(&id).await;
    assert_eq!(entries.len(), 3, "one entry a batch");
    let recorded = shop.record.run(shop.shard(&id), entries.clone()).await;
    let recorded = recorded.expect("the stores answer");
    assert_eq!((recorded.inserted, recorded.done.len(), recorded.raised), (60, 3, 0));
    // The worker died before it could say so, and another takes over.
    let again = shop.record_entries(&id, entries).await.expect("the stores answer");
    assert_eq!((again.inserted, again.done.len(), again.raised), (0, 3, 0));
    assert_eq!(recorded_numbers(&shop, &id).await, numbers(&bought));
    assert_eq!(shop.counts(&id).await, (40, 60, 60));
    assert_eq!(shop.waiting(&id).await, []);
    assert_eq!(shop.drain(&id).await.expect("the stores answer").inserted, 0);
}

async fn the_poisoned_purchase_alone_becomes_a_dead_letter(shop: Shop) {
    let id = shop.sell(WIDGET, 100, 1, When::Active).await;
    let mut batch = crowd(9);
    batch.insert(5, poisoned("eve"));
    let mut sound = shop.buy_all(&id, &batch).await;
    let sick = sound.remove(5);
    sound.extend(shop.buy_all(&id, &[attempt("ada", 1, 1), attempt("ben", 1, 1)]).await);
    let recorded = shop.drain(&id).await.expect("the stores answer");
    assert_eq!((recorded.done.len(), recorded.inserted, recorded.raised), (2, 11, 1));
    assert_eq!(recorded_numbers(&shop, &id).await, numbers(&sound));
    assert_eq!(raised_numbers(&shop).await, [sick.no()]);
    assert_eq!(shop.waiting(&id).await, []);
    // It was acknowledged: its unit stays taken until a person has decided.
    assert_eq!(shop.counts(&id).await, (88, 12, 11));
}

async fn a_poisoned_purchase_has_its_tries(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy_poisoned(&id, "eve").await;
    assert_eq!(shop.drain(&id).await.expect("the stores answer").raised, 1);
    assert_eq!(shop.ledger.refused_alone(), TRIES_MAX);
}

async fn every_poisoned_purchase_of_a_read_is_found(shop: Shop) {
    let id = shop.sell(WIDGET, 100, 1, When::Active).await;
    let mut sick = Vec::new();
    for round in 0..4 {
        let names = [0, 1, 2].map(|place| format!("buyer-{round}-{place}"));
        let batch = [attempt(&names[0], 1, 1), poisoned(&names[1]), attempt(&names[2], 1, 1)];
        sick.push(shop.buy_all(&id, &batch).await[1].no());
    }
    let recorded = shop.drain(&id).await.expect("the stores answer");
    assert_eq!((recorded.done.len(), recorded.inserted, recorded.raised), (4, 8, 4));
    assert_eq!(raised_numbers(&shop).await, sick);
    assert_eq!(shop.counts(&id).await, (88, 12, 8));
}

/// Each halving costs a commit of the half that is sound and one of the half that is not.
async fn poison_among_a_thousand_is_found_in_a_few_commits(shop: Shop) {
    let id = shop.sell(WIDGET, 1_000, 1, When::Active).await;
    let mut everybody = crowd(999);
    everybody.insert(617, poisoned("eve"));
    for batch in everybody.chunks(250) {
        shop.buy_all(&id, batch).await;
    }
    // More than one read of the embedded journal brings.
    let mut entries = Vec::new();
    while entries.len() < 4 {
        entries.extend(shop.read(&id).await);
    }
    let recorded = shop.record_entries(&id, entries).await.expect("the stores answer");
    assert_eq!((recorded.done.len(), recorded.inserted, recorded.raised), (4, 999, 1));
    let halvings = everybody.len().next_power_of_two().ilog2();
    let commits = shop.ledger.commits();
    assert!(commits <= 2 * halvings + TRIES_MAX, "{commits} commits");
    assert_eq!(shop.counts(&id).await, (0, 1_000, 999));
}

async fn with_the_ledger_away_nothing_is_tried_and_nothing_is_a_dead_letter(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy_all(&id, &crowd(3)).await;
    shop.buy_poisoned(&id, "eve").await;
    let entries = shop.read(&id).await;
    shop.ledger.go_away();
    for _ in 0..3 * TRIES_MAX {
        let waits = shop.record.run(shop.shard(&id), entries.clone()).await;
        assert!(waits.is_err(), "{waits:?}");
    }
    assert_eq!(shop.ledger.refused_alone(), 0);
    assert_eq!(shop.dead_letters().await, []);
    assert_eq!(shop.waiting(&id).await, entries);
    shop.ledger.come_back();
    let recorded = shop.record_entries(&id, entries).await.expect("the stores answer");
    assert_eq!((recorded.inserted, recorded.raised), (3, 1));
    assert_eq!(shop.ledger.refused_alone(), TRIES_MAX, "all its tries were left");
}

/// Another purchase stands in the ledger where the gate has put this one.
async fn drift_makes_the_sale_anew_and_gives_no_unit_back(shop: Shop) {
    let id = shop.sell(WIDGET, 5, 1, When::Active).await;
    let row = shop.row(&id).await;
    let stranger = a_purchase(&row.sale, row.epoch).at_position(1).entry();
    shop.ledger.commit(&[stranger]).await.expect("the ledger commits");
    let bought = shop.buy(&id, "ada").await;
    assert_eq!(bought.position.0, 1, "the gate knows nothing of the other");
    let before = shop.snapshot(&id).await;
    assert_eq!((before.stock, before.sold), (4, 1));
    // Of two purchases in one place one gives way, where the engine can give it another.
    let entries = shop.read(&id).await;
    let recorded = shop.record_entries(&id, entries).await.expect("the stores answer");
    assert_eq!(shop.gate.rebuilds(), 1, "the sale is closed and made anew");
    let after = shop.snapshot(&id).await;
    assert_eq!((after.stock, after.sold), (3, 2), "both stand, no unit came back");
    assert!(after.version > before.version);
    assert_eq!(recorded.raised, 0);
    if recorded.apart.is_empty() {
        assert!(recorded_numbers(&shop, &id).await.contains(&bought.no()));
        assert_eq!(shop.waiting(&id).await, []);
        assert_eq!(shop.counts(&id).await, (3, 2, 2));
    } else {
        // It waits, acknowledged and counted; nothing is lost.
        assert_eq!(shop.waiting(&id).await.len(), 1);
    }
    assert_eq!(shop.dead_letters().await, []);
}

async fn an_entry_of_a_newer_version_is_neither_acknowledged_nor_dropped(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    shop.stores.plant_newer(&id).await;
    let recorded = shop.drain(&id).await.expect("the stores answer");
    assert_eq!((recorded.done.len(), recorded.left, recorded.raised), (1, 1, 0));
    assert_eq!(recorded.inserted, 1, "what can be read does not wait for it");
    for _ in 0..2 {
        let waiting: Vec<_> = shop.waiting(&id).await.into_iter().map(|one| one.body).collect();
        assert_eq!(waiting, [EntryBody::Newer { format: 3 }]);
        shop.drain(&id).await.expect("the stores answer");
    }
    assert_eq!(shop.dead_letters().await, []);
}

async fn a_broken_entry_is_raised_as_it_was_found(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    shop.stores.plant_broken(&id).await;
    let recorded = shop.drain(&id).await.expect("the stores answer");
    assert_eq!((recorded.inserted, recorded.done.len(), recorded.raised), (1, 2, 1));
    assert_eq!(shop.waiting(&id).await, []);
    let letters = shop.dead_letters().await;
    let [(_, letter)] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!(letter.purchase, None);
    let raw = letter.raw.as_deref().expect("what was found");
    assert!(raw.contains("torn"), "{raw}");
}

async fn a_broken_entry_is_raised_once_while_the_ledger_is_away(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    shop.stores.plant_broken(&id).await;
    shop.ledger.go_away();
    let entries = shop.read(&id).await;
    let part = shop.record_entries(&id, entries).await.expect("what is done may leave");
    assert_eq!((part.inserted, part.done.len(), part.raised), (0, 1, 1));
    for back in [false, true] {
        if back {
            shop.ledger.come_back();
        }
        let left = shop.outbox.take_over(shop.shard(&id), "worker", Duration::ZERO).await;
        let recorded = shop.record_entries(&id, left.expect("the outbox answers")).await;
        assert_eq!(recorded.is_ok(), back);
    }
    assert_eq!(shop.dead_letters().await.len(), 1);
    assert_eq!(shop.recorded(&id).await.len(), 1);
    assert_eq!(shop.waiting(&id).await, []);
}

async fn a_change_is_recorded_among_purchases(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    shop.gate.change(&id, Change::Pause).await.expect("the gate answers");
    let recorded = shop.drain(&id).await.expect("the stores answer");
    assert_eq!((recorded.inserted, recorded.done.len()), (1, 2));
    assert!(shop.row(&id).await.sale.paused);
}

/// The sale is made anew, and the ledger away when it is to take what waits.
async fn what_is_not_known_to_be_repaired_is_not_told_and_hides_no_failure(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy(&id, "ada").await;
    let entries = shop.read(&id).await;
    shop.ledger.fail_next([drift_of(&id), taken_away().into()]);
    let failed = shop.record.run(shop.shard(&id), entries.clone()).await;
    assert!(matches!(failed, Err(PortError::Unavailable { .. })), "{failed:?}");
    shop.record_entries(&id, entries).await.expect("the stores answer");
    shop.drain(&id).await.expect("the stores answer");
    assert_eq!(shop.counts(&id).await, (9, 1, 1));
}

/// The ledger goes away between the halves of an entry that it had refused.
async fn a_letter_is_counted_though_the_rest_of_its_entry_is_not_recorded(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.buy_all(&id, &[poisoned("eve"), attempt("ada", 1, 1)]).await;
    let entries = shop.read(&id).await;
    let refused = CommitError::Data(Arc::new(std::fmt::Error));
    let whole_and_its_half = vec![refused; 1 + TRIES_MAX as usize];
    shop.ledger.fail_next(whole_and_its_half.into_iter().chain([taken_away().into()]));
    let shard = shop.shard(&id);
    let first = shop.record.run(shard, entries.clone()).await.expect("a letter is written");
    assert_eq!((first.raised, first.done), (1, vec![]));
    let second = shop.record.run(shard, entries).await.expect("the stores answer");
    assert_eq!((second.raised, second.inserted, second.done.len()), (0, 1, 1));
    assert_eq!(shop.dead_letters().await.len(), 1);
}

/// Other skus of the same shard.
pub(crate) fn neighbours(of: &str) -> impl Iterator<Item = String> {
    let shard = |text: &str| Shard::of(&crate::shop::sku(text));
    let same = shard(of);
    let others = (0..).map(|number| format!("GADGET-{number}"));
    others.filter(move |other| shard(other) == same)
}

fn neighbour(of: &str) -> String {
    neighbours(of).next().expect("one in sixteen is")
}

/// Sells in two sales of one shard: a batch of the widget, of the gadget, of both again.
pub(crate) async fn two_sales(shop: &Shop) -> (SaleId, SaleId) {
    let widget = shop.sell(WIDGET, 100, 1, When::Active).await;
    let gadget = shop.sell(&neighbour(WIDGET), 100, 1, When::Active).await;
    for (id, buyer) in [(&widget, "ada"), (&gadget, "ben"), (&widget, "eve"), (&gadget, "joe")] {
        shop.buy(id, buyer).await;
    }
    (widget, gadget)
}

/// What was given up comes to a worker again.
pub(crate) async fn taken_over(shop: &Shop, id: &SaleId) -> Vec<Entry> {
    let taken = shop.outbox.take_over(shop.shard(id), "worker", Duration::ZERO).await;
    taken.expect("the outbox answers")
}

async fn a_sale_that_drifts_for_good_keeps_no_other_of_its_shard_waiting(shop: Shop) {
    let (widget, gadget) = two_sales(&shop).await;
    shop.ledger.drift(Some(&widget));
    let recorded = shop.drain(&widget).await.expect("the others are recorded");
    assert_eq!((recorded.inserted, recorded.done.len()), (2, 2));
    assert!(recorded.apart.contains_key(&widget), "{recorded:?}");
    assert_eq!(shop.recorded(&gadget).await.len(), 2);
    assert_eq!(shop.waiting(&gadget).await, []);
    assert_eq!((shop.waiting(&widget).await.len(), shop.gate.rebuilds()), (2, 1));
    // What came back alone neither fails nor holds up what is new.
    let alone = taken_over(&shop, &widget).await;
    let waits = shop.record_entries(&widget, alone).await.expect("nothing is wrong with a store");
    assert_eq!((waits.inserted, waits.done.len()), (0, 0));
    shop.buy(&gadget, "zoe").await;
    assert_eq!(shop.drain(&gadget).await.expect("the stores answer").inserted, 1);
    // Nothing of it was lost.
    shop.ledger.drift(None);
    let back = taken_over(&shop, &widget).await;
    shop.record_entries(&widget, back).await.expect("the stores answer");
    assert_eq!(shop.recorded(&widget).await.len(), 2);
    assert_eq!((shop.waiting(&widget).await, shop.dead_letters().await), (vec![], vec![]));
}

async fn a_sale_whose_restore_fails_keeps_no_other_waiting(shop: Shop) {
    let (widget, gadget) = two_sales(&shop).await;
    shop.ledger.drift(Some(&widget));
    shop.gate.lose_rebuilds(true);
    let recorded = shop.drain(&widget).await.expect("the others are recorded");
    assert_eq!((recorded.inserted, recorded.done.len()), (2, 2));
    assert_eq!((shop.recorded(&gadget).await.len(), shop.waiting(&widget).await.len()), (2, 2));
    shop.gate.lose_rebuilds(false);
    shop.ledger.drift(None);
    let back = taken_over(&shop, &widget).await;
    shop.record_entries(&widget, back).await.expect("the stores answer");
    assert_eq!((shop.recorded(&widget).await.len(), shop.waiting(&widget).await.len()), (2, 0));
}

/// Real workers: what is given up leaves the shard's only place to what comes after it.
async fn workers_go_on_with_other_sales_while_one_drifts(shop: Shop) {
    let widget = shop.sell(WIDGET, 100, 1, When::Active).await;
    let gadget = shop.sell(&neighbour(WIDGET), 100, 1, When::Active).await;
    shop.ledger.drift(Some(&widget));
    shop.gate.lose_rebuilds(true);
    let claim_idle = Duration::from_millis(100);
    let workers = Workers::of(&shop, QueueLimits { claim_idle, ..QueueLimits::default() });
    shop.buy(&widget, "ada").await;
    let met = async || (shop.ledger.drifted() > 0).then_some(());
    until("the worker meets the drift", SOON, met).await;
    shop.buy(&gadget, "ben").await;
    let recorded = async || shop.recorded(&gadget).await.pop();
    until("the other sale is recorded", SOON, recorded).await;
    assert_eq!(shop.recorded(&widget).await, []);
    shop.ledger.drift(None);
    let drained = async || shop.waiting(&widget).await.is_empty().then_some(());
    until("nothing of it is left", SOON, drained).await;
    assert_eq!(shop.recorded(&widget).await.len(), 1);
    workers.stop().await;
}

/// Nothing is claimed again here, so what a worker read and left would stay.
async fn workers_record_all_that_is_sold_at_the_first_try(shop: Shop) {
    let id = shop.sell(WIDGET, 100, 1, When::Active).await;
    let claim_idle = Duration::from_hours(1);
    let workers = Workers::of(&shop, QueueLimits { claim_idle, ..QueueLimits::default() });
    let mut bought = Vec::new();
    for part in crowd(60).chunks(5) {
        bought.extend(shop.buy_all(&id, part).await);
    }
    let drained = async || shop.waiting(&id).await.is_empty().then_some(());
    until("nothing is left", SOON, drained).await;
    assert_eq!(recorded_numbers(&shop, &id).await, numbers(&bought));
    workers.stop().await;
}

/// On redis only: the embedded gate cannot be lost without its ledger, so no epoch is stale there.
mod of_an_earlier_epoch {
    use super::*;

    fn earlier(epoch: Epoch) -> Epoch {
        Epoch { number: epoch.number - 1, nonce: 99 }
    }

    #[test]
    fn a_purchase_is_offered_to_the_gate_and_comes_to_the_ledger() {
        run(async {
            let shop = crate::shop::redis().await;
            let id = shop.sell(WIDGET, 2, 1, When::Active).await;
            let row = shop.row(&id).await;
            let lost = a_purchase(&row.sale, earlier(row.epoch)).at_position(9);
            let number = lost.clone().build().purchase.no();
            let recorded = shop.record_entries(&id, vec![lost.clone().entry()]).await;
            let recorded = recorded.expect("the stores answer");
            assert_eq!((recorded.inserted, recorded.readmitted, recorded.raised), (0, 1, 0));
            assert_eq!(shop.counts(&id).await, (1, 1, 0), "its unit is taken again");
            assert_eq!(shop.drain(&id).await.expect("the stores answer").inserted, 1);
            // It comes once more from a worker that was slow.
            let again = shop.record_entries(&id, vec![lost.entry()]).await;
            assert_eq!(again.expect("the stores answer").readmitted, 0, "the ledger has it");
            assert_eq!(recorded_numbers(&shop, &id).await, [number]);
            assert_eq!(shop.counts(&id).await, (1, 1, 1));
        });
    }

    #[test]
    fn a_worker_that_died_between_adoption_and_removal_takes_no_second_unit() {
        run(async {
            let shop = crate::shop::redis().await;
            let id = shop.sell(WIDGET, 2, 1, When::Active).await;
            let row = shop.row(&id).await;
            let lost = a_purchase(&row.sale, earlier(row.epoch)).at_position(9);
            for _ in 0..2 {
                let recorded = shop.record.run(shop.shard(&id), vec![lost.clone().entry()]).await;
                assert_eq!(recorded.expect("the stores answer").readmitted, 1);
                assert_eq!(shop.counts(&id).await, (1, 1, 0));
            }
            assert_eq!(shop.drain(&id).await.expect("the stores answer").inserted, 1);
            assert_eq!(recorded_numbers(&shop, &id).await, [lost.build().purchase.no()]);
            assert_eq!(shop.waiting(&id).await, []);
        });
    }

    /// Nobody heard of the first, and the connection is lost with its reply.
    #[test]
    fn an_adoption_whose_reply_was_lost_takes_no_second_unit() {
        run(async {
            let own = OwnRedis::start(OwnRedisOptions::default()).await;
            let proxy = Proxy::before(&own.url()).await;
            let server = SharedRedis { url: proxy.url(&own.url()), prefix: "t:".to_owned() };
            let shop = crate::shop::redis_over(&server).await;
            let id = shop.sell(WIDGET, 3, 1, When::Active).await;
            let row = shop.row(&id).await;
            let lost = a_purchase(&row.sale, earlier(row.epoch)).at_position(9);
            // A script that is not loaded yet would be refused first.
            let first = lost.clone().at_position(8).entry();
            let heard = shop.record.run(shop.shard(&id), vec![first]).await;
            assert_eq!(heard.expect("the stores answer").readmitted, 1);
            proxy.replies(Way::Cut);
            let unheard = shop.record.run(shop.shard(&id), vec![lost.clone().entry()]).await;
            let unheard = unheard.expect("the sale is set apart");
            assert_eq!((unheard.readmitted, unheard.apart.len()), (0, 1));
            proxy.replies(Way::Pass);
            let sold = async || shop.gate.snapshot(&id).await.ok().flatten().map(|one| one.sold);
            assert_eq!(until("Redis is heard again", SOON, sold).await, 2, "it was adopted");
            let again = shop.record_entries(&id, vec![lost.clone().entry()]).await;
            assert_eq!(again.expect("the stores answer").readmitted, 1);
            assert_eq!(shop.counts(&id).await, (1, 2, 0));
            assert_eq!(shop.drain(&id).await.expect("the stores answer").inserted, 2);
            assert_eq!(recorded_numbers(&shop, &id).await[1], lost.build().purchase.no());
        });
    }

    /// By the time of the offer the life that the ledger named is over.
    #[test]
    fn a_sale_restored_between_commit_and_adoption_is_adopted_in_its_new_life() {
        run(async {
            let shop = crate::shop::redis().await;
            let id = shop.sell(WIDGET, 2, 1, When::Active).await;
            let named = shop.row(&id).await;
            let lost = a_purchase(&named.sale, earlier(named.epoch)).at_position(9);
            let (gate, sale) = (shop.gate.clone(), id.clone());
            shop.ledger.after_commit(async move {
                gate.rebuild(&sale).await.expect("the sale is made anew");
            });
            let recorded = shop.record_entries(&id, vec![lost.clone().entry()]).await;
            let recorded = recorded.expect("the stores answer");
            assert_eq!((recorded.readmitted, recorded.raised), (1, 0));
            let now = shop.row(&id).await.epoch;
            assert!(now.number > named.epoch.number);
            let waiting = shop.waiting(&id).await;
            let [Entry { body: EntryBody::Purchases(adopted), .. }] = &waiting[..] else {
                panic!("{waiting:?}")
            };
            assert_eq!((adopted.len(), adopted[0].epoch), (1, now));
            assert_eq!(shop.drain(&id).await.expect("the stores answer").inserted, 1);
            assert_eq!(recorded_numbers(&shop, &id).await, [lost.build().purchase.no()]);
            assert_eq!(shop.counts(&id).await, (1, 1, 1));
        });
    }

    #[test]
    fn a_purchase_without_a_unit_left_is_told_to_a_person() {
        run(async {
            let shop = crate::shop::redis().await;
            let id = shop.sell(WIDGET, 1, 1, When::Active).await;
            shop.buy(&id, "ada").await;
            let row = shop.row(&id).await;
            let lost = a_purchase(&row.sale, earlier(row.epoch)).at_position(9);
            let recorded = shop.record_entries(&id, vec![lost.clone().entry()]).await;
            let recorded = recorded.expect("the stores answer");
            assert_eq!((recorded.readmitted, recorded.raised), (0, 1));
            assert_eq!(raised_numbers(&shop).await, [lost.build().purchase.no()]);
            assert_eq!(shop.counts(&id).await, (0, 1, 0));
        });
    }

    /// Another node restores it, and will be a while.
    #[test]
    fn a_sale_that_another_node_restores_keeps_no_other_waiting() {
        run(async {
            let shop = crate::shop::redis().await;
            let (widget, gadget) = two_sales(&shop).await;
            shop.stores.begin_restore_and_die(&widget, shop.row(&widget).await.epoch).await;
            let at_work = "UPDATE sales SET restore_until = now() + INTERVAL '5 seconds' \
                           WHERE sku = 'WIDGET-001'";
            shop.stores.change_ledger(at_work).await;
            let recorded = shop.drain(&widget).await.expect("the others are recorded");
            assert_eq!((recorded.inserted, recorded.done.len()), (2, 2));
            assert_eq!(shop.recorded(&gadget).await.len(), 2);
            shop.stores.lapse_restores().await;
            let back = taken_over(&shop, &widget).await;
            assert_eq!(back.len(), 2, "nothing of it was lost");
            shop.record_entries(&widget, back).await.expect("the stores answer");
            assert_eq!(shop.recorded(&widget).await.len(), 2);
            assert_eq!(shop.waiting(&widget).await, []);
        });
    }

    /// The ledger has moved on between its answer and the offer.
    #[test]
    fn a_purchase_is_offered_to_the_life_that_the_ledger_named_and_to_no_other() {
        run(async {
            let shop = crate::shop::redis().await;
            let id = shop.sell(WIDGET, 2, 1, When::Active).await;
            let named = shop.row(&id).await;
            let lost = a_purchase(&named.sale, earlier(named.epoch)).at_position(9).build();
            let before = shop.gate.rebuild(&id).await.expect("the sale is made anew").snapshot;
            let answers = shop.outbox.readmit(std::slice::from_ref(&lost), named.epoch).await;
            assert!(matches!(answers, Err(PortError::Unavailable { .. })), "{answers:?}");
            assert_eq!(shop.snapshot(&id).await, before, "nothing was adopted, nor restored again");
            let now = shop.row(&id).await.epoch;
            let answers = shop.outbox.readmit(&[lost], now).await.expect("the outbox answers");
            assert_eq!(answers, [Readmission::Adopted]);
        });
    }
}
