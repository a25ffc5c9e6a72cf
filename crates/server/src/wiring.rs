//! Puts the parts of one node together: adapters into use cases, use cases into what calls them.

use std::{fmt, sync::Arc};

use stampede_application::{
    Coalescer,
    live_sales::LiveSales,
    ports::{Randomness, SaleFeed},
    use_cases::{
        AttemptPurchase, ChangeSale, CheckHealth, ConfirmPurchases, ConfirmStores, CreateProduct,
        DeleteProduct, DriftMet, ExpireArchive, FindSale, HandleDeadLetters, LookUpPurchase,
        Reconcile, ReconcileStores, RecordPurchases, RunSeen, UpdateProduct, ViewProducts,
        ViewRuns, ViewSales, WatchSales,
    },
};
use stampede_domain::Acknowledgement;
use stampede_infrastructure::queue::{Queue, QueueMetrics, QueueParts};
use stampede_presentation::{AttemptFactory, UseCases};

use crate::{
    engine::{Ending, Engine},
    settings::Settings,
};

/// One node, ready to run.
pub struct Node {
    /// What the web layer calls.
    pub use_cases: UseCases,
    /// What this node shows.
    pub live: Arc<LiveSales>,
    /// What brings changes to it.
    pub feed: Arc<dyn SaleFeed>,
    /// The workers of outbox and reconciliation.
    pub queue: Queue,
    /// Compares gate and ledger.
    pub reconcile: Arc<Reconcile>,
    /// Removes what the archive need not keep any longer.
    pub expire_archive: ExpireArchive,
    /// Where keys come from.
    pub randomness: Arc<dyn Randomness>,
    /// How its engine ends.
    pub ending: Ending,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("ending", &self.ending).finish_non_exhaustive()
    }
}

impl Node {
    /// Makes the use cases over the engine's adapters.
    #[must_use]
    pub fn new(engine: Engine, settings: &Settings, metrics: QueueMetrics) -> Self {
        let Engine { gate, catalogue, ledger, outbox, feed, clock, randomness, .. } = &engine;
        let live = Arc::new(LiveSales::new(clock.clone(), engine.freshness));
        let find = Arc::new(FindSale::new(
            live.clone(),
            catalogue.clone(),
            gate.clone(),
            settings.lookups,
        ));
        let record = Arc::new(RecordPurchases::new(
            ledger.clone(),
            outbox.clone(),
            gate.clone(),
            settings.record,
        ));
        let node = engine.node.clone();
        let counting = metrics.clone();
        let seen: RunSeen = Arc::new(move |run| counting.reconciled(run));
        let reconcile = Arc::new(Reconcile::new(
            ReconcileStores {
                catalogue: catalogue.clone(),
                ledger: ledger.clone(),
                gate: gate.clone(),
                outbox: outbox.clone(),
                live: live.clone(),
            },
            record.clone(),
            node.clone(),
            settings.reconcile.limits,
            seen,
        ));
        let stores =
            ConfirmStores { ledger: ledger.clone(), outbox: outbox.clone(), gate: gate.clone() };
        let recording = reconcile.clone();
        let drift_met: DriftMet = Arc::new(move |findings| {
            let recording = recording.clone();
            Box::pin(async move { recording.drift_met(findings).await })
        });
        let (level, limits) = (settings.acknowledge, settings.confirm);
        let confirm = Arc::new(ConfirmPurchases::start(stores, level, limits, drift_met));
        let queue = Queue::new(
            QueueParts {
                outbox: outbox.clone(),
                record: record.clone(),
                reconcile: reconcile.clone(),
                live: live.clone(),
            },
            settings.reconcile.schedule.clone(),
            node,
            settings.queue.clone(),
            metrics,
        );
        let expire_archive =
            ExpireArchive::new(catalogue.clone(), clock.clone(), settings.retention_days);
        Self {
            use_cases: use_cases(&engine, settings, &live, &find, &record, &confirm, &reconcile),
            live,
            feed: feed.clone(),
            queue,
            reconcile,
            expire_archive,
            randomness: randomness.clone(),
            ending: engine.ending,
        }
    }
}

/// The use cases that people and shops call.
fn use_cases(
    engine: &Engine,
    settings: &Settings,
    live: &Arc<LiveSales>,
    find: &Arc<FindSale>,
    record: &Arc<RecordPurchases>,
    confirm: &Arc<ConfirmPurchases>,
    reconcile: &Arc<Reconcile>,
) -> UseCases {
    let Engine { gate, catalogue, ledger, outbox, clock, randomness, .. } = engine;
    UseCases {
        attempt_purchase: attempts(engine, settings, live, find, confirm),
        look_up_purchase: Arc::new(LookUpPurchase::new(
            find.clone(),
            gate.clone(),
            confirm.clone(),
        )),
        view_sales: Arc::new(ViewSales::new(live.clone(), find.clone())),
        watch_sales: Arc::new(WatchSales::new(live.clone(), find.clone())),
        create_product: Arc::new(CreateProduct::new(
            catalogue.clone(),
            gate.clone(),
            live.clone(),
            clock.clone(),
            randomness.clone(),
            confirm.level(Acknowledgement::Gate),
        )),
        view_products: Arc::new(ViewProducts::new(catalogue.clone(), gate.clone(), clock.clone())),
        update_product: Arc::new(UpdateProduct::new(
            catalogue.clone(),
            gate.clone(),
            live.clone(),
            clock.clone(),
        )),
        change_sale: Arc::new(ChangeSale::new(
            find.clone(),
            catalogue.clone(),
            gate.clone(),
            outbox.clone(),
            ledger.clone(),
            live.clone(),
            clock.clone(),
        )),
        delete_product: Arc::new(DeleteProduct::new(
            catalogue.clone(),
            gate.clone(),
            outbox.clone(),
            record.clone(),
            live.clone(),
            clock.clone(),
            randomness.clone(),
        )),
        handle_dead_letters: Arc::new(HandleDeadLetters::new(
            outbox.clone(),
            ledger.clone(),
            record.clone(),
            clock.clone(),
        )),
        reconcile: reconcile.clone(),
        view_runs: Arc::new(ViewRuns::new(ledger.clone())),
        check_health: Arc::new(CheckHealth::new(
            engine.gate_store.clone(),
            engine.ledger_store.clone(),
            ledger.clone(),
            engine.durability.clone(),
            settings.acknowledge,
        )),
        randomness: randomness.clone(),
    }
}

/// Makes attempts for the thread that asks: a lane of its own, and the coalescer over it.
fn attempts(
    engine: &Engine,
    settings: &Settings,
    live: &Arc<LiveSales>,
    find: &Arc<FindSale>,
    confirm: &Arc<ConfirmPurchases>,
) -> AttemptFactory {
    let (gate, randomness) = (engine.gate.clone(), engine.randomness.clone());
    let watch = engine.watch.clone();
    let (live, find, confirm) = (live.clone(), find.clone(), confirm.clone());
    let limits = settings.coalescer;
    Arc::new(move || {
        let lane = watch.lane(gate.lane());
        let coalescer = Coalescer::new(lane, live.clone(), confirm.clone(), limits);
        AttemptPurchase::new(coalescer, find.clone(), randomness.clone())
    })
}
