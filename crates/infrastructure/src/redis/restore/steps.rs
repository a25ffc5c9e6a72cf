//! The steps of one restore, all but the third.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use redis::{Cmd, Value};
use stampede_application::ports::{
    CatalogueRow, Causes, Clock as _, CommitError, Drift, Entry, EntryBody, Findings, Ledger as _,
    PortError, ReconciliationRun, RecordedChange, Thoroughness, Trigger,
};
use stampede_domain::{Epoch, Instant, Position, RecordedPurchase, Version};
use tokio::time;

use super::{CHUNK, RestoreStep, Restorer, not_mine};
use crate::redis::{
    failure::{NotNow, STORE, inconsistent},
    fence::Reply,
    head::{self, Fields, State},
    record::write_items,
    registry::KnownSale,
    script::{CLOSE, Call, REFILL, REOPEN, send},
};

/// How often other nodes are told that the restore is still at work.
const RENEW_EVERY: Duration = Duration::from_secs(1);

/// One restore under the epoch that it took.
pub(super) struct Run<'a> {
    pub(super) restorer: &'a Restorer,
    pub(super) sale: &'a KnownSale,
    pub(super) epoch: Epoch,
    /// When other nodes were last told.
    renewed: Mutex<time::Instant>,
    begun: Instant,
    /// Purchases that only the gate had, that found no place, and that were no dead letters before.
    raised: AtomicUsize,
}

/// What the ledger's purchases add up to.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) purchases: u64,
    pub(super) units: u32,
    pub(super) position: Option<Position>,
    pub(super) newest: Option<Instant>,
}

impl<'a> Run<'a> {
    pub(super) fn of(restorer: &'a Restorer, sale: &'a KnownSale, epoch: Epoch) -> Self {
        let (renewed, begun) = (Mutex::new(time::Instant::now()), restorer.clock.now());
        Self { restorer, sale, epoch, renewed, begun, raised: AtomicUsize::new(0) }
    }

    /// So many more became dead letters by it.
    pub(super) fn count_raised(&self, raised: usize) {
        self.raised.fetch_add(raised, Ordering::Relaxed);
    }

    /// Purchases that became dead letters by it.
    pub(super) fn raised(&self) -> usize {
        self.raised.load(Ordering::Relaxed)
    }

    /// Puts on record that not all that only the gate had found a place, if nobody has yet.
    pub(super) async fn record_refused(&self) {
        let raised = self.raised();
        if raised == 0 {
            return;
        }
        let mut findings = Findings::default();
        findings.raised(Drift::StaleEntryRefused, raised);
        let total = findings.total();
        let run = ReconciliationRun {
            started_at: self.begun,
            finished_at: self.restorer.clock.now(),
            node: self.restorer.node.clone(),
            trigger: Trigger::Restore,
            thoroughness: Thoroughness::Whole,
            sku: Some(self.sale.id.sku.clone()),
            sales: 1,
            mismatches: total.found(),
            repaired: total.repaired,
            raised: total.raised,
            findings,
            error: None,
        };
        self.restorer.watch.refused(&run);
        if let Err(error) = self.restorer.ledger.record_run(&run).await {
            tracing::warn!(sale = %self.sale.id, error = %Causes(&error),
                "what a restore refused is not on record");
        }
    }

    /// Step 2: returns the sale as the gate has it, if it has it from the life `opened`, which was
    /// opened last, or from a later one.
    pub(super) async fn close(&self, opened: Epoch) -> Result<Option<RecordedChange>, PortError> {
        let number = self.epoch.number;
        let write = |command: &mut Cmd| {
            command.arg(number).arg(opened.to_string());
        };
        let mut fields = self.send(&Call { script: &CLOSE, size: (2, 64), write: &write }).await?;
        match fields.text().map_err(inconsistent)?.as_str() {
            "closed" if fields.is_empty() => Ok(None),
            "closed" => {
                let version = Version(fields.number().map_err(inconsistent)?);
                let sale = head::read_sale(&mut fields).map_err(inconsistent)?;
                Ok(Some(RecordedChange { sale, epoch: self.epoch, version }))
            }
            _ => Err(NotNow::RestoredElsewhere.into()),
        }
    }

