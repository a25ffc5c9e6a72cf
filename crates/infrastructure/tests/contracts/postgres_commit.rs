//! The two statements by which a commit inserts purchases: what is all new goes by the one that
//! knows no repeats.

use std::time::Duration;

use sqlx::{Connection as _, Executor as _, PgConnection, PgPool, Row as _};
use stampede_application::ports::{
    Catalogue as _, Created, DeadLetter, Entry, EntryBody, Ledger as _, Settled,
};
use stampede_domain::{Epoch, RecordedPurchase, Sale};
use stampede_infrastructure::postgres::{
    PostgresCatalogue, PostgresLedger, PostgresLimits, connect,
};
use stampede_testkit::{
    builders::{a_purchase, a_sale},
    servers::{self, TestDatabase},
    suites::run,
};

use crate::postgres_records::database;

/// A sale, and a ledger that has one connection: what that has prepared is what was asked.
struct Counter {
    pool: PgPool,
    ledger: PostgresLedger,
    sale: Sale,
    epoch: Epoch,
    database: TestDatabase,
}

impl Counter {
    async fn open() -> Self {
        let (database, _) = database().await;
        let limits = PostgresLimits { connections_max: 1, ..PostgresLimits::default() };
        let pool = connect(&database.url, &limits).expect("an address");
        let sale = a_sale().stock(1_000).limit(9).build();
        let catalogue = PostgresCatalogue::new(pool.clone(), &limits);
        let created = catalogue.create(&sale, 7).await.expect("the catalogue answers");
        let Created::Recorded(epoch) = created else { panic!("not recorded: {created:?}") };
        Self { ledger: PostgresLedger::new(pool.clone()), pool, sale, epoch, database }
    }

    fn purchase(&self, position: u64) -> RecordedPurchase {
        a_purchase(&self.sale, self.epoch).at_position(position).build()
    }

    async fn commit(&self, entries: &[Entry]) -> Vec<usize> {
        let settled = self.ledger.commit(entries).await.expect("the ledger commits");
        let inserted = settled.into_iter().map(|settled| match settled {
            Settled::Committed { inserted } => inserted,
            other @ (Settled::Stale { .. } | Settled::Orphaned(_) | Settled::Dropped) => {
                panic!("it is of the current epoch: {other:?}")
            }
        });
        inserted.collect()
    }

    async fn void(&self, purchase: RecordedPurchase) {
        let letter = DeadLetter { purchase: Some(purchase), raw: None, error: "gone".into() };
        let voided = self.ledger.void(&letter, self.sale.window.end).await;
        voided.expect("the ledger remembers");
    }

    /// Whether the statement that knows repeats was ever asked. This one is not prepared, lest it
    /// find itself.
    async fn was_careful(&self) -> bool {
        let asked = "SELECT EXISTS (SELECT FROM pg_prepared_statements
                     WHERE statement LIKE '%INTO purchases%ON CONFLICT (purchase_no)%')";
        let asked = sqlx::raw_sql(asked).fetch_one(&self.pool).await;
        asked.expect("Postgres answers").get(0)
    }

    /// All rows, whole, and the units that they make.
    async fn recorded(&self) -> (Vec<String>, i32) {
        let rows = sqlx::query_scalar("SELECT purchases::text FROM purchases ORDER BY position");
        let rows = rows.fetch_all(&self.pool).await.expect("Postgres answers");
        let sold = sqlx::query_scalar("SELECT sold FROM sales");
        (rows, sold.fetch_one(&self.pool).await.expect("Postgres answers"))
    }
}

fn entry_of(purchases: Vec<RecordedPurchase>) -> Entry {
    Entry { id: None, body: EntryBody::Purchases(purchases) }
}

#[test]
fn only_among_repeats_is_the_statement_asked_that_knows_them() {
    run(async {
        let counter = Counter::open().await;
        let places = |places: std::ops::RangeInclusive<u64>| {
            entry_of(places.map(|place| counter.purchase(place)).collect())
        };
        // Out of order, and with a gap: what several nodes commit of one sale.
        assert_eq!(counter.commit(&[places(21..=30), places(1..=10)]).await, [10, 10]);
        assert_eq!(counter.commit(&[places(11..=20)]).await, [10]);
        assert!(!counter.was_careful().await);
        assert_eq!(counter.commit(&[places(1..=10), places(28..=33)]).await, [0, 3]);
        assert!(counter.was_careful().await);
        let (rows, sold) = counter.recorded().await;
        assert_eq!((rows.len(), sold), (33, 33));
    });
}

