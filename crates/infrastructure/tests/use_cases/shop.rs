//! An installation of one test: an engine's adapters, faults at hand, every use case over them.

use std::{
    any::Any,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use stampede_application::{
    live_sales::{Freshness, LiveSales},
    ports::{
        Catalogue, CatalogueRow, Clock, DeadLetter, DeadLetterId, Entry, GateLane, Judged, Ledger,
        Outbox, PortError, Randomness, SaleGate, Snapshot,
    },
    use_cases::{
        ChangeSale, ConfirmLimits, ConfirmPurchases, ConfirmStores, CreateProduct, DeleteProduct,
        DriftMet, FindSale, HandleDeadLetters, LookupLimits, NewProduct, ProductView, Reconcile,
        ReconcileLimits, ReconcileStores, RecordLimits, RecordPurchases, Recorded, UpdateProduct,
        ViewProducts,
    },
};
use stampede_domain::{
    Acknowledgement, Attempt, Decision, Instant, Purchase, RecordedPurchase, SaleId, Shard, Sku,
    TraceParent, Window,
};
use stampede_infrastructure::{
    OsRandomness,
    embedded::{
        EmbeddedCatalogue, EmbeddedDatabase, EmbeddedEngine, EmbeddedLedger, EngineLimits,
        EngineParts,
    },
    postgres::{PostgresCatalogue, PostgresLedger, PostgresLimits, connect, migrate},
    redis::{RedisEngine, RedisSettings},
};
use stampede_testkit::{
    builders::{OffsetClock, a_price},
    servers::{self, SharedRedis, TestDatabase, connection},
    suites::attempt,
};

use crate::{
    faults::{FaultyGate, FaultyLedger},
    faulty_catalogue::FaultyCatalogue,
    stores::Stores,
};

/// Times that the ledger may refuse one purchase for its data.
pub(crate) const TRIES_MAX: u32 = 3;
/// The sku that most tests sell.
pub(crate) const WIDGET: &str = "WIDGET-001";

/// The trace of what the tables of a test refuse.
const POISON: &str = "00-00000000000000000000000000000bad-000000000000dead-01";
/// Makes them refuse it, as they would a value that no gate of ours writes.
const REFUSE_POISON: &str = "ALTER TABLE purchases ADD COLUMN poison integer \
     CONSTRAINT purchases_not_poisoned \
     CHECK (traceparent <> '00-00000000000000000000000000000bad-000000000000dead-01')";
const HOUR_MILLIS: i64 = 3_600_000;
/// Where the embedded engine's clock begins.
const BEGINS_AT_MILLIS: i64 = 1_771_149_600_000;
/// How long a node waits for a row in another's hand.
const LOCK_MAX: Duration = Duration::from_secs(9);
/// A wait for entries that is meant to end.
const SHORT: Duration = Duration::from_millis(20);

/// A clock that stands until it is set.
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// When a product is sold.
#[derive(Clone, Copy)]
pub(crate) enum When {
    Upcoming,
    Active,
    Over,
}

/// What an engine brings.
struct Parts {
    gate: Arc<dyn SaleGate>,
    outbox: Arc<dyn Outbox>,
    catalogue: Arc<dyn Catalogue>,
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    /// The same clock, where a test may set it.
    hand_clock: Option<Arc<HandClock>>,
    stores: Stores,
    kept: Box<dyn Any>,
    /// What every answer of this node must have survived.
    level: Acknowledgement,
}

/// Every use case over one engine.
pub(crate) struct Shop {
    pub(crate) gate: Arc<FaultyGate>,
    pub(crate) lane: Rc<dyn GateLane>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) catalogue: Arc<dyn Catalogue>,
    /// The same, as deletions have it.
    pub(crate) burials: Arc<FaultyCatalogue>,
    pub(crate) ledger: Arc<FaultyLedger>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The same clock, where a test may set it: not on redis.
    pub(crate) hand_clock: Option<Arc<HandClock>>,
    pub(crate) stores: Stores,
    pub(crate) live: Arc<LiveSales>,
    pub(crate) find: Arc<FindSale>,
    pub(crate) create: CreateProduct,
    pub(crate) update: UpdateProduct,
    pub(crate) delete: DeleteProduct,
    pub(crate) change: ChangeSale,
    pub(crate) view: ViewProducts,
    pub(crate) record: Arc<RecordPurchases>,
    pub(crate) confirm: Arc<ConfirmPurchases>,
    pub(crate) letters: HandleDeadLetters,
    /// Dropped last.
    _kept: Box<dyn Any>,
}

