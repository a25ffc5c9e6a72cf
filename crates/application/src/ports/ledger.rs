//! The ledger: the durable record of purchases.

use std::{collections::HashSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use stampede_domain::{Epoch, Instant, Position, PurchaseNo, RecordedPurchase, SaleId};

use super::{DeadLetter, Entry, PortError, ReconciliationRun, RunId};

/// What became of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// All that it says is in the ledger, now or already.
    Committed {
        /// Purchases that were not there before.
        inserted: usize,
    },
    /// Another life of the gate than the ledger's accepted these, and the ledger has them not:
    /// they are to be offered to the gate in the ledger's. The rest of the entry is in the ledger.
    Stale {
        /// What the ledger has not.
        purchases: Vec<RecordedPurchase>,
        /// The life that the ledger is in.
        epoch: Epoch,
    },
    /// Their sale is deleted and they are not in its archive. The rest of the entry is.
    Orphaned(Vec<RecordedPurchase>),
    /// A change of another epoch, which nobody was told of: nothing to do.
    Dropped,
}

/// Why entries could not be committed; none of them was.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// The store has no answer: wait and repeat.
    #[error(transparent)]
    Port(#[from] PortError),
    /// Others hold the rows of these sales, at least one of the entries'; the rest can be
    /// committed without them. The entries of one sale have waited for its row for as long as a
    /// commit does; those of several have waited for none.
    #[error("others hold sales of the entries")]
    Busy {
        /// The sales whose entries are to wait.
        sales: Vec<SaleId>,
        /// What the store said.
        #[source]
        error: PortError,
    },
    /// The store refuses a value: one of the entries is poisoned, repeating will not help.
    #[error("the ledger refuses a value")]
    Data(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// An entry of the current epoch would break a constraint of the ledger: gate and ledger have
    /// drifted apart, and the sale must be rebuilt.
    #[error("the ledger refuses {constraint} of sale {sale}")]
    Drift {
        /// The sale that has drifted.
        sale: SaleId,
        /// The constraint that holds the invariant.
        constraint: String,
    },
}

/// What of some purchases is on record, and the life of the gate that the ledger is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnRecord {
    /// `None` if the ledger has no such sale, or it is deleted.
    pub epoch: Option<Epoch>,
    /// Those that stand, were cancelled, or lie in the archive; never what was only voided.
    pub numbers: HashSet<PurchaseNo>,
    /// Those that a person voided, so that they never will be on record.
    pub voided: HashSet<PurchaseNo>,
}

/// What became of a purchase that a person voided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voided {
    /// Nothing brings it back.
    Done,
    /// It is on record, and stays so: nothing was voided.
    Recorded,
}

/// The durable record of purchases.
///
/// An implementation MUST:
///
/// * commit an entry whole or not at all, and twice as if once;
/// * refuse what would let a sale's units exceed its stock or a buyer's its limit, whatever the
///   gate said: the ledger is the second line of these invariants;
/// * insert nothing of another epoch than the sale's current one.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Commits entries in one transaction: one answer each, in order. Entries that are `Newer` or
    /// `Broken` are the caller's to keep out.
    ///
    /// # Errors
    ///
    /// [`CommitError`]; nothing of the whole call is committed (or, for a lost answer, all of it).
    async fn commit(&self, entries: &[Entry]) -> Result<Vec<Settled>, CommitError>;

    /// Which of these purchases the ledger has, voided ones included.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn known(
        &self,
        id: &SaleId,
        numbers: &[PurchaseNo],
    ) -> Result<HashSet<PurchaseNo>, PortError>;

    /// Which of these purchases are on record: what an answer may name; and which never will be.
    /// One round trip that waits for nobody.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn on_record(&self, id: &SaleId, numbers: &[PurchaseNo]) -> Result<OnRecord, PortError>;

    /// Purchases of the sale whose positions lie behind `after`, up to `to`.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn count_between(
        &self,
        id: &SaleId,
        after: Position,
        to: Position,
    ) -> Result<u64, PortError>;

    /// Purchases of the sale by position, after `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn page(
        &self,
        id: &SaleId,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<RecordedPurchase>, PortError>;

    /// Remembers that a purchase was voided by a person, so that nothing brings it back; unless
    /// it is on record, which a commit at the same time never crosses.
    ///
    /// # Errors
    ///
    /// [`PortError`]; repeating it is harmless.
    async fn void(&self, letter: &DeadLetter, at: Instant) -> Result<Voided, PortError>;

    /// Puts a run on record; forgets old ones, those without findings first.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn record_run(&self, run: &ReconciliationRun) -> Result<RunId, PortError>;

    /// Runs on record before `before`, newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn runs(
        &self,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<(RunId, ReconciliationRun)>, PortError>;

    /// The newest run.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn last_run(&self) -> Result<Option<ReconciliationRun>, PortError> {
        Ok(self.runs(None, 1).await?.pop().map(|(_, run)| run))
    }

    /// Takes or renews the turn to reconcile, for so long; `false` if another node has it, or has
    /// ended it with a rest less than `rest` ago. A courtesy that saves nodes each other's work,
    /// and no fence: a node that froze finds that another has the turn. A ledger that one process
    /// alone may open has nobody to keep from it.
    ///
    /// # Errors
    ///
    /// [`PortError`]; repeating it is harmless.
    async fn take_turn(
        &self,
        node: &str,
        lasts: Duration,
        rest: Duration,
    ) -> Result<bool, PortError>;

    /// Gives up the turn, if it is this node's: with a rest for others if all was compared.
    ///
    /// # Errors
    ///
    /// [`PortError`]; the turn lapses.
    async fn end_turn(&self, node: &str, compared_all: bool) -> Result<(), PortError>;
}
