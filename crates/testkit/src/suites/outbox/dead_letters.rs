//! What an outbox must hold of purchases that the ledger refused.

use stampede_application::ports::{DeadLetter, DeadLetterId, Raised};
use stampede_domain::{RecordedPurchase, TraceParent};

use crate::suites::scene::{Harness, Scene, When};

fn letter(purchase: Option<RecordedPurchase>, error: &str) -> DeadLetter {
    let raw = purchase.is_none().then(|| "{\"format\":1,\"kind\":\"\u{1f6d2}".to_owned());
    DeadLetter { purchase, raw, error: error.to_owned() }
}

async fn letters(scene: &Scene, page: usize) -> Vec<(DeadLetterId, DeadLetter)> {
    let mut all: Vec<(DeadLetterId, DeadLetter)> = Vec::new();
    for _ in 0..20 {
        let after = all.last().map(|(id, _)| id);
        let next = scene.outbox.dead_letters(after, page).await.expect("the outbox answers");
        assert!(next.len() <= page);
        if next.is_empty() {
            break;
        }
        all.extend(next);
    }
    all
}

/// A person pages through them, none twice and none left out, over all shards.
pub async fn dead_letters_are_listed_page_by_page(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let other = Scene::open(harness, "GADGET-002", 2, 10, 1, When::Active).await;
    assert_eq!(letters(&scene, 10).await, []);
    let first = letter(Some(scene.forged("ada", 1, 1)), "a value that the ledger refuses");
    let second = letter(None, "not JSON");
    let third = letter(Some(other.forged("ben", 1, 1)), "another");
    for (of, letter) in [(&scene, &first), (&scene, &second), (&other, &third)] {
        of.outbox.raise(of.shard(), letter).await.expect("the outbox answers");
    }
    let all = letters(&scene, 10).await;
    assert_eq!(all.len(), 3);
    let bodies: Vec<_> = all.iter().map(|(_, letter)| letter.clone()).collect();
    let place = |letter| bodies.iter().position(|other| *other == letter).expect("it is listed");
    assert!(place(first) < place(second), "oldest first");
    place(third);
    for page in 1..3 {
        assert_eq!(letters(&scene, page).await, all, "pages of {page}");
    }
    assert_eq!(scene.waiting().await, [], "a dead letter is no entry");
}

/// Whoever meets it again, and knows more or less of it, hears that it is counted.
pub async fn a_purchase_becomes_a_dead_letter_once(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let met = scene.forged("ada", 1, 1);
    let traced = TraceParent::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let by_a_worker = RecordedPurchase { traceparent: traced, ..met.clone() };
    let raise = async |purchase, error| {
        let raised = scene.outbox.raise(scene.shard(), &letter(Some(purchase), error)).await;
        raised.expect("the outbox answers")
    };
    assert_eq!(raise(by_a_worker, "the first").await, Raised::Now);
    let first = letters(&scene, 10).await;
    for _ in 0..2 {
        assert_eq!(raise(met.clone(), "another").await, Raised::Before);
        assert_eq!(letters(&scene, 10).await, first);
    }
    assert_eq!(raise(scene.forged("ben", 2, 1), "another").await, Raised::Now);
    assert_eq!(letters(&scene, 10).await.len(), 2);
}

/// Whoever replays or discards a letter takes it away; the second is told that it is gone.
pub async fn a_dead_letter_is_taken_once(harness: &impl Harness) {
    let scene = Scene::active(harness, 10, 1).await;
    let raised = letter(Some(scene.forged("ada", 1, 1)), "a value that the ledger refuses");
    scene.outbox.raise(scene.shard(), &raised).await.expect("the outbox answers");
    let (id, _) = letters(&scene, 10).await.remove(0);
    let found = async |id: &DeadLetterId| scene.outbox.dead_letter(id).await.expect("it answers");
    for _ in 0..2 {
        assert_eq!(found(&id).await.as_ref(), Some(&raised), "looking takes nothing away");
    }
    let take =
        async |id: &DeadLetterId| scene.outbox.take_dead_letter(id).await.expect("it answers");
    assert_eq!(take(&id).await, Some(raised));
    assert_eq!(found(&id).await, None);
    assert_eq!(take(&id).await, None);
    let nonsense = DeadLetterId("no-such-letter".into());
    assert_eq!((take(&nonsense).await, found(&nonsense).await), (None, None));
    assert_eq!(letters(&scene, 10).await, []);
}
