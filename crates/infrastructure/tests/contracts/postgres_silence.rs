//! A Postgres that is not heard of any more: whatever was asked of it comes to an end.

use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use sqlx::{Connection as _, PgConnection, PgPool};
use stampede_application::ports::{
    Catalogue, CommitError, Created, DeadLetter, Entry, Findings, Ledger, PortError, PutDecision,
    ReconciliationRun, StoreProbe as _, Thoroughness, Trigger,
};
use stampede_domain::{Epoch, Position, PurchaseNo, RecordedPurchase, Sale, SaleId};
use stampede_infrastructure::postgres::{
    PostgresCatalogue, PostgresLedger, PostgresLimits, PostgresProbe, connect, inspect,
};
use stampede_testkit::{
    builders::{a_purchase, a_sale},
    servers::{Proxy, TestDatabase, Way, until},
    suites::run,
};
use tokio::time::timeout;

use super::postgres_records::database;

/// How long an answer is waited for here.
const ANSWER: Duration = Duration::from_secs(6);
/// How late a slow network delivers what is said.
const LATE: Duration = Duration::from_millis(400);
/// Much longer than that, and much shorter than TCP's own patience.
const LONG: Duration = Duration::from_secs(40);
/// Connections of the node; more than there are questions.
const CONNECTIONS: u32 = 40;

/// A sale in a ledger that lies behind a network of which the test is the master.
struct Behind {
    proxy: Proxy,
    pool: PgPool,
    ledger: PostgresLedger,
    catalogue: PostgresCatalogue,
    sale: Sale,
    epoch: Epoch,
    database: TestDatabase,
}

impl Behind {
    async fn start() -> Self {
        let (database, _) = database().await;
        let proxy = Proxy::before(&database.url).await;
        // Postgres itself would wait for longer.
        let limits = PostgresLimits {
            connections_max: CONNECTIONS,
            answer_timeout: ANSWER,
            statement_timeout: 2 * LONG,
            lock_timeout: 2 * LONG,
            ..PostgresLimits::default()
        };
        let pool = connect(&proxy.url(&database.url), &limits).expect("an address");
        let catalogue = PostgresCatalogue::new(pool.clone(), &limits);
        let ledger = PostgresLedger::new(pool.clone()).answering_within(ANSWER);
        let sale = a_sale().build();
        let created = catalogue.create(&sale, 7).await.expect("the catalogue answers");
        let Created::Recorded(epoch) = created else { panic!("not recorded: {created:?}") };
        Self { proxy, pool, ledger, catalogue, sale, epoch, database }
    }

    async fn has_every_connection(&self) {
        until("every connection is there", LONG, async || {
            let all = join_all((0..CONNECTIONS).map(|_| self.pool.acquire())).await;
            all.into_iter().collect::<Result<Vec<_>, _>>().ok()
        })
        .await;
    }

    /// The network is whole again, and so is all that the node has of Postgres.
    async fn goes_on(&self) {
        self.proxy.thaw();
        self.has_every_connection().await;
        let entry = a_purchase(&self.sale, self.epoch).entry();
        self.ledger.commit(&[entry]).await.expect("the ledger commits");
        let recorded = self.ledger.page(&self.sale.id, None, 10).await;
        assert_eq!(recorded.expect("the ledger answers").len(), 1);
    }
}

type Asked<'a> = BoxFuture<'a, Result<(), CommitError>>;

/// What a question comes to, whatever it is about.
fn asked<'a, T, E: Into<CommitError>>(
    question: impl Future<Output = Result<T, E>> + Send + 'a,
) -> Asked<'a> {
    Box::pin(async { question.await.map(drop).map_err(Into::into) })
}

/// A purchase of the sale, and all that is asked of the ledger with it while somebody waits.
struct Questions {
    purchase: RecordedPurchase,
    letter: DeadLetter,
    letters: [(RecordedPurchase, String); 1],
    entries: [Entry; 1],
    numbers: [PurchaseNo; 1],
    run: ReconciliationRun,
    another: Sale,
    ids: [SaleId; 1],
}

