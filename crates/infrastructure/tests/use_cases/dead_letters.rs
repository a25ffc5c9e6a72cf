//! An operator lists, replays and discards dead letters.

use std::collections::HashSet;

use stampede_application::{
    ports::{Causes, DeadLetter, DeadLetterId, Entry, EntryBody, Ledger, SaleGate},
    use_cases::{DeadLetterError, LetterFate},
};
use stampede_domain::{RecordedPurchase, SaleId};

use crate::{
    faults::{drift_of, taken_away},
    shop::{Shop, WIDGET, When},
};

on_every_engine!(
    letters_are_listed_page_by_page,
    letters_of_one_product_are_listed_page_by_page,
    a_worker_that_died_after_raising_raises_once,
    a_letter_whose_purchase_was_recorded_meanwhile_is_not_voided,
    a_letter_whose_purchase_was_voided_is_not_said_to_be_recorded,
    a_replayed_letter_comes_to_the_ledger_once,
    a_replayed_letter_that_is_refused_again_stays,
    a_replay_with_the_ledger_away_leaves_the_letter,
    a_replay_that_meets_drift_and_then_no_ledger_leaves_the_letter,
    a_replay_says_that_gate_and_ledger_disagree_and_leaves_the_letter,
    a_discarded_purchase_is_never_recorded,
    a_letter_that_was_not_readable_can_only_be_discarded,
    a_letter_of_a_newer_version_is_shown_and_kept,
    a_letter_that_is_not_there_is_unknown,
);

/// Buys, and raises the purchase as a worker does that the ledger refused.
pub(crate) async fn raise(shop: &Shop, id: &SaleId, buyer: &str) -> RecordedPurchase {
    shop.buy(id, buyer).await;
    let waiting = shop.waiting(id).await;
    let Some(EntryBody::Purchases(bought)) = waiting.last().map(|entry| entry.body.clone()) else {
        panic!("{waiting:?}")
    };
    let purchase = bought.into_iter().next_back().expect("the one just bought");
    let error = "a fault that was repaired since".to_owned();
    let letter = DeadLetter { purchase: Some(purchase.clone()), raw: None, error };
    shop.outbox.raise(shop.shard(id), &letter).await.expect("the outbox answers");
    let ids: Vec<_> = waiting.into_iter().filter_map(|entry| entry.id).collect();
    shop.outbox.done(shop.shard(id), &ids).await.expect("the outbox answers");
    purchase
}

pub(crate) async fn only_letter(shop: &Shop) -> (DeadLetterId, DeadLetter) {
    let mut letters = shop.dead_letters().await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    letters.remove(0)
}

async fn letters_are_listed_page_by_page(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let mut lost = Vec::new();
    for buyer in ["ada", "ben", "eve"] {
        lost.push(raise(&shop, &id, buyer).await);
    }
    let first = shop.letters.list(None, 2, None).await.expect("the outbox answers");
    assert!(first.next.is_some(), "there is more");
    let rest = shop.letters.list(first.next.as_ref(), 2, None).await.expect("the outbox answers");
    assert_eq!(rest.next, None);
    let all = first.letters.into_iter().chain(rest.letters);
    let listed: Vec<_> = all.filter_map(|(_, letter)| letter.purchase).collect();
    assert_eq!(listed, lost);
}

/// However many of others lie between them.
async fn letters_of_one_product_are_listed_page_by_page(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let other = shop.sell("GADGET-002", 10, 1, When::Active).await;
    let mut lost = Vec::new();
    for buyer in ["ada", "ben", "eve"] {
        lost.push(raise(&shop, &id, buyer).await);
        raise(&shop, &other, buyer).await;
        raise(&shop, &other, &format!("{buyer}-too")).await;
    }
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = shop.letters.list(after.as_ref(), 1, Some(&id.sku)).await;
        let page = page.expect("the outbox answers");
        listed.extend(page.letters.into_iter().filter_map(|(_, letter)| letter.purchase));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, lost);
}

/// I5: the worker comes again with what it has raised before it died.
async fn a_worker_that_died_after_raising_raises_once(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let sick = shop.buy_poisoned(&id, "eve").await;
    let entries = shop.read(&id).await;
    let mut first = None;
    for raised in [1, 0] {
        let recorded = shop.record.run(shop.shard(&id), entries.clone()).await;
        let recorded = recorded.expect("the stores answer");
        assert_eq!(recorded.raised, raised);
        assert_eq!(recorded.letters, HashSet::from([sick.no()]));
        let (letter, lost) = only_letter(&shop).await;
        assert_eq!(lost.purchase.map(|lost| lost.purchase), Some(sick));
        assert_eq!(*first.get_or_insert(letter.clone()), letter, "under the same id");
    }
}

