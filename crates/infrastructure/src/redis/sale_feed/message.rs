//! A message of the feed: tagged and versioned JSON, as `lua/fence.lua` publishes it.

use serde::Deserialize;
use stampede_domain::{Generation, SaleId, Sku, Version};

/// The format of messages that this version reads.
const FORMAT: u64 = 1;

/// What a message says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// The stock of a sale, and its version with it.
    Stock(SaleId, Version, u32),
    /// More than the stock has changed, or this version cannot read what: read the sale again.
    ReadAgain(SaleId),
    /// Not about a sale that this version knows of: the next read of the shard will tell.
    Unknown,
}

#[derive(Deserialize)]
struct Raw<'a> {
    format: Option<u64>,
    kind: Option<&'a str>,
    sku: Option<Sku>,
    generation: Option<Generation>,
    version: Option<Version>,
    stock: Option<u32>,
}

impl Message {
    pub(super) fn read(payload: &[u8]) -> Self {
        let Ok(raw) = serde_json::from_slice::<Raw<'_>>(payload) else { return Self::Unknown };
        let (Some(sku), Some(generation)) = (raw.sku, raw.generation) else {
            return Self::Unknown;
        };
        let id = SaleId { sku, generation };
        match (raw.format, raw.kind, raw.version, raw.stock) {
            (Some(FORMAT), Some("stock"), Some(version), Some(stock)) => {
                Self::Stock(id, version, stock)
            }
            _ => Self::ReadAgain(id),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_unknown_kind_or_format_means_to_read_the_sale_again() {
        let id = SaleId {
            sku: Sku::parse("WIDGET-001").unwrap(),
            generation: Generation(Uuid::from_u128(7)),
        };
        let message = |format, kind| {
            let text = format!(
                r#"{{"format":{format},"kind":"{kind}","sku":"WIDGET-001","generation":"{}","version":9007199254740991,"stock":3}}"#,
                id.generation
            );
            Message::read(text.as_bytes())
        };
        let stock = Message::Stock(id.clone(), Version(9_007_199_254_740_991), 3);
        assert_eq!(message(1, "stock"), stock);
        assert_eq!(message(1, "change"), Message::ReadAgain(id.clone()));
        assert_eq!(message(1, "refund"), Message::ReadAgain(id.clone()));
        assert_eq!(message(2, "stock"), Message::ReadAgain(id.clone()));
        assert_eq!(Message::read(b"\xff"), Message::Unknown);
        assert_eq!(Message::read(b"{}"), Message::Unknown);
    }
}
