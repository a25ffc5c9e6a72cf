//! What a restore asks of the Postgres ledger, and what ordinary statements are held to.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use sqlx::PgPool;
use stampede_application::ports::{
    Buried, Catalogue, Causes, CommitError, Created, DeadLetter, Entry, EntryBody, Ledger,
    PortError, PutDecision, Settled, StoreProbe,
};
use stampede_domain::{Epoch, Position, RecordedPurchase, Sale};
use stampede_infrastructure::postgres::{
    PostgresCatalogue, PostgresLedger, PostgresLimits, PostgresProbe, connect, migrate,
};
use stampede_testkit::{
    builders::{a_purchase, a_sale},
    servers::TestDatabase,
};

use super::postgres_records::database;

/// One sale in the ledger, with one purchase of its first epoch.
struct Restored {
    ledger: PostgresLedger,
    catalogue: Arc<dyn Catalogue>,
    sale: Sale,
    first: Epoch,
    pool: PgPool,
    database: TestDatabase,
}

impl Restored {
    async fn of(sale: Sale) -> Self {
        let (database, pool) = database().await;
        let catalogue = PostgresCatalogue::new(pool.clone(), &PostgresLimits::default());
        let created = catalogue.create(&sale, 7).await.expect("the catalogue answers");
        let Created::Recorded(first) = created else { panic!("not recorded: {created:?}") };
        let ledger = PostgresLedger::new(pool.clone());
        let purchase = a_purchase(&sale, first).entry();
        ledger.commit(&[purchase]).await.expect("the ledger commits");
        Self { ledger, catalogue: Arc::new(catalogue), sale, first, pool, database }
    }

    async fn take(&self, seen: Epoch, head_number: u64, nonce: u64) -> Option<Epoch> {
        let taken = self.ledger.take_epoch(&self.sale.id, seen, head_number, nonce).await;
        taken.expect("the ledger answers")
    }

    /// A survivor at that position, under that epoch.
    fn survivor(&self, epoch: Epoch, position: u64) -> RecordedPurchase {
        a_purchase(&self.sale, epoch).at_position(position).build()
    }

    /// Makes the courtesy of the last restorer lapse, as five seconds would.
    async fn lapse(&self) {
        sqlx::query("UPDATE sales SET restore_until = clock_timestamp()")
            .execute(&self.pool)
            .await
            .expect("the ledger answers");
    }
}

#[tokio::test]
async fn an_epoch_is_taken_once_and_lies_above_ledger_and_head() {
    let at = Restored::of(a_sale().build()).await;
    let seen = at.ledger.restorable(&at.sale.id).await.expect("an answer").expect("the sale");
    assert_eq!((seen.row.epoch, seen.row.sold), (at.first, 1));
    assert!(!seen.deleted);

    let racers = (0..8).map(|nonce| at.take(at.first, 41, nonce));
    let taken: Vec<Epoch> = futures::future::join_all(racers).await.into_iter().flatten().collect();
    assert_eq!(taken.len(), 1, "{taken:?}");
    assert_eq!(taken[0].number, 42);
    let now = at.ledger.restorable(&at.sale.id).await.expect("an answer").expect("the sale");
    assert_eq!(now.row.epoch, taken[0]);

    // Nobody takes it from a restorer at work; anybody, who has seen it, when its time is over.
    assert_eq!(at.take(taken[0], 0, 99).await, None);
    at.lapse().await;
    assert_eq!(at.take(at.first, 0, 99).await, None);
    assert_eq!(at.take(taken[0], 0, 99).await, Some(Epoch { number: 43, nonce: 99 }));
}

/// A Postgres that took over on a host whose clock is behind has what the first one's clock said.
#[tokio::test]
async fn a_courtesy_from_another_clock_is_no_lock() {
    let at = Restored::of(a_sale().build()).await;
    let first = at.take(at.first, 0, 1).await.expect("it is free");
    assert_eq!(at.take(first, 0, 2).await, None, "a restorer is at work");
    sqlx::query("UPDATE sales SET restore_until = restore_until + INTERVAL '1 minute'")
        .execute(&at.pool)
        .await
        .expect("the ledger answers");
    assert_eq!(at.take(first, 0, 2).await, Some(Epoch { number: first.number + 1, nonce: 2 }));
}

