//! A purchase as a buyer sees it.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use stampede_domain::{Acknowledgement, Purchase, Sku};
use utoipa::ToSchema;

/// Room for a receipt with the longest sku and numbers.
const RECEIPT_BYTES: usize = 320;

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
}

impl PurchaseSummary {
    /// The purchase of this sku.
    pub(crate) fn new(sku: &Sku, purchase: &Purchase) -> Self {
        Self {
            purchase_no: purchase.no().to_string(),
            purchased_at: purchase.at.to_string(),
            sku: sku.to_string(),
            qty: purchase.qty,
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
            purchases: all,
        })
    }
}

/// The whole answer to an accepted attempt, written by hand into one buffer.
///
/// Nothing in it needs escaping: skus, numbers and instants are plain ASCII.
pub(crate) fn receipt(sku: &Sku, purchase: &Purchase, level: Acknowledgement) -> Bytes {
    let mut body = BytesMut::with_capacity(RECEIPT_BYTES);
    body.put_slice(br#"{"success":true,"data":{"purchaseNo":""#);
    body.put_slice(purchase.no().as_str().as_bytes());
    body.put_slice(br#"","purchasedAt":""#);
    body.put_slice(purchase.at.to_string().as_bytes());
    body.put_slice(br#"","sku":""#);
    body.put_slice(sku.as_str().as_bytes());
    body.put_slice(br#"","qty":"#);
    put_number(&mut body, u64::from(purchase.qty));
    body.put_slice(br#","remaining":"#);
    put_number(&mut body, u64::from(purchase.remaining));
    body.put_slice(match level {
        Acknowledgement::Gate => br#","acknowledged":"gate"}}"#.as_slice(),
        Acknowledgement::Ledger => br#","acknowledged":"ledger"}}"#.as_slice(),
    });
    body.freeze()
}

/// Appends a number in decimal.
pub(crate) fn put_number(buffer: &mut BytesMut, number: u64) {
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
    use stampede_domain::{AttemptKey, Instant, Position, PurchaseBits};

    use super::*;
    use crate::envelope::Success;

    #[test]
    fn the_receipt_by_hand_is_the_receipt_of_the_document() {
        let sku = Sku::parse("WIDGET-001").unwrap();
        for (qty, remaining) in [(1, 86), (100, 0), (7, 10_000_000)] {
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
            };
            for level in [Acknowledgement::Gate, Acknowledgement::Ledger] {
                let documented = Success::new(PurchaseReceipt {
                    purchase_no: purchase.no().to_string(),
                    purchased_at: purchase.at.to_string(),
                    sku: sku.to_string(),
                    qty,
                    remaining,
                    acknowledged: level.into(),
                });
                let written = receipt(&sku, &purchase, level);
                assert_eq!(written, serde_json::to_vec(&documented).unwrap());
            }
        }
    }
}