/// Nothing is seen in its way, and the key refuses it.
#[test]
fn a_repeat_that_stands_at_another_position_is_known_all_the_same() {
    run(async {
        let counter = Counter::open().await;
        let [recorded, new] = [1, 3].map(|place| counter.purchase(place));
        assert_eq!(counter.commit(&[entry_of(vec![recorded.clone()])]).await, [1]);
        let mut moved = recorded;
        moved.purchase.position.0 = 2;
        assert_eq!(counter.commit(&[entry_of(vec![moved]), entry_of(vec![new])]).await, [0, 1]);
        assert_eq!(counter.recorded().await.1, 2);
    });
}

#[test]
fn either_statement_writes_the_same_rows_and_counts_the_same_units() {
    run(async {
        let counter = Counter::open().await;
        let one = a_purchase(&counter.sale, counter.epoch);
        let traced = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let entries = [entry_of(vec![
            one.clone().by("Ada Łovelace 👩‍💻").units(3).traced(traced).priced(1_999, "EUR").build(),
            one.clone().at_position(2).units(2).cancelled().build(),
            one.at_position(3).build(),
        ])];
        assert_eq!(counter.commit(&entries).await, [3]);
        assert!(!counter.was_careful().await);
        let quickly = counter.recorded().await;
        assert_eq!((quickly.0.len(), quickly.1), (3, 4));

        let undone = "DELETE FROM purchases; UPDATE sales SET sold = 0";
        counter.pool.execute(sqlx::raw_sql(undone)).await.expect("Postgres answers");
        // With anything of the sale voided, each of its purchases is looked up.
        counter.void(counter.purchase(9)).await;
        assert_eq!(counter.commit(&entries).await, [3]);
        assert!(counter.was_careful().await);
        assert_eq!(counter.recorded().await, quickly);
    });
}

/// What a commit reads together with the row is as old as its wait for that.
#[test]
fn what_is_voided_while_its_commit_waits_for_the_row_stays_out() {
    run(async {
        let counter = Counter::open().await;
        let [voided, sound] = [1, 2].map(|place| counter.purchase(place));
        let mut person = PgConnection::connect(&counter.database.url).await.expect("a session");
        let begun = "BEGIN; SELECT FROM sales FOR UPDATE";
        person.execute(sqlx::raw_sql(begun)).await.expect("Postgres answers");
        sqlx::query(
            "INSERT INTO voided (purchase_no, generation, error, voided_at)
             VALUES ($1, $2, 'gone', now())",
        )
        .bind(voided.purchase.no().to_string())
        .bind(counter.sale.id.generation.0)
        .execute(&mut person)
        .await
        .expect("Postgres answers");
        let entries = [entry_of(vec![voided, sound])];
        let decides = async {
            servers::until("the commit waits", Duration::from_secs(4), async || {
                let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE \
                             datname = current_database() AND wait_event_type = 'Lock')";
                let waits: bool = sqlx::query_scalar(waits)
                    .fetch_one(&mut person)
                    .await
                    .expect("Postgres answers");
                waits.then_some(())
            })
            .await;
            person.execute(sqlx::raw_sql("COMMIT")).await.expect("Postgres answers");
        };
        let (inserted, ()) = tokio::join!(counter.commit(&entries), decides);
        assert_eq!(inserted, [1]);
        assert_eq!(counter.recorded().await.1, 1);
    });
}

/// The statement that knows no repeats, as a commit prepares it, and how it would be done.
const PLAN: &str = concat!(
    "BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan;
     PREPARE rows (uuid, int8, int8, text[], bytea[], text[], timestamptz[], int8[], bytea[],
         int8[], int8[], int8[], int8[], bool[], text[], int8[], text[], int8[], int8[], int8) AS ",
    include_str!("../../src/postgres/insert_new_purchases.sql"),
    "; EXPLAIN EXECUTE rows (gen_random_uuid(), 1, 7, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
         NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1)"
);

/// It is kept while the tables grow.
#[tokio::test]
async fn a_plan_that_was_made_for_empty_tables_looks_for_positions_by_their_index() {
    let (_database, pool) = database().await;
    pool.execute("ANALYZE").await.expect("Postgres answers");
    let plan = sqlx::raw_sql(PLAN).fetch_all(&pool).await.expect("Postgres answers");
    let plan: Vec<String> = plan.iter().map(|line| line.get(0)).collect();
    let plan = plan.join("\n");
    assert!(!plan.contains("Seq Scan"), "{plan}");
    let by_position = plan.split_once("purchases_position_once").expect("an index").1;
    let condition = r#"Index Cond: ((generation = $1) AND ("position" >= "#;
    assert!(by_position.contains(condition), "{plan}");
}
