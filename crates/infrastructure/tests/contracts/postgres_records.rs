//! Catalogue and ledger in Postgres.

use std::{sync::Arc, time::Duration};

use sqlx::{Connection as _, PgConnection, PgPool, migrate::Migrator};
use stampede_application::ports::{
    Catalogue as _, CommitError, Created, Entry, Ledger as _, PortError,
};
use stampede_domain::SaleId;
use stampede_infrastructure::postgres::{
    PostgresCatalogue, PostgresLedger, PostgresLimits, connect, migrate,
};
use stampede_testkit::{
    builders::{a_purchase, a_sale},
    servers::{self, TestDatabase},
    suites::{Records, run},
};
use tokio::time::{Instant, timeout};

/// An empty database with all tables, and a pool of it.
pub(crate) async fn database() -> (TestDatabase, PgPool) {
    let database = servers::postgres().await;
    let pool = connect(&database.url, &PostgresLimits::default()).expect("an address");
    migrate(&pool).await.expect("the migrations run");
    (database, pool)
}

async fn records() -> Records {
    let (database, pool) = database().await;
    let limits = PostgresLimits { sales_max: Records::SALES_MAX, ..PostgresLimits::default() };
    Records {
        catalogue: Arc::new(PostgresCatalogue::new(pool.clone(), &limits)),
        ledger: Arc::new(PostgresLedger::new(pool)),
        stale_epochs: true,
        kept: Box::new(database),
    }
}

mod catalogue {
    stampede_testkit::catalogue_suite!(super::records());
}

mod ledger {
    stampede_testkit::ledger_suite!(super::records());
}

/// A sale whose row a stranger holds, and a ledger that has one connection.
struct Held {
    ledger: PostgresLedger,
    id: SaleId,
    entry: Entry,
    stranger: PgConnection,
    _database: TestDatabase,
}

/// Shorter than anything that Postgres itself would wait for.
const IMPATIENT: Duration = Duration::from_millis(200);
/// How long Postgres waits for the row here, and how long whoever does not wait for that may take on
/// a busy machine: less than a ledger waits for an answer that is told nothing else, 12 s.
const ROW_LIMIT: Duration = Duration::from_secs(30);
const SOON: Duration = Duration::from_secs(10);

impl Held {
    async fn answering_within(answer_max: Duration) -> Self {
        let (database, _) = database().await;
        let limits = PostgresLimits {
            connections_max: 1,
            lock_timeout: ROW_LIMIT,
            statement_timeout: 2 * ROW_LIMIT,
            ..PostgresLimits::default()
        };
        let pool = connect(&database.url, &limits).expect("an address");
        let sale = a_sale().build();
        let catalogue = PostgresCatalogue::new(pool.clone(), &limits);
        let created = catalogue.create(&sale, 7).await.expect("the catalogue answers");
        let Created::Recorded(epoch) = created else { panic!("not recorded: {created:?}") };
        let mut stranger = PgConnection::connect(&database.url).await.expect("Postgres answers");
        sqlx::raw_sql("BEGIN; SELECT FROM sales FOR UPDATE")
            .execute(&mut stranger)
            .await
            .expect("Postgres answers");
        let ledger = PostgresLedger::new(pool).answering_within(answer_max);
        let entry = a_purchase(&sale, epoch).entry();
        Self { ledger, id: sale.id, entry, stranger, _database: database }
    }

    /// The only connection is there for others, and what was in the midst of it came to nothing.
    async fn goes_on(mut self) {
        let patient = self.ledger.answering_within(2 * ROW_LIMIT);
        // Before Postgres itself ends the wait for the row, which frees the connection too.
        servers::until("another connection takes its place", SOON, async || {
            patient.known(&self.id, &[]).await.ok()
        })
        .await;
        sqlx::raw_sql("ROLLBACK").execute(&mut self.stranger).await.expect("Postgres answers");
        servers::until("the one given up is gone", Duration::from_secs(10), async || {
            let others = "SELECT count(*) FROM pg_stat_activity \
                          WHERE datname = current_database() AND wait_event_type = 'Lock'";
            let waiting: i64 = sqlx::query_scalar(others)
                .fetch_one(&mut self.stranger)
                .await
                .expect("Postgres answers");
            (waiting == 0).then_some(())
        })
        .await;
        assert_eq!(patient.page(&self.id, None, 10).await.expect("the ledger answers"), []);
        let settled = patient.commit(&[self.entry]).await;
        settled.expect("a repeat is taken");
    }
}

#[test]
fn a_statement_that_is_not_answered_in_time_gives_its_connection_up() {
    run(async {
        let held = Held::answering_within(IMPATIENT).await;
        let begun = Instant::now();
        let refused = held.ledger.commit(std::slice::from_ref(&held.entry)).await;
        let is_unknown = matches!(refused, Err(CommitError::Port(PortError::Unavailable { .. })));
        assert!(is_unknown, "{refused:?}");
        // Neither by Postgres nor by the limit that is set where no other is.
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        held.goes_on().await;
    });
}

#[test]
fn whoever_stops_waiting_keeps_no_connection_from_others() {
    run(async {
        let held = Held::answering_within(Duration::from_mins(1)).await;
        let entries = std::slice::from_ref(&held.entry);
        timeout(IMPATIENT, held.ledger.commit(entries)).await.expect_err("it waits for the row");
        held.goes_on().await;
    });
}