async fn a_letter_whose_purchase_was_recorded_meanwhile_is_not_voided(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let lost = raise(&shop, &id, "ada").await;
    let entry = Entry { id: None, body: EntryBody::Purchases(vec![lost.clone()]) };
    shop.ledger.commit(&[entry]).await.expect("the ledger commits");
    let (letter, _) = only_letter(&shop).await;
    let fate = shop.letters.discard(&letter).await.expect("the stores answer");
    assert_eq!(fate, LetterFate::RecordedMeanwhile);
    assert_eq!((shop.dead_letters().await, shop.recorded(&id).await), (vec![], vec![lost]));
}

/// Voided by way of another letter of the same purchase.
async fn a_letter_whose_purchase_was_voided_is_not_said_to_be_recorded(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    raise(&shop, &id, "ada").await;
    let (letter, other) = only_letter(&shop).await;
    shop.ledger.void(&other, shop.clock.now()).await.expect("the ledger answers");
    let fate = shop.letters.replay(&letter).await.expect("the stores answer");
    assert_eq!(fate, LetterFate::Discarded);
    assert_eq!((shop.dead_letters().await, shop.recorded(&id).await), (vec![], vec![]));
}

async fn a_replayed_letter_comes_to_the_ledger_once(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let lost = raise(&shop, &id, "ada").await;
    let (letter, _) = only_letter(&shop).await;
    let fate = shop.letters.replay(&letter).await.expect("the ledger takes it");
    assert_eq!((fate, shop.recorded(&id).await), (LetterFate::Recorded, vec![lost]));
    assert_eq!(shop.dead_letters().await, []);
    assert_eq!(shop.counts(&id).await, (9, 1, 1));
    let again = shop.letters.replay(&letter).await;
    assert!(matches!(again, Err(DeadLetterError::Unknown)), "{again:?}");
}

async fn a_replayed_letter_that_is_refused_again_stays(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let sick = shop.buy_poisoned(&id, "eve").await;
    shop.drain(&id).await.expect("the stores answer");
    let (first, _) = only_letter(&shop).await;
    let fate = shop.letters.replay(&first).await.expect("it was tried");
    assert_eq!(fate, LetterFate::SetAsideAgain);
    let (second, letter) = only_letter(&shop).await;
    assert_eq!(second, first);
    assert_eq!(letter.purchase.map(|lost| lost.purchase), Some(sick));
    assert_eq!(shop.recorded(&id).await, []);
}

async fn a_replay_with_the_ledger_away_leaves_the_letter(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    raise(&shop, &id, "ada").await;
    let before = only_letter(&shop).await;
    shop.ledger.go_away();
    let replayed = shop.letters.replay(&before.0).await;
    assert!(matches!(replayed, Err(DeadLetterError::Port(_))), "{replayed:?}");
    let discarded = shop.letters.discard(&before.0).await;
    assert!(matches!(discarded, Err(DeadLetterError::Port(_))), "{discarded:?}");
    assert_eq!(only_letter(&shop).await, before);
    shop.ledger.come_back();
    shop.letters.replay(&before.0).await.expect("a repeat goes on");
    assert_eq!(shop.counts(&id).await, (9, 1, 1));
}

/// I5: the sale is made anew, and nobody knows whether with the purchase.
async fn a_replay_that_meets_drift_and_then_no_ledger_leaves_the_letter(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let lost = raise(&shop, &id, "ada").await;
    let before = only_letter(&shop).await;
    shop.ledger.fail_next([drift_of(&id), taken_away().into()]);
    let replayed = shop.letters.replay(&before.0).await;
    assert!(matches!(replayed, Err(DeadLetterError::Port(_))), "{replayed:?}");
    assert_eq!(only_letter(&shop).await, before);
    shop.letters.replay(&before.0).await.expect("a repeat goes on");
    shop.drain(&id).await.expect("the stores answer");
    let numbers: Vec<_> = shop.recorded(&id).await.iter().map(|one| one.purchase.no()).collect();
    assert_eq!((shop.dead_letters().await, numbers), (vec![], vec![lost.purchase.no()]));
}

