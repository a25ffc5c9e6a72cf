//! A purchase as a buyer sees it.

use bytes::{BufMut, Bytes};
use serde::Serialize;
use stampede_domain::{Acknowledgement, Purchase, Sku};
use utoipa::ToSchema;

/// Room for a receipt with the longest sku and numbers, and some more.
const RECEIPT_BYTES: usize = 384;

/// A purchase on record.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Purchase)]
pub(crate) struct PurchaseSummary {
    #[schema(example = "PUR-20260215-7ZK4-9QXA-0B3M-WT51")]
    purchase_no: String,
    #[schema(format = DateTime)]
    purchased_at: String,
    #[schema(example = "WIDGET-001")]
    sku: String,
    qty: u32,
    /// What one unit cost, in the smallest unit of `currency`; left out if no price was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 2_999)]
    price_minor: Option<i64>,
    /// ISO 4217; left out if no price was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "EUR")]
    currency: Option<String>,
}

impl PurchaseSummary {
    /// The purchase of this sku.
    pub(crate) fn new(sku: &Sku, purchase: &Purchase) -> Self {
        Self {
            purchase_no: purchase.no().to_string(),
            purchased_at: purchase.at.to_string(),
            sku: sku.to_string(),
            qty: purchase.qty,
            price_minor: purchase.unit_price.map(|price| price.minor),
            currency: purchase.unit_price.map(|price| price.currency.to_string()),
        }
    }
}

/// What a buyer gets for an accepted attempt, again for each repeat of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PurchaseReceipt {
    #[schema(example = "PUR-20260215-7ZK4-9QXA-0B3M-WT51")]
    purchase_no: String,
    #[schema(format = DateTime)]
    purchased_at: String,
    #[schema(example = "WIDGET-001")]
    sku: String,
    qty: u32,
    /// What one unit cost, in the smallest unit of `currency`; left out if no price was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 2_999)]
    price_minor: Option<i64>,
    /// ISO 4217; left out if no price was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "EUR")]
    currency: Option<String>,
    /// Units that nobody held right after this purchase.
    remaining: u32,
    /// What the purchase has survived.
    acknowledged: AcknowledgementWord,
}

/// What an answered purchase has survived.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Acknowledgement)]
pub(crate) enum AcknowledgementWord {
    /// The gate has decided.
    Gate,
    /// The purchase is committed in the ledger, or in a journal as durable.
    Ledger,
}

impl From<Acknowledgement> for AcknowledgementWord {
    fn from(level: Acknowledgement) -> Self {
        match level {
            Acknowledgement::Gate => Self::Gate,
            Acknowledgement::Ledger => Self::Ledger,
        }
    }
}

/// Everything that a buyer bought of one sku: the newest at the top.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BuyerPurchases {
    #[schema(example = "PUR-20260215-7ZK4-9QXA-0B3M-WT51")]
    purchase_no: String,
    #[schema(format = DateTime)]
    purchased_at: String,
    #[schema(example = "WIDGET-001")]
    sku: String,
    qty: u32,
    /// What one unit cost, in the smallest unit of `currency`; left out if no price was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, example = 2_999)]
    price_minor: Option<i64>,
    /// ISO 4217; left out if no price was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "EUR")]
    currency: Option<String>,
    /// All of them, oldest first.
    purchases: Vec<PurchaseSummary>,
}

impl BuyerPurchases {
    /// The purchases of one buyer, oldest first; `None` if there are none.
    pub(crate) fn new(sku: &Sku, purchases: &[Purchase]) -> Option<Self> {
        let all: Vec<_> =
            purchases.iter().map(|purchase| PurchaseSummary::new(sku, purchase)).collect();
        let newest = all.last()?.clone();
        Some(Self {
            purchase_no: newest.purchase_no,
            purchased_at: newest.purchased_at,
            sku: newest.sku,
            qty: newest.qty,
            price_minor: newest.price_minor,
            currency: newest.currency,
            purchases: all,
        })
    }
}

