//! How an entry is written into the journal and read from it.

use serde::{Deserialize, Serialize};
use stampede_application::ports::{EntryBody, RecordedChange};
use stampede_domain::{
    BuyerId, Epoch, Price, Purchase, RecordedPurchase, Sale, SaleId, TraceParent, Version,
};

/// The format that this version writes, and the highest that it reads.
const FORMAT: u64 = 1;
const PURCHASES: &str = "purchases";
const CHANGE: &str = "change";

/// What every entry of every format begins with.
#[derive(Deserialize)]
struct Head {
    format: u64,
    kind: String,
}

/// The accepted attempts of one batch; what they share stands once.
#[derive(Serialize, Deserialize)]
struct Batch {
    format: u64,
    kind: String,
    sale: SaleId,
    epoch: Epoch,
    purchases: Vec<Item>,
}

/// One accepted attempt; its price stands beside the purchase, where it always had its place.
#[derive(Serialize, Deserialize)]
struct Item {
    buyer: BuyerId,
    purchase: Purchase,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<TraceParent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit_price: Option<Price>,
}

/// One change, with the whole changeable state.
#[derive(Serialize, Deserialize)]
struct Change {
    format: u64,
    kind: String,
    sale: Sale,
    epoch: Epoch,
    version: Version,
}

/// Writes accepted purchases of one sale and epoch as one entry.
///
/// # Errors
///
/// There are none, of which no entry is made; JSON itself never fails for these types.
pub(in crate::embedded) fn write_purchases(
    purchases: &[RecordedPurchase],
) -> Result<String, serde_json::Error> {
    let Some(first) = purchases.first() else {
        return Err(serde::ser::Error::custom("an entry has one purchase at least"));
    };
    let items = purchases.iter().cloned().map(|recorded| Item {
        buyer: recorded.buyer,
        purchase: Purchase { unit_price: None, ..recorded.purchase },
        traceparent: recorded.traceparent,
        unit_price: recorded.purchase.unit_price,
    });
    let entry = Batch {
        format: FORMAT,
        kind: PURCHASES.into(),
        sale: first.sale.clone(),
        epoch: first.epoch,
        purchases: items.collect(),
    };
    serde_json::to_string(&entry)
}

/// Writes a change as one entry.
///
/// # Errors
///
/// Those of JSON, which these types never cause.
pub(in crate::embedded) fn write_change(
    change: &RecordedChange,
) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Change {
        format: FORMAT,
        kind: CHANGE.into(),
        sale: change.sale.clone(),
        epoch: change.epoch,
        version: change.version,
    })
}

/// Reads an entry of any format: what a newer version wrote is told apart from what is broken.
pub(in crate::embedded) fn read(text: &str) -> EntryBody {
    try_read(text).unwrap_or_else(|error| EntryBody::Broken {
        raw: text.to_owned(),
        error: error.to_string(),
    })
}

fn try_read(text: &str) -> Result<EntryBody, serde_json::Error> {
    let Head { format, kind } = serde_json::from_str(text)?;
    if format > FORMAT {
        return Ok(EntryBody::Newer { format });
    }
    match kind.as_str() {
        PURCHASES => serde_json::from_str(text).map(|entry: Batch| entry.into_body()),
        CHANGE => serde_json::from_str(text).map(|entry: Change| {
            let Change { sale, epoch, version, .. } = entry;
            EntryBody::Change(Box::new(RecordedChange { sale, epoch, version }))
        }),
        _ => Ok(EntryBody::Newer { format }),
    }
}

impl Batch {
    fn into_body(self) -> EntryBody {
        let Self { sale, epoch, purchases, .. } = self;
        let recorded = purchases.into_iter().map(|item| RecordedPurchase {
            sale: sale.clone(),
            epoch,
            buyer: item.buyer,
            purchase: Purchase { unit_price: item.unit_price, ..item.purchase },
            traceparent: item.traceparent,
        });
        EntryBody::Purchases(recorded.collect())
    }
}

#[cfg(test)]
mod tests {
    use stampede_domain::{
        Acknowledgement, AttemptKey, Currency, Generation, Instant, Position, PurchaseBits, Sku,
        Window,
    };
    use uuid::Uuid;

    use super::*;

    /// What version 1 wrote; a later version must read it for ever.
    const WRITTEN: &str = concat!(
        r#"{"format":1,"kind":"purchases","sale":{"sku":"WIDGET-001","#,
        r#""generation":"00000000-0000-0000-0000-000000000007"},"epoch":{"number":3,"nonce":9},"#,
        r#""purchases":[{"buyer":"Ada \"ö\"","purchase":{"bits":[1,1,1,1,1,1,1,1,1,1],"#,
        r#""at":1771149600000,"qty":2,"key":[2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2],"remaining":8,"#,
        r#""position":1,"ordinal":1,"held_after":2,"cancelled":false},"#,
        r#""unit_price":{"minor":1999,"currency":[69,85,82]}}]}"#,
    );