/// The statement that inserts purchases, with one of a sale that there is not.
const OF_NO_SALE: &str = concat!(
    "PREPARE rows (uuid, int8, int8, text[], bytea[], text[], timestamptz[], int8[], bytea[],
         int8[], int8[], int8[], int8[], bool[], text[], int8[], text[]) AS ",
    include_str!("../../src/postgres/insert_purchases.sql"),
    "; EXECUTE rows (gen_random_uuid(), 1, 7, ARRAY['PUR-1'],
         ARRAY[decode(repeat('00', 10), 'hex')], ARRAY['ada'], ARRAY[now()], ARRAY[1],
         ARRAY[decode(repeat('00', 16), 'hex')], ARRAY[0], ARRAY[1], ARRAY[1], ARRAY[1],
         ARRAY[false], ARRAY[NULL], ARRAY[NULL::int8], ARRAY[NULL])"
);

/// Each row would pay for a foreign key, and the row of the sale is in the inserter's hand.
#[tokio::test]
async fn no_foreign_key_looks_for_a_sale_and_without_one_a_purchase_is_refused() {
    let (_database, pool) = database().await;
    let keys = sqlx::query_scalar("SELECT count(*) FROM pg_constraint WHERE contype = 'f'");
    let keys: i64 = keys.fetch_one(&pool).await.expect("Postgres answers");
    assert_eq!(keys, 0);
    let refused = sqlx::raw_sql(OF_NO_SALE).execute(&pool).await.expect_err("there is no sale");
    let refused = refused.as_database_error().expect("Postgres answers");
    assert_eq!(refused.code().as_deref(), Some("23502"), "{refused}");
    assert!(refused.message().contains("\"limit_per_buyer\""), "{refused}");
}

/// While that waits for a long transaction, every purchase waits behind it.
#[tokio::test]
async fn the_foreign_key_goes_without_waiting_for_long_and_may_be_tried_again() {
    let database = servers::postgres().await;
    let pool = connect(&database.url, &PostgresLimits::default()).expect("an address");
    let before = sqlx_macros::migrate!("../../migrations/postgres").migrations.iter();
    let before = before.filter(|migration| migration.version < 6).cloned().collect();
    Migrator::with_migrations(before).run(&pool).await.expect("the older migrations run");

    let mut reader = pool.begin().await.expect("a transaction");
    let held = "LOCK TABLE purchases IN ACCESS SHARE MODE";
    sqlx::query(held).execute(&mut *reader).await.expect("what any reader takes");
    let refused = migrate(&pool).await;
    assert!(matches!(refused, Err(PortError::Unavailable { .. })), "{refused:?}");
    reader.commit().await.expect("the reader ends");
    migrate(&pool).await.expect("the migrations run");
}

/// Whose turn it is to reconcile.
mod turns {
    use std::time::Duration;

    use stampede_application::ports::Ledger;
    use stampede_infrastructure::postgres::PostgresLedger;
    use stampede_testkit::suites::run;

    const LASTS: Duration = Duration::from_secs(20);
    const NO_REST: Duration = Duration::ZERO;

    async fn takes(ledger: &PostgresLedger, node: &str, rest: Duration) -> bool {
        ledger.take_turn(node, LASTS, rest).await.expect("Postgres answers")
    }

    async fn ends(ledger: &PostgresLedger, node: &str, compared_all: bool) {
        ledger.end_turn(node, compared_all).await.expect("Postgres answers");
    }

    #[test]
    fn of_two_nodes_one_has_the_turn() {
        run(async {
            let (_database, pool) = super::database().await;
            let ledger = PostgresLedger::new(pool);
            assert!(takes(&ledger, "one", LASTS).await);
            assert!(!takes(&ledger, "other", NO_REST).await);
            assert!(takes(&ledger, "one", NO_REST).await, "it renews its own");
            ends(&ledger, "other", true).await;
            assert!(!takes(&ledger, "other", NO_REST).await, "it is not the other's to end");
            ends(&ledger, "one", true).await;
            assert!(takes(&ledger, "other", NO_REST).await);
        });
    }

    #[test]
    fn after_a_turn_that_compared_all_others_rest_if_they_would() {
        run(async {
            let (_database, pool) = super::database().await;
            let ledger = PostgresLedger::new(pool);
            assert!(takes(&ledger, "one", NO_REST).await);
            ends(&ledger, "one", true).await;
            assert!(!takes(&ledger, "other", LASTS).await);
            assert!(takes(&ledger, "one", LASTS).await, "who compared does so at its next tick");
            ends(&ledger, "one", false).await;
            assert!(takes(&ledger, "other", LASTS).await, "nothing was compared");
        });
    }

    #[test]
    fn a_turn_whose_node_froze_lapses_and_one_of_another_clock_is_no_lock() {
        run(async {
            let (_database, pool) = super::database().await;
            let ledger = PostgresLedger::new(pool.clone());
            for until in ["now()", "now() + interval '1 hour'"] {
                assert!(takes(&ledger, "frozen", NO_REST).await);
                let moved = format!("UPDATE reconciliation_turn SET until = {until}");
                sqlx::query(sqlx::AssertSqlSafe(moved)).execute(&pool).await.expect("it is set");
                assert!(takes(&ledger, "other", LASTS).await, "nobody rests after it: {until}");
                assert!(!takes(&ledger, "frozen", NO_REST).await, "{until}");
                ends(&ledger, "other", false).await;
            }
        });
    }
}
