//! Step 3 of a restore: what the gate still holds and the ledger has not.
//!
//! Outbox first, since its entries say more than a buyer's record; then the buyers. A pass keeps
//! the oldest of what is missing, by epoch and position, and memory is bounded; where more is
//! missing, the next pass goes on behind what the last one gave.

use std::collections::{BTreeMap, HashSet};

use redis::{Cmd, Value};
use stampede_application::ports::{EntryBody, Ledger, PortError};
use stampede_domain::{BuyerId, Epoch, Position, Purchase, PurchaseNo, RecordedPurchase};

use super::{CHUNK, inconsistent, steps::Run};
use crate::redis::{
    entry::{RawEntry, pairs},
    failure::unavailable,
    fence::Undecodable,
    price, record,
    script::{Call, SURVIVORS},
};

/// Purchases that one pass keeps in memory, some 300 bytes each.
const KEPT_MAX: usize = 65_536;
/// Entries of the outbox read at a time, of up to 256 purchases each.
const ENTRIES: usize = 32;
/// Buyers read at a time, about.
const BUYERS: usize = 512;

/// Epoch number and position, and the number for what shares them.
type Place = (u64, Position, PurchaseNo);

/// The oldest of what is missing.
#[derive(Default)]
struct Missing {
    /// What an earlier pass gave lies up to here.
    behind: Option<Place>,
    kept: BTreeMap<Place, RecordedPurchase>,
    numbers: HashSet<PurchaseNo>,
    /// Whether something did not fit.
    more: bool,
}

impl Missing {
    fn keep(&mut self, recorded: RecordedPurchase) {
        let number = recorded.purchase.no();
        let place = (recorded.epoch.number, recorded.purchase.position, number);
        if self.behind >= Some(place) || !self.numbers.insert(number) {
            return;
        }
        self.kept.insert(place, recorded);
        if self.kept.len() > KEPT_MAX
            && let Some(((_, _, number), _)) = self.kept.pop_last()
        {
            self.numbers.remove(&number);
            self.more = true;
        }
    }
}

impl Run<'_> {
    /// Gives the ledger what only this gate held, `before` being the epoch that it was in.
    pub(super) async fn give_survivors(&self, before: Epoch) -> Result<(), PortError> {
        let mut behind = None;
        loop {
            let mut missing = Missing { behind, ..Missing::default() };
            self.scan_outbox(&mut missing).await?;
            self.scan_buyers(before, &mut missing).await?;
            behind = missing.kept.last_key_value().map(|(place, _)| *place);
            let survivors: Vec<_> = missing.kept.into_values().collect();
            for part in survivors.chunks(CHUNK) {
                self.admit(part).await?;
                self.renew().await?;
            }
            if !missing.more {
                return Ok(());
            }
        }
    }

    async fn scan_outbox(&self, missing: &mut Missing) -> Result<(), PortError> {
        let mut from = "-".to_owned();
        loop {
            let mut command = redis::cmd("XRANGE");
            command.arg(&self.sale.keys.outbox).arg(&from).arg("+").arg("COUNT").arg(ENTRIES);
            let page: Vec<Value> = self.restorer.link.query(&command).await.map_err(unavailable)?;
            let entries = page.len();
            for value in page {
                let raw = RawEntry::read(value).map_err(inconsistent)?;
                from = format!("({}", raw.id.0);
                if !raw.is_of(&self.sale.generation) {
                    continue;
                }
                match raw.decode().map(|entry| entry.body) {
                    Some(EntryBody::Purchases(purchases)) => self.sift(purchases, missing).await?,
                    // A change of an earlier epoch was never answered; what cannot be read
                    // stays in the outbox for those who can.
                    Some(
                        EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. },
                    )
                    | None => {}
                }
            }
            self.renew().await?;
            if entries < ENTRIES {
                return Ok(());
            }
        }
    }

    async fn scan_buyers(&self, before: Epoch, missing: &mut Missing) -> Result<(), PortError> {
        let mut cursor = "0".to_owned();
        loop {
            let write = |command: &mut Cmd| {
                command.arg(&cursor).arg(BUYERS);
            };
            let call = Call { script: &SURVIVORS, size: (2, 0), write: &write };
            let mut fields = self.send(&call).await?;
            let price = fields.bytes().and_then(|price| price::read(&price));
            let price = price.map_err(inconsistent)?;
            let next = fields.text().map_err(inconsistent)?;
            let Value::Array(page) = fields.value().map_err(inconsistent)? else {
                return Err(inconsistent(Undecodable("a part of the buyers")));
            };
            let holdings = pairs(page).ok_or(Undecodable("a buyer")).map_err(inconsistent)?;
            let mut found = Vec::new();
            for (buyer, record) in holdings {
                let held = record::read(&record, price).map_err(inconsistent)?;
                self.add_holding(before, &buyer, held, &mut found).map_err(inconsistent)?;
            }
            for part in found.chunks(2 * BUYERS) {
                self.sift(part.to_vec(), missing).await?;
            }
            self.renew().await?;
            if next == "0" {
                return Ok(());
            }
            cursor = next;
        }
    }

    fn add_holding(
        &self,
        epoch: Epoch,
        buyer: &[u8],
        held: Vec<Purchase>,
        to: &mut Vec<RecordedPurchase>,
    ) -> Result<(), Undecodable> {
        let buyer = std::str::from_utf8(buyer).ok().and_then(|name| BuyerId::parse(name).ok());
        let buyer = buyer.ok_or(Undecodable("a buyer"))?;
        to.extend(held.into_iter().map(|purchase| RecordedPurchase {
            sale: self.sale.id.clone(),
            epoch,
            buyer: buyer.clone(),
            purchase,
            traceparent: None,
        }));
        Ok(())
    }

    /// Keeps what the ledger has not.
    async fn sift(
        &self,
        found: Vec<RecordedPurchase>,
        missing: &mut Missing,
    ) -> Result<(), PortError> {
        if found.is_empty() {
            return Ok(());
        }
        let numbers: Vec<_> = found.iter().map(|recorded| recorded.purchase.no()).collect();
        let known = self.restorer.ledger.known(&self.sale.id, &numbers).await?;
        for (recorded, number) in found.into_iter().zip(numbers) {
            if !known.contains(&number) {
                missing.keep(recorded);
            }
        }
        Ok(())
    }
}
