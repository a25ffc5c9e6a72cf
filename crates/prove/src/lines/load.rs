//! A sale under load, into which faults are sent.

use stampede_testkit::shop::Stores;
use tokio::task::JoinHandle;

use super::instants;
use crate::{Chance, Crowd, Promise, Scene, Trial};

const BUYERS: usize = 600;
const LIMIT: u32 = 2;
/// Fewer than the crowd wants, so that the end of the stock is met too.
const STOCK: u32 = 700;
/// A fault comes after so many decided attempts at most: some are still to come then.
const LAST_INSTANT: usize = BUYERS * 3 / 4;

/// A sale at which a crowd is buying.
pub(super) struct Load {
    pub(super) scene: Scene,
    pub(super) chance: Chance,
    buying: JoinHandle<Vec<String>>,
}

impl Load {
    /// Opens a sale on so many nodes and lets the crowd in.
    pub(super) async fn on(
        stores: Stores,
        settings: &[(&'static str, &'static str)],
        nodes: usize,
        mut chance: Chance,
    ) -> Self {
        let scene = Scene::open(stores, settings, nodes, STOCK, LIMIT).await;
        let buying = scene.spawn(Crowd::of(&mut chance, "buyer", BUYERS, LIMIT, nodes));
        Self { scene, chance, buying }
    }

    /// So many instants by chance.
    pub(super) fn instants(&mut self, count: usize) -> Vec<usize> {
        instants(&mut self.chance, count, LAST_INSTANT)
    }

    /// Up to `most` instants by chance.
    pub(super) fn some_instants(&mut self, most: usize) -> Vec<usize> {
        let count = self.chance.number(1, most);
        self.instants(count)
    }

    /// A node by chance.
    pub(super) fn a_node(&mut self) -> usize {
        self.chance.number(0, self.scene.nodes.len() - 1)
    }

    /// Waits until so many attempts have been decided.
    pub(super) async fn decided(&self, instant: usize) {
        self.scene.recorder.decided(instant).await;
    }

    /// Waits until so many more have been decided.
    pub(super) async fn decided_more(&self, count: usize) {
        self.decided(self.scene.recorder.decided_so_far() + count).await;
    }

    /// Lets the crowd come to its end and holds all of it to the specification.
    pub(super) async fn conclude(self, promise: Promise) -> Trial {
        let left = self.buying.await.expect("nobody panics");
        self.scene.conclude(promise, left).await
    }
}
