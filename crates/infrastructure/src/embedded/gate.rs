//! The gate of the embedded engine, as the use cases and the worker threads hold it.

use std::rc::Rc;

use async_trait::async_trait;
use stampede_application::ports::{
    Aligned, Amended, Audit, Change, Changed, GateLane, Held, HoldingsCursor, HoldingsPage, Judged,
    PortError, Rebuilt, Repaired, SaleGate, Snapshot,
};
use stampede_domain::{
    Acknowledgement, Attempt, BuyerId, Epoch, RecordedPurchase, Sale, SaleId, Shard, Version,
};

use super::engine::{Command, EngineHandle};

/// Asks the engine's task; every answer rests on what is synced.
pub(super) struct EmbeddedSaleGate {
    engine: EngineHandle,
}

/// A worker thread's way to the engine: one message a batch.
struct EmbeddedLane {
    engine: EngineHandle,
}

impl EmbeddedSaleGate {
    pub(super) fn new(engine: EngineHandle) -> Self {
        Self { engine }
    }
}

#[async_trait(?Send)]
impl GateLane for EmbeddedLane {
    async fn decide(&self, id: &SaleId, batch: &[Attempt]) -> Result<Judged, PortError> {
        let (id, batch) = (id.clone(), batch.to_vec());
        self.engine.ask(|reply| Command::Decide { id, batch, reply }).await
    }
}

#[async_trait]
impl SaleGate for EmbeddedSaleGate {
    /// The journal is as durable as the ledger: the same file, the same sync.
    fn acknowledges(&self) -> Acknowledgement {
        Acknowledgement::Ledger
    }

    /// The memory of a sale is reserved when it is opened.
    async fn room(&self) -> Result<Option<u64>, PortError> {
        Ok(None)
    }

    fn lane(&self) -> Rc<dyn GateLane> {
        Rc::new(EmbeddedLane { engine: self.engine.clone() })
    }

    async fn open(&self, sale: &Sale, epoch: Epoch) -> Result<Snapshot, PortError> {
        let sale = Box::new(sale.clone());
        self.engine.ask(|reply| Command::Open { sale, epoch, reply }).await
    }

    async fn snapshot(&self, id: &SaleId) -> Result<Option<Snapshot>, PortError> {
        let id = id.clone();
        self.engine.ask(|reply| Command::Snapshot { id, reply }).await
    }

    async fn purchases(&self, id: &SaleId, buyer: &BuyerId) -> Result<Option<Held>, PortError> {
        let (id, buyer) = (id.clone(), buyer.clone());
        self.engine.ask(|reply| Command::Purchases { id, buyer, reply }).await
    }

    async fn change(&self, id: &SaleId, change: Change) -> Result<Changed, PortError> {
        let id = id.clone();
        self.engine.ask(|reply| Command::Change { id, change, reply }).await
    }

    /// The epoch is not needed: this gate is always in its ledger's.
    async fn amend(&self, sale: &Sale, _epoch: Epoch, seen: Version) -> Result<Amended, PortError> {
        let sale = Box::new(sale.clone());
        self.engine.ask(|reply| Command::Amend { sale, seen, reply }).await
    }

    /// The epoch is not needed: a generation is never opened again once it is buried.
    async fn forget(&self, id: &SaleId, _epoch: Epoch) -> Result<(), PortError> {
        let id = id.clone();
        self.engine.ask(|reply| Command::Forget { id, reply }).await
    }

    async fn listed(&self, shard: Shard) -> Result<Vec<SaleId>, PortError> {
        self.engine.ask(|reply| Command::Listed { shard, reply }).await
    }

    /// The memory is made from the ledger's own file: what that knows is read again when it is
    /// asked for.
    async fn shut(&self, id: &SaleId) -> Result<(), PortError> {
        let id = id.clone();
        self.engine.ask(|reply| Command::Forget { id, reply }).await
    }

    async fn holdings(
        &self,
        id: &SaleId,
        from: Option<&HoldingsCursor>,
    ) -> Result<Option<HoldingsPage>, PortError> {
        let (id, from) = (id.clone(), from.cloned());
        self.engine.ask(|reply| Command::Holdings { id, from, reply }).await
    }

    async fn repair(
        &self,
        id: &SaleId,
        lost: &[RecordedPurchase],
    ) -> Result<Vec<Repaired>, PortError> {
        let (id, lost) = (id.clone(), lost.to_vec());
        self.engine.ask(|reply| Command::Repair { id, lost, reply }).await
    }

    async fn audit(&self, id: &SaleId) -> Result<Option<Audit>, PortError> {
        let id = id.clone();
        self.engine.ask(|reply| Command::Audit { id, reply }).await
    }

    /// The gate is made from the very file that the ledger lies in.
    async fn align(&self, id: &SaleId, _epoch: Epoch) -> Result<Aligned, PortError> {
        let known = self.snapshot(id).await?;
        Ok(known.map_or(Aligned::Unknown, |_| Aligned::Already))
    }

    /// What it has no unit for waits in journal or dead letters as before: nothing is refused.
    async fn rebuild(&self, id: &SaleId) -> Result<Rebuilt, PortError> {
        let id = id.clone();
        let snapshot = self.engine.ask(|reply| Command::Rebuild { id, reply }).await?;
        Ok(Rebuilt { snapshot, raised: 0 })
    }
}