impl Questions {
    fn about(at: &Behind) -> Self {
        let purchase = a_purchase(&at.sale, at.epoch).build();
        let letter =
            DeadLetter { purchase: Some(purchase.clone()), raw: None, error: "lost".into() };
        let run = ReconciliationRun {
            started_at: at.sale.created_at,
            finished_at: at.sale.created_at,
            node: "node".into(),
            trigger: Trigger::Schedule,
            thoroughness: Thoroughness::Counters,
            sku: None,
            sales: 0,
            mismatches: 0,
            repaired: 0,
            raised: 0,
            findings: Findings::default(),
            error: None,
        };
        Self {
            letter,
            letters: [(purchase.clone(), "lost".to_owned())],
            entries: [a_purchase(&at.sale, at.epoch).entry()],
            numbers: [purchase.purchase.no()],
            run,
            another: a_sale().sku("ANOTHER").generation(2).build(),
            ids: [at.sale.id.clone()],
            purchase,
        }
    }

    fn of_workers<'a>(&'a self, at: &'a Behind) -> Vec<(&'static str, Asked<'a>)> {
        let (ledger, id, now) = (&at.ledger, &at.sale.id, at.sale.created_at);
        let from = Position(0);
        vec![
            ("commit", asked(ledger.commit(&self.entries))),
            ("known", asked(ledger.known(id, &self.numbers))),
            ("on_record", asked(ledger.on_record(id, &self.numbers))),
            ("page", asked(ledger.page(id, None, 10))),
            ("count_between", asked(ledger.count_between(id, from, Position(9)))),
            ("void", asked(ledger.void(&self.letter, now))),
            ("record_run", asked(ledger.record_run(&self.run))),
            ("runs", asked(ledger.runs(None, 10))),
            ("take_turn", asked(ledger.take_turn("node", ANSWER, ANSWER))),
            ("end_turn", asked(ledger.end_turn("node", true))),
            ("raise one", asked(ledger.raise_dead_letter(&self.purchase, "lost"))),
            ("dead_letters", asked(ledger.dead_letters(None, 10))),
            ("dead_letter", asked(ledger.dead_letter(1))),
            ("take", asked(ledger.take_dead_letter(1))),
        ]
    }

    fn of_restorers<'a>(&'a self, at: &'a Behind) -> Vec<(&'static str, Asked<'a>)> {
        let (ledger, id, epoch) = (&at.ledger, &at.sale.id, at.epoch);
        let survivors = std::slice::from_ref(&self.purchase);
        vec![
            ("restorable", asked(ledger.restorable(id))),
            ("take_epoch", asked(ledger.take_epoch(id, epoch, 0, 1))),
            ("renew", asked(ledger.renew(id, epoch))),
            ("record_survivors", asked(ledger.record_survivors(id, epoch, survivors))),
            ("raise_dead_letters", asked(ledger.raise_dead_letters(id, epoch, &self.letters))),
            ("page_in_epoch", asked(ledger.page_in_epoch(id, epoch, None, 10))),
            ("open_life", asked(ledger.open_life(id, epoch))),
            ("close_gaps", asked(ledger.close_gaps(id, epoch))),
            ("tally_in_epoch", asked(ledger.tally_in_epoch(id, epoch, &[]))),
            ("end_restore", asked(ledger.end_restore(id, epoch))),
        ]
    }

    fn of_the_catalogue<'a>(&'a self, at: &'a Behind) -> Vec<(&'static str, Asked<'a>)> {
        let (catalogue, id, epoch) = (&at.catalogue, &at.sale.id, at.epoch);
        let now = at.sale.created_at;
        vec![
            ("create", asked(catalogue.create(&self.another, 7))),
            ("find", asked(catalogue.find(&id.sku))),
            ("list", asked(catalogue.page(None, 10))),
            ("lock", asked(catalogue.lock(&id.sku))),
            ("bury a sale", asked(catalogue.bury(id, None, 7, now))),
            ("tombstone", asked(catalogue.tombstone(&id.sku))),
            ("standing", asked(catalogue.standing(&self.ids))),
            ("note_over", asked(catalogue.note_over(id, epoch, now))),
            ("note_final_run", asked(catalogue.note_final_run(id, epoch, now))),
            ("expire_archive", asked(catalogue.expire_archive(now))),
        ]
    }
}

