//! Rows of the tables, and the domain's values that they are.

use std::{borrow::Cow, fmt::Write, sync::Arc};

use serde::Deserialize;
use sqlx_macros::FromRow;
use stampede_application::ports::{CatalogueRow, CommitError, PortError};
use stampede_domain::{
    AttemptKey, BuyerId, Epoch, Generation, Instant, Position, Purchase, PurchaseBits,
    RecordedPurchase, Sale, SaleId, Sku, TraceParent, Version, Window,
};
use uuid::Uuid;

use super::failure::inconsistent;
use crate::column::{Unreadable, acknowledgement, price};

/// A sale's row, tombstones included.
#[derive(Debug, FromRow)]
pub(super) struct SaleRow {
    generation: Uuid,
    sku: String,
    epoch_number: i64,
    epoch_nonce: i64,
    product_name: String,
    description: Option<String>,
    picture: Option<String>,
    price_minor: Option<i64>,
    currency: Option<String>,
    stock: i64,
    sold: i64,
    starts: i64,
    ends: i64,
    limit_per_buyer: i64,
    acknowledge: String,
    paused: bool,
    ended_by_admin: bool,
    version: i64,
    created_at: i64,
    over_at: Option<i64>,
    final_run_at: Option<i64>,
}

impl SaleRow {
    /// The row as the catalogue's readers know it.
    pub(super) fn read(self) -> Result<CatalogueRow, PortError> {
        let window = Window {
            start: Instant::from_millis(self.starts),
            end: Instant::from_millis(self.ends),
        };
        Ok(CatalogueRow {
            epoch: epoch(self.epoch_number, self.epoch_nonce)?,
            version: Version(widen(self.version)?),
            sold: count(self.sold)?,
            over_at: self.over_at.map(Instant::from_millis),
            final_run_at: self.final_run_at.map(Instant::from_millis),
            sale: Sale {
                id: SaleId {
                    sku: Sku::parse(&self.sku).map_err(inconsistent)?,
                    generation: Generation(self.generation),
                },
                product_name: self.product_name,
                description: self.description,
                picture: self.picture,
                price: price(self.price_minor, self.currency.as_deref()).map_err(inconsistent)?,
                initial_stock: count(self.stock)?,
                window,
                limit_per_buyer: count(self.limit_per_buyer)?,
                acknowledge: acknowledgement(&self.acknowledge).map_err(inconsistent)?,
                paused: self.paused,
                ended_by_admin: self.ended_by_admin,
                created_at: Instant::from_millis(self.created_at),
            },
        })
    }
}

/// A purchase's row as the array that `purchases_page.sql` makes of it, in that order.
///
/// There are many, and a row that SQLite's thread hands to ours, each column a value of its own,
/// costs several times what reading it does. So a page is one value, an array of these.
#[derive(Debug, Deserialize)]
struct PurchaseRow<'a> {
    bits: &'a str,
    epoch_number: i64,
    epoch_nonce: i64,
    #[serde(borrow)]
    buyer: Cow<'a, str>,
    purchased_at: i64,
    qty: i64,
    key_hash: &'a str,
    remaining: i64,
    position: i64,
    ordinal: i64,
    held_after: i64,
    cancelled: u8,
    traceparent: Option<Cow<'a, str>>,
    unit_price_minor: Option<i64>,
    currency: Option<&'a str>,
}

/// A page of purchases of `id`, in the order of their positions, which no aggregate promises.
pub(super) fn read_purchases(id: &SaleId, text: &str) -> Result<Vec<RecordedPurchase>, PortError> {
    let mut rows: Vec<PurchaseRow<'_>> = serde_json::from_str(text).map_err(inconsistent)?;
    rows.sort_by_key(|row| row.position);
    rows.into_iter().map(|row| row.read(id)).collect()
}

impl PurchaseRow<'_> {
    /// The row as a purchase of `id`.
    fn read(self, id: &SaleId) -> Result<RecordedPurchase, PortError> {
        let unit_price = price(self.unit_price_minor, self.currency);
        Ok(RecordedPurchase {
            sale: id.clone(),
            epoch: epoch(self.epoch_number, self.epoch_nonce)?,
            buyer: BuyerId::parse(&self.buyer).map_err(inconsistent)?,
            purchase: Purchase {
                bits: PurchaseBits(unhex(self.bits).map_err(inconsistent)?),
                at: Instant::from_millis(self.purchased_at),
                qty: count(self.qty)?,
                key: AttemptKey(unhex(self.key_hash).map_err(inconsistent)?),
                remaining: count(self.remaining)?,
                position: Position(widen(self.position)?),
                ordinal: count(self.ordinal)?,
                held_after: count(self.held_after)?,
                cancelled: self.cancelled != 0,
                unit_price: unit_price.map_err(inconsistent)?,
            },
            traceparent: self.traceparent.as_deref().and_then(TraceParent::parse),
        })
    }
}

/// The two columns of an epoch. A nonce keeps its 64 bits whatever its sign as a column.
pub(super) fn epoch(number: i64, nonce: i64) -> Result<Epoch, PortError> {
    Ok(Epoch { number: widen(number)?, nonce: nonce.cast_unsigned() })
}

/// A number as a column of 64 bits; one that is too large for it is a fault of the data.
pub(super) fn narrow(number: u64) -> Result<i64, CommitError> {
    i64::try_from(number).map_err(|error| CommitError::Data(Arc::new(error)))
}

/// A count as its column; SQLite has but one width.
pub(super) fn count(column: i64) -> Result<u32, PortError> {
    u32::try_from(column).map_err(inconsistent)
}

fn widen(column: i64) -> Result<u64, PortError> {
    u64::try_from(column).map_err(inconsistent)
}

/// Bytes as lower-case hexadecimal digits, which is how they travel inside JSON.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes of a fixed length from their hexadecimal digits.
fn unhex<const N: usize>(text: &str) -> Result<[u8; N], Unreadable> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let mut bytes = [0; N];
    if pairs.len() != N || !rest.is_empty() {
        return Err(format!("{text} is not {N} bytes").into());
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        for &digit in pair {
            let digit = char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            *byte = *byte << 4 | digit.ok_or_else(|| format!("{text} is not hexadecimal"))?;
        }
    }
    Ok(bytes)
}
