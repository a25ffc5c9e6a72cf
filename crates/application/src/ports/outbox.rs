//! The outbox: what the gate accepted, on its way to the ledger.

use std::time::Duration;

use async_trait::async_trait;
use stampede_domain::{Epoch, Instant, PurchaseNo, RecordedPurchase, Sale, SaleId, Shard, Version};

use super::PortError;

/// The place of an entry in its shard's outbox; opaque to the caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntryId(pub String);

/// The changeable state of a sale after a change, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedChange {
    /// The sale with the change; what cannot change is as it was.
    pub sale: Sale,
    /// The life of the gate that made it.
    pub epoch: Epoch,
    /// The version that it made; the ledger applies it only over a lower one.
    pub version: Version,
}

/// What one step of the gate has to tell the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryBody {
    /// The accepted attempts of one batch, in order, all of one sale and one epoch.
    Purchases(Vec<RecordedPurchase>),
    /// A change of a sale.
    Change(Box<RecordedChange>),
    /// Written by a newer version of this program: neither done nor dropped, left for a worker
    /// that can read it.
    Newer {
        /// The format that it names.
        format: u64,
    },
    /// Not readable by any version: a fault of the data.
    Broken {
        /// The entry as it was found, for a person to read.
        raw: String,
        /// What is wrong with it.
        error: String,
    },
}

/// One entry of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands; `None` if it never was in the outbox.
    pub id: Option<EntryId>,
    /// What it says.
    pub body: EntryBody,
}

/// The place of a dead letter; opaque to the caller, safe in a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeadLetterId(pub String);

/// A purchase that cannot be recorded, raised for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The purchase; `None` if the entry was not readable.
    pub purchase: Option<RecordedPurchase>,
    /// The entry as it was found, for what was not readable.
    pub raw: Option<String>,
    /// What the ledger said.
    pub error: String,
}

impl DeadLetter {
    /// A purchase, raised for this reason.
    #[must_use]
    pub fn of(purchase: RecordedPurchase, error: &str) -> Self {
        Self { purchase: Some(purchase), raw: None, error: error.to_owned() }
    }

    /// An entry without a purchase that could be read, as it was found.
    #[must_use]
    pub fn unreadable(raw: String, error: &str) -> Self {
        Self { purchase: None, raw: Some(raw), error: error.to_owned() }
    }
}

/// Whether a purchase has become a dead letter only now. Whoever hears that it has counts it as
/// lost, so that it is counted once, whoever else meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raised {
    /// This call wrote its letter.
    Now,
    /// Its letter lay there before.
    Before,
}

/// What became of a purchase that another life of the gate accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readmission {
    /// The gate has it, now or already; a new entry carries it to the ledger if need be.
    Adopted,
    /// It was accepted and lost, and there is no place left for it.
    Refused(NoPlace),
}

/// Why a purchase that another life of the gate accepted has no place in the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// Its sale is no more.
    SaleGone,
    /// Its buyer repeated the attempt, and holds another purchase by the same key.
    BoughtAgain,
    /// Its buyer would hold more than the limit.
    OverLimit,
    /// No unit is left.
    SoldOut,
}

impl NoPlace {
    /// What a person is told who is to decide. Whether the buyer was ever answered is not known.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SaleGone => "accepted at the gate, lost in a fault: its sale is no more",
            Self::BoughtAgain => {
                "accepted at the gate, lost in a fault: \
                 its buyer holds another purchase by the same key"
            }
            Self::OverLimit => {
                "accepted at the gate, lost in a fault: its buyer would hold more than the limit"
            }
            Self::SoldOut => "accepted at the gate, lost in a fault: no unit is left",
        }
    }
}