/// The embedded engine over a folder that goes with the test.
pub(crate) async fn embedded() -> Shop {
    let folder = tempfile::tempdir().expect("a folder");
    let database = EmbeddedDatabase::open(folder.path()).await.expect("the database opens");
    sqlx::query(REFUSE_POISON).execute(database.writer()).await.expect("SQLite refuses poison");
    let catalogue = Arc::new(EmbeddedCatalogue::new(database.clone(), 100));
    let clock = Arc::new(HandClock(AtomicI64::new(BEGINS_AT_MILLIS)));
    let parts = EngineParts {
        database: database.clone(),
        catalogue: catalogue.clone(),
        clock: clock.clone(),
        randomness: Arc::new(OsRandomness),
    };
    let engine = EmbeddedEngine::start(parts, EngineLimits::default()).await;
    let engine = engine.expect("the engine starts");
    Shop::over(Parts {
        gate: engine.gate(),
        outbox: engine.outbox(),
        catalogue,
        ledger: Arc::new(EmbeddedLedger::new(database.clone())),
        clock: clock.clone(),
        hand_clock: Some(clock),
        stores: Stores::File(database.writer().clone()),
        kept: Box::new((engine, folder)),
        level: Acknowledgement::Gate,
    })
}

/// The redis engine under a prefix and over a database of the test's own.
pub(crate) async fn redis() -> Shop {
    redis_at(Acknowledgement::Gate).await
}

/// The same, of a node whose answers must have survived that much.
pub(crate) async fn redis_at(level: Acknowledgement) -> Shop {
    let (server, database) = redis_and_postgres().await;
    redis_node(&server, &database, level, 0, LOCK_MAX).await
}

/// The redis engine, of a node that waits no longer than that for a row in another's hand.
pub(crate) async fn redis_waiting(lock_max: Duration) -> Shop {
    let (server, database) = redis_and_postgres().await;
    redis_node(&server, &database, Acknowledgement::Gate, 0, lock_max).await
}

/// The redis engine over that Redis, and over a database of the test's own.
pub(crate) async fn redis_over(server: &SharedRedis) -> Shop {
    redis_node(server, &new_database().await, Acknowledgement::Gate, 0, LOCK_MAX).await
}

/// Nodes of one installation, whose clocks are ahead by so many milliseconds each.
pub(crate) async fn redis_nodes<const N: usize>(ahead_ms: [i64; N]) -> [Shop; N] {
    let (server, database) = redis_and_postgres().await;
    let node = |ahead_ms| redis_node(&server, &database, Acknowledgement::Gate, ahead_ms, LOCK_MAX);
    let nodes = futures::future::join_all(ahead_ms.map(node)).await;
    nodes.try_into().ok().expect("a node for each clock")
}

async fn redis_and_postgres() -> (SharedRedis, Arc<TestDatabase>) {
    (servers::redis().await, new_database().await)
}

async fn new_database() -> Arc<TestDatabase> {
    let database = servers::postgres().await;
    let pool = connect(&database.url, &PostgresLimits::default()).expect("an address");
    migrate(&pool).await.expect("the migrations run");
    sqlx::query(REFUSE_POISON).execute(&pool).await.expect("Postgres refuses poison");
    pool.close().await;
    Arc::new(database)
}

