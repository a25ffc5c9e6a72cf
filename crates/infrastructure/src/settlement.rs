//! What becomes of the entries of one commit: the part that every ledger has in common.

use std::collections::{BTreeMap, HashMap, HashSet};

use stampede_application::ports::{CommitError, Entry, EntryBody, PortError, Settled};
use stampede_domain::{Epoch, Generation, PurchaseNo, RecordedPurchase, SaleId};

/// How a sale stands in the ledger while a commit holds its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It lives, and the entry is of its current epoch, or of one that is as good.
    Current,
    /// It lives in this epoch, and the entry is of another.
    OtherEpoch(Epoch),
    /// It is deleted, or the ledger never had it.
    Gone,
}

/// The purchases of one commit, sorted by what is to be done with them.
#[derive(Debug, Default)]
pub(crate) struct Sorted<'a> {
    /// To be inserted, by sale, in the order of the entries.
    pub(crate) to_insert: BTreeMap<SaleId, Vec<&'a RecordedPurchase>>,
    /// Not to be inserted: in the ledger already, or late.
    pub(crate) late: Vec<&'a RecordedPurchase>,
}

impl<'a> Sorted<'a> {
    /// Sorts all purchases of `entries` by how their sales stand.
    pub(crate) fn by_standing(
        entries: &'a [Entry],
        standing: impl Fn(&RecordedPurchase) -> Standing,
    ) -> Self {
        let mut sorted = Self::default();
        for entry in entries {
            let recorded = purchases(&entry.body);
            let Some(first) = recorded.first() else { continue };
            let of = |one: &RecordedPurchase| (one.sale.generation, one.epoch);
            debug_assert!(recorded.iter().all(|one| of(one) == of(first)), "as the port says");
            match standing(first) {
                Standing::Current => {
                    sorted.to_insert.entry(first.sale.clone()).or_default().extend(recorded);
                }
                Standing::OtherEpoch(_) | Standing::Gone => sorted.late.extend(recorded),
            }
        }
        sorted
    }
}

/// The generations that a commit of `entries` holds, each once.
///
/// # Errors
///
/// [`PortError::Inconsistent`] if an entry is one that the caller must keep out.
pub(crate) fn generations(
    store: &'static str,
    entries: &[Entry],
) -> Result<Vec<Generation>, CommitError> {
    let mut generations = Vec::new();
    for entry in entries {
        match &entry.body {
            EntryBody::Purchases(purchases) => {
                generations.extend(purchases.first().map(|first| first.sale.generation));
            }
            EntryBody::Change(change) => generations.push(change.sale.id.generation),
            EntryBody::Newer { .. } | EntryBody::Broken { .. } => {
                let unreadable = "an entry that cannot be read was given to the ledger";
                return Err(PortError::inconsistent(store, unreadable).into());
            }
        }
    }
    generations.sort_unstable();
    generations.dedup();
    Ok(generations)
}

/// Which of one sale's purchases were not there before a commit inserted them.
#[derive(Debug)]
pub(crate) enum Inserted {
    /// All of so many, each of which was named once: what nearly always happens.
    All(usize),
    /// These.
    These(HashSet<PurchaseNo>),
}

impl Inserted {
    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::These(numbers) => numbers.len(),
        }
    }

    /// Counts those among `recorded` and takes them out, so that of two entries with one purchase
    /// the first has inserted it.
    fn take(&mut self, recorded: &[RecordedPurchase]) -> usize {
        match self {
            Self::All(_) => recorded.len(),
            Self::These(numbers) => {
                recorded.iter().filter(|one| numbers.remove(&one.purchase.no())).count()
            }
        }
    }
}

/// What became of an entry's purchases, after those of [`Sorted::to_insert`] were inserted.
///
/// `inserted` has, by sale, what was not there before; `known` are the late ones that the ledger
/// has.
pub(crate) fn settle(
    recorded: &[RecordedPurchase],
    standing: impl Fn(&RecordedPurchase) -> Standing,
    inserted: &mut HashMap<Generation, Inserted>,
    known: &HashSet<PurchaseNo>,
) -> Settled {
    let nothing = Settled::Committed { inserted: 0 };
    let Some(first) = recorded.first() else { return nothing };
    let missing = || -> Vec<RecordedPurchase> {
        let missing = recorded.iter().filter(|one| !known.contains(&one.purchase.no()));
        missing.cloned().collect()
    };
    match standing(first) {
        Standing::Current => {
            let inserted = inserted.get_mut(&first.sale.generation);
            Settled::Committed { inserted: inserted.map_or(0, |new| new.take(recorded)) }
        }
        Standing::OtherEpoch(epoch) => match missing() {
            purchases if purchases.is_empty() => nothing,
            purchases => Settled::Stale { purchases, epoch },
        },
        Standing::Gone => match missing() {
            purchases if purchases.is_empty() => nothing,
            purchases => Settled::Orphaned(purchases),
        },
    }
}

/// The purchases that an entry carries.
fn purchases(body: &EntryBody) -> &[RecordedPurchase] {
    match body {
        EntryBody::Purchases(purchases) => purchases,
        EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. } => &[],
    }
}
