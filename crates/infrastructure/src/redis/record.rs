//! A buyer's record: a format byte and the purchases, oldest first, 43 bytes each.
//!
//! key 16, bits 10, units 1, instant 6, remaining 4, position 5, flags 1; big-endian. The ordinal
//! is the place, what was held after it the running sum of what is not cancelled; the price is the
//! sale's, which stands from the first purchase on.
//! `lua/fence.lua` writes the same (`item`).

use redis::Cmd;
use stampede_domain::{
    AttemptKey, Instant, Position, Price, Purchase, PurchaseBits, RecordedPurchase,
};

use super::fence::Undecodable;

/// Bytes of a purchase.
pub(super) const ITEM: usize = 43;
/// The format of records that this version writes.
const FORMAT: u8 = 1;
/// Bit of the flags: the purchase was cancelled.
const CANCELLED: u8 = 1;

/// Reads big-endian numbers and fixed parts off the front of bytes.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, bytes: usize) -> Result<&'a [u8], Undecodable> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(Undecodable("cut short"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Undecodable> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// A number of at most eight bytes.
    pub(super) fn number(&mut self, bytes: usize) -> Result<u64, Undecodable> {
        Ok(self.take(bytes)?.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    pub(super) fn small(&mut self, bytes: usize) -> Result<u32, Undecodable> {
        u32::try_from(self.number(bytes)?).map_err(|_| Undecodable("a number too large"))
    }

    /// A purchase as an item has it, before its ordinal, what was held after it and its price are
    /// known.
    pub(super) fn item(&mut self) -> Result<Purchase, Undecodable> {
        Ok(Purchase {
            key: AttemptKey(self.array()?),
            bits: PurchaseBits(self.array()?),
            qty: self.small(1)?,
            at: Instant::from_millis(self.number(6)?.cast_signed()),
            remaining: self.small(4)?,
            position: Position(self.number(5)?),
            cancelled: self.number(1)? & u64::from(CANCELLED) != 0,
            ordinal: 0,
            held_after: 0,
            unit_price: None,
        })
    }
}

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

/// Appends the purchase as an item.
pub(super) fn write_item(purchase: &Purchase, to: &mut Vec<u8>) {
    to.extend_from_slice(&purchase.key.0);
    to.extend_from_slice(&purchase.bits.0);
    to.push(units(purchase.qty));
    to.extend_from_slice(&purchase.at.millis().to_be_bytes()[2..]);
    to.extend_from_slice(&purchase.remaining.to_be_bytes());
    to.extend_from_slice(&purchase.position.0.to_be_bytes()[3..]);
    to.push(if purchase.cancelled { CANCELLED } else { 0 });
}

/// Units as one byte: no limit is above 100, so what does not fit is over every limit.
pub(super) fn units(qty: u32) -> u8 {
    u8::try_from(qty).unwrap_or(u8::MAX)
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
    use stampede_domain::Currency;

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
