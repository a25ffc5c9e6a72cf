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
    /// A row was waited for in vain, which is enough for one run.
    waited_in_vain: bool,
    /// Sales that gate and ledger disagreed about, and whose entries are tried once more.
    pub(super) again: HashSet<SaleId>,
    pub(super) recorded: Recorded,
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
        let (_, first) = self.held.pop_first()?;
        self.waiting.push(mem::take(&mut self.held).into_values().flatten().collect());
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

    /// Others hold the rows of `sales`, so that `batch` was not committed: those come last, unless
    /// a row was waited for in vain already.
    pub(super) fn put_off(&mut self, batch: Vec<Entry>, sales: Vec<SaleId>, error: &PortError) {
        let mut of = batch.iter().filter_map(|entry| entry.body.sale());
        let first = of.next();
        self.waited_in_vain |= of.all(|sale| Some(sale) == first);
        for sale in sales {
            if self.waited_in_vain {
                self.recorded.set_apart(sale, error);
            } else {
                self.held.entry(sale).or_default();
            }
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
    fn one_wait_in_vain_is_enough() {
        let mut progress = Progress::default();
        let all = ["A", "B", "C"].map(|sku| entry(sku, sku)).to_vec();
        progress.put_off(all, ["A", "B", "C"].map(sale).to_vec(), &busy());
        assert_eq!((next(&mut progress), next(&mut progress)), (String::new(), "A".into()));
        progress.put_off(vec![entry("A", "A")], vec![sale("A")], &busy());
        assert_eq!((next(&mut progress), next(&mut progress)), (String::new(), "B C".into()));
        let left = ["B", "C"].map(|sku| entry(sku, sku)).to_vec();
        progress.put_off(left, vec![sale("C")], &busy());
        assert_eq!((next(&mut progress), next(&mut progress)), ("B".into(), "nothing".into()));
        let mut apart: Vec<_> = progress.recorded.apart.into_keys().collect();
        apart.sort();
        assert_eq!(apart, [sale("A"), sale("C")]);
    }
}