#[tokio::test]
async fn the_life_that_was_opened_last_is_known_until_another_is_opened() {
    let at = Restored::of(a_sale().build()).await;
    let opened = async || {
        let row = at.ledger.restorable(&at.sale.id).await.expect("an answer");
        row.expect("the sale").opened
    };
    assert_eq!(opened().await, at.first);
    let second = at.take(at.first, 0, 1).await.expect("it is free");
    at.lapse().await;
    let third = at.take(second, 0, 2).await.expect("it has lapsed");
    assert_eq!(opened().await, at.first, "both came to nothing until now");

    let late = at.ledger.open_life(&at.sale.id, second).await.expect("an answer");
    assert_eq!(late, None, "overtaken");
    let row = at.ledger.open_life(&at.sale.id, third).await.expect("an answer");
    assert_eq!(row.expect("the epoch is held").epoch, third);
    assert_eq!(opened().await, third);
}

#[tokio::test]
async fn a_restorer_that_was_overtaken_writes_nothing_and_hears_it() {
    let at = Restored::of(a_sale().build()).await;
    let mine = at.take(at.first, 0, 1).await.expect("it is free");
    assert!(at.ledger.renew(&at.sale.id, mine).await.expect("an answer"));
    assert_eq!(at.take(mine, 0, 2).await, None, "renewed");
    at.lapse().await;
    let theirs = at.take(mine, 0, 2).await.expect("it has lapsed");

    let (ledger, id) = (&at.ledger, &at.sale.id);
    let survivor = at.survivor(mine, 2);
    let letter = (survivor.clone(), "no unit is left".to_owned());
    assert!(!ledger.renew(id, mine).await.expect("an answer"));
    let recorded = ledger.record_survivors(id, mine, &[survivor]).await;
    assert_eq!(recorded.expect("an answer"), None);
    assert_eq!(ledger.raise_dead_letters(id, mine, &[letter]).await.expect("an answer"), None);
    assert_eq!(ledger.page_in_epoch(id, mine, None, 10).await.expect("an answer"), None);

    assert_eq!(ledger.dead_letters(None, 10).await.expect("an answer"), []);
    let page = ledger.page_in_epoch(id, theirs, None, 10).await.expect("an answer");
    assert_eq!(page.expect("the epoch is held").len(), 1);
}

#[tokio::test]
async fn from_the_taking_on_no_older_entry_commits() {
    let at = Restored::of(a_sale().build()).await;
    let epoch = at.take(at.first, 0, 1).await.expect("it is free");
    let [known, lost] = [1, 2].map(|position| at.survivor(at.first, position));
    let entries =
        [known, lost.clone()].map(|one| Entry { id: None, body: EntryBody::Purchases(vec![one]) });
    let settled = at.ledger.commit(&entries).await.expect("an answer");
    assert_eq!(
        settled,
        [Settled::Committed { inserted: 0 }, Settled::Stale { purchases: vec![lost], epoch }]
    );

    let survivors = [2, 3].map(|position| at.survivor(epoch, position));
    let recorded = at.ledger.record_survivors(&at.sale.id, epoch, &survivors).await;
    assert_eq!(recorded.expect("an answer"), Some(2));
    let again = at.ledger.record_survivors(&at.sale.id, epoch, &survivors).await;
    assert_eq!(again.expect("an answer"), Some(0));
    let page = at.ledger.page_in_epoch(&at.sale.id, epoch, Some(Position(1)), 10).await;
    assert_eq!(page.expect("an answer").expect("the epoch is held"), survivors);
    let row = at.catalogue.find(&at.sale.id.sku).await.expect("an answer").expect("the sale");
    assert_eq!(row.sold, 3);
}

#[tokio::test]
async fn a_commit_that_waits_for_the_taking_of_an_epoch_commits_nothing_of_the_older() {
    let at = Restored::of(a_sale().build()).await;
    let mut taking = at.pool.begin().await.expect("the ledger answers");
    sqlx::query("UPDATE sales SET epoch_number = epoch_number + 1")
        .execute(&mut *taking)
        .await
        .expect("the ledger answers");
    let late = at.survivor(at.first, 2);
    let entry = Entry { id: None, body: EntryBody::Purchases(vec![late.clone()]) };
    let (ledger, pool) = (at.ledger.clone(), at.pool.clone());
    let commit = tokio::spawn(async move { ledger.commit(&[entry]).await });
    until_somebody_waits_for_a_row(&pool).await;
    taking.commit().await.expect("the epoch is taken");
    let settled = commit.await.expect("the commit ends").expect("an answer");
    let epoch = Epoch { number: at.first.number + 1, ..at.first };
    assert_eq!(settled, [Settled::Stale { purchases: vec![late], epoch }]);
}

