//! Whose turn it is: one node compares at a time, and buyers come before it.

use std::{sync::PoisonError, time::Duration};

use tokio::{
    sync::MutexGuard,
    time::{Instant, sleep, timeout_at},
};

use super::{Reconcile, ReconcileError};
use crate::{
    live_sales::given_way,
    ports::{Causes, PortError, Trigger},
};

/// How long a turn lasts that is not renewed: a node that died keeps the others from comparing for
/// so long.
const TURN_LASTS: Duration = Duration::from_secs(20);
/// How often whoever waits for the turn looks.
const TURN_LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// What this process knows of its turn, while it has one.
#[derive(Debug, Default)]
pub(super) struct HeldTurn {
    /// When it was last taken or renewed.
    renewed_at: Option<Instant>,
    /// When the part that is at work began.
    part_begun: Option<Instant>,
    /// For how long the run may still give way to buyers.
    may_give_way: Duration,
}

/// Another node compares meanwhile: this one was too slow to renew its turn.
#[derive(Debug, thiserror::Error)]
#[error("the turn to reconcile went to another node")]
struct TurnLost;

impl Reconcile {
    /// Takes the turn as soon as nobody has it.
    pub(super) async fn wait_for_turn(&self) -> Result<MutexGuard<'_, ()>, ReconcileError> {
        let until = Instant::now() + self.limits.turn_wait_max;
        let here = timeout_at(until, self.running.lock()).await;
        let here = here.map_err(|_| ReconcileError::Busy)?;
        while !self.take(Duration::ZERO).await? {
            if Instant::now() >= until {
                return Err(ReconcileError::Busy);
            }
            sleep(TURN_LOOK_INTERVAL).await;
        }
        Ok(here)
    }

    /// Takes the turn if nobody has it, or has ended it less than `rest` ago.
    pub(super) async fn turn_if_free(
        &self,
        rest: Duration,
    ) -> Result<Option<MutexGuard<'_, ()>>, PortError> {
        let Ok(here) = self.running.try_lock() else { return Ok(None) };
        Ok(self.take(rest).await?.then_some(here))
    }

    /// A run begins its first part.
    pub(super) fn begin_parts(&self, trigger: Trigger) {
        let mut held = self.held();
        held.part_begun = Some(Instant::now());
        // Somebody waits for what was asked for.
        held.may_give_way = match trigger {
            Trigger::OnDemand | Trigger::Command => Duration::ZERO,
            Trigger::Start
            | Trigger::Schedule
            | Trigger::StoreBack
            | Trigger::Worker
            | Trigger::Restore => self.limits.given_way_max,
        };
    }

    /// Lets buyers come first for the part that ends, and renews the turn if that was long ago;
    /// asked before every part of a run.
    pub(super) async fn keep_turn(&self) -> Result<(), PortError> {
        self.give_way().await;
        let renewed_at = self.held().renewed_at;
        if renewed_at.is_some_and(|at| at.elapsed() < self.limits.turn_renew_after) {
            return Ok(());
        }
        if self.take(Duration::ZERO).await? {
            return Ok(());
        }
        Err(PortError::unavailable("reconciliation", TurnLost))
    }

    /// Leaves processors and disks to buyers while anything is sold, as the drain does.
    async fn give_way(&self) {
        let now = Instant::now();
        let most = {
            let held = self.held();
            let took = held.part_begun.map_or(Duration::ZERO, |begun| now - begun);
            given_way(took).min(held.may_give_way)
        };
        self.stores.live.give_way(now + most).await;
        let mut held = self.held();
        held.may_give_way = held.may_give_way.saturating_sub(now.elapsed());
        held.part_begun = Some(Instant::now());
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HeldTurn> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the turn; where that does not arrive, it lapses.
    pub(super) async fn end_turn(&self, compared_all: bool) {
        if let Err(error) = self.stores.ledger.end_turn(&self.node, compared_all).await {
            tracing::warn!(error = %Causes(&error), "the turn to reconcile lapses");
        }
    }

    async fn take(&self, rest: Duration) -> Result<bool, PortError> {
        let begun = Instant::now();
        let taken = self.stores.ledger.take_turn(&self.node, TURN_LASTS, rest).await?;
        if taken {
            self.held().renewed_at = Some(begun);
        }
        Ok(taken)
    }
}
