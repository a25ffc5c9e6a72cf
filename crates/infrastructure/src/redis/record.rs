//! A buyer's record: a format byte and the purchases, oldest first, an item each (see `packed.rs`).
//!
//! The ordinal is the place, what was held after it the running sum of what is not cancelled; the
//! price is the sale's, which stands from the first purchase on.
//! `lua/fence.lua` writes the same (`item`).

use redis::Cmd;
use stampede_domain::{Price, Purchase, RecordedPurchase};

use crate::packed::{ITEM, Reader, Undecodable, write_item};

/// The format of records that this version writes.
const FORMAT: u8 = 1;

/// Reads a record of a sale that sells at `unit_price`; an empty one holds nothing.
pub(super) fn read(record: &[u8], unit_price: Option<Price>) -> Result<Vec<Purchase>, Undecodable> {
    let mut reader = Reader(record);
    if record.is_empty() {
        return Ok(Vec::new());
    }
    if reader.number(1)? != u64::from(FORMAT) {
        return Err(Undecodable("a record of a newer version"));
    }
    let (mut held, mut purchases) = (0, Vec::with_capacity(reader.0.len() / ITEM));
    while !reader.0.is_empty() {
        let mut purchase = reader.item()?;
        if !purchase.cancelled {
            held += purchase.qty;
        }
        purchase.ordinal = u32::try_from(purchases.len() + 1).unwrap_or(u32::MAX);
        purchase.held_after = held;
        purchase.unit_price = unit_price;
        purchases.push(purchase);
    }
    Ok(purchases)
}

/// Adds buyer and item of each purchase.
pub(super) fn write_items(purchases: &[RecordedPurchase], command: &mut Cmd) {
    let mut item = Vec::with_capacity(ITEM);
    for recorded in purchases {
        item.clear();
        write_item(&recorded.purchase, &mut item);
        command.arg(recorded.buyer.as_str()).arg(&item[..]);
    }
}

#[cfg(test)]
mod tests {
    use stampede_domain::{AttemptKey, Currency, Instant, Position, PurchaseBits};

    use super::*;

    fn price() -> Price {
        Price { minor: 1_999, currency: Currency::parse("EUR").unwrap() }
    }

    fn purchase(qty: u32, ordinal: u32, held_after: u32) -> Purchase {
        Purchase {
            bits: PurchaseBits([7; 10]),
            at: Instant::from_millis(1_763_700_000_123),
            qty,
            key: AttemptKey([9; 16]),
            remaining: 9_999_999,
            position: Position(1_099_511_627_775),
            ordinal,
            held_after,
            cancelled: false,
            unit_price: Some(price()),
        }
    }

    #[test]
    fn a_record_reads_back_with_ordinals_and_sums() {
        let purchases = [purchase(2, 1, 2), purchase(3, 2, 5)];
        let mut record = vec![FORMAT];
        for purchase in &purchases {
            write_item(purchase, &mut record);
        }
        assert_eq!(record.len(), 1 + 2 * ITEM);
        assert_eq!(read(&record, Some(price())).unwrap(), purchases);
        assert_eq!(read(&[], None).unwrap(), []);
    }

    #[test]
    fn a_record_that_is_cut_short_or_newer_is_not_read() {
        let mut record = vec![FORMAT];
        write_item(&purchase(1, 1, 1), &mut record);
        assert!(read(&record[..record.len() - 1], None).is_err());
        record[0] = 2;
        assert!(read(&record, None).is_err());
    }
}
