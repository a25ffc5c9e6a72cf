//! What waits to be confirmed, and what goes to the ledger as one.

use std::{collections::HashMap, sync::Arc};

use stampede_domain::{PurchaseNo, RecordedPurchase};
use tokio::sync::oneshot;

use super::Confirmed;
use crate::ports::{Entry, EntryBody, EntryId};

/// A batch or a lookup that waits to be confirmed.
pub(super) struct Request {
    /// What the batch put into the outbox.
    entry: Option<Entry>,
    /// Purchases that may be recorded already.
    named: Vec<RecordedPurchase>,
    rows: usize,
    /// Who waits may have gone.
    reply: oneshot::Sender<Arc<Confirmed>>,
}

impl Request {
    pub(super) fn new(
        entry: Option<Entry>,
        named: Vec<RecordedPurchase>,
        reply: oneshot::Sender<Arc<Confirmed>>,
    ) -> Self {
        let new = entry.as_ref().map_or(0, |entry| entry.body.purchase_numbers().count());
        Self { rows: named.len() + new, entry, named, reply }
    }

    /// Purchases that it is about.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Whether somebody is there to hear of it.
    pub(super) fn is_waited_for(&self) -> bool {
        !self.reply.is_closed()
    }
}

/// Requests of one sale that go to the ledger together, each purchase once.
#[derive(Default)]
pub(super) struct Gathered {
    /// What they put into the outbox.
    pub(super) new: HashMap<PurchaseNo, RecordedPurchase>,
    /// What else they name.
    pub(super) named: HashMap<PurchaseNo, RecordedPurchase>,
    /// Their entries, with what is in each.
    pub(super) entries: Vec<(EntryId, Vec<PurchaseNo>)>,
    pub(super) replies: Vec<oneshot::Sender<Arc<Confirmed>>>,
}

impl Gathered {
    pub(super) fn of(requests: Vec<Request>) -> Self {
        let mut gathered = Self::default();
        for Request { entry, named, reply, .. } in requests {
            if let Some(Entry { id, body: EntryBody::Purchases(purchases) }) = entry {
                let numbers = purchases.iter().map(|one| one.purchase.no()).collect();
                gathered.entries.extend(id.map(|id| (id, numbers)));
                gathered.new.extend(purchases.into_iter().map(|one| (one.purchase.no(), one)));
            }
            gathered.named.extend(named.into_iter().map(|one| (one.purchase.no(), one)));
            gathered.replies.push(reply);
        }
        let Self { new, named, .. } = &mut gathered;
        named.retain(|number, _| !new.contains_key(number));
        gathered
    }
}
