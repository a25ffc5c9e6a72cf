//! The state of a sale as scripts read and write it.

use redis::{Cmd, Value};
use stampede_application::ports::Snapshot;
use stampede_domain::{Epoch, Instant, Position, Sale, Version, Window};

use super::{
    fence::{Undecodable, parse_epoch},
    link,
};
use crate::packed::write_price;

/// What the head holds as the end reason of a sale that an admin ended; else it is empty, since
/// the other reasons follow from stock and window.
const ENDED_BY_ADMIN: &str = "ENDED_BY_ADMIN";

/// The sale as the head has it, and what a script adds.
pub(super) struct State {
    pub(super) snapshot: Snapshot,
    pub(super) epoch: Epoch,
    pub(super) position: Position,
    /// The time by which the gate judged when it was read.
    pub(super) at: Instant,
    /// What the script replies besides.
    pub(super) extra: Vec<Value>,
}

/// Fields of a reply, read in order.
pub(super) struct Fields(std::vec::IntoIter<Value>);

impl Fields {
    pub(super) fn of(value: Value) -> Result<Self, Undecodable> {
        let fields = link::array(value).ok_or(Undecodable("a reply's fields"))?;
        Ok(Self(fields.into_iter()))
    }

    pub(super) fn value(&mut self) -> Result<Value, Undecodable> {
        self.0.next().ok_or(Undecodable("a reply that is cut short"))
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, Undecodable> {
        link::bytes(self.value()?).ok_or(Undecodable("a field that is missing"))
    }

    pub(super) fn text(&mut self) -> Result<String, Undecodable> {
        String::from_utf8(self.bytes()?).map_err(|_| Undecodable("a field that is no text"))
    }

    pub(super) fn number<T: std::str::FromStr>(&mut self) -> Result<T, Undecodable> {
        self.text()?.parse().map_err(|_| Undecodable("a field that is no number"))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.as_slice().is_empty()
    }

    pub(super) fn rest(self) -> Vec<Value> {
        self.0.collect()
    }
}

impl State {
    /// Reads what `state()` of `lua/fence.lua` replies.
    pub(super) fn read(reply: Value) -> Result<Self, Undecodable> {
        let mut fields = Fields::of(reply)?;
        fields.value()?;
        let raw = Instant::from_millis(fields.number()?);
        let mut head = Fields::of(fields.value()?)?;
        let epoch = parse_epoch(&head.text()?).ok_or(Undecodable("an epoch"))?;
        let version = Version(head.number()?);
        let (stock, sold) = (head.number()?, head.number()?);
        let sale = read_sale(&mut head)?;
        let position = Position(head.number()?);
        let at = raw.max(Instant::from_millis(head.number()?));
        let snapshot = Snapshot { sale, stock, sold, version };
        Ok(Self { snapshot, epoch, position, at, extra: fields.rest() })
    }
}

/// The sale as the head packs it.
pub(super) fn definition(sale: &Sale) -> Result<String, serde_json::Error> {
    serde_json::to_string(sale)
}

/// Reads starts, ends, limit, paused, end reason and definition, in the order of the scripts.
pub(super) fn read_sale(head: &mut Fields) -> Result<Sale, Undecodable> {
    let (start, end) = (head.number()?, head.number()?);
    let limit_per_buyer = head.number()?;
    let paused = head.text()? == "1";
    let ended_by_admin = head.text()? == ENDED_BY_ADMIN;
    let definition: Sale = serde_json::from_slice(&head.bytes()?)
        .map_err(|_| Undecodable("the definition of a sale"))?;
    let window = Window { start: Instant::from_millis(start), end: Instant::from_millis(end) };
    Ok(Sale { window, limit_per_buyer, paused, ended_by_admin, ..definition })
}

/// Adds starts, ends, limit, paused, end reason, definition, price and acknowledgement, in the order
/// of the scripts.
pub(super) fn write_sale(sale: &Sale, definition: &str, command: &mut Cmd) {
    let mut packed = Vec::new();
    write_price(sale.price, &mut packed);
    command
        .arg(sale.window.start.millis())
        .arg(sale.window.end.millis())
        .arg(sale.limit_per_buyer)
        .arg(u8::from(sale.paused))
        .arg(if sale.ended_by_admin { ENDED_BY_ADMIN } else { "" })
        .arg(definition)
        .arg(packed)
        .arg(sale.acknowledge.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a head held before products had pages.
    #[test]
    fn a_definition_of_before_prices_is_read_and_written_as_it_was() {
        let written = concat!(
            r#"{"id":{"sku":"WIDGET-001","generation":"00000000-0000-0000-0000-000000000007"},"#,
            r#""product_name":"Widget","initial_stock":5,"window":{"start":1,"end":2},"#,
            r#""limit_per_buyer":3,"acknowledge":"gate","paused":false,"ended_by_admin":false,"#,
            r#""created_at":0}"#,
        );
        let sale: Sale = serde_json::from_str(written).unwrap();
        assert_eq!((&sale.description, &sale.picture, sale.price), (&None, &None, None));
        assert_eq!(definition(&sale).unwrap(), written);
    }
}
