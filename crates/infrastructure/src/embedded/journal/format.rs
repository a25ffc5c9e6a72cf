//! How an entry is written into the journal and read from it.
//!
//! Purchases are bytes, which are format 2: the format 1, bytes of the sku 1, the sku, generation
//! 16, epoch 16, and the purchases (see `packed.rs`), so that more of them are written behind. A
//! change and a dead letter are JSON, which is format 1, and purchases were until they were bytes.

use serde::{Deserialize, Serialize};
use stampede_application::ports::{EntryBody, RecordedChange};
use stampede_domain::{
    BuyerId, Epoch, Generation, Price, Purchase, RecordedPurchase, Sale, SaleId, Sku, TraceParent,
    Version,
};
use uuid::Uuid;

use crate::packed::{Reader, Undecodable};

/// The format of entries that are JSON.
const FORMAT: u64 = 1;
/// The format of entries that are bytes, which is their first.
const PACKED: u8 = 2;
/// No text of ours begins with a byte below this one, and every entry of bytes does.
const TEXT_MIN: u8 = b' ';
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

/// Begins an entry of accepted purchases of one sale and epoch, which are written behind it.
pub(in crate::embedded) fn begin_purchases(sale: &SaleId, epoch: Epoch) -> Vec<u8> {
    let sku = sale.sku.as_str().as_bytes();
    // A sku has 64 characters at most.
    let sku_bytes = u8::try_from(sku.len()).unwrap_or(u8::MAX);
    let mut body = vec![PACKED, sku_bytes];
    body.extend_from_slice(sku);
    body.extend_from_slice(sale.generation.0.as_bytes());
    body.extend_from_slice(&epoch.number.to_be_bytes());
    body.extend_from_slice(&epoch.nonce.to_be_bytes());
    body
}

