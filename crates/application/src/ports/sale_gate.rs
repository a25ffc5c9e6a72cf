//! The gate: what judges attempts and counts stock down.

use std::rc::Rc;

use async_trait::async_trait;
use stampede_domain::{
    Acknowledgement, Attempt, BuyerId, Decision, Epoch, Instant, Position, Purchase,
    RecordedPurchase, Sale, SaleId, Shard, Version,
};

use super::{BatchTook, Entry, PortError};

/// A sale as its gate has it at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The sale with all that an admin may have changed.
    pub sale: Sale,
    /// Units that nobody holds.
    pub stock: u32,
    /// Units sold and standing.
    pub sold: u32,
    /// Raised by every change; what is lower is older.
    pub version: Version,
}

/// What a gate made of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// The batch was judged.
    Decided {
        /// One for each attempt, in order. `None`: this attempt was sent twice and only the
        /// second answer is known, which the first may still contradict; it is not decided.
        decisions: Vec<Option<Decision>>,
        /// Units left after the batch.
        stock: u32,
        /// The sale's version after the batch.
        version: Version,
        /// What those need who see the batch recorded before they tell of it.
        trail: Trail,
    },
    /// This gate has no such sale, or another generation of it: the catalogue knows.
    UnknownSale,
}

/// What a batch leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// The life of the gate that judged.
    pub epoch: Epoch,
    /// What an answer that names a purchase must have survived: what the sale asks for, as its
    /// gate has it, or more if this node does.
    pub acknowledge: Acknowledgement,
    /// What the batch put into the outbox, as a worker reads it; `None` if nothing was accepted,
    /// or if the gate's own answer has survived as much already.
    pub entry: Option<Entry>,
}

/// All that one buyer bought, with what an answer that names it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Oldest first.
    pub purchases: Vec<Purchase>,
    /// The life of the gate that they were read in.
    pub epoch: Epoch,
    /// As [`Trail::acknowledge`].
    pub acknowledge: Acknowledgement,
}

/// A change of a running sale by an admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Accept nothing until resumed.
    Pause,
    /// Accept again.
    Resume,
    /// Accept nothing any more.
    End,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The change holds in the gate. It may be answered once `entry` is committed.
    Applied {
        /// The sale with the change.
        snapshot: Snapshot,
        /// The life of the gate in which it holds.
        epoch: Epoch,
        /// The whole changeable state, to be committed; its id is `None` if nothing changed,
        /// because the gate had it so already.
        entry: Entry,
    },
    /// The sale has ended: nothing changed.
    Ended {
        /// The sale as it ended.
        snapshot: Snapshot,
        /// The life of the gate in which it has.
        epoch: Epoch,
    },
    /// This gate has no such sale.
    UnknownSale,
}

/// What became of an amendment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amended {
    /// The sale reads as asked, with this version.
    Applied(Version),
    /// The sale is not upcoming by the gate's clock: nothing changed.
    NotUpcoming,
    /// The sale has another version than the one that was read: read again.
    Moved,
    /// The gate is in another life than its ledger, or has nothing of the sale; what it has is not
    /// what is on sale. Nothing changed, and it is to be aligned.
    OtherLife,
    /// This gate has no such sale.
    UnknownSale,
}

/// One buyer and all that they bought, oldest first.
pub type Holding = (BuyerId, Vec<Purchase>);

/// Where a scan over a gate's buyers goes on; opaque to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldingsCursor(pub String);

/// A part of a gate's buyers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldingsPage {
    /// Buyers of this part; a scan may name a buyer twice, and misses none that was there all along.
    pub holdings: Vec<Holding>,
    /// The life of the gate that they were read in.
    pub epoch: Epoch,
    /// Where to go on; `None` at the end.
    pub next: Option<HoldingsCursor>,
}

/// Counters of a gate, read in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The sale as the gate has it.
    pub snapshot: Snapshot,
    /// Whether stock, sold, initial stock and the number of buyers fit together.
    pub consistent: bool,
    /// The life of the gate.
    pub epoch: Epoch,
    /// The last place that was given in this life.
    pub position: Position,
    /// The time by which the gate judges: its store's, which for a gate never goes back.
    pub at: Instant,
}

/// What became of a purchase that the gate had lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repaired {
    /// It is in the gate again.
    Added,
    /// The gate had it already.
    Present,
    /// There is no unit or no room under the limit for it: the counters disagree.
    Refused,
}

/// A sale that was made anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// The sale as it is open again.
    pub snapshot: Snapshot,
    /// Purchases that found no place and became dead letters by it, which it has told of: unless
    /// there are none, nobody calls repaired what it was made anew for.
    pub raised: usize,
}

/// What became of a gate that was to be in its ledger's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aligned {
    /// It was.
    Already,
    /// It was not, or the caller knew an earlier life; now gate and ledger are in one.
    Restored,
    /// There is no such sale.
    Unknown,
}