async fn a_replay_says_that_gate_and_ledger_disagree_and_leaves_the_letter(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    raise(&shop, &id, "ada").await;
    let before = only_letter(&shop).await;
    shop.ledger.drift(Some(&id));
    let replayed = shop.letters.replay(&before.0).await.expect_err("it is not recorded");
    let said = Causes(&replayed).to_string();
    assert!(said.ends_with("gate and ledger still disagree"), "{said}");
    assert_eq!(only_letter(&shop).await, before);
}

async fn a_discarded_purchase_is_never_recorded(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let lost = raise(&shop, &id, "ada").await;
    let (letter, _) = only_letter(&shop).await;
    let fate = shop.letters.discard(&letter).await.expect("it is voided");
    assert_eq!((fate, shop.dead_letters().await), (LetterFate::Discarded, vec![]));
    let known = shop.ledger.known(&id, &[lost.purchase.no()]).await.expect("the ledger answers");
    assert_eq!(known.len(), 1, "the ledger knows that it is voided");
    let late = Entry { id: None, body: EntryBody::Purchases(vec![lost]) };
    let recorded = shop.record_entries(&id, vec![late]).await.expect("the stores answer");
    assert_eq!((recorded.inserted, recorded.raised), (0, 0), "a late entry is done");
    assert_eq!(shop.recorded(&id).await, []);
    let again = shop.letters.discard(&letter).await;
    assert!(matches!(again, Err(DeadLetterError::Unknown)), "{again:?}");
}

async fn a_letter_that_was_not_readable_can_only_be_discarded(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.stores.plant_broken(&id).await;
    shop.drain(&id).await.expect("the stores answer");
    let (letter, _) = only_letter(&shop).await;
    let replayed = shop.letters.replay(&letter).await;
    assert!(matches!(replayed, Err(DeadLetterError::NotReplayable)), "{replayed:?}");
    assert_eq!(shop.dead_letters().await.len(), 1);
    shop.letters.discard(&letter).await.expect("it is voided");
    assert_eq!(shop.dead_letters().await, []);
}

async fn a_letter_of_a_newer_version_is_shown_and_kept(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    raise(&shop, &id, "ada").await;
    shop.stores.plant_newer_letter(&id).await;
    let letters = shop.dead_letters().await;
    let [(readable, _), (newer, shown)] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!(shown.purchase, None);
    assert!(shown.raw.as_deref().is_some_and(|raw| raw.contains('2')), "{shown:?}");
    let replayed = shop.letters.replay(newer).await;
    assert!(matches!(replayed, Err(DeadLetterError::NotReplayable)), "{replayed:?}");
    shop.letters.replay(readable).await.expect("the ledger takes it");
    assert_eq!(only_letter(&shop).await, (newer.clone(), shown.clone()));
}

/// On redis, where a restore may have to leave an acknowledged purchase out; neither the outbox
/// nor the gate has it then, only the letter that the restore raised in the ledger.
mod raised_by_a_restore {
    use stampede_testkit::{builders::a_purchase, suites::run};

    use super::*;

    /// The only unit is in the ledger as a stranger's, and ada was told that it is hers.
    async fn left_out(shop: &Shop) -> (SaleId, stampede_domain::Purchase) {
        let id = shop.sell(WIDGET, 1, 1, When::Active).await;
        let row = shop.row(&id).await;
        let stranger = a_purchase(&row.sale, row.epoch).entry();
        shop.ledger.commit(&[stranger]).await.expect("the ledger commits");
        let bought = shop.buy(&id, "ada").await;
        shop.lose_outbox(&id).await;
        shop.gate.rebuild(&id).await.expect("the gate rebuilds");
        assert_eq!(shop.counts(&id).await, (0, 1, 1), "never oversold");
        (id, bought)
    }

    #[test]
    fn a_letter_is_listed_and_replayed() {
        run(async {
            let shop = crate::shop::redis().await;
            let (id, bought) = left_out(&shop).await;
            let (raised, letter) = only_letter(&shop).await;
            assert_eq!(letter.purchase.map(|lost| lost.purchase), Some(bought));
            let page = shop.letters.list(Some(&raised), 10, None).await;
            assert_eq!(page.expect("the stores answer").letters, [], "it is listed once");
            // Still without a unit.
            let fate = shop.letters.replay(&raised).await.expect("it was tried");
            assert_eq!(fate, LetterFate::SetAsideAgain);
            assert_eq!(only_letter(&shop).await.0, raised);
            assert_eq!(shop.counts(&id).await, (0, 1, 1));
        });
    }