/// Every question is with Postgres, and then nothing comes back.
#[test]
fn what_is_asked_of_a_postgres_that_falls_silent_comes_back_within_the_limit() {
    run(async {
        let at = Behind::start().await;
        let mut stranger = PgConnection::connect(&at.database.url).await.expect("it answers");
        // So that no question waits for one, and all of them are asked at once.
        at.has_every_connection().await;
        let hold = "BEGIN; LOCK TABLE sales, purchases, purchases_archive, voided, dead_letters, \
                    reconciliation_runs, reconciliation_turn";
        sqlx::raw_sql(hold).execute(&mut stranger).await.expect("Postgres answers");
        let questions = Questions::about(&at);
        let mut all = questions.of_workers(&at);
        all.extend(questions.of_restorers(&at));
        all.extend(questions.of_the_catalogue(&at));
        let count = i64::try_from(all.len()).expect("a few");
        let answers = all.into_iter().map(|(name, question)| async move {
            match timeout(LONG, question).await {
                Ok(Err(CommitError::Port(PortError::Unavailable { .. }))) => None,
                Ok(other) => Some(format!("{name}: {other:?}")),
                Err(_) => Some(format!("{name}: waits for ever")),
            }
        });
        let silence = async {
            until("every question is with Postgres", LONG, async || {
                let waiting: i64 = sqlx::query_scalar(
                    "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'",
                )
                .fetch_one(&mut stranger)
                .await
                .expect("Postgres answers");
                (waiting == count).then_some(())
            })
            .await;
            at.proxy.both(Way::Blackhole);
        };
        let (answers, ()) = tokio::join!(join_all(answers), silence);
        let wrong: Vec<String> = answers.into_iter().flatten().collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        sqlx::raw_sql("ROLLBACK").execute(&mut stranger).await.expect("Postgres answers");
        at.goes_on().await;
    });
}

/// The word that begins a transaction is on its way when whoever said it gives up: what is asked
/// next on that connection would be undone with it. The pool asks first whether it is alive.
#[test]
fn a_transaction_that_begins_too_late_takes_nothing_with_it() {
    run(async {
        let at = Behind::start().await;
        let limits = PostgresLimits { connections_max: 1, ..PostgresLimits::default() };
        let pool = connect(&at.proxy.url(&at.database.url), &limits).expect("an address");
        let questions = Questions::about(&at);
        let patient = PostgresLedger::new(pool.clone());
        patient.known(&at.sale.id, &questions.numbers).await.expect("Postgres answers");
        let ledger = patient.answering_within(LATE + LATE / 2);
        until("it is given back", LONG, async || (pool.num_idle() == 1).then_some(())).await;
        at.proxy.requests(Way::Delay(LATE));
        let late = ledger.commit(&questions.entries).await;
        assert!(matches!(late, Err(CommitError::Port(PortError::Unavailable { .. }))), "{late:?}");
        at.proxy.thaw();
        until("a letter is taken", LONG, async || {
            ledger.raise_dead_letter(&questions.purchase, "lost").await.ok()
        })
        .await;
        let letters = at.ledger.dead_letters(None, 10).await.expect("Postgres answers");
        assert_eq!(letters.len(), 1, "what was answered stands");
    });
}

/// An admin's correction, whose row is in hand already.
#[test]
fn a_row_in_the_hand_of_who_hears_nothing_more_is_given_up() {
    run(async {
        let at = Behind::start().await;
        let locked = at.catalogue.lock(&at.sale.id.sku).await.expect("the catalogue answers");
        let locked = locked.expect("the sale is there");
        at.proxy.both(Way::Blackhole);
        let decision =
            PutDecision::Write(Box::new(at.sale.clone()), at.epoch.first_version().plus(1));
        let finished = timeout(LONG, locked.finish(decision)).await.expect("it ends");
        assert!(matches!(finished, Err(PortError::Unavailable { .. })), "{finished:?}");
        at.proxy.cut().await;
        at.goes_on().await;
    });
}

/// At a start and at a look at its health nobody else sets a limit.
#[test]
fn how_a_silent_postgres_is_set_up_is_not_waited_for() {
    run(async {
        let at = Behind::start().await;
        at.has_every_connection().await;
        at.proxy.both(Way::Blackhole);
        let facts = timeout(LONG, inspect(&at.pool)).await.expect("it ends");
        assert!(matches!(facts, Err(PortError::Unavailable { .. })), "{facts:?}");
    });
}

/// Whoever asks has a limit of its own, and finds the one connection there the next time.
#[test]
fn a_probe_answers_again_once_postgres_is_heard_of() {
    run(async {
        let at = Behind::start().await;
        let probe = PostgresProbe::new(&at.pool);
        probe.ping().await.expect("Postgres answers");
        at.proxy.both(Way::Blackhole);
        timeout(Duration::from_millis(100), probe.ping()).await.expect_err("nothing comes back");
        at.proxy.thaw();
        until("it answers", LONG, async || probe.ping().await.ok()).await;
    });
}
