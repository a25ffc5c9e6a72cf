//! What becomes of the entries of one commit: the part that every ledger has in common.

use std::collections::{BTreeMap, HashSet};

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
        for recorded in entries.iter().flat_map(|entry| purchases(&entry.body)) {
            match standing(recorded) {
                Standing::Current => {
                    sorted.to_insert.entry(recorded.sale.clone()).or_default().push(recorded);
                }
                Standing::OtherEpoch(_) | Standing::Gone => sorted.late.push(recorded),
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
                generations.extend(purchases.iter().map(|recorded| recorded.sale.generation));
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

/// What became of an entry's purchases, after those of [`Sorted::to_insert`] were inserted.
///
/// `inserted` are the numbers that were not there before; each is counted once and taken out, so
/// that of two entries with one purchase the first has inserted it. `known` are the late ones that
/// the ledger has.
pub(crate) fn settle(
    recorded: &[RecordedPurchase],
    standing: impl Fn(&RecordedPurchase) -> Standing,
    inserted: &mut HashSet<PurchaseNo>,
    known: &HashSet<PurchaseNo>,
) -> Settled {
    let (mut count, mut stale, mut orphaned) = (0, None, Vec::new());
    for one in recorded {
        let number = one.purchase.no();
        match standing(one) {
            Standing::Current => count += usize::from(inserted.remove(&number)),
            Standing::OtherEpoch(epoch) if !known.contains(&number) => {
                stale.get_or_insert((epoch, Vec::new())).1.push(one.clone());
            }
            Standing::Gone if !known.contains(&number) => orphaned.push(one.clone()),
            Standing::OtherEpoch(_) | Standing::Gone => {}
        }
    }
    // An entry is of one sale and epoch, so at most one of the three has anything in it.
    if !orphaned.is_empty() {
        Settled::Orphaned(orphaned)
    } else if let Some((epoch, purchases)) = stale {
        Settled::Stale { purchases, epoch }
    } else {
        Settled::Committed { inserted: count }
    }
}

/// The purchases that an entry carries.
fn purchases(body: &EntryBody) -> &[RecordedPurchase] {
    match body {
        EntryBody::Purchases(purchases) => purchases,
        EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. } => &[],
    }
}
