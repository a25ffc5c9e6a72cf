//! What is written by one sync, and the answers that wait for it.

use stampede_application::ports::{EntryId, PortError, RecordedChange};
use stampede_domain::{BuyerId, Epoch, Generation, Instant, Purchase, SaleId, TraceParent};

use super::command::{Answer, Reply};
use crate::{
    embedded::{STORE, journal::format},
    packed::write_purchase,
};

/// Purchases of one row at most, which is what a worker takes at once.
const ROW_PURCHASES_MAX: i64 = 256;

/// One row of the journal that is not written yet.
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) generation: Generation,
    pub(super) weight: i64,
    pub(super) body: Body,
}

/// What is written into a row.
pub(super) enum Body {
    /// Purchases of one epoch, to which more may be added.
    Purchases(Epoch, Vec<u8>),
    /// A change.
    Change(String),
}

/// A sale that was judged to be over for the first time, and when.
pub(super) struct Over {
    pub(super) generation: Generation,
    pub(super) at: Instant,
}

/// Everything between two syncs, in order.
#[derive(Default)]
pub(super) struct Group {
    pub(super) rows: Vec<Row>,
    pub(super) over: Vec<Over>,
    pub(super) answers: Vec<Answer>,
    /// What keeps the group from being written; nothing of it is answered then.
    pub(super) fault: Option<PortError>,
    /// The id of the last row that was ever given.
    last_id: i64,
}

impl Group {
    /// Goes on after the row `last_id`.
    pub(super) fn after(last_id: i64) -> Self {
        Self { last_id, ..Self::default() }
    }

    pub(super) fn last_id(&self) -> i64 {
        self.last_id
    }

    pub(super) fn answer<T: Send + 'static>(
        &mut self,
        reply: Reply<T>,
        value: Result<T, PortError>,
    ) {
        self.answers.push(Answer::new(reply, value));
    }

    /// Writes an accepted purchase: behind the last one, if that is of the same sale and epoch,
    /// since a row costs more than a purchase in it.
    pub(super) fn write_purchase(
        &mut self,
        sale: &SaleId,
        epoch: Epoch,
        buyer: &BuyerId,
        purchase: &Purchase,
        trace: Option<&TraceParent>,
    ) {
        if let Some(Row { generation, weight, body: Body::Purchases(of, body), .. }) =
            self.rows.last_mut()
            && (*generation, *of) == (sale.generation, epoch)
            && *weight < ROW_PURCHASES_MAX
        {
            write_purchase(buyer, purchase, trace, body);
            *weight += 1;
            return;
        }
        let mut body = format::begin_purchases(sale, epoch);
        write_purchase(buyer, purchase, trace, &mut body);
        self.push(sale.generation, Body::Purchases(epoch, body));
    }

    /// Writes a change; returns where.
    pub(super) fn write_change(&mut self, change: &RecordedChange) -> EntryId {
        match format::write_change(change) {
            Ok(body) => self.push(change.sale.id.generation, Body::Change(body)),
            Err(error) => self.fault = Some(PortError::inconsistent(STORE, error)),
        }
        EntryId(self.last_id.to_string())
    }

    fn push(&mut self, generation: Generation, body: Body) {
        self.last_id += 1;
        self.rows.push(Row { id: self.last_id, generation, weight: 1, body });
    }
}

#[cfg(test)]
mod tests {
    use stampede_application::ports::EntryBody;
    use stampede_domain::{AttemptKey, Position, PurchaseBits, Sku};
    use uuid::Uuid;

    use super::*;

    const FIRST: Epoch = Epoch { number: 1, nonce: 7 };

    fn sale(number: u128) -> SaleId {
        let sku = Sku::parse("WIDGET-001").unwrap();
        SaleId { sku, generation: Generation(Uuid::from_u128(number)) }
    }

    fn write(group: &mut Group, sale: &SaleId, epoch: Epoch, times: u32) {
        for place in 1..=times {
            let purchase = Purchase {
                bits: PurchaseBits([1; 10]),
                at: Instant::from_millis(1),
                qty: 1,
                key: AttemptKey([2; 16]),
                remaining: 8,
                position: Position(place.into()),
                ordinal: 1,
                held_after: 1,
                cancelled: false,
                unit_price: None,
            };
            let buyer = BuyerId::parse("ada").unwrap();
            group.write_purchase(sale, epoch, &buyer, &purchase, None);
        }
    }

    #[test]
    fn purchases_of_one_sale_and_epoch_share_a_row_that_is_no_larger_than_a_read() {
        let mut group = Group::after(10);
        let second = Epoch { number: 2, nonce: 7 };
        write(&mut group, &sale(1), FIRST, 257);
        write(&mut group, &sale(2), FIRST, 1);
        write(&mut group, &sale(2), second, 2);
        write(&mut group, &sale(1), FIRST, 1);
        let rows: Vec<_> = group.rows.iter().map(|row| (row.id, row.weight)).collect();
        assert_eq!(rows, [(11, 256), (12, 1), (13, 1), (14, 2), (15, 1)]);
        assert_eq!(group.last_id(), 15);
        for row in &group.rows {
            let Body::Purchases(epoch, body) = &row.body else { panic!("no change was written") };
            let EntryBody::Purchases(read) = format::read(body) else { panic!("not readable") };
            assert_eq!(read.len(), usize::try_from(row.weight).unwrap());
            assert!(read.iter().all(|one| one.epoch == *epoch));
            assert!(read.iter().all(|one| one.sale.generation == row.generation));
        }
    }
}