async fn redis_node(
    server: &SharedRedis,
    database: &Arc<TestDatabase>,
    level: Acknowledgement,
    ahead_ms: i64,
    lock_timeout: Duration,
) -> Shop {
    let limits = PostgresLimits { connections_max: 4, lock_timeout, ..PostgresLimits::default() };
    let pool = connect(&database.url, &limits).expect("an address");
    let ledger = PostgresLedger::new(pool.clone());
    let catalogue: Arc<dyn Catalogue> = Arc::new(PostgresCatalogue::new(pool, &limits));
    let settings =
        RedisSettings { acknowledge: level, ..RedisSettings::new(&server.url, &server.prefix) };
    let randomness = Arc::new(OsRandomness);
    let engine =
        RedisEngine::connect(settings, ledger.clone(), catalogue.clone(), randomness).await;
    let engine = engine.expect("Redis answers");
    Shop::over(Parts {
        gate: engine.gate(),
        outbox: engine.outbox(),
        catalogue,
        ledger: Arc::new(ledger.clone()),
        clock: Arc::new(OffsetClock::over(engine.clock(), ahead_ms)),
        hand_clock: None,
        stores: Stores::Redis {
            redis: connection(&server.url).await,
            prefix: server.prefix.as_str().into(),
            ledger: database.url.as_str().into(),
            records: ledger,
        },
        kept: Box::new((engine, database.clone())),
        level,
    })
}

impl Shop {
    fn over(parts: Parts) -> Self {
        let Parts { outbox, catalogue, clock, hand_clock, stores, kept, level, .. } = parts;
        let gate = Arc::new(FaultyGate::over(parts.gate));
        let ledger = Arc::new(FaultyLedger::over(parts.ledger));
        let burials = Arc::new(FaultyCatalogue::over(catalogue.clone()));
        let randomness: Arc<dyn Randomness> = Arc::new(OsRandomness);
        let live = Arc::new(LiveSales::new(clock.clone(), Freshness::Always));
        let find =
            FindSale::new(live.clone(), catalogue.clone(), gate.clone(), LookupLimits::default());
        let find = Arc::new(find);
        let limits = RecordLimits { tries_max: TRIES_MAX };
        let record = RecordPurchases::new(ledger.clone(), outbox.clone(), gate.clone(), limits);
        let record = Arc::new(record);
        let compared = reconciled(&catalogue, &ledger, &gate, &outbox, &live);
        let confirm = confirm(compared, &record, level);
        Self {
            create: CreateProduct::new(
                catalogue.clone(),
                gate.clone(),
                live.clone(),
                clock.clone(),
                randomness.clone(),
                confirm.level(Acknowledgement::Gate),
            ),
            update: UpdateProduct::new(
                catalogue.clone(),
                gate.clone(),
                live.clone(),
                clock.clone(),
            ),
            delete: DeleteProduct::new(
                burials.clone(),
                gate.clone(),
                outbox.clone(),
                record.clone(),
                live.clone(),
                clock.clone(),
                randomness,
            ),
            change: ChangeSale::new(
                find.clone(),
                catalogue.clone(),
                gate.clone(),
                outbox.clone(),
                ledger.clone(),
                live.clone(),
                clock.clone(),
            ),
            view: ViewProducts::new(catalogue.clone(), gate.clone(), clock.clone()),
            letters: HandleDeadLetters::new(
                outbox.clone(),
                ledger.clone(),
                record.clone(),
                clock.clone(),
            ),
            lane: gate.lane(),
            gate,
            outbox,
            catalogue,
            burials,
            ledger,
            clock,
            hand_clock,
            stores,
            live,
            find,
            record,
            confirm,
            _kept: kept,
        }
    }

    /// Reconciliation that takes for settled what is older than so many milliseconds; of another
    /// node each time, which remembers no final run.
    pub(crate) fn reconcile(&self, settled_after_ms: i64) -> Reconcile {
        let limits = ReconcileLimits { settled_after_ms, page: 3, ..ReconcileLimits::default() };
        self.reconcile_within(limits)
    }

    /// The same, of other limits.
    pub(crate) fn reconcile_within(&self, limits: ReconcileLimits) -> Reconcile {
        let (gate, outbox) = (&self.gate, &self.outbox);
        let stores = reconciled(&self.catalogue, &self.ledger, gate, outbox, &self.live);
        let node = OsRandomness.generation().to_string();
        Reconcile::new(stores, self.record.clone(), node, limits, Arc::new(|_| {}))
    }

    /// Memory of another node that shows that much, and has heard of nothing since.
    pub(crate) fn node_that_shows(&self, known: &Snapshot) -> (Arc<LiveSales>, Arc<FindSale>) {
        let live = Arc::new(LiveSales::new(self.clock.clone(), Freshness::Always));
        live.apply(known);
        let (catalogue, gate) = (self.catalogue.clone(), self.gate.clone());
        let find = FindSale::new(live.clone(), catalogue, gate, LookupLimits::default());
        (live, Arc::new(find))
    }

