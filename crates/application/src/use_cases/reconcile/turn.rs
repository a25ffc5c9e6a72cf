//! Whose turn it is: one node compares at a time.

use std::{sync::PoisonError, time::Duration};

use tokio::{
    sync::MutexGuard,
    time::{Instant, sleep, timeout_at},
};

use super::{Reconcile, ReconcileError};
use crate::ports::{Causes, PortError};

/// How long a turn lasts that is not renewed: a node that died keeps the others from comparing for
/// so long.
const TURN_LASTS: Duration = Duration::from_secs(20);
/// How often whoever waits for the turn looks.
const TURN_LOOK_INTERVAL: Duration = Duration::from_millis(250);

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

    /// Renews the turn if that was long ago; asked before every part of a run.
    pub(super) async fn keep_turn(&self) -> Result<(), PortError> {
        let renewed_at = *self.renewed_at.lock().unwrap_or_else(PoisonError::into_inner);
        if renewed_at.is_some_and(|at| at.elapsed() < self.limits.turn_renew_after) {
            return Ok(());
        }
        if self.take(Duration::ZERO).await? {
            return Ok(());
        }
        Err(PortError::unavailable("reconciliation", TurnLost))
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
            *self.renewed_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        }
        Ok(taken)
    }
}