/// Accepted purchases and changes on their way from gate to ledger.
///
/// An implementation MUST:
///
/// * keep an entry until [`done`](Self::done), through any crash of a worker or node;
/// * never hand one entry to two consumers, except by [`take_over`](Self::take_over);
/// * remove an entry in one atomic step, so that none is left half removed.
///
/// Entries come at least once: recording them is idempotent. Order is not required.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// The shards that have a reader each; fixed.
    fn shards(&self) -> Vec<Shard>;

    /// What `consumer` may record next, until about `rows_max` purchases are in hand: first what
    /// it held in an earlier life, then new entries. Waits up to `wait` for the first; with no
    /// `wait` it brings what is there.
    ///
    /// It may be called while what the last read brought is in hand. What was handed out by a
    /// take-over, or by the read before that one, is done or given up first: it may come again.
    /// What is given up comes again by a take-over, so that it keeps nothing new waiting.
    ///
    /// # Errors
    ///
    /// [`PortError`]; nothing is lost.
    async fn read(
        &self,
        shard: Shard,
        consumer: &str,
        rows_max: usize,
        wait: Duration,
    ) -> Result<Vec<Entry>, PortError>;

    /// Takes over what a consumer, another or this one, has held for longer than `idle` without
    /// renewing it. Repeated, it comes to all of that in turn.
    ///
    /// # Errors
    ///
    /// [`PortError`]; nothing is lost.
    async fn take_over(
        &self,
        shard: Shard,
        consumer: &str,
        idle: Duration,
    ) -> Result<Vec<Entry>, PortError>;

    /// Tells that `consumer` still works on these entries.
    ///
    /// # Errors
    ///
    /// [`PortError`]; another consumer may take them over, which is harmless.
    async fn renew(&self, shard: Shard, consumer: &str, ids: &[EntryId]) -> Result<(), PortError>;

    /// Removes recorded entries. Repeating it is harmless.
    ///
    /// # Errors
    ///
    /// [`PortError`]; the entries may come again.
    async fn done(&self, shard: Shard, ids: &[EntryId]) -> Result<(), PortError>;

    /// Offers purchases of another epoch to the gate in the life `epoch`, which the ledger is in.
    /// One answer each, in order.
    ///
    /// What a gate holds in another life than the ledger's is on its way nowhere, so that such a
    /// gate adopts nothing: it is restored, and the purchases are to be committed once more.
    ///
    /// # Errors
    ///
    /// [`PortError`]; repeating it is harmless. [`PortError::Unavailable`] also if ledger or gate
    /// is not in that life any more: what is not in the ledger by now is stale in another.
    async fn readmit(
        &self,
        stale: &[RecordedPurchase],
        epoch: Epoch,
    ) -> Result<Vec<Readmission>, PortError>;

    /// The entries of one sale that are not done, in anybody's hand or in none, oldest first, at
    /// most `entries_max`. Of whichever store is asked: that there are none proves nothing.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn waiting(&self, id: &SaleId, entries_max: usize) -> Result<Vec<Entry>, PortError>;

    /// The same as its gate in the life `epoch` has it; `None` if another life is met, or none,
    /// whose outbox proves nothing of this one's: it may be another store's, or lack what a fault
    /// took.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn waiting_in(
        &self,
        id: &SaleId,
        epoch: Epoch,
        entries_max: usize,
    ) -> Result<Option<Vec<Entry>>, PortError>;

    /// Entries of one shard that were accepted before `before`, in whosever hand or in none, oldest
    /// first, at most `entries_max`; of a change that says no instant, as if it were old.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn overdue(
        &self,
        shard: Shard,
        before: Instant,
        entries_max: usize,
    ) -> Result<Vec<Entry>, PortError>;

    /// Entries that are not done, over all shards.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn depth(&self) -> Result<u64, PortError>;

    /// Raises a purchase, where the engine keeps such most safely. Repeated, by whomever, the
    /// first letter stays as it is; of an entry that was not readable, or while the safer place is
    /// away, it may be raised twice.
    ///
    /// # Errors
    ///
    /// [`PortError`]; the entry stays in the outbox.
    async fn raise(&self, shard: Shard, letter: &DeadLetter) -> Result<Raised, PortError>;

    /// Dead letters of all shards, after `after`, at most `limit`: those of the outbox oldest
    /// first, before them those that the engine keeps in a safer place, oldest first too.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn dead_letters(
        &self,
        after: Option<&DeadLetterId>,
        limit: usize,
    ) -> Result<Vec<(DeadLetterId, DeadLetter)>, PortError>;

    /// One dead letter; `None` if there is none of that id.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn dead_letter(&self, id: &DeadLetterId) -> Result<Option<DeadLetter>, PortError>;

    /// Removes a dead letter; `None` if there is none of that id. The caller has recorded its
    /// purchase, or voided it.
    ///
    /// # Errors
    ///
    /// [`PortError`].
    async fn take_dead_letter(&self, id: &DeadLetterId) -> Result<Option<DeadLetter>, PortError>;
}

impl EntryBody {
    /// The sale that it is of; `None` if it is not readable.
    #[must_use]
    pub fn sale(&self) -> Option<&SaleId> {
        match self {
            Self::Purchases(purchases) => purchases.first().map(|first| &first.sale),
            Self::Change(change) => Some(&change.sale.id),
            Self::Newer { .. } | Self::Broken { .. } => None,
        }
    }

    /// Numbers of the purchases that it carries.
    pub fn purchase_numbers(&self) -> impl Iterator<Item = PurchaseNo> {
        let purchases = match self {
            Self::Purchases(purchases) => purchases.as_slice(),
            Self::Change(_) | Self::Newer { .. } | Self::Broken { .. } => &[],
        };
        purchases.iter().map(|recorded| recorded.purchase.no())
    }
}