/// What judges attempts and counts stock down.
///
/// An implementation MUST hold under any number of lanes and nodes:
///
/// * the units standing never exceed the sale's initial stock;
/// * the same attempt key of the same buyer gets the same purchase and takes stock once;
/// * an accepted attempt, and a change, is in the outbox or the ledger in the same atomic step;
/// * from the answer to a change on, every lane of every node judges by it;
/// * when it cannot know, it says [`PortError`], and never a decision.
#[async_trait]
pub trait SaleGate: Send + Sync {
    /// What an answered purchase has survived.
    fn acknowledges(&self) -> Acknowledgement;

    /// Units, about, that the gate has memory for beyond what it holds; `None` if it knows no
    /// limit.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`].
    async fn room(&self) -> Result<Option<u64>, PortError>;

    /// A lane for the calling thread; connects when first used.
    fn lane(&self) -> Rc<dyn GateLane>;

    /// Opens a sale that the catalogue has just recorded under `epoch`. Repeating it is harmless.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`]; the catalogue has the sale, and the gate opens it later.
    async fn open(&self, sale: &Sale, epoch: Epoch) -> Result<Snapshot, PortError>;

    /// The sale as it stands; `None` if this gate has no such sale. Repairs what it finds closed.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] while the sale is closed.
    async fn snapshot(&self, id: &SaleId) -> Result<Option<Snapshot>, PortError>;

    /// The buyer's purchases, correct from the instant they were answered; `None` if this gate has
    /// no such sale.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] while the sale is closed.
    async fn purchases(&self, id: &SaleId, buyer: &BuyerId) -> Result<Option<Held>, PortError>;

    /// Changes a sale in one atomic step. Repeating it is harmless.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] leaves open whether it holds.
    async fn change(&self, id: &SaleId, change: Change) -> Result<Changed, PortError>;

    /// Replaces the definition of an upcoming sale that still has the version `seen`, its stock
    /// with it. The caller holds the catalogue's row, which is in `epoch`.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] leaves open whether it holds.
    async fn amend(&self, sale: &Sale, epoch: Epoch, seen: Version) -> Result<Amended, PortError>;

    /// Forgets a sale that was ended, drained and buried in the catalogue under `epoch`.
    /// Repeating it is harmless.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`]; repeat it.
    async fn forget(&self, id: &SaleId, epoch: Epoch) -> Result<(), PortError>;

    /// The sales of one shard that this gate has and does not call deleted, whatever the ledger
    /// says. One round trip.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`].
    async fn listed(&self, shard: Shard) -> Result<Vec<SaleId>, PortError>;

    /// Accepts and answers nothing more of a sale that the ledger does not know, and loses nothing
    /// of it: once the ledger knows it, whoever meets the sale makes it anew. Repeating it is
    /// harmless.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`]; repeat it.
    async fn shut(&self, id: &SaleId) -> Result<(), PortError>;

    /// A part of the sale's buyers, at most about 1,000; `None` if this gate has no such sale.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] while the sale is closed.
    async fn holdings(
        &self,
        id: &SaleId,
        from: Option<&HoldingsCursor>,
    ) -> Result<Option<HoldingsPage>, PortError>;

    /// Adds purchases of the ledger that the gate had lost, with their units. One answer each.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`]; repeating it is harmless.
    async fn repair(
        &self,
        id: &SaleId,
        lost: &[RecordedPurchase],
    ) -> Result<Vec<Repaired>, PortError>;

    /// The sale's counters, read in one step; `None` if this gate has no such sale.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] while the sale is closed.
    async fn audit(&self, id: &SaleId) -> Result<Option<Audit>, PortError>;

    /// Sees to it that the gate is in the life that its ledger is in, which was `epoch` when the
    /// caller read it: a ledger that came back older makes the gate anew. One round trip if it is.
    /// A gate that cannot outlive its ledger always is.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] while the sale is closed.
    async fn align(&self, id: &SaleId, epoch: Epoch) -> Result<Aligned, PortError>;

    /// Closes the sale, makes it anew from the ledger and what this gate still holds, and opens it.
    /// It tells itself of what it refuses, by a dead letter and a run on record.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`]; the sale stays closed until somebody succeeds.
    async fn rebuild(&self, id: &SaleId) -> Result<Rebuilt, PortError>;
}

/// The gate as one worker thread holds it: a way of its own to the store, no lock, not `Send`.
#[async_trait(?Send)]
pub trait GateLane {
    /// Hears what a batch took and what came of it, at once after it was answered. For whoever
    /// measures; others have nothing to do.
    fn measured(&self, _batch: &BatchTook, _judged: &Result<Judged, PortError>) {}

    /// Decides `batch` (1 to 256 attempts) in order, as one atomic step in one round trip.
    ///
    /// # Errors
    ///
    /// [`PortError::Unavailable`] leaves open whether units were taken; repeating the same
    /// attempts (same keys, same bits) finds out.
    async fn decide(&self, id: &SaleId, batch: &[Attempt]) -> Result<Judged, PortError>;
}
