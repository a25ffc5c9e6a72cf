//! Makes a closed sale anew from the ledger and what this Redis still holds.
//!
//! The steps of the protocol: 1 take the next epoch in the ledger, from which on no older entry
//! commits; 2 take the gate for it; 3 give the ledger what only the gate held; 4 read the ledger;
//! 5 write the gate; 6 open. Every step demands that epoch, and that the gate is still in the life
//! that step 2 closed; a crash leaves the sale closed, and the next node takes the next epoch.
//! One restore of a sale runs in a node at a time; callers share it.

mod admission;
mod steps;
mod survivors;
mod watch;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use redis::Cmd;
use stampede_application::ports::{CatalogueRow, Causes, PortError, Randomness, Rebuilt};
use stampede_domain::{Epoch, Generation, SaleId};
use tokio::time;

use self::steps::Run;
pub use self::watch::{LogRestores, RestoreOutcome, RestoreReason, RestoreStep, RestoreWatch};
use super::{
    clock::RedisClock,
    failure::{NotNow, inconsistent},
    fence::{Refusal, Reply},
    head::State,
    link::Link,
    registry::{KnownSale, Registry},
    script::{Call, FORGET, SNAPSHOT, send},
};
use crate::postgres::PostgresLedger;

/// How long the head of a deleted sale is kept, so that late lanes hear that it is gone.
const DELETED_HEAD_MILLIS: u64 = 600_000;
/// Purchases read from the ledger and written to the gate at a time.
const CHUNK: usize = 256;

/// How a restore ended.
#[derive(Clone, Debug)]
pub(super) enum Restored {
    /// The sale is open.
    Open(Box<Rebuilt>),
    /// The ledger has no such sale.
    Gone,
}

type Flight = Shared<BoxFuture<'static, Result<Restored, PortError>>>;

/// Restores the sales of a node.
pub(super) struct Restorer {
    link: Arc<Link>,
    ledger: PostgresLedger,
    registry: Arc<Registry>,
    randomness: Arc<dyn Randomness>,
    /// What runs on record are dated by, and the life of this process, which they name.
    clock: Arc<RedisClock>,
    node: String,
    watch: Arc<dyn RestoreWatch>,
    response_timeout_ms: i64,
    /// The longest that a caller waits; the restore goes on without it.
    wait: Duration,
    /// Restores at work, so that callers join instead of competing.
    flights: Mutex<HashMap<Generation, Flight>>,
}

/// What a restorer is made of.
pub(super) struct Parts {
    pub(super) link: Arc<Link>,
    pub(super) ledger: PostgresLedger,
    pub(super) registry: Arc<Registry>,
    pub(super) randomness: Arc<dyn Randomness>,
    pub(super) clock: Arc<RedisClock>,
    pub(super) node: String,
    pub(super) watch: Arc<dyn RestoreWatch>,
    pub(super) response_timeout: Duration,
    pub(super) wait: Duration,
}

impl Restorer {
    pub(super) fn new(parts: Parts) -> Self {
        let millis = i64::try_from(parts.response_timeout.as_millis()).unwrap_or(i64::MAX);
        Self {
            link: parts.link,
            ledger: parts.ledger,
            registry: parts.registry,
            randomness: parts.randomness,
            clock: parts.clock,
            node: parts.node,
            watch: parts.watch,
            response_timeout_ms: millis,
            wait: parts.wait,
            flights: Mutex::default(),
        }
    }

    /// The ledger, where a restore raises its dead letters.
    pub(super) fn ledger(&self) -> &PostgresLedger {
        &self.ledger
    }

    /// The sale as the ledger has it; `None` if there is no such sale, or it is deleted.
    pub(super) async fn recorded(&self, id: &SaleId) -> Result<Option<CatalogueRow>, PortError> {
        let found = self.ledger.restorable(id).await?;
        Ok(found.filter(|found| !found.deleted).map(|found| found.row))
    }

    /// Restores a sale that was met closed or in another life than the ledger's, `head` being what
    /// its gate says of its epoch; joins the one at work, and waits for it up to the limit.
    pub(super) async fn restore(
        self: &Arc<Self>,
        sale: &Arc<KnownSale>,
        head: Option<Epoch>,
        reason: RestoreReason,
    ) -> Result<Restored, PortError> {
        let flight = self.flight(sale, head, reason);
        match time::timeout(self.wait, flight).await {
            Ok(restored) => restored,
            Err(_) => Err(NotNow::Restoring.into()),
        }
    }

    /// Restores a sale that is open but wrong.
    pub(super) async fn rebuild(
        self: &Arc<Self>,
        sale: &Arc<KnownSale>,
    ) -> Result<Restored, PortError> {
        self.restore(sale, None, RestoreReason::Drift).await
    }