/// The whole answer to an accepted attempt, written by hand and then copied once: bytes that are as
/// long as their allocation need no second one to be shared.
///
/// Nothing in it needs escaping: skus, numbers and instants are plain ASCII.
pub(crate) fn receipt(sku: &Sku, purchase: &Purchase, level: Acknowledgement) -> Bytes {
    let mut room = [0; RECEIPT_BYTES];
    let mut body = room.as_mut_slice();
    body.put_slice(br#"{"success":true,"data":{"purchaseNo":""#);
    body.put_slice(purchase.no().as_str().as_bytes());
    body.put_slice(br#"","purchasedAt":""#);
    body.put_slice(&purchase.at.text());
    body.put_slice(br#"","sku":""#);
    body.put_slice(sku.as_str().as_bytes());
    body.put_slice(br#"","qty":"#);
    put_number(&mut body, u64::from(purchase.qty));
    if let Some(price) = &purchase.unit_price {
        body.put_slice(br#","priceMinor":"#);
        // Not negative: the limits of a product see to it.
        put_number(&mut body, price.minor.unsigned_abs());
        body.put_slice(br#","currency":""#);
        body.put_slice(&price.currency.letters());
        body.put_slice(b"\"");
    }
    body.put_slice(br#","remaining":"#);
    put_number(&mut body, u64::from(purchase.remaining));
    body.put_slice(match level {
        Acknowledgement::Gate => br#","acknowledged":"gate"}}"#.as_slice(),
        Acknowledgement::Ledger => br#","acknowledged":"ledger"}}"#.as_slice(),
    });
    let written = RECEIPT_BYTES - body.len();
    Bytes::copy_from_slice(&room[..written])
}

/// Appends a number in decimal.
pub(crate) fn put_number(buffer: &mut impl BufMut, number: u64) {
    let mut digits = [b'0'; 20];
    let mut rest = number;
    let mut first = digits.len();
    for (place, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b"0123456789"[(rest % 10) as usize];
        rest /= 10;
        first = place;
        if rest == 0 {
            break;
        }
    }
    buffer.put_slice(&digits[first..]);
}

#[cfg(test)]
mod tests {
    use stampede_domain::{AttemptKey, Currency, Instant, Position, Price, PurchaseBits, limits};

    use super::*;
    use crate::envelope::Success;

    #[test]
    fn the_receipt_by_hand_is_the_receipt_of_the_document() {
        let price = |minor, code| Some(Price { minor, currency: Currency::parse(code).unwrap() });
        let longest = "X".repeat(Sku::CHARS_MAX);
        for (sku, qty, remaining, unit_price) in [
            ("WIDGET-001", 1, 86, None),
            ("WIDGET-001", 100, 0, price(0, "EUR")),
            ("WIDGET-001", 7, 10_000_000, price(*limits::PRICE_MINOR.end(), "JPY")),
            (&longest, u32::MAX, u32::MAX, price(i64::MAX, "JPY")),
        ] {
            let sku = Sku::parse(sku).unwrap();
            let purchase = Purchase {
                bits: PurchaseBits([7; 10]),
                at: Instant::from_millis(1_771_149_600_123),
                qty,
                key: AttemptKey([0; 16]),
                remaining,
                position: Position(1),
                ordinal: 1,
                held_after: qty,
                cancelled: false,
                unit_price,
            };
            for level in [Acknowledgement::Gate, Acknowledgement::Ledger] {
                let documented = Success::new(PurchaseReceipt {
                    purchase_no: purchase.no().to_string(),
                    purchased_at: purchase.at.to_string(),
                    sku: sku.to_string(),
                    qty,
                    price_minor: unit_price.map(|price| price.minor),
                    currency: unit_price.map(|price| price.currency.to_string()),
                    remaining,
                    acknowledged: level.into(),
                });
                let written = receipt(&sku, &purchase, level);
                assert_eq!(written, serde_json::to_vec(&documented).unwrap());
                let text = String::from_utf8(written.to_vec()).unwrap();
                assert_eq!(text.contains("price"), unit_price.is_some(), "{text}");
            }
        }
    }

    #[test]
    fn a_purchase_without_a_price_reads_as_it_always_did() {
        let sku = Sku::parse("WIDGET-001").unwrap();
        let purchase = Purchase {
            bits: PurchaseBits([0; 10]),
            at: Instant::from_millis(1_771_149_600_123),
            qty: 1,
            key: AttemptKey([0; 16]),
            remaining: 86,
            position: Position(1),
            ordinal: 1,
            held_after: 1,
            cancelled: false,
            unit_price: None,
        };
        let summary = serde_json::to_string(&PurchaseSummary::new(&sku, &purchase)).unwrap();
        let no = purchase.no();
        let as_ever = format!(
            r#"{{"purchaseNo":"{no}","purchasedAt":"2026-02-15T10:00:00.123Z","sku":"WIDGET-001","qty":1}}"#
        );
        assert_eq!(summary, as_ever);
    }
}
