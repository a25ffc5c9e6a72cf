//! What belongs to no sale, or to nobody: sales of the gate that the catalogue does not have, and
//! entries of the outbox that nobody reads.

use std::collections::HashSet;

use stampede_domain::{SaleId, Shard};

use super::{Reconcile, sweep::Failures};
use crate::ports::{Drift, Entry, EntryBody, EntryId, Findings, PortError, SaleStanding};

impl Reconcile {
    /// Looks after strays of all shards; one whose strays cannot be settled keeps no other waiting.
    pub(super) async fn settle_strays(
        &self,
        failures: &mut Failures,
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        for shard in self.stores.outbox.shards() {
            failures.note(self.record_overdue(shard, findings).await, None);
            failures.give_up_after_many()?;
        }
        for shard in Shard::all() {
            failures.note(self.compare_shard(shard, findings).await, None);
            failures.give_up_after_many()?;
        }
        Ok(())
    }

    async fn compare_shard(&self, shard: Shard, findings: &mut Findings) -> Result<(), PortError> {
        self.keep_turn().await?;
        let listed = self.stores.gate.listed(shard).await?;
        for part in listed.chunks(self.limits.page) {
            self.compare_listed(part, findings).await?;
        }
        Ok(())
    }

    /// A sale that was buried is forgotten, which finishes its deletion. One that the catalogue
    /// never had is shut and kept, since it may be the catalogue that is wrong or came back older:
    /// it opens by itself once that has it.
    async fn compare_listed(
        &self,
        ids: &[SaleId],
        findings: &mut Findings,
    ) -> Result<(), PortError> {
        let standing = self.stores.catalogue.standing(ids).await?;
        for (id, standing) in ids.iter().zip(standing) {
            match standing {
                SaleStanding::Living(_) => {}
                SaleStanding::Buried(epoch) => {
                    tracing::error!(sale = %id, "the gate had a sale that is deleted");
                    self.stores.gate.forget(id, epoch).await?;
                    findings.repaired(Drift::GateWithoutCatalogue, 1);
                }
                SaleStanding::Unknown => {
                    tracing::error!(sale = %id, "the gate has a sale that the catalogue has not");
                    self.stores.gate.shut(id).await?;
                    findings.raised(Drift::GateWithoutCatalogue, 1);
                }
            }
        }
        Ok(())
    }

    /// Records entries that have stood for too long: in nobody's hand, or in a hand that is slow;
    /// to record one twice is harmless.
    async fn record_overdue(&self, shard: Shard, findings: &mut Findings) -> Result<(), PortError> {
        self.keep_turn().await?;
        let before = self.stores.live.now().plus_millis(-self.limits.overdue_after_ms);
        let overdue = self.stores.outbox.overdue(shard, before, self.limits.page).await?;
        if overdue.is_empty() {
            return Ok(());
        }
        let gone = self.gone(&overdue).await?;
        let (old, present): (Vec<_>, Vec<_>) = overdue
            .into_iter()
            .partition(|entry| sale_of(entry).is_some_and(|id| gone.contains(id)));
        let archived = self.record(shard, old, findings).await?;
        findings.repaired(Drift::EntryOfAnOldGeneration, archived);
        self.record(shard, present, findings).await.map(drop)
    }

    /// Which of their sales are no more.
    async fn gone(&self, entries: &[Entry]) -> Result<HashSet<SaleId>, PortError> {
        let ids: HashSet<SaleId> = entries.iter().filter_map(sale_of).cloned().collect();
        let ids: Vec<SaleId> = ids.into_iter().collect();
        let standing = self.stores.catalogue.standing(&ids).await?;
        let living = |standing: &SaleStanding| matches!(standing, SaleStanding::Living(_));
        Ok(ids.into_iter().zip(standing).filter(|(_, s)| !living(s)).map(|(id, _)| id).collect())
    }

    /// Does what a worker does with entries, about a page of purchases at a time; returns how many
    /// purchases of those that are done by then are on record, and no dead letters.
    async fn record(
        &self,
        shard: Shard,
        entries: Vec<Entry>,
        findings: &mut Findings,
    ) -> Result<usize, PortError> {
        let mut on_record = 0;
        for part in parts_of(entries, self.limits.page) {
            self.keep_turn().await?;
            let numbers = |entry: &Entry| entry.body.purchase_numbers().collect::<Vec<_>>();
            let of: Vec<_> = part.iter().map(|entry| (entry.id.clone(), numbers(entry))).collect();
            let recorded = self.record.run(shard, part).await?;
            self.stores.outbox.done(shard, &recorded.done).await?;
            let (inserted, done) = (recorded.inserted, recorded.done.len());
            tracing::warn!(%shard, inserted, done, "entries of the outbox had stood for too long");
            findings.merge(&recorded.findings);
            let is_done = |id: &Option<EntryId>| id.iter().all(|id| recorded.done.contains(id));
            let done = of.iter().filter(|(id, _)| is_done(id)).flat_map(|(_, numbers)| numbers);
            on_record += done.filter(|&number| !recorded.letters.contains(number)).count();
        }
        Ok(on_record)
    }
}

/// `entries` in parts of about `purchases_max` purchases, as workers take them: an entry has up to
/// a batch's.
fn parts_of(entries: Vec<Entry>, purchases_max: usize) -> Vec<Vec<Entry>> {
    let mut parts: Vec<Vec<Entry>> = Vec::new();
    let mut room = 0;
    for entry in entries {
        if room == 0 {
            parts.push(Vec::new());
            room = purchases_max;
        }
        room = room.saturating_sub(entry.body.purchase_numbers().count().max(1));
        if let Some(part) = parts.last_mut() {
            part.push(entry);
        }
    }
    parts
}

fn sale_of(entry: &Entry) -> Option<&SaleId> {
    match &entry.body {
        EntryBody::Purchases(purchases) => purchases.first().map(|recorded| &recorded.sale),
        EntryBody::Change(change) => Some(&change.sale.id),
        EntryBody::Newer { .. } | EntryBody::Broken { .. } => None,
    }
}