/// Asks Postgres again and again, at most 5 s, whether a session waits for another's row.
async fn until_somebody_waits_for_a_row(pool: &PgPool) {
    let waiting = async {
        loop {
            let sessions: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'",
            )
            .fetch_one(pool)
            .await
            .expect("the ledger answers");
            if sessions > 0 {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), waiting).await.expect("somebody waits");
}

#[tokio::test]
async fn survivors_are_held_to_the_stock_and_voided_ones_left_out() {
    let at = Restored::of(a_sale().stock(2).build()).await;
    let epoch = at.take(at.first, 0, 1).await.expect("it is free");
    let voided = at.survivor(epoch, 2);
    let letter = DeadLetter { purchase: Some(voided.clone()), raw: None, error: "void".into() };
    at.ledger.void(&letter, at.sale.window.end).await.expect("the ledger remembers");
    let within = [voided.clone(), at.survivor(epoch, 3)];
    let recorded = at.ledger.record_survivors(&at.sale.id, epoch, &within).await;
    assert_eq!(recorded.expect("an answer"), Some(1));

    let above = at.ledger.record_survivors(&at.sale.id, epoch, &[at.survivor(epoch, 4)]).await;
    let Err(CommitError::Drift { constraint, .. }) = above else { panic!("{above:?}") };
    assert_eq!(constraint, "sold_within_stock");
}

