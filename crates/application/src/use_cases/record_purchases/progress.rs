//! How far one run has come.

use std::{
    collections::{BTreeMap, HashSet},
    mem,
};

use stampede_domain::SaleId;

use super::Recorded;
use crate::ports::{Entry, PortError};

/// How far one run has come.
#[derive(Default)]
pub(super) struct Progress {
    /// What is still to be committed, each as one; halves of what was refused, the first on top.
    pub(super) waiting: Vec<Vec<Entry>>,
    /// Sales whose rows others hold: all their entries, in order, for when nothing else waits.
    held: BTreeMap<SaleId, Vec<Entry>>,
    patience: Patience,
    /// Sales that gate and ledger disagreed about, and whose entries are tried once more.
    pub(super) again: HashSet<SaleId>,
    pub(super) recorded: Recorded,
}

/// What is still done for sales whose rows others hold.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Patience {
    /// One row is waited for, after everything else.
    #[default]
    Waits,
    /// A row was waited for in vain: the rest is tried once more, since many a row is held for the
    /// moment of another commit.
    TriesAgain,
    /// That was the last commit.
    Spent,
}

impl Progress {
    /// What is to be committed next: what need not wait for a row; then one sale whose row is
    /// waited for; then what is left of such sales at once, since whoever held one row, as another
    /// commit does, may have held them all.
    pub(super) fn next(&mut self) -> Option<Vec<Entry>> {
        if let Some(mut batch) = self.waiting.pop() {
            batch.retain(|entry| !self.is_kept_back(entry));
            return Some(batch);
        }
        let (_, mut first) = self.held.pop_first()?;
        let others = mem::take(&mut self.held).into_values().flatten();
        match self.patience {
            Patience::Waits => self.waiting.push(others.collect()),
            Patience::TriesAgain | Patience::Spent => {
                first.extend(others);
                self.patience = Patience::Spent;
            }
        }
        Some(first)
    }

    /// Whether the entry's sale is set apart, or is one for later, which then has the entry.
    fn is_kept_back(&mut self, entry: &Entry) -> bool {
        let Some(sale) = entry.body.sale() else { return false };
        if let Some(held) = self.held.get_mut(sale) {
            held.push(entry.clone());
            return true;
        }
        self.recorded.apart.contains_key(sale)
    }

    /// Others hold the rows of `sales`, so that `batch` was not committed: those come last, and are
    /// set apart if that was in vain.
    pub(super) fn put_off(&mut self, batch: Vec<Entry>, sales: Vec<SaleId>, error: &PortError) {
        let mut of = batch.iter().filter_map(|entry| entry.body.sale());
        let first = of.next();
        let waited = of.all(|sale| Some(sale) == first);
        for sale in sales {
            if waited || self.patience == Patience::Spent {
                self.recorded.set_apart(sale, error);
            } else {
                self.held.entry(sale).or_default();
            }
        }
        if waited && self.patience == Patience::Waits {
            self.patience = Patience::TriesAgain;
        }
        self.waiting.push(batch);
    }
}

#[cfg(test)]
mod tests {
    use stampede_domain::{
        AttemptKey, BuyerId, Epoch, Generation, Instant, Position, Purchase, PurchaseBits,
        RecordedPurchase, Sku,
    };

    use super::*;
    use crate::ports::{EntryBody, EntryId};

    fn sale(sku: &str) -> SaleId {
        SaleId { sku: Sku::parse(sku).unwrap(), generation: Generation(uuid::Uuid::nil()) }
    }

    fn entry(name: &str, sku: &str) -> Entry {
        let purchase = Purchase {
            bits: PurchaseBits([0; 10]),
            at: Instant::from_millis(0),
            qty: 1,
            key: AttemptKey([0; 16]),
            remaining: 0,
            position: Position(1),
            ordinal: 1,
            held_after: 1,
            cancelled: false,
            unit_price: None,
        };
        let recorded = RecordedPurchase {
            sale: sale(sku),
            epoch: Epoch { number: 1, nonce: 1 },
            buyer: BuyerId::parse("ada").unwrap(),
            purchase,
            traceparent: None,
        };
        Entry { id: Some(EntryId(name.into())), body: EntryBody::Purchases(vec![recorded]) }
    }

    fn names(batch: Option<Vec<Entry>>) -> Option<Vec<String>> {
        batch.map(|entries| entries.into_iter().filter_map(|one| Some(one.id?.0)).collect())
    }

    fn next(progress: &mut Progress) -> String {
        names(progress.next()).map_or_else(|| "nothing".into(), |names| names.join(" "))
    }

    fn busy() -> PortError {
        PortError::unavailable("ledger", "others hold the row")
    }

    #[test]
    fn a_sale_whose_row_is_held_comes_last_alone_and_in_order() {
        let mut progress = Progress::default();
        progress.waiting.push(vec![entry("w2", "WIDGET"), entry("g2", "GADGET")]);
        let first = vec![entry("w1", "WIDGET"), entry("g1", "GADGET")];
        progress.put_off(first, vec![sale("WIDGET")], &busy());
        let order: Vec<_> = (0..5).map(|_| next(&mut progress)).collect();
        assert_eq!(order, ["g1", "g2", "w1 w2", "", "nothing"]);
        assert!(progress.recorded.apart.is_empty());
    }

    #[test]
    fn after_one_wait_the_others_are_tried_together() {
        let mut progress = Progress::default();
        let all = ["A", "B", "C", "D"].map(|sku| entry(sku, sku)).to_vec();
        progress.put_off(all, ["A", "B", "C", "D"].map(sale).to_vec(), &busy());
        let order: Vec<_> = (0..3).map(|_| next(&mut progress)).collect();
        assert_eq!(order, ["", "A", "B C D"]);
        let left = ["B", "C", "D"].map(|sku| entry(sku, sku)).to_vec();
        progress.put_off(left, ["B", "D"].map(sale).to_vec(), &busy());
        let order: Vec<_> = (0..4).map(|_| next(&mut progress)).collect();
        assert_eq!(order, ["C", "B", "D", "nothing"]);
        assert!(progress.recorded.apart.is_empty());
    }

    #[test]
    fn after_one_wait_in_vain_the_others_are_tried_once_more() {
        let mut progress = Progress::default();
        let skus = ["A", "B", "C", "D"];
        let all = skus.map(|sku| entry(sku, sku)).to_vec();
        progress.put_off(all, skus.map(sale).to_vec(), &busy());
        assert_eq!((next(&mut progress), next(&mut progress)), (String::new(), "A".into()));
        progress.put_off(vec![entry("A", "A")], vec![sale("A")], &busy());
        assert_eq!((next(&mut progress), next(&mut progress)), (String::new(), "B C D".into()));
        let left = ["B", "C", "D"].map(|sku| entry(sku, sku)).to_vec();
        progress.put_off(left, ["C", "D"].map(sale).to_vec(), &busy());
        assert_eq!((next(&mut progress), next(&mut progress)), ("B".into(), "C D".into()));
        let last = ["C", "D"].map(|sku| entry(sku, sku)).to_vec();
        progress.put_off(last, vec![sale("D")], &busy());
        assert_eq!((next(&mut progress), next(&mut progress)), ("C".into(), "nothing".into()));
        let mut apart: Vec<_> = progress.recorded.apart.into_keys().collect();
        apart.sort();
        assert_eq!(apart, [sale("A"), sale("D")]);
    }
}
