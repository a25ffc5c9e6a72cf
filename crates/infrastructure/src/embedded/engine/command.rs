//! What the engine is asked, and how it answers.

use stampede_application::ports::{
    Amended, Audit, Change, Changed, Held, HoldingsCursor, HoldingsPage, Judged, PortError,
    Readmission, Repaired, Snapshot,
};
use stampede_domain::{Attempt, BuyerId, Epoch, RecordedPurchase, Sale, SaleId, Shard, Version};
use tokio::sync::oneshot;

use crate::embedded::STORE;

/// Where an answer goes; whoever dropped the other end does not want it any more.
pub(in crate::embedded) type Reply<T> = oneshot::Sender<Result<T, PortError>>;

/// One question to the engine.
pub(in crate::embedded) enum Command {
    Decide { id: SaleId, batch: Vec<Attempt>, reply: Reply<Judged> },
    Open { sale: Box<Sale>, epoch: Epoch, reply: Reply<Snapshot> },
    Snapshot { id: SaleId, reply: Reply<Option<Snapshot>> },
    Purchases { id: SaleId, buyer: BuyerId, reply: Reply<Option<Held>> },
    Change { id: SaleId, change: Change, reply: Reply<Changed> },
    Amend { sale: Box<Sale>, seen: Version, reply: Reply<Amended> },
    Forget { id: SaleId, reply: Reply<()> },
    Holdings { id: SaleId, from: Option<HoldingsCursor>, reply: Reply<Option<HoldingsPage>> },
    Repair { id: SaleId, lost: Vec<RecordedPurchase>, reply: Reply<Vec<Repaired>> },
    Readmit { stale: Vec<RecordedPurchase>, reply: Reply<Vec<Readmission>> },
    Audit { id: SaleId, reply: Reply<Option<Audit>> },
    Listed { shard: Shard, reply: Reply<Vec<SaleId>> },
    Rebuild { id: SaleId, reply: Reply<Snapshot> },
}

impl Command {
    /// Says that we do not know.
    pub(super) fn refuse(self, error: PortError) {
        match self {
            Self::Decide { reply, .. } => drop(reply.send(Err(error))),
            Self::Open { reply, .. } | Self::Rebuild { reply, .. } => {
                drop(reply.send(Err(error)));
            }
            Self::Snapshot { reply, .. } => drop(reply.send(Err(error))),
            Self::Purchases { reply, .. } => drop(reply.send(Err(error))),
            Self::Change { reply, .. } => drop(reply.send(Err(error))),
            Self::Amend { reply, .. } => drop(reply.send(Err(error))),
            Self::Forget { reply, .. } => drop(reply.send(Err(error))),
            Self::Holdings { reply, .. } => drop(reply.send(Err(error))),
            Self::Repair { reply, .. } => drop(reply.send(Err(error))),
            Self::Readmit { reply, .. } => drop(reply.send(Err(error))),
            Self::Audit { reply, .. } => drop(reply.send(Err(error))),
            Self::Listed { reply, .. } => drop(reply.send(Err(error))),
        }
    }
}

/// What only the database can tell, since the sale is not in memory or not to be trusted there.
pub(super) enum Asking {
    Snapshot(SaleId, Reply<Option<Snapshot>>),
    Rebuild(SaleId, Reply<Snapshot>),
}

impl Asking {
    pub(super) fn id(&self) -> &SaleId {
        match self {
            Self::Snapshot(id, _) | Self::Rebuild(id, _) => id,
        }
    }

    /// Answers with the sale as it was read.
    pub(super) fn tell(self, read: Result<Option<Snapshot>, PortError>) {
        match self {
            Self::Snapshot(_, reply) => drop(reply.send(read)),
            Self::Rebuild(id, reply) => drop(reply.send(read.and_then(|snapshot| {
                let missing = || PortError::inconsistent(STORE, format!("there is no sale {id}"));
                snapshot.ok_or_else(missing)
            }))),
        }
    }
}

/// An answer that is ready and waits for the sync of what it rests on.
pub(super) struct Answer(Box<dyn FnOnce(Result<(), PortError>) + Send>);

impl Answer {
    pub(super) fn new<T: Send + 'static>(reply: Reply<T>, value: Result<T, PortError>) -> Self {
        Self(Box::new(move |synced| drop(reply.send(synced.and(value)))))
    }

    /// Tells the answer, or that we do not know because the sync failed.
    pub(super) fn tell(self, synced: Result<(), PortError>) {
        (self.0)(synced);
    }
}
