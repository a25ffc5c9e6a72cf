//! Purchases as bytes, which the outboxes of all engines carry: written once, read once, no text.
//!
//! An item has 43 bytes: key 16, bits 10, units 1, instant 6, remaining 4, position 5, flags 1;
//! big-endian. A purchase is its item, ordinal 2, held after 1, bytes of the buyer 2, the buyer,
//! and extras: flags 1, and as these say a traceparent of 55 bytes and a price, that is 8 bytes of
//! minor units and 3 of currency. `redis/lua/fence.lua` writes the same.

use stampede_domain::{
    AttemptKey, BuyerId, Currency, Epoch, Instant, Position, Price, Purchase, PurchaseBits,
    RecordedPurchase, SaleId, TraceParent,
};

/// Bytes of an item.
pub(crate) const ITEM: usize = 43;
/// The fewest bytes of a purchase: its buyer and its extras have at least one each.
const PURCHASE_BYTES_MIN: usize = ITEM + 7;
/// The most purchases of one entry that its writers make, for reserving.
const PURCHASES_MAX: usize = 256;
/// Item's flag: the purchase was cancelled.
const CANCELLED: u8 = 1;
/// Extras' flag: a traceparent follows.
const HAS_TRACEPARENT: u8 = 1;
/// Extras' flag: a price follows. For an attempt `redis/lua/attempt.lua` sets it, since the price
/// is the head's to tell; what is adopted brings its own.
const HAS_PRICE: u8 = 2;
/// Bytes of a traceparent.
const TRACEPARENT: usize = 55;

/// Bytes that no version of this program wrote.
#[derive(Debug, thiserror::Error)]
#[error("not readable: {0}")]
pub(crate) struct Undecodable(pub(crate) &'static str);

/// What a purchase has besides.
type Extras = (Option<TraceParent>, Option<Price>);

/// Reads big-endian numbers and fixed parts off the front of bytes.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, bytes: usize) -> Result<&'a [u8], Undecodable> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(Undecodable("cut short"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Undecodable> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// A number of at most eight bytes.
    pub(crate) fn number(&mut self, bytes: usize) -> Result<u64, Undecodable> {
        Ok(self.take(bytes)?.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    pub(crate) fn small(&mut self, bytes: usize) -> Result<u32, Undecodable> {
        u32::try_from(self.number(bytes)?).map_err(|_| Undecodable("a number too large"))
    }

    /// A purchase as an item has it, before its ordinal, what was held after it and its price are
    /// known.
    pub(crate) fn item(&mut self) -> Result<Purchase, Undecodable> {
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

    pub(crate) fn price(&mut self) -> Result<Price, Undecodable> {
        let minor = i64::from_be_bytes(self.array()?);
        let code: [u8; 3] = self.array()?;
        let currency = Currency::of_record(&code).map_err(|_| Undecodable("a currency"))?;
        Ok(Price { minor, currency })
    }

    /// What [`write_extras`] wrote; `None` if a newer version wrote more than this one knows.
    fn extras(&mut self) -> Result<Option<Extras>, Undecodable> {
        let [flags] = self.array()?;
        if flags & !(HAS_TRACEPARENT | HAS_PRICE) != 0 {
            return Ok(None);
        }
        let mut trace = None;
        if flags & HAS_TRACEPARENT != 0 {
            let text = self.take(TRACEPARENT)?;
            trace = std::str::from_utf8(text).ok().and_then(TraceParent::parse);
        }
        let mut unit_price = None;
        if flags & HAS_PRICE != 0 {
            unit_price = Some(self.price()?);
        }
        Ok(Some((trace, unit_price)))
    }

    /// All that is left, as purchases of one sale and epoch; `None` if one of them has a part that
    /// this version does not know.
    pub(crate) fn purchases(
        mut self,
        sale: &SaleId,
        epoch: Epoch,
    ) -> Result<Option<Vec<RecordedPurchase>>, Undecodable> {
        let most = self.0.len() / PURCHASE_BYTES_MIN;
        let mut purchases = Vec::with_capacity(most.min(PURCHASES_MAX));
        while !self.0.is_empty() {
            let mut purchase = self.item()?;
            purchase.ordinal = self.small(2)?;
            purchase.held_after = self.small(1)?;
            let bytes = self.small(2)?;
            let buyer = self.take(bytes as usize)?;
            let buyer = std::str::from_utf8(buyer).ok().and_then(|name| BuyerId::parse(name).ok());
            let buyer = buyer.ok_or(Undecodable("a buyer"))?;
            let Some((traceparent, unit_price)) = self.extras()? else { return Ok(None) };
            purchase.unit_price = unit_price;
            let sale = sale.clone();
            purchases.push(RecordedPurchase { sale, epoch, buyer, purchase, traceparent });
        }
        Ok(Some(purchases))
    }
}

/// Appends the purchase as an item.
pub(crate) fn write_item(purchase: &Purchase, to: &mut Vec<u8>) {
    to.extend_from_slice(&purchase.key.0);
    to.extend_from_slice(&purchase.bits.0);
    to.push(units(purchase.qty));
    to.extend_from_slice(&purchase.at.millis().to_be_bytes()[2..]);
    to.extend_from_slice(&purchase.remaining.to_be_bytes());
    to.extend_from_slice(&purchase.position.0.to_be_bytes()[3..]);
    to.push(if purchase.cancelled { CANCELLED } else { 0 });
}

/// Units as one byte: no limit is above 100, so what does not fit is over every limit.
pub(crate) fn units(qty: u32) -> u8 {
    u8::try_from(qty).unwrap_or(u8::MAX)
}

/// Appends the price; nothing if there is none.
pub(crate) fn write_price(price: Option<Price>, to: &mut Vec<u8>) {
    if let Some(price) = price {
        to.extend_from_slice(&price.minor.to_be_bytes());
        to.extend_from_slice(&price.currency.letters());
    }
}

/// Appends what a purchase has besides.
pub(crate) fn write_extras(
    trace: Option<&TraceParent>,
    unit_price: Option<Price>,
    to: &mut Vec<u8>,
) {
    let traced = if trace.is_some() { HAS_TRACEPARENT } else { 0 };
    let priced = if unit_price.is_some() { HAS_PRICE } else { 0 };
    to.push(traced | priced);
    if let Some(trace) = trace {
        to.extend_from_slice(trace.as_str().as_bytes());
    }
    write_price(unit_price, to);
}

/// Appends a purchase as [`Reader::purchases`] reads it.
pub(crate) fn write_purchase(
    buyer: &BuyerId,
    purchase: &Purchase,
    trace: Option<&TraceParent>,
    to: &mut Vec<u8>,
) {
    let name = buyer.as_str().as_bytes();
    // A limit of 100 bounds the place as well, and 255 code points the name.
    let ordinal = u16::try_from(purchase.ordinal).unwrap_or(u16::MAX);
    let bytes = u16::try_from(name.len()).unwrap_or(u16::MAX);
    write_item(purchase, to);
    to.extend_from_slice(&ordinal.to_be_bytes());
    to.push(units(purchase.held_after));
    to.extend_from_slice(&bytes.to_be_bytes());
    to.extend_from_slice(name);
    write_extras(trace, purchase.unit_price, to);
}
