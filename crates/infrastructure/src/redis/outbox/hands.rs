//! What this process holds of a shard's outbox, so that a read knows whether to look back.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use stampede_application::ports::EntryId;
use tokio::time::Instant;

/// How long an entry of a newer version is not handed out again; it stays pending, and a worker
/// that can read it takes it over or reads it after its restart.
const NEWER_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Where the pending entries of a consumer begin.
const BEGINNING: &str = "0";

/// Where those of everybody begin, and what a take-over names that has come to their end.
pub(super) const FIRST: &str = "0-0";

/// The hands of each consumer of this process; held for a moment, never over an await.
#[derive(Default)]
pub(super) struct Hands(Mutex<HashMap<String, Hand>>);

/// What is known of one consumer.
#[derive(Default)]
struct Hand {
    /// How far it has looked back at what is pending.
    looked: Looked,
    /// Where its next take-over begins, if not at the first.
    claims_from: Option<String>,
    /// Of a newer version: when each was handed out last.
    newer: HashMap<EntryId, Instant>,
}

/// How far a consumer has looked back at what it held in an earlier life, or was sent by a read
/// whose answer was lost. What it was handed and has not done is taken over like a stranger's.
#[derive(Clone, Default)]
pub(super) enum Looked {
    #[default]
    Nowhere,
    UpTo(EntryId),
    Through,
}

impl Looked {
    /// Behind which id it goes on; `None` if there is nothing more.
    pub(super) fn next(&self) -> Option<String> {
        match self {
            Self::Nowhere => Some(BEGINNING.to_owned()),
            Self::UpTo(id) => Some(id.0.clone()),
            Self::Through => None,
        }
    }
}

impl Hands {
    /// How far the consumer has looked back. Nowhere, until [`end`](Self::end): a read that fails
    /// or is dropped half way loses nothing.
    pub(super) fn begin(&self, consumer: &str) -> Looked {
        std::mem::take(&mut self.lock().entry(consumer.to_owned()).or_default().looked)
    }

    /// The read is over, and all that it brought was handed out.
    pub(super) fn end(&self, consumer: &str, looked: Looked) {
        self.lock().entry(consumer.to_owned()).or_default().looked = looked;
    }

    /// Whether an entry of a newer version is to be handed out now.
    pub(super) fn hand_newer(&self, consumer: &str, id: &EntryId) -> bool {
        let mut hands = self.lock();
        let newer = &mut hands.entry(consumer.to_owned()).or_default().newer;
        if newer.get(id).is_some_and(|at| at.elapsed() < NEWER_AGAIN_AFTER) {
            return false;
        }
        newer.insert(id.clone(), Instant::now());
        true
    }

    /// Where the consumer's next take-over begins.
    pub(super) fn claims_from(&self, consumer: &str) -> String {
        let from = self.lock().get(consumer).and_then(|hand| hand.claims_from.clone());
        from.unwrap_or_else(|| FIRST.to_owned())
    }

    pub(super) fn claim_from(&self, consumer: &str, id: &str) {
        self.lock().entry(consumer.to_owned()).or_default().claims_from = Some(id.to_owned());
    }

    /// These are done.
    pub(super) fn forget(&self, ids: &[EntryId]) {
        for hand in self.lock().values_mut() {
            for id in ids {
                hand.newer.remove(id);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Hand>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