    /// What an admin asks for to sell so many units of that sku, so many a buyer.
    pub(crate) fn offer(&self, sku: &str, stock: u32, limit: u32, when: When) -> NewProduct {
        let (from, to) = match when {
            When::Upcoming => (HOUR_MILLIS, 2 * HOUR_MILLIS),
            When::Active => (-HOUR_MILLIS, HOUR_MILLIS),
            When::Over => (-2 * HOUR_MILLIS, -HOUR_MILLIS),
        };
        let now = self.clock.now();
        NewProduct {
            sku: self::sku(sku),
            product_name: "Limited Edition Widget".into(),
            description: Some("All that one could want.".into()),
            picture: Some("/pictures/widget.svg".into()),
            price: Some(a_price(1_999, "EUR")),
            initial_stock: stock,
            window: Window { start: now.plus_millis(from), end: now.plus_millis(to) },
            limit_per_buyer: limit,
            acknowledge: None,
        }
    }

    /// Creates a product that must be new.
    pub(crate) async fn sell(&self, sku: &str, stock: u32, limit: u32, when: When) -> SaleId {
        let created = self.create.run(self.offer(sku, stock, limit, when)).await;
        created.expect("the product is created").sale.id
    }

    /// What the gate makes of a batch.
    pub(crate) async fn decide(&self, id: &SaleId, batch: &[Attempt]) -> Vec<Decision> {
        let judged = self.lane.decide(id, batch).await.expect("the gate answers");
        let Judged::Decided { decisions, .. } = judged else { panic!("{id} should be known") };
        decisions.into_iter().map(|decision| decision.expect("nothing was sent twice")).collect()
    }

    /// Buys by one batch, all of which must be accepted; under numbers of their own, as every
    /// attempt has.
    pub(crate) async fn buy_all(&self, id: &SaleId, batch: &[Attempt]) -> Vec<Purchase> {
        let mut batch = batch.to_vec();
        for attempt in &mut batch {
            attempt.bits = OsRandomness.purchase_bits();
        }
        let decisions = self.decide(id, &batch).await;
        let bought = decisions.into_iter().map(|decision| match decision {
            Decision::Accepted(purchase) => purchase,
            other @ (Decision::Replayed(_) | Decision::KeyReused | Decision::Rejected(_)) => {
                panic!("it should be accepted: {other:?}")
            }
        });
        bought.collect()
    }

    /// Buys one unit, which must be accepted.
    pub(crate) async fn buy(&self, id: &SaleId, buyer: &str) -> Purchase {
        self.buy_all(id, &[attempt(buyer, 1, 1)]).await[0]
    }

    /// Buys one unit whose record the ledger refuses for its data.
    pub(crate) async fn buy_poisoned(&self, id: &SaleId, buyer: &str) -> Purchase {
        self.buy_all(id, &[poisoned(buyer)]).await[0]
    }

    /// The sale as it stands at its gate.
    pub(crate) async fn snapshot(&self, id: &SaleId) -> Snapshot {
        let snapshot = self.gate.snapshot(id).await.expect("the gate answers");
        snapshot.expect("the gate has the sale")
    }

    /// Stock and units sold at the gate, and units in the ledger.
    pub(crate) async fn counts(&self, id: &SaleId) -> (u32, u32, u32) {
        let snapshot = self.snapshot(id).await;
        (snapshot.stock, snapshot.sold, self.row(id).await.sold)
    }

    /// The sale's row in the catalogue.
    pub(crate) async fn row(&self, id: &SaleId) -> CatalogueRow {
        self.row_of(id.sku.as_str()).await
    }

    /// The row of the sale of that sku.
    pub(crate) async fn row_of(&self, sku: &str) -> CatalogueRow {
        let row = self.catalogue.find(&self::sku(sku)).await.expect("the catalogue answers");
        row.expect("the catalogue has the sale")
    }

    /// The product as an admin sees it.
    pub(crate) async fn product(&self, id: &SaleId) -> ProductView {
        let view = self.view.one(&id.sku).await.expect("the stores answer");
        view.expect("there is such a product")
    }