    #[test]
    fn a_letter_is_discarded() {
        run(async {
            let shop = crate::shop::redis().await;
            let (id, bought) = left_out(&shop).await;
            let (raised, _) = only_letter(&shop).await;
            shop.letters.discard(&raised).await.expect("it is voided");
            assert_eq!(shop.dead_letters().await, []);
            let known = shop.ledger.known(&id, &[bought.no()]).await;
            assert_eq!(known.expect("the ledger answers").len(), 1);
            let again = shop.letters.discard(&raised).await;
            assert!(matches!(again, Err(DeadLetterError::Unknown)), "{again:?}");
        });
    }

    /// What was not readable stays in its Redis.
    #[test]
    fn letters_of_both_places_are_listed_page_by_page() {
        run(async {
            let shop = crate::shop::redis().await;
            let (_, bought) = left_out(&shop).await;
            let other = shop.sell("GADGET-002", 10, 1, When::Active).await;
            shop.stores.plant_broken(&other).await;
            shop.drain(&other).await.expect("the stores answer");
            let lost = raise(&shop, &other, "ada").await.purchase.no();
            let mut listed = Vec::new();
            let mut after: Option<DeadLetterId> = None;
            for _ in 0..3 {
                let page = shop.letters.list(after.as_ref(), 1, None).await;
                let page = page.expect("the stores answer");
                listed.extend(page.letters.into_iter().map(|(_, letter)| letter.purchase));
                after = page.next;
            }
            let numbers: Vec<_> =
                listed.into_iter().map(|lost| lost.map(|lost| lost.purchase.no())).collect();
            assert_eq!(numbers, [Some(bought.no()), Some(lost), None]);
            assert_eq!(after, None);
        });
    }

    /// I5: what was acknowledged is not lost with its Redis.
    #[test]
    fn a_dead_letter_outlives_its_redis() {
        run(async {
            let shop = crate::shop::redis().await;
            let id = shop.sell(WIDGET, 10, 1, When::Active).await;
            let sick = shop.buy_poisoned(&id, "eve").await;
            shop.drain(&id).await.expect("the stores answer");
            shop.stores.lose_redis().await;
            let (_, letter) = only_letter(&shop).await;
            assert_eq!(letter.purchase.map(|lost| lost.purchase), Some(sick));
        });
    }

    /// I5: the ledger had the purchase when it was asked to take it, and came back older.
    #[test]
    fn a_letter_stays_whose_purchase_is_on_no_record() {
        run(async {
            let shop = crate::shop::redis().await;
            let id = shop.sell(WIDGET, 10, 1, When::Active).await;
            let lost = raise(&shop, &id, "ada").await;
            let before = only_letter(&shop).await;
            let entry = Entry { id: None, body: EntryBody::Purchases(vec![lost]) };
            shop.ledger.commit(&[entry]).await.expect("the ledger commits");
            let stores = shop.stores.clone();
            shop.ledger.after_commit(async move {
                stores.change_ledger("DELETE FROM purchases").await;
            });
            let replayed = shop.letters.replay(&before.0).await;
            assert!(matches!(replayed, Err(DeadLetterError::Port(_))), "{replayed:?}");
            assert_eq!(only_letter(&shop).await, before);
        });
    }

    /// The ledger cannot take the letter either.
    #[test]
    fn a_letter_that_the_ledger_does_not_take_goes_to_redis() {
        run(async {
            let shop = crate::shop::redis().await;
            let id = shop.sell(WIDGET, 10, 1, When::Active).await;
            shop.stores.change_ledger("ALTER TABLE dead_letters RENAME TO letters_away").await;
            let lost = raise(&shop, &id, "ada").await;
            shop.stores.change_ledger("ALTER TABLE letters_away RENAME TO dead_letters").await;
            let (letter, kept) = only_letter(&shop).await;
            assert_eq!(kept.purchase, Some(lost));
            let fate = shop.letters.replay(&letter).await.expect("the ledger takes it");
            assert_eq!(fate, LetterFate::Recorded);
        });
    }
}

async fn a_letter_that_is_not_there_is_unknown(shop: Shop) {
    let nowhere = DeadLetterId("no-such-letter".into());
    let replayed = shop.letters.replay(&nowhere).await;
    assert!(matches!(replayed, Err(DeadLetterError::Unknown)), "{replayed:?}");
    let discarded = shop.letters.discard(&nowhere).await;
    assert!(matches!(discarded, Err(DeadLetterError::Unknown)), "{discarded:?}");
}