    fn id() -> SaleId {
        SaleId {
            sku: Sku::parse("WIDGET-001").unwrap(),
            generation: Generation(Uuid::from_u128(7)),
        }
    }

    fn price() -> Price {
        Price { minor: 1_999, currency: Currency::parse("EUR").unwrap() }
    }

    fn purchase() -> RecordedPurchase {
        RecordedPurchase {
            sale: id(),
            epoch: Epoch { number: 3, nonce: 9 },
            buyer: BuyerId::parse("Ada \"ö\"").unwrap(),
            purchase: Purchase {
                bits: PurchaseBits([1; 10]),
                at: Instant::from_millis(1_771_149_600_000),
                qty: 2,
                key: AttemptKey([2; 16]),
                remaining: 8,
                position: Position(1),
                ordinal: 1,
                held_after: 2,
                cancelled: false,
                unit_price: Some(price()),
            },
            traceparent: None,
        }
    }

    /// Of a sale without a price, as it was before there were any.
    #[test]
    fn purchases_without_a_price_are_written_and_read_as_they_always_were() {
        let unpriced = WRITTEN.replace(r#","unit_price":{"minor":1999,"currency":[69,85,82]}"#, "");
        assert!(!unpriced.contains("price"));
        let mut bought = purchase();
        bought.purchase.unit_price = None;
        assert_eq!(write_purchases(std::slice::from_ref(&bought)).unwrap(), unpriced);
        assert_eq!(read(&unpriced), EntryBody::Purchases(vec![bought]));
    }

    #[test]
    fn purchases_are_written_as_they_always_were_and_read_back() {
        let text = write_purchases(&[purchase()]).unwrap();
        assert_eq!(text, WRITTEN);
        assert_eq!(read(&text), EntryBody::Purchases(vec![purchase()]));
        assert!(write_purchases(&[]).is_err());
    }

    /// What was written before products had pages.
    const WRITTEN_CHANGE: &str = concat!(
        r#"{"format":1,"kind":"change","sale":{"id":{"sku":"WIDGET-001","#,
        r#""generation":"00000000-0000-0000-0000-000000000007"},"product_name":"Widget","#,
        r#""initial_stock":5,"window":{"start":1,"end":2},"limit_per_buyer":3,"#,
        r#""acknowledge":"ledger","paused":true,"ended_by_admin":false,"created_at":0},"#,
        r#""epoch":{"number":3,"nonce":9},"version":3000000004}"#,
    );

    fn change() -> RecordedChange {
        let at = Instant::from_millis;
        RecordedChange {
            sale: Sale {
                id: id(),
                product_name: "Widget".into(),
                description: None,
                picture: None,
                price: None,
                initial_stock: 5,
                window: Window { start: at(1), end: at(2) },
                limit_per_buyer: 3,
                acknowledge: Acknowledgement::Ledger,
                paused: true,
                ended_by_admin: false,
                created_at: at(0),
            },
            epoch: Epoch { number: 3, nonce: 9 },
            version: Version(3_000_000_004),
        }
    }

    #[test]
    fn a_change_reads_back_whole() {
        let mut change = change();
        change.sale.description = Some("Hand-thrown.\nDishwasher-safe.".into());
        change.sale.picture = Some("/pictures/widget-001.svg".into());
        change.sale.price = Some(price());
        let text = write_change(&change).unwrap();
        assert_eq!(read(&text), EntryBody::Change(Box::new(change)));
    }

    #[test]
    fn a_change_of_a_product_without_a_page_is_written_and_read_as_it_always_was() {
        assert_eq!(write_change(&change()).unwrap(), WRITTEN_CHANGE);
        assert_eq!(read(WRITTEN_CHANGE), EntryBody::Change(Box::new(change())));
    }

    #[test]
    fn what_a_newer_version_wrote_is_told_apart_from_what_is_broken() {
        let newer = r#"{"format":2,"kind":"purchases","packed":"AAEC"}"#;
        assert_eq!(read(newer), EntryBody::Newer { format: 2 });
        let unknown_kind = r#"{"format":1,"kind":"transfer"}"#;
        assert_eq!(read(unknown_kind), EntryBody::Newer { format: 1 });
        for broken in ["", "{", "[]", r#"{"format":1,"kind":"purchases"}"#] {
            assert!(matches!(read(broken), EntryBody::Broken { .. }), "{broken}");
        }
    }
}
