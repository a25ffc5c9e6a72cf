//! The embedded engine: gate, journal and feed over a folder of each test's own.

#[path = "embedded/clocks.rs"]
mod clocks;
#[path = "embedded/faults.rs"]
mod faults;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use stampede_application::{
    live_sales::{Freshness, LiveSales},
    ports::{Catalogue, Clock, Ledger, Outbox, Randomness, SaleFeed, SaleGate},
};
use stampede_domain::Instant;
use stampede_infrastructure::embedded::{
    EmbeddedCatalogue, EmbeddedDatabase, EmbeddedEngine, EmbeddedLedger, EngineLimits, EngineParts,
    OpenError,
};
use stampede_testkit::{builders::OffsetClock, suites::Harness};
use tempfile::TempDir;

/// A clock that stands still: sales lie hours around it.
struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Instant {
        Instant::from_millis(1_771_149_600_000)
    }
}

/// Counts, so that a test does the same each time.
#[derive(Default)]
struct Counting(AtomicU8);

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

/// An engine that runs over a folder.
pub(crate) struct Node {
    engine: EmbeddedEngine,
    database: EmbeddedDatabase,
    catalogue: Arc<EmbeddedCatalogue>,
    clock: Arc<OffsetClock>,
    /// Dropped last: the folder of a test that opens it once.
    _folder: Option<TempDir>,
}

impl Node {
    /// Starts as the server does.
    pub(crate) async fn start(folder: &Path) -> Self {
        Self::start_with(folder, EngineLimits::default()).await
    }

    async fn start_with(folder: &Path, limits: EngineLimits) -> Self {
        let database = open(folder).await;
        let catalogue = Arc::new(EmbeddedCatalogue::new(database.clone(), 10_000));
        let clock = Arc::new(OffsetClock::over(Arc::new(StoppedClock), 0));
        let parts = EngineParts {
            database: database.clone(),
            catalogue: catalogue.clone(),
            clock: clock.clone(),
            randomness: Arc::new(Counting::default()),
        };
        let engine = EmbeddedEngine::start(parts, limits).await;
        let engine = engine.expect("the engine starts");
        Self { engine, database, catalogue, clock, _folder: None }
    }
}

/// Opens a folder that a node which was dropped may still be about to let go: its task ends at
/// the next turn of this test's runtime.
async fn open(folder: &Path) -> EmbeddedDatabase {
    for _ in 0..1_000 {
        match EmbeddedDatabase::open(folder).await {
            Err(OpenError::Taken { .. }) => tokio::task::yield_now().await,
            opened => return opened.expect("the database opens"),
        }
    }
    panic!("{} stays taken", folder.display())
}

/// A node over a folder that goes with the test.
async fn embedded() -> Node {
    let folder = tempfile::tempdir().expect("a folder");
    let node = Node::start(folder.path()).await;
    Node { _folder: Some(folder), ..node }
}

impl Harness for Node {
    fn gate(&self) -> Arc<dyn SaleGate> {
        self.engine.gate()
    }

    fn outbox(&self) -> Arc<dyn Outbox> {
        self.engine.outbox()
    }

    fn outbox_after_restart(&self) -> Arc<dyn Outbox> {
        // Who holds what is known to the outbox's value alone, and ends with the process.
        self.engine.outbox()
    }

    fn catalogue(&self) -> Arc<dyn Catalogue> {
        self.catalogue.clone()
    }

    fn ledger(&self) -> Arc<dyn Ledger> {
        Arc::new(EmbeddedLedger::new(self.database.clone()))
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn feed(&self) -> Arc<dyn SaleFeed> {
        self.engine.feed()
    }

    fn live_sales(&self) -> Arc<LiveSales> {
        Arc::new(LiveSales::new(self.clock.clone(), Freshness::Always))
    }
}

mod sale_gate {
    use super::embedded;
    stampede_testkit::sale_gate_suite!(embedded(), 200);
}

mod outbox {
    use super::embedded;
    stampede_testkit::outbox_suite!(embedded());
}

mod sale_feed {
    use super::embedded;
    stampede_testkit::sale_feed_suite!(embedded());
}

mod later_work {
    use super::embedded;
    stampede_testkit::later_work_suite!(embedded());
}
