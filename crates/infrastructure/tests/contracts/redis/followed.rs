//! The restores of a node in a test's hand, step by step.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use stampede_application::ports::{PortError, ReconciliationRun};
use stampede_domain::SaleId;
use stampede_infrastructure::redis::{RestoreOutcome, RestoreReason, RestoreStep, RestoreWatch};
use tokio::{
    sync::{mpsc, oneshot},
    time,
};

/// A step waits for the stores alone.
const STEP_MAX: Duration = Duration::from_secs(30);

/// Lets restores go on by themselves until somebody follows them.
#[derive(Default)]
pub(super) struct Followed {
    follower: Mutex<Option<mpsc::UnboundedSender<Told>>>,
}

enum Told {
    /// It stands there until it hears to go on; nobody there to say so ends it.
    Reached(RestoreStep, oneshot::Sender<()>),
    Ended(Option<PortError>),
}

/// The one restore of a node, which goes on when the test says so.
///
/// Dropped, it dies, and later ones go on by themselves.
pub(super) struct Restorer {
    told: mpsc::UnboundedReceiver<Told>,
    at: Option<(RestoreStep, oneshot::Sender<()>)>,
}

impl Followed {
    pub(super) fn follow(&self) -> Restorer {
        let (follower, told) = mpsc::unbounded_channel();
        *self.follower.lock().unwrap_or_else(PoisonError::into_inner) = Some(follower);
        Restorer { told, at: None }
    }

    fn tell(&self, told: Told) -> bool {
        let follower = self.follower.lock().unwrap_or_else(PoisonError::into_inner);
        follower.as_ref().is_some_and(|follower| follower.send(told).is_ok())
    }
}

#[async_trait]
impl RestoreWatch for Followed {
    async fn reached(&self, _sale: &SaleId, step: RestoreStep) -> Result<(), PortError> {
        let (go_on, told_to) = oneshot::channel();
        if !self.tell(Told::Reached(step, go_on)) {
            return Ok(());
        }
        told_to.await.map_err(|died| PortError::unavailable("restorer", died))
    }

    fn refused(&self, _run: &ReconciliationRun) {}

    fn ended(&self, _sale: &SaleId, _reason: RestoreReason, outcome: &RestoreOutcome) {
        let error = match outcome {
            RestoreOutcome::Open | RestoreOutcome::Gone => None,
            RestoreOutcome::Failed(error) => Some(error.clone()),
        };
        self.tell(Told::Ended(error));
    }
}

impl Restorer {
    /// Where it stands; `None` if none is under way. One that was asked for has begun by the time
    /// that who asked has an answer.
    pub(super) fn at(&mut self) -> Option<RestoreStep> {
        while let Ok(told) = self.told.try_recv() {
            self.take(told);
        }
        self.at.as_ref().map(|(step, _)| *step)
    }

    /// Does the next step; why it has ended, if it has.
    pub(super) async fn go_on(&mut self) -> Option<Result<(), PortError>> {
        self.at().expect("a restore is under way");
        if let Some((_, go_on)) = self.at.take() {
            go_on.send(()).expect("it waits");
        }
        let told = time::timeout(STEP_MAX, self.told.recv()).await.expect("in time");
        self.take(told.expect("the node lives"))
    }

    /// Goes on until `step` is done.
    pub(super) async fn come_to(&mut self, step: RestoreStep) {
        while self.at() != Some(step) {
            let ended = self.go_on().await;
            assert!(ended.is_none(), "it ended before {step:?}: {ended:?}");
        }
    }

    /// Goes on to the end.
    pub(super) async fn finish(&mut self) -> Result<(), PortError> {
        loop {
            if let Some(ended) = self.go_on().await {
                return ended;
            }
        }
    }

    /// Ends it where it stands.
    pub(super) async fn die(&mut self) {
        self.at().expect("a restore is under way");
        self.at = None;
        let told = time::timeout(STEP_MAX, self.told.recv()).await.expect("in time");
        let ended = self.take(told.expect("the node lives"));
        assert!(matches!(ended, Some(Err(_))), "{ended:?}");
    }

    fn take(&mut self, told: Told) -> Option<Result<(), PortError>> {
        match told {
            Told::Reached(step, go_on) => {
                self.at = Some((step, go_on));
                None
            }
            Told::Ended(error) => {
                self.at = None;
                Some(error.map_or(Ok(()), Err))
            }
        }
    }
}
