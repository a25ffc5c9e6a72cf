//! An outbox entry: fields of a stream entry, tagged and versioned.
//!
//! `f` format, `k` kind, `g` generation, `s` sku, `e` epoch, and by kind: `purchases`: `b`, the
//! purchases as bytes (see `packed.rs`); `change`: `v` version, `p` paused, `r` end reason, `a`
//! starts, `z` ends, `l` limit, `b` definition. `lua/fence.lua` and `lua/change.lua` write them.

use redis::Value;
use stampede_application::ports::{Entry, EntryBody, EntryId, RecordedChange};
use stampede_domain::{
    Epoch, Generation, Instant, RecordedPurchase, Sale, SaleId, Sku, Version, Window,
};
use uuid::Uuid;

use super::{
    fence::{Undecodable, parse_epoch},
    link,
};
use crate::packed::Reader;

/// The format of entries that this version writes.
const FORMAT: u64 = 1;

/// A stream entry as Redis replies it: id, and fields by turns with values; `None` for the fields
/// of an entry that was removed while a consumer held it.
pub(super) struct RawEntry {
    pub(super) id: EntryId,
    pub(super) fields: Option<Vec<(Vec<u8>, Vec<u8>)>>,
}

impl RawEntry {
    pub(super) fn read(value: Value) -> Result<Self, Undecodable> {
        const WRONG: Undecodable = Undecodable("a stream entry");
        let Value::Array(parts) = value else { return Err(WRONG) };
        let mut parts = parts.into_iter();
        let id = parts.next().and_then(link::bytes).ok_or(WRONG)?;
        let id = EntryId(String::from_utf8(id).map_err(|_| WRONG)?);
        let fields = match parts.next() {
            Some(Value::Array(fields)) => Some(pairs(fields).ok_or(WRONG)?),
            Some(_) | None => None,
        };
        Ok(Self { id, fields })
    }

    /// The sale that the entry is of, without reading its body.
    pub(super) fn is_of(&self, generation: &str) -> bool {
        self.fields.as_deref().and_then(|fields| field(fields, b"g")) == Some(generation.as_bytes())
    }

    /// The entry with its body read; `None` if it was removed.
    pub(super) fn decode(self) -> Option<Entry> {
        let body = body(&self.fields?);
        Some(Entry { id: Some(self.id), body })
    }

    /// What a person is shown of an entry that nobody can read.
    pub(super) fn shown(fields: &[(Vec<u8>, Vec<u8>)]) -> String {
        let shown = fields
            .iter()
            .map(|(name, value)| format!("{}={}", name.escape_ascii(), value.escape_ascii()));
        shown.collect::<Vec<_>>().join(" ")
    }
}

/// Values by turns as pairs.
pub(super) fn pairs(values: Vec<Value>) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut pairs = Vec::with_capacity(values.len() / 2);
    let mut values = values.into_iter();
    while let Some(name) = values.next() {
        pairs.push((link::bytes(name)?, link::bytes(values.next()?)?));
    }
    Some(pairs)
}

pub(super) fn field<'a>(fields: &'a [(Vec<u8>, Vec<u8>)], name: &[u8]) -> Option<&'a [u8]> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
}

fn body(fields: &[(Vec<u8>, Vec<u8>)]) -> EntryBody {
    let broken = |error: &Undecodable| EntryBody::Broken {
        raw: RawEntry::shown(fields),
        error: error.to_string(),
    };
    let fields = Fields(fields);
    let format = match fields.number("f") {
        Ok(format) => format,
        Err(error) => return broken(&error),
    };
    let read = match (format, fields.get("k")) {
        (FORMAT, Ok(b"purchases")) => fields
            .purchases()
            .map(|read| read.map_or(EntryBody::Newer { format }, EntryBody::Purchases)),
        (FORMAT, Ok(b"change")) => {
            fields.change().map(|change| EntryBody::Change(Box::new(change)))
        }
        // What this version does not know is a newer version's, and kept.
        _ => Ok(EntryBody::Newer { format }),
    };
    read.unwrap_or_else(|error| broken(&error))
}

/// The fields of one entry.
struct Fields<'a>(&'a [(Vec<u8>, Vec<u8>)]);

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Result<&'a [u8], Undecodable> {
        field(self.0, name.as_bytes()).ok_or(Undecodable("an entry without one of its fields"))
    }

    fn text(&self, name: &str) -> Result<&'a str, Undecodable> {
        std::str::from_utf8(self.get(name)?).map_err(|_| Undecodable("a field that is no text"))
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, Undecodable> {
        self.text(name)?.parse().map_err(|_| Undecodable("a field that is no number"))
    }

    fn sale(&self) -> Result<(SaleId, Epoch), Undecodable> {
        let sku = Sku::parse(self.text("s")?).map_err(|_| Undecodable("a sku"))?;
        let generation =
            Uuid::try_parse(self.text("g")?).map_err(|_| Undecodable("a generation"))?;
        let epoch = parse_epoch(self.text("e")?).ok_or(Undecodable("an epoch"))?;
        Ok((SaleId { sku, generation: Generation(generation) }, epoch))
    }

    fn purchases(&self) -> Result<Option<Vec<RecordedPurchase>>, Undecodable> {
        let (sale, epoch) = self.sale()?;
        Reader(self.get("b")?).purchases(&sale, epoch)
    }

    fn change(&self) -> Result<RecordedChange, Undecodable> {
        let (_, epoch) = self.sale()?;
        let definition: Sale = serde_json::from_slice(self.get("b")?)
            .map_err(|_| Undecodable("the definition of a sale"))?;
        let sale = Sale {
            window: Window {
                start: Instant::from_millis(self.number("a")?),
                end: Instant::from_millis(self.number("z")?),
            },
            limit_per_buyer: self.number("l")?,
            paused: self.text("p")? == "1",
            ended_by_admin: !self.text("r")?.is_empty(),
            ..definition
        };
        Ok(RecordedChange { sale, epoch, version: Version(self.number("v")?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(fields: &[(&str, &[u8])]) -> EntryBody {
        let fields = fields.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.to_vec()));
        body(&fields.collect::<Vec<_>>())
    }

    #[test]
    fn a_newer_format_and_an_unknown_kind_are_kept_apart_from_nonsense() {
        let newer = entry(&[("f", b"2"), ("k", b"purchases")]);
        assert_eq!(newer, EntryBody::Newer { format: 2 });
        let unknown = entry(&[("f", b"1"), ("k", b"refund")]);
        assert_eq!(unknown, EntryBody::Newer { format: 1 });
        assert!(matches!(entry(&[("x", b"y\xff")]), EntryBody::Broken { .. }));
        let cut = entry(&[
            ("f", b"1"),
            ("k", b"purchases"),
            ("g", b"00000000000000000000000000000007"),
            ("s", b"WIDGET-001"),
            ("e", b"1.00000000000000ab"),
            ("b", b"short"),
        ]);
        assert!(matches!(cut, EntryBody::Broken { .. }), "{cut:?}");
    }
}
