//! An operator lists, replays and discards dead letters.

use stampede_application::{
    ports::{DeadLetter, DeadLetterId, Entry, EntryBody, Ledger, SaleGate},
    use_cases::DeadLetterError,
};
use stampede_domain::{RecordedPurchase, SaleId};

use crate::shop::{Shop, WIDGET, When};

on_every_engine!(
    letters_are_listed_page_by_page,
    a_replayed_letter_comes_to_the_ledger_once,
    a_replayed_letter_that_is_refused_again_becomes_a_new_one,
    a_replay_with_the_ledger_away_leaves_the_letter,
    a_discarded_purchase_is_never_recorded,
    a_letter_that_was_not_readable_can_only_be_discarded,
    a_letter_of_a_newer_version_is_shown_and_kept,
    a_letter_that_is_not_there_is_unknown,
);

/// Buys, and sets the purchase aside as a worker does that the ledger refused.
async fn set_aside(shop: &Shop, id: &SaleId, buyer: &str) -> RecordedPurchase {
    shop.buy(id, buyer).await;
    let waiting = shop.waiting(id).await;
    let Some(EntryBody::Purchases(bought)) = waiting.last().map(|entry| entry.body.clone()) else {
        panic!("{waiting:?}")
    };
    let purchase = bought.into_iter().next_back().expect("the one just bought");
    let error = "a fault that was mended since".to_owned();
    let letter = DeadLetter { purchase: Some(purchase.clone()), raw: None, error };
    shop.outbox.bury(shop.shard(id), &letter).await.expect("the outbox answers");
    let ids: Vec<_> = waiting.into_iter().filter_map(|entry| entry.id).collect();
    shop.outbox.done(shop.shard(id), &ids).await.expect("the outbox answers");
    purchase
}

async fn only_letter(shop: &Shop) -> (DeadLetterId, DeadLetter) {
    let mut letters = shop.dead_letters().await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    letters.remove(0)
}

async fn letters_are_listed_page_by_page(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let mut lost = Vec::new();
    for buyer in ["ada", "ben", "eve"] {
        lost.push(set_aside(&shop, &id, buyer).await);
    }
    let first = shop.letters.list(None, 2).await.expect("the outbox answers");
    let rest = shop.letters.list(first.last().map(|(id, _)| id), 2).await;
    let all = first.into_iter().chain(rest.expect("the outbox answers"));
    let listed: Vec<_> = all.filter_map(|(_, letter)| letter.purchase).collect();
    assert_eq!(listed, lost);
}

async fn a_replayed_letter_comes_to_the_ledger_once(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let lost = set_aside(&shop, &id, "ada").await;
    let (letter, _) = only_letter(&shop).await;
    shop.letters.replay(&letter).await.expect("the ledger takes it");
    assert_eq!(shop.recorded(&id).await, [lost]);
    assert_eq!(shop.dead_letters().await, []);
    assert_eq!(shop.counts(&id).await, (9, 1, 1));
    let again = shop.letters.replay(&letter).await;
    assert!(matches!(again, Err(DeadLetterError::Unknown)), "{again:?}");
}

async fn a_replayed_letter_that_is_refused_again_becomes_a_new_one(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let sick = shop.buy_poisoned(&id, "eve").await;
    shop.drain(&id).await.expect("the stores answer");
    let (first, _) = only_letter(&shop).await;
    shop.letters.replay(&first).await.expect("it was tried");
    let (second, letter) = only_letter(&shop).await;
    assert_ne!(second, first);
    assert_eq!(letter.purchase.map(|lost| lost.purchase), Some(sick));
    assert_eq!(shop.recorded(&id).await, []);
}

async fn a_replay_with_the_ledger_away_leaves_the_letter(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    set_aside(&shop, &id, "ada").await;
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

async fn a_discarded_purchase_is_never_recorded(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let lost = set_aside(&shop, &id, "ada").await;
    let (letter, _) = only_letter(&shop).await;
    shop.letters.discard(&letter).await.expect("it is given up");
    assert_eq!(shop.dead_letters().await, []);
    let known = shop.ledger.known(&id, &[lost.purchase.no()]).await.expect("the ledger answers");
    assert_eq!(known.len(), 1, "the ledger knows that it is given up");
    let late = Entry { id: None, body: EntryBody::Purchases(vec![lost]) };
    let recorded = shop.record_entries(&id, vec![late]).await.expect("the stores answer");
    assert_eq!((recorded.inserted, recorded.buried), (0, 0), "a late entry is done");
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
    shop.letters.discard(&letter).await.expect("it is given up");
    assert_eq!(shop.dead_letters().await, []);
}

async fn a_letter_of_a_newer_version_is_shown_and_kept(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    set_aside(&shop, &id, "ada").await;
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
            let page = shop.letters.list(Some(&raised), 10).await.expect("the stores answer");
            assert_eq!(page, [], "it is listed once");
            // Still without a unit: set aside anew by the worker's way.
            shop.letters.replay(&raised).await.expect("it was tried");
            let (anew, _) = only_letter(&shop).await;
            assert_ne!(anew, raised);
            assert_eq!(shop.counts(&id).await, (0, 1, 1));
        });
    }

    #[test]
    fn a_letter_is_discarded() {
        run(async {
            let shop = crate::shop::redis().await;
            let (id, bought) = left_out(&shop).await;
            let (raised, _) = only_letter(&shop).await;
            shop.letters.discard(&raised).await.expect("it is given up");
            assert_eq!(shop.dead_letters().await, []);
            let known = shop.ledger.known(&id, &[bought.no()]).await;
            assert_eq!(known.expect("the ledger answers").len(), 1);
            let again = shop.letters.discard(&raised).await;
            assert!(matches!(again, Err(DeadLetterError::Unknown)), "{again:?}");
        });
    }

    #[test]
    fn letters_of_both_places_are_listed_page_by_page() {
        run(async {
            let shop = crate::shop::redis().await;
            let (_, bought) = left_out(&shop).await;
            let other = shop.sell("GADGET-002", 10, 1, When::Active).await;
            let mut expected = vec![bought.no()];
            for buyer in ["ada", "ben"] {
                expected.push(set_aside(&shop, &other, buyer).await.purchase.no());
            }
            let mut listed = Vec::new();
            let mut after: Option<DeadLetterId> = None;
            for _ in 0..4 {
                let page = shop.letters.list(after.as_ref(), 1).await.expect("the stores answer");
                let Some((id, letter)) = page.into_iter().next() else { break };
                listed.extend(letter.purchase.map(|lost| lost.purchase.no()));
                after = Some(id);
            }
            assert_eq!(listed, expected);
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
