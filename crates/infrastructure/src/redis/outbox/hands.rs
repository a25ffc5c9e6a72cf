//! What this process holds of a shard's outbox, so that a read knows whether to look back.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use stampede_application::ports::EntryId;
use tokio::time::Instant;

/// How long an entry of a newer version is not handed out again; it stays pending, and a worker
/// that can read it takes it over or reads it after its restart.
const NEWER_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// The hands of each consumer of this process; held for a moment, never over an await.
#[derive(Default)]
pub(super) struct Hands(Mutex<HashMap<String, Hand>>);

/// What one consumer was handed.
#[derive(Default)]
struct Hand {
    /// Whether nothing is pending but what stands here.
    known: bool,
    /// Handed out, and not yet done.
    handed: HashSet<EntryId>,
    /// Of a newer version: when each was handed out last.
    newer: HashMap<EntryId, Instant>,
}

impl Hands {
    /// Whether the consumer may hold what it should be handed again. Says yes until
    /// [`read_all`](Self::read_all), so that a read that is dropped half way loses nothing.
    pub(super) fn look_back(&self, consumer: &str) -> bool {
        let mut hands = self.lock();
        let hand = hands.entry(consumer.to_owned()).or_default();
        let newer_due = hand.newer.values().any(|at| at.elapsed() >= NEWER_AGAIN_AFTER);
        let look = !hand.known || !hand.handed.is_empty() || newer_due;
        hand.known = false;
        look
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

    /// The consumer looked back to the end: it holds nothing but what it is handed from now on.
    pub(super) fn looked_back(&self, consumer: &str) {
        if let Some(hand) = self.lock().get_mut(consumer) {
            hand.handed.clear();
        }
    }

    pub(super) fn hand(&self, consumer: &str, id: &EntryId) {
        self.lock().entry(consumer.to_owned()).or_default().handed.insert(id.clone());
    }

    /// The read is over, and all that it brought was handed out.
    pub(super) fn read_all(&self, consumer: &str) {
        if let Some(hand) = self.lock().get_mut(consumer) {
            hand.known = true;
        }
    }

    /// These are done.
    pub(super) fn forget(&self, ids: &[EntryId]) {
        for hand in self.lock().values_mut() {
            for id in ids {
                hand.handed.remove(id);
                hand.newer.remove(id);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Hand>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