    /// The restore at work, or a new one, which a task of its own drives to its end.
    fn flight(
        self: &Arc<Self>,
        sale: &Arc<KnownSale>,
        head: Option<Epoch>,
        reason: RestoreReason,
    ) -> Flight {
        let mut flights = self.flights();
        if let Some(flight) = flights.get(&sale.id.generation) {
            return flight.clone();
        }
        let (restorer, sale) = (self.clone(), sale.clone());
        let generation = sale.id.generation;
        let flight = async move {
            let outcome = restorer.run(&sale, head, reason).await;
            restorer.flights().remove(&generation);
            let ended = match &outcome {
                Ok(Restored::Open(_)) => RestoreOutcome::Open,
                Ok(Restored::Gone) => RestoreOutcome::Gone,
                Err(error) => RestoreOutcome::Failed(error.clone()),
            };
            restorer.watch.ended(&sale.id, reason, &ended);
            outcome
        };
        let flight = flight.boxed().shared();
        flights.insert(generation, flight.clone());
        tokio::spawn(flight.clone());
        flight
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Generation, Flight>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(
        &self,
        sale: &Arc<KnownSale>,
        mut head: Option<Epoch>,
        reason: RestoreReason,
    ) -> Result<Restored, PortError> {
        let id = &sale.id;
        self.watch.reached(id, RestoreStep::Begun).await?;
        let (row, opened) = match self.ledger.restorable(id).await? {
            Some(found) if !found.deleted => (found.row, found.opened),
            // A deletion that got no further than the ledger is finished here.
            Some(tombstone) => {
                self.forget(id, tombstone.row.epoch).await?;
                return Ok(Restored::Gone);
            }
            None => {
                self.registry.remove(id);
                return Ok(Restored::Gone);
            }
        };
        // Another node may have restored it since; and the number must rise above the head's.
        match self.look(sale).await? {
            Look::Open(state) if reason != RestoreReason::Drift && state.epoch == row.epoch => {
                sale.set_epoch(state.epoch);
                let rebuilt = Rebuilt { snapshot: state.snapshot, raised: 0 };
                return Ok(Restored::Open(Box::new(rebuilt)));
            }
            Look::Open(state) => head = Some(state.epoch),
            Look::Closed(epoch) => head = epoch.or(head),
        }
        let (seen, nonce) = (row.epoch, self.randomness.nonce());
        let above = head.map_or(0, |head| head.number);
        let Some(epoch) = self.ledger.take_epoch(id, seen, above, nonce).await? else {
            return Err(NotNow::RestoredElsewhere.into());
        };
        self.watch.reached(id, RestoreStep::Taken).await?;
        let run = Run::of(self, sale, epoch);
        let kept = run.close(opened).await?;
        self.watch.reached(id, RestoreStep::Closed).await?;
        if let Some(kept) = kept {
            run.keep_change(&row, kept).await?;
        }
        self.watch.reached(id, RestoreStep::ChangeKept).await?;
        // With a limit of one nobody's purchases have an order.
        if row.sale.limit_per_buyer > 1 && !self.ledger.close_gaps(id, epoch).await? {
            return Err(NotNow::RestoredElsewhere.into());
        }
        let restored = self.fill(&run, head.unwrap_or(seen)).await;
        // Whatever came of it, and not while the sale is closed.
        run.record_refused().await;
        restored
    }

    /// Gives the gate what it and the ledger have of the sale, and opens it.
    async fn fill(&self, run: &Run<'_>, left: Epoch) -> Result<Restored, PortError> {
        let (id, epoch) = (&run.sale.id, run.epoch);
        run.give_survivors(left).await?;
        self.watch.reached(id, RestoreStep::SurvivorsGiven).await?;
        let counted = run.refill().await?;
        let state = run.reopen(&counted).await?;
        run.sale.set_epoch(epoch);
        self.watch.reached(id, RestoreStep::Opened).await?;
        if let Err(error) = self.ledger.end_restore(id, epoch).await {
            // It lapses by itself; until then a second fault waits.
            tracing::warn!(sale = %id, error = %Causes(&error),
                "a restore that is over could not be told");
        }
        tracing::info!(sale = %id, %epoch, purchases = counted.purchases, "restored a sale's gate");
        let rebuilt = Rebuilt { snapshot: state.snapshot, raised: run.raised() };
        Ok(Restored::Open(Box::new(rebuilt)))
    }

    /// Forgets a sale that the ledger has buried under `epoch`.
    pub(super) async fn forget(&self, id: &SaleId, epoch: Epoch) -> Result<(), PortError> {
        let known = self.registry.sale(id);
        let write = |command: &mut Cmd| {
            command.arg(epoch.first_version().0).arg(DELETED_HEAD_MILLIS);
        };
        let call = Call { script: &FORGET, size: (2, 0), write: &write };
        let sent = send(&self.link, self.response_timeout_ms, &known, Some(epoch), &call).await?;
        self.registry.remove(id);
        match sent.reply {
            Reply::Done(_) => Ok(()),
            Reply::Refused(Refusal::NotMaster) => {
                self.link.drop_broken(&sent.live).await;
                Err(NotNow::NotMaster.into())
            }
            Reply::Refused(_) => Err(NotNow::Late.into()),
        }
    }

    async fn look(&self, sale: &KnownSale) -> Result<Look, PortError> {
        let call = Call::plain(&SNAPSHOT);
        let sent = send(&self.link, self.response_timeout_ms, sale, None, &call).await?;
        match sent.reply {
            Reply::Done(value) => {
                Ok(Look::Open(Box::new(State::read(value).map_err(inconsistent)?)))
            }
            Reply::Refused(Refusal::Closed(head)) => Ok(Look::Closed(head)),
            Reply::Refused(refusal) => Err(not_mine(refusal)),
        }
    }
}

/// The gate as a restore finds it.
enum Look {
    Open(Box<State>),
    Closed(Option<Epoch>),
}

/// What a refusal means to a restore: it is over, and somebody begins anew.
fn not_mine(refusal: Refusal) -> PortError {
    match refusal {
        Refusal::Late => NotNow::Late,
        Refusal::NotMaster => NotNow::NotMaster,
        Refusal::Newer => NotNow::Newer,
        Refusal::OtherGeneration
        | Refusal::Deleted
        | Refusal::OtherEpoch(_)
        | Refusal::Closed(_) => NotNow::Interrupted,
    }
    .into()
}
