//! A sale under load, into which faults are sent.

use std::time::{Duration, Instant};

use stampede_testkit::shop::Stores;
use tokio::task::JoinHandle;

use super::instants;
use crate::{Chance, Crowd, Figure, Promise, Scene, Trial};

const BUYERS: usize = 800;
const LIMIT: u32 = 2;
/// Fewer than the crowd wants, so that the end of the stock is met too.
const STOCK: u32 = 1_000;
/// A fault comes after so many decided attempts at most, while there is something to sell.
const LAST_INSTANT: usize = 450;
/// Attempts that are decided right before a fault that takes what is in the gate alone, and may be
/// lost with it: more than workers are behind by, mostly.
const AT_STAKE: usize = 100;
/// How long workers may be behind besides: they take milliseconds, 5 s where a batch came to
/// nothing and is claimed again, and the rest is for a machine that runs all of a trial.
const LAG_MAX: Duration = Duration::from_secs(8);

/// A sale at which a crowd is buying.
///
/// The crowd is let in by and by, as far as the next fault needs, and wholly at the end: a fast
/// machine would be done with it while the first fault lasts.
pub(super) struct Load {
    pub(super) scene: Scene,
    pub(super) chance: Chance,
    buying: JoinHandle<Vec<String>>,
    /// Attempts of the errand that has fewest.
    copies: usize,
    /// Errands that may begin while a fault lasts: more than are under way at a time, so that it
    /// meets a running sale, and few enough that the next one does too.
    ahead: usize,
    met: usize,
    missed: usize,
    /// How long what had been told took into the ledger when a fault was due, of each fault that
    /// takes what is in the gate alone.
    lags: Vec<Duration>,
}

impl Load {
    /// Opens a sale on so many nodes and lets the crowd in.
    pub(super) async fn on(
        stores: Stores,
        settings: &[(&'static str, &'static str)],
        nodes: usize,
        chance: Chance,
    ) -> Self {
        Self::at(Self::sale(stores, settings, nodes).await, chance)
    }

    /// Opens a sale on so many nodes.
    pub(super) async fn sale(
        stores: Stores,
        settings: &[(&'static str, &'static str)],
        nodes: usize,
    ) -> Scene {
        Scene::open(stores, settings, nodes, STOCK, LIMIT).await
    }

    /// Lets buyers into that sale.
    pub(super) fn at(scene: Scene, mut chance: Chance) -> Self {
        let nodes = scene.recorder.nodes();
        let crowd = Crowd::of(&mut chance, "buyer", BUYERS, LIMIT, nodes);
        Self::of(scene, crowd, chance)
    }

    /// Lets a crowd into the sale.
    pub(super) fn of(scene: Scene, crowd: Crowd, chance: Chance) -> Self {
        let copies = crowd.errands.iter().map(|errand| errand.copies).min().unwrap_or(1);
        let ahead = crowd.at_once + crowd.at_once / 4;
        let buying = scene.spawn_paced(crowd);
        Self { scene, chance, buying, copies, ahead, met: 0, missed: 0, lags: Vec::new() }
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

    /// Waits until so many attempts have been decided: the instant of a fault.
    pub(super) async fn decided(&mut self, instant: usize) {
        self.reach(instant).await;
        if self.buying.is_finished() {
            self.missed += 1;
        } else {
            self.met += 1;
        }
    }

    /// Lets in as many as may begin while a fault lasts, which waits for what they do: all who were
    /// let in before may be done by now.
    pub(super) fn go_on(&self) {
        self.scene.let_in(self.ahead);
    }

    /// Waits until so many more have been decided.
    pub(super) async fn decided_more(&mut self, count: usize) {
        self.decided(self.scene.recorder.decided_so_far() + count).await;
    }

    /// Waits until so many attempts have been decided: the instant of a fault that takes what is in
    /// the gate alone. Answers since when what was told may be: what was told before stands in the
    /// ledger now, or workers have not done what they are there for.
    pub(super) async fn at_stake(&mut self, instant: usize) -> Duration {
        self.reach(instant.saturating_sub(AT_STAKE)).await;
        let recorder = self.scene.recorder.clone();
        let (since, told) = (recorder.now(), recorder.told_since_the_last_loss());
        self.reach(instant).await;
        let begun = Instant::now();
        self.scene.recorded(&told, LAG_MAX).await;
        self.lags.push(begun.elapsed());
        // All who were let in may have bought meanwhile.
        self.decided_more(1).await;
        since
    }

    /// The same, when so many more have been decided.
    pub(super) async fn more_at_stake(&mut self, count: usize) -> Duration {
        self.at_stake(self.scene.recorder.decided_so_far() + count).await
    }

    async fn reach(&mut self, instant: usize) {
        let recorder = &self.scene.recorder;
        let wanted = instant.saturating_sub(recorder.decided_so_far());
        self.scene.let_in(self.ahead + wanted.div_ceil(self.copies));
        recorder.decided(instant).await;
    }

    /// Lets the crowd come to its end and holds all of it to the specification.
    pub(super) async fn conclude(self, promise: Promise) -> Trial {
        self.scene.let_in(usize::MAX);
        let buying = async { self.buying.await.expect("nobody panics") };
        let mut trial = self.scene.conclude(promise, buying).await;
        trial.expect(self.missed == 0, || format!("{} faults after the sale", self.missed));
        trial.measured(Figure::count("faults during the sale", self.met));
        for lag in self.lags {
            trial.expect(lag < LAG_MAX, || {
                format!("{lag:?} after it was told the ledger has not what a fault then takes")
            });
            trial.measured(Figure::time("until a fault found in the ledger what it must", lag));
        }
        trial
    }
}
