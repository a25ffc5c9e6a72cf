//! Operations ask whether this node can work.

use std::{sync::Arc, time::Duration};

use stampede_domain::Acknowledgement;
use tokio::time::{Instant, timeout};

use crate::ports::{Durability, Ledger, PortError, ReconciliationRun, StoreProbe, Worth};

/// How one store answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreHealth {
    /// The store's name.
    pub name: &'static str,
    /// How long it took, in milliseconds; `None` if it did not answer.
    pub latency_ms: Option<u64>,
}

/// How this node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthReport {
    /// Every store, in a fixed order.
    pub stores: Vec<StoreHealth>,
    /// How long this process has run, in seconds.
    pub uptime_s: u64,
    /// The newest reconciliation, if the ledger answers and there was one.
    pub last_reconciliation: Option<ReconciliationRun>,
    /// What an acknowledgement is worth here; `None` while a store does not say.
    pub worth: Option<Worth>,
}

impl HealthReport {
    /// Whether every store answers.
    #[must_use]
    pub fn healthy(&self) -> bool {
        self.stores.iter().all(|store| store.latency_ms.is_some())
    }
}

/// How long a store may take before it counts as down.
const PING_MAX: Duration = Duration::from_secs(1);
/// Runs on record among which the newest of all sales is looked for.
const RUNS_LOOKED_THROUGH_MAX: usize = 100;

/// Checks the stores.
pub struct CheckHealth {
    started: Instant,
    gate_store: Arc<dyn StoreProbe>,
    ledger_store: Option<Arc<dyn StoreProbe>>,
    ledger: Arc<dyn Ledger>,
    durability: Arc<dyn Durability>,
    /// What every answer of this node must have survived.
    level: Acknowledgement,
}

impl CheckHealth {
    /// Over the gate's store, and the ledger's where that is another.
    #[must_use]
    pub fn new(
        gate_store: Arc<dyn StoreProbe>,
        ledger_store: Option<Arc<dyn StoreProbe>>,
        ledger: Arc<dyn Ledger>,
        durability: Arc<dyn Durability>,
        level: Acknowledgement,
    ) -> Self {
        Self { started: Instant::now(), gate_store, ledger_store, ledger, durability, level }
    }

    /// Asks every store at once; bounded to about a second.
    pub async fn report(&self) -> HealthReport {
        let ledger_store = async {
            match &self.ledger_store {
                Some(store) => Some(health(store.as_ref()).await),
                None => None,
            }
        };
        let last_run = timeout(PING_MAX, self.last_run_of_all());
        let worth = timeout(PING_MAX, self.durability.worth());
        let (gate, ledger, run, worth) =
            tokio::join!(health(self.gate_store.as_ref()), ledger_store, last_run, worth);
        HealthReport {
            stores: std::iter::once(gate).chain(ledger).collect(),
            uptime_s: self.started.elapsed().as_secs(),
            last_reconciliation: run.ok().and_then(Result::ok).flatten(),
            worth: worth.ok().and_then(Result::ok),
        }
    }

    /// What workers note in between says nothing of how reconciliation goes.
    async fn last_run_of_all(&self) -> Result<Option<ReconciliationRun>, PortError> {
        let newest = self.ledger.runs(None, RUNS_LOOKED_THROUGH_MAX).await?;
        Ok(newest.into_iter().map(|(_, run)| run).find(ReconciliationRun::is_of_all))
    }

    /// Whether this node can answer attempts: at level `gate` the ledger may be away.
    pub async fn ready(&self) -> bool {
        let ledger_store = async {
            match &self.ledger_store {
                Some(store) if self.level == Acknowledgement::Ledger => {
                    answers(store.as_ref()).await
                }
                Some(_) | None => true,
            }
        };
        let (gate, ledger) = tokio::join!(answers(self.gate_store.as_ref()), ledger_store);
        gate && ledger
    }
}

async fn answers(store: &dyn StoreProbe) -> bool {
    health(store).await.latency_ms.is_some()
}

async fn health(store: &dyn StoreProbe) -> StoreHealth {
    let asked = Instant::now();
    let answered = timeout(PING_MAX, store.ping()).await.is_ok_and(|ping| ping.is_ok());
    let latency_ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
    StoreHealth { name: store.name(), latency_ms: answered.then_some(latency_ms) }
}