/// Writes the purchase of a dead letter, as a person can read it.
///
/// # Errors
///
/// Those of JSON, which these types never cause.
pub(in crate::embedded) fn write_letter(
    recorded: &RecordedPurchase,
) -> Result<String, serde_json::Error> {
    let recorded = recorded.clone();
    let item = Item {
        buyer: recorded.buyer,
        purchase: Purchase { unit_price: None, ..recorded.purchase },
        traceparent: recorded.traceparent,
        unit_price: recorded.purchase.unit_price,
    };
    serde_json::to_string(&Batch {
        format: FORMAT,
        kind: PURCHASES.into(),
        sale: recorded.sale,
        epoch: recorded.epoch,
        purchases: vec![item],
    })
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
pub(in crate::embedded) fn read(body: &[u8]) -> EntryBody {
    let broken = |error: String| EntryBody::Broken { raw: shown(body), error };
    match body {
        [PACKED, rest @ ..] => unpacked(rest).unwrap_or_else(|error| broken(error.to_string())),
        [format, ..] if (PACKED..TEXT_MIN).contains(format) => {
            EntryBody::Newer { format: u64::from(*format) }
        }
        text => try_read(text).unwrap_or_else(|error| broken(error.to_string())),
    }
}

/// What a person is shown of an entry that nobody can read.
fn shown(body: &[u8]) -> String {
    match std::str::from_utf8(body) {
        Ok(text) if !text.contains(char::is_control) => text.to_owned(),
        Ok(_) | Err(_) => body.escape_ascii().to_string(),
    }
}

fn unpacked(body: &[u8]) -> Result<EntryBody, Undecodable> {
    let mut reader = Reader(body);
    let sku_bytes = reader.small(1)?;
    let sku = std::str::from_utf8(reader.take(sku_bytes as usize)?).ok();
    let sku = sku.and_then(|sku| Sku::parse(sku).ok()).ok_or(Undecodable("a sku"))?;
    let generation = Generation(Uuid::from_bytes(reader.array()?));
    let epoch = Epoch { number: reader.number(8)?, nonce: reader.number(8)? };
    let purchases = reader.purchases(&SaleId { sku, generation }, epoch)?;
    Ok(purchases.map_or(EntryBody::Newer { format: PACKED.into() }, EntryBody::Purchases))
}

fn try_read(text: &[u8]) -> Result<EntryBody, serde_json::Error> {
    let Head { format, kind } = serde_json::from_slice(text)?;
    if format > FORMAT {
        return Ok(EntryBody::Newer { format });
    }
    match kind.as_str() {
        PURCHASES => serde_json::from_slice(text).map(|entry: Batch| entry.into_body()),
        CHANGE => serde_json::from_slice(text).map(|entry: Change| {
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
        Acknowledgement, AttemptKey, Currency, Instant, Position, PurchaseBits, Window,
    };

    use super::*;
    use crate::packed::write_purchase;

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
        assert_eq!(write_letter(&bought).unwrap(), unpriced);
        assert_eq!(read(unpriced.as_bytes()), EntryBody::Purchases(vec![bought]));
    }

    #[test]
    fn a_letter_is_written_as_it_always_was_and_read_back() {
        let text = write_letter(&purchase()).unwrap();
        assert_eq!(text, WRITTEN);
        assert_eq!(read(text.as_bytes()), EntryBody::Purchases(vec![purchase()]));
    }

    /// The same purchase as version 2 wrote it; a later version must read it for ever.
    const PACKED_AND_WRITTEN: &str = concat!(
        "020a5749444745542d303031000000000000000000000000000000070000000000000003",
        "0000000000000009020202020202020202020202020202020101010101010101010102",
        "019c60be25000000000800000000010000010200084164612022c3b62202",
        "00000000000007cf455552",
    );

    fn packed(purchases: &[RecordedPurchase]) -> Vec<u8> {
        let mut body = begin_purchases(&id(), Epoch { number: 3, nonce: 9 });
        for RecordedPurchase { buyer, purchase, traceparent, .. } in purchases {
            write_purchase(buyer, purchase, traceparent.as_ref(), &mut body);
        }
        body
    }

    #[test]
    fn purchases_are_written_as_they_always_were_and_read_back_with_all_they_have() {
        let body = packed(&[purchase()]);
        let hex = body.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        assert_eq!(hex, PACKED_AND_WRITTEN);
        let mut traced = purchase();
        let trace = format!("00-{}-{}-01", "a".repeat(32), "b".repeat(16));
        traced.traceparent = Some(TraceParent::parse(&trace).unwrap());
        traced.purchase.unit_price = None;
        traced.purchase.cancelled = true;
        let all = [purchase(), traced];
        assert_eq!(read(&packed(&all)), EntryBody::Purchases(all.to_vec()));
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
        assert_eq!(read(text.as_bytes()), EntryBody::Change(Box::new(change)));
    }

    #[test]
    fn a_change_of_a_product_without_a_page_is_written_and_read_as_it_always_was() {
        assert_eq!(write_change(&change()).unwrap(), WRITTEN_CHANGE);
        assert_eq!(read(WRITTEN_CHANGE.as_bytes()), EntryBody::Change(Box::new(change())));
    }

    #[test]
    fn what_a_newer_version_wrote_is_told_apart_from_what_is_broken() {
        let newer = br#"{"format":3,"kind":"purchases","packed":"AAEC"}"#;
        assert_eq!(read(newer), EntryBody::Newer { format: 3 });
        assert_eq!(read(b"\x03and what it means"), EntryBody::Newer { format: 3 });
        let mut with_more = packed(&[purchase()]);
        // The flags of the extras, before the price.
        let flags = with_more.len() - 12;
        with_more[flags] |= 0x80;
        assert_eq!(read(&with_more), EntryBody::Newer { format: 2 });
        let unknown_kind = br#"{"format":1,"kind":"transfer"}"#;
        assert_eq!(read(unknown_kind), EntryBody::Newer { format: 1 });
        for broken in ["", "{", "[]", r#"{"format":1,"kind":"purchases"}"#, "\x01", "\x02"] {
            assert!(matches!(read(broken.as_bytes()), EntryBody::Broken { .. }), "{broken}");
        }
    }

    #[test]
    fn what_is_broken_is_shown_as_text() {
        let shown = |body: &[u8]| {
            let EntryBody::Broken { raw, .. } = read(body) else { panic!("{body:?} was read") };
            raw
        };
        assert_eq!(shown(br#"{"buyer":"\xc3\xb6"#), r#"{"buyer":"\xc3\xb6"#);
        assert_eq!(shown("{\"buyer\":\"ö".as_bytes()), "{\"buyer\":\"ö");
        let mut torn = packed(&[purchase()]);
        torn.truncate(20);
        assert!(shown(&torn).starts_with(r"\x02\nWIDGET-001\x00"), "{}", shown(&torn));
    }
}