    /// The shard whose reader gets this sale's entries.
    pub(crate) fn shard(&self, id: &SaleId) -> Shard {
        let (shards, own) = (self.outbox.shards(), Shard::of(&id.sku));
        if shards.contains(&own) { own } else { shards[0] }
    }

    /// The sale's entries that are not done.
    pub(crate) async fn waiting(&self, id: &SaleId) -> Vec<Entry> {
        self.outbox.waiting(id, 1_000).await.expect("the outbox answers")
    }

    /// What a worker gets of the sale's shard.
    pub(crate) async fn read(&self, id: &SaleId) -> Vec<Entry> {
        let read = self.outbox.read(self.shard(id), "worker", 1_000, SHORT).await;
        read.expect("the outbox answers")
    }

    /// One turn of a worker on the sale's shard: read, record, remove.
    pub(crate) async fn drain(&self, id: &SaleId) -> Result<Recorded, PortError> {
        let entries = self.read(id).await;
        self.record_entries(id, entries).await
    }

    /// The second half of a worker's turn.
    pub(crate) async fn record_entries(
        &self,
        id: &SaleId,
        entries: Vec<Entry>,
    ) -> Result<Recorded, PortError> {
        let recorded = self.record.run(self.shard(id), entries).await?;
        self.outbox.done(self.shard(id), &recorded.done).await?;
        Ok(recorded)
    }

    /// A fault: what the sale has in the outbox is gone before anybody recorded it.
    pub(crate) async fn lose_outbox(&self, id: &SaleId) {
        let ids: Vec<_> = self.waiting(id).await.into_iter().filter_map(|entry| entry.id).collect();
        self.outbox.done(self.shard(id), &ids).await.expect("the outbox answers");
    }

    /// The sale's purchases in the ledger, by position.
    pub(crate) async fn recorded(&self, id: &SaleId) -> Vec<RecordedPurchase> {
        self.ledger.page(id, None, 1_000).await.expect("the ledger answers")
    }

    /// Every dead letter.
    pub(crate) async fn dead_letters(&self) -> Vec<(DeadLetterId, DeadLetter)> {
        self.letters.list(None, 1_000, None).await.expect("the outbox answers").letters
    }
}

/// What is compared.
fn reconciled(
    catalogue: &Arc<dyn Catalogue>,
    ledger: &Arc<FaultyLedger>,
    gate: &Arc<FaultyGate>,
    outbox: &Arc<dyn Outbox>,
    live: &Arc<LiveSales>,
) -> ReconcileStores {
    ReconcileStores {
        catalogue: catalogue.clone(),
        ledger: ledger.clone(),
        gate: gate.clone(),
        outbox: outbox.clone(),
        live: live.clone(),
    }
}

fn confirm(
    stores: ReconcileStores,
    record: &Arc<RecordPurchases>,
    level: Acknowledgement,
) -> Arc<ConfirmPurchases> {
    let ReconcileStores { ledger, outbox, gate, .. } = stores.clone();
    let (node, limits) = (OsRandomness.generation().to_string(), ReconcileLimits::default());
    let reconcile = Reconcile::new(stores, record.clone(), node, limits, Arc::new(|_| {}));
    let reconcile = Arc::new(reconcile);
    let drift_met: DriftMet = Arc::new(move |findings| {
        let reconcile = reconcile.clone();
        Box::pin(async move { reconcile.drift_met(findings).await })
    });
    let stores = ConfirmStores { ledger, outbox, gate };
    Arc::new(ConfirmPurchases::start(stores, level, ConfirmLimits::default(), drift_met))
}

pub(crate) fn sku(text: &str) -> Sku {
    Sku::parse(text).expect("a sku")
}

/// So many buyers' attempts for one unit each.
pub(crate) fn crowd(buyers: u32) -> Vec<Attempt> {
    (0..buyers).map(|number| attempt(&format!("buyer-{number}"), 1, 1)).collect()
}

/// An attempt that the gate takes and whose record the ledger refuses, by its trace.
pub(crate) fn poisoned(buyer: &str) -> Attempt {
    Attempt { traceparent: TraceParent::parse(POISON), ..attempt(buyer, 1, 1) }
}