#[tokio::test]
async fn a_dead_letter_is_raised_once_read_back_whole_and_removed_once() {
    let at = Restored::of(a_sale().build()).await;
    let epoch = at.take(at.first, 0, 1).await.expect("it is free");
    let (ledger, id) = (&at.ledger, &at.sale.id);
    let letters = [2, 3].map(|position| {
        let lost = a_purchase(&at.sale, at.first)
            .at_position(position)
            .by("Łukasz 'L'")
            .traced("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .priced(250, "PLN")
            .build();
        (lost, format!("no unit was left for {position}"))
    });
    for (letters, new) in [(&letters[..1], 1), (&letters[..], 1), (&letters[..], 0)] {
        let raised = ledger.raise_dead_letters(id, epoch, letters).await.expect("an answer");
        assert_eq!(raised, Some(new));
    }
    let raised = ledger.dead_letters(None, 10).await.expect("an answer");
    let told: Vec<_> = raised.iter().map(|(_, lost, why)| (lost.clone(), why.clone())).collect();
    assert_eq!(told, letters);

    let (first, ..) = raised[0];
    let after = ledger.dead_letters(Some(first), 10).await.expect("an answer");
    assert_eq!(after, raised[1..]);
    assert_eq!(ledger.take_dead_letter(first).await.expect("an answer").as_ref(), Some(&raised[0]));
    assert_eq!(ledger.take_dead_letter(first).await.expect("an answer"), None);
}

#[tokio::test]
async fn a_buried_sale_is_not_restored() {
    let at = Restored::of(a_sale().build()).await;
    let buried =
        at.catalogue.bury(&at.sale.id, None, 8, at.sale.window.end).await.expect("an answer");
    let Buried::Buried(last) = buried else { panic!("{buried:?}") };
    let seen = at.ledger.restorable(&at.sale.id).await.expect("an answer").expect("a tombstone");
    assert!(seen.deleted);
    assert_eq!(seen.row.epoch, last);
    assert_eq!(at.take(last, 0, 1).await, None);
    let unknown = a_sale().generation(99).build();
    assert_eq!(at.ledger.restorable(&unknown.id).await.expect("an answer"), None);
}

#[tokio::test]
async fn a_row_in_anothers_hand_is_waited_for_no_longer_than_the_limit() {
    let at = Restored::of(a_sale().build()).await;
    let limits =
        PostgresLimits { lock_timeout: Duration::from_millis(50), ..PostgresLimits::default() };
    let hasty = connect(&at.database.url, &limits).expect("an address");
    let holder = at.catalogue.lock(&at.sale.id.sku).await.expect("an answer");
    let entry = a_purchase(&at.sale, at.first).at_position(2).entry();
    let refused = PostgresLedger::new(hasty).commit(&[entry]).await;
    let Err(CommitError::Busy { sales, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(sales, std::slice::from_ref(&at.sale.id));
    drop(holder);
}

/// A deleted one is not taken for one that is held.
#[tokio::test]
async fn rows_of_several_sales_are_taken_without_a_wait_or_not_at_all() {
    let at = Restored::of(a_sale().build()).await;
    let mut entries = vec![a_purchase(&at.sale, at.first).at_position(2).entry()];
    let mut others = Vec::new();
    for (number, sku) in [(2, "FREE-1"), (3, "GONE-1")] {
        let sale = a_sale().sku(sku).generation(number).build();
        let created = at.catalogue.create(&sale, 7).await.expect("an answer");
        let Created::Recorded(epoch) = created else { panic!("not recorded: {created:?}") };
        entries.push(a_purchase(&sale, epoch).entry());
        others.push(sale);
    }
    let [free, gone] = &others[..] else { panic!("{others:?}") };
    let buried = at.catalogue.bury(&gone.id, None, 8, gone.window.end).await;
    assert!(matches!(buried, Ok(Buried::Buried(_))), "{buried:?}");
    let holder = at.catalogue.lock(&at.sale.id.sku).await.expect("an answer").expect("it lives");
    let refused = at.ledger.commit(&entries).await;
    let Err(CommitError::Busy { sales, error }) = refused else { panic!("{refused:?}") };
    assert_eq!(sales, std::slice::from_ref(&at.sale.id));
    let said = Causes(&error).to_string();
    assert!(said.ends_with("others hold the sale's row"), "nobody waited: {said}");
    // The rows of the others are free at once, and in no hand.
    let row = at.catalogue.lock(&free.id.sku).await.expect("an answer").expect("it lives");
    row.finish(PutDecision::Leave).await.expect("an answer");
    let settled = at.ledger.commit(&entries[1..]).await.expect("the others are committed");
    let [Settled::Committed { inserted: 1 }, Settled::Orphaned(orphaned)] = &settled[..] else {
        panic!("{settled:?}")
    };
    assert_eq!(orphaned[0].sale, gone.id);
    holder.finish(PutDecision::Leave).await.expect("an answer");
    let settled = at.ledger.commit(&entries[..2]).await.expect("nobody holds it now");
    assert_eq!(settled, [1, 0].map(|inserted| Settled::Committed { inserted }));
}

#[tokio::test]
async fn many_nodes_may_migrate_at_once_and_again() {
    let database = stampede_testkit::servers::postgres().await;
    let nodes = (0..4).map(|_| async {
        let pool = connect(&database.url, &PostgresLimits::default()).expect("an address");
        migrate(&pool).await.expect("the migrations run");
        migrate(&pool).await.expect("nothing is left to do");
    });
    futures::future::join_all(nodes).await;
}

#[tokio::test]
async fn a_probe_tells_whether_postgres_answers_and_a_pool_does_not_need_it() {
    let (_database, pool) = database().await;
    let probe = PostgresProbe::new(&pool);
    assert_eq!(probe.name(), "postgresql");
    probe.ping().await.expect("Postgres answers");

    let limits =
        PostgresLimits { acquire_timeout: Duration::from_millis(50), ..PostgresLimits::default() };
    // A port of the reserved range, where nothing listens.
    let nowhere = connect("postgresql://nobody@127.0.0.1:1/none", &limits).expect("an address");
    let answer = PostgresProbe::new(&nowhere).ping().await;
    assert!(matches!(answer, Err(PortError::Unavailable { .. })), "{answer:?}");
    assert!(connect("mysql://nobody@127.0.0.1/none", &limits).is_err());
}

#[tokio::test]
async fn a_probe_does_not_wait_behind_those_who_use_postgres() {
    let (database, _) = database().await;
    let limits = PostgresLimits { connections_max: 1, ..PostgresLimits::default() };
    let pool = connect(&database.url, &limits).expect("an address");
    let _only = pool.acquire().await.expect("Postgres answers");
    // One question after the other over the one connection.
    let probe = PostgresProbe::new(&pool);
    for _ in 0..3 {
        probe.ping().await.expect("Postgres answers");
    }
}