    /// Gives the ledger a change that holds at the gate and whose commit was lost: what was sold
    /// since was sold by it. `row` is the sale as the ledger had it.
    pub(super) async fn keep_change(
        &self,
        row: &CatalogueRow,
        kept: RecordedChange,
    ) -> Result<(), PortError> {
        if kept.version <= row.version || kept.sale == row.sale {
            return Ok(());
        }
        let body = EntryBody::Change(Box::new(kept));
        match self.restorer.ledger.commit(&[Entry { id: None, body }]).await {
            Ok(_) => Ok(()),
            Err(CommitError::Port(error) | CommitError::Busy { error, .. }) => Err(error),
            // Better a sale as the ledger describes it than none.
            Err(error @ (CommitError::Data(_) | CommitError::Drift { .. })) => {
                tracing::error!(sale = %self.sale.id, %error,
                    "a change that only the gate had is lost: the ledger refuses it");
                Ok(())
            }
        }
    }

    /// Steps 4 and 5, without the counters.
    pub(super) async fn refill(&self) -> Result<Counted, PortError> {
        let mut counted = Counted::default();
        loop {
            let page = self.restorer.ledger.page_in_epoch(
                &self.sale.id,
                self.epoch,
                counted.position,
                CHUNK,
            );
            let page = page.await?.ok_or(NotNow::RestoredElsewhere)?;
            self.reached(RestoreStep::Read).await?;
            self.write_chunk(counted.purchases, &page).await?;
            self.reached(RestoreStep::Written).await?;
            for purchase in page.iter().map(|recorded| &recorded.purchase) {
                if !purchase.cancelled {
                    counted.units += purchase.qty;
                }
                counted.newest = counted.newest.max(Some(purchase.at));
                counted.position = counted.position.max(Some(purchase.position));
            }
            counted.purchases += page.len() as u64;
            self.renew().await?;
            if page.len() < CHUNK {
                return Ok(counted);
            }
        }
    }

    async fn write_chunk(&self, before: u64, page: &[RecordedPurchase]) -> Result<(), PortError> {
        let write = |command: &mut Cmd| {
            command.arg(before);
            write_items(page, command);
        };
        let size = (1 + 2 * page.len(), 96 * page.len());
        let call = Call { script: &REFILL, size, write: &write };
        self.send(&call).await.map(|_| ())
    }

    /// The counters, and step 6.
    pub(super) async fn reopen(&self, counted: &Counted) -> Result<State, PortError> {
        let row = self.restorer.ledger.open_life(&self.sale.id, self.epoch).await?;
        let row = row.ok_or(NotNow::RestoredElsewhere)?;
        self.reached(RestoreStep::Noted).await?;
        let definition =
            head::definition(&row.sale).map_err(|error| PortError::inconsistent(STORE, error))?;
        let stock = row.sale.initial_stock.saturating_sub(counted.units);
        let latest = counted.newest.max(row.over_at);
        let write = |command: &mut Cmd| {
            command.arg(self.epoch.first_version().0).arg(stock);
            head::write_sale(&row.sale, &definition, command);
            command
                .arg(counted.units)
                .arg(counted.position.map_or(0, |position| position.0))
                .arg(latest.map_or(0, Instant::millis))
                .arg(counted.purchases);
        };
        let size = (14, definition.len() + 128);
        let value = self.value(&Call { script: &REOPEN, size, write: &write }).await?;
        State::read(value).map_err(inconsistent)
    }

    async fn reached(&self, step: RestoreStep) -> Result<(), PortError> {
        self.restorer.watch.reached(&self.sale.id, step).await
    }

    /// Tells other nodes, from time to time, that this restore is still at work.
    pub(super) async fn renew(&self) -> Result<(), PortError> {
        let due = {
            let mut renewed = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
            let due = renewed.elapsed() >= RENEW_EVERY;
            if due {
                *renewed = time::Instant::now();
            }
            due
        };
        if due && !self.restorer.ledger.renew(&self.sale.id, self.epoch).await? {
            return Err(NotNow::RestoredElsewhere.into());
        }
        Ok(())
    }

    /// A step's reply after `O` and the time.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Fields, PortError> {
        let mut fields = Fields::of(self.value(call).await?).map_err(inconsistent)?;
        fields.value().and_then(|_| fields.value()).map_err(inconsistent)?;
        Ok(fields)
    }

    async fn value(&self, call: &Call<'_>) -> Result<Value, PortError> {
        let (link, timeout) = (&self.restorer.link, self.restorer.response_timeout_ms);
        let sent = send(link, timeout, self.sale, Some(self.epoch), call).await?;
        match sent.reply {
            Reply::Done(value) => Ok(value),
            Reply::Refused(refusal) => Err(not_mine(refusal)),
        }
    }
}
