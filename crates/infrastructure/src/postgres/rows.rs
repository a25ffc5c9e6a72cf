//! Rows of the tables, and the domain's values that they are.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx_macros::FromRow;
use stampede_application::ports::{CatalogueRow, CommitError, PortError};
use stampede_domain::{
    AttemptKey, BuyerId, Epoch, Generation, Instant, Position, Purchase, PurchaseBits,
    RecordedPurchase, Sale, SaleId, Sku, TraceParent, Version, Window,
};
use uuid::Uuid;

use super::failure::inconsistent;
use crate::column::{acknowledgement, bytes, price};

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
    stock: i32,
    sold: i32,
    starts: DateTime<Utc>,
    ends: DateTime<Utc>,
    limit_per_buyer: i32,
    acknowledge: String,
    paused: bool,
    ended_by_admin: bool,
    version: i64,
    created_at: DateTime<Utc>,
    over_at: Option<DateTime<Utc>>,
    final_run_at: Option<DateTime<Utc>>,
}

impl SaleRow {
    /// The row as the catalogue's readers know it.
    pub(super) fn read(self) -> Result<CatalogueRow, PortError> {
        Ok(CatalogueRow {
            epoch: epoch(self.epoch_number, self.epoch_nonce)?,
            version: Version(widen(self.version)?),
            sold: count(self.sold)?,
            over_at: self.over_at.map(Instant::from),
            final_run_at: self.final_run_at.map(Instant::from),
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
                window: Window { start: self.starts.into(), end: self.ends.into() },
                limit_per_buyer: count(self.limit_per_buyer)?,
                acknowledge: acknowledgement(&self.acknowledge).map_err(inconsistent)?,
                paused: self.paused,
                ended_by_admin: self.ended_by_admin,
                created_at: self.created_at.into(),
            },
        })
    }
}

/// What a [`PurchaseRow`] is read from.
pub(super) const PURCHASE_COLUMNS: &str = "bits, epoch_number, epoch_nonce, buyer, purchased_at, \
     qty, key_hash, remaining, position, ordinal, held_after, cancelled, traceparent, \
     unit_price_minor, currency";

/// A purchase's row.
#[derive(Debug, FromRow)]
pub(super) struct PurchaseRow {
    bits: Vec<u8>,
    epoch_number: i64,
    epoch_nonce: i64,
    buyer: String,
    purchased_at: DateTime<Utc>,
    qty: i32,
    key_hash: Vec<u8>,
    remaining: i32,
    position: i64,
    ordinal: i32,
    held_after: i32,
    cancelled: bool,
    traceparent: Option<String>,
    unit_price_minor: Option<i64>,
    currency: Option<String>,
}

impl PurchaseRow {
    /// The row as a purchase of `id`.
    pub(super) fn read(self, id: &SaleId) -> Result<RecordedPurchase, PortError> {
        Ok(RecordedPurchase {
            sale: id.clone(),
            epoch: epoch(self.epoch_number, self.epoch_nonce)?,
            buyer: BuyerId::parse(&self.buyer).map_err(inconsistent)?,
            purchase: Purchase {
                bits: PurchaseBits(bytes(&self.bits).map_err(inconsistent)?),
                at: Instant::from(self.purchased_at),
                qty: count(self.qty)?,
                key: AttemptKey(bytes(&self.key_hash).map_err(inconsistent)?),
                remaining: count(self.remaining)?,
                position: Position(widen(self.position)?),
                ordinal: count(self.ordinal)?,
                held_after: count(self.held_after)?,
                cancelled: self.cancelled,
                unit_price: price(self.unit_price_minor, self.currency.as_deref())
                    .map_err(inconsistent)?,
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

fn count(column: i32) -> Result<u32, PortError> {
    u32::try_from(column).map_err(inconsistent)
}

fn widen(column: i64) -> Result<u64, PortError> {
    u64::try_from(column).map_err(inconsistent)
}
