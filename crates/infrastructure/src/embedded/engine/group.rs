//! What is written by one sync, and the answers that wait for it.

use stampede_application::ports::{EntryId, PortError, RecordedChange};
use stampede_domain::{Generation, Instant, RecordedPurchase};

use super::command::{Answer, Reply};
use crate::embedded::{STORE, journal::format};

/// One row of the journal that is not written yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) generation: Generation,
    pub(super) weight: i64,
    pub(super) body: String,
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

    /// Writes accepted purchases of one sale; nothing if there are none.
    pub(super) fn write_purchases(&mut self, purchases: &[RecordedPurchase]) {
        let Some(first) = purchases.first() else { return };
        let weight = i64::try_from(purchases.len()).unwrap_or(i64::MAX);
        let body = format::write_purchases(purchases);
        self.push(first.sale.generation, weight, body);
    }

    /// Writes a change; returns where.
    pub(super) fn write_change(&mut self, change: &RecordedChange) -> EntryId {
        self.push(change.sale.id.generation, 1, format::write_change(change));
        EntryId(self.last_id.to_string())
    }

    fn push(&mut self, generation: Generation, weight: i64, body: serde_json::Result<String>) {
        self.last_id += 1;
        match body {
            Ok(body) => self.rows.push(Row { id: self.last_id, generation, weight, body }),
            Err(error) => self.fault = Some(PortError::inconsistent(STORE, error)),
        }
    }
}
