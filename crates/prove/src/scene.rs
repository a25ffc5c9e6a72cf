//! A shop that is about to be broken: its stores, its nodes, its clients.

use std::{
    collections::BTreeSet,
    mem::replace,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use stampede_testkit::{
    servers::{Ended, OutboxLeft, StampedeProcess, dead_letters, until},
    shop::{Node, Stores},
};
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, spawn_local},
    time::{sleep, timeout},
};

use crate::{Crowd, During, Figure, Promise, Recorder, Trial, check, history::Gate};

/// How long gate and ledger may take to agree after a fault (I7).
pub(crate) const AGREEMENT_LIMIT: Duration = Duration::from_mins(1);
/// How long an entry may stand after its commit where no gate is lost.
const EMPTY_LIMIT: Duration = Duration::from_secs(20);
/// How long a node takes to see that there is a sale.
const KNOWN_LIMIT: Duration = Duration::from_secs(20);
/// How long a node may take to stop when it is asked to.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// How often the outbox is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long Redis may take to reply, in milliseconds: the setting.
pub(crate) const RESPONSE_SETTING: &str = "STAMPEDE_REDIS_RESPONSE_MAX_MS";
/// What an answer must have survived: the setting.
pub(crate) const LEVEL_SETTING: &str = "STAMPEDE_ACK";
/// What [`Scene::conclude`] counts: purchases in the ledger, and restores of the gate by nodes
/// that are still there.
pub(crate) const RECORDED: &str = "purchases recorded";
pub(crate) const RESTORES: &str = "restores";
/// The name under which every trial sells.
const SKU: &str = "WIDGET-001";

/// A setting of a node.
pub type Setting = (&'static str, String);

/// A shop that is about to be broken.
#[derive(Debug)]
pub struct Scene {
    /// What the nodes share.
    pub stores: Stores,
    /// What each node is started with besides, or instead of, the stores' addresses.
    pub settings: Vec<Vec<Setting>>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Their clients.
    pub recorder: Arc<Recorder>,
    permits: Arc<Semaphore>,
}

impl Scene {
    /// Starts `nodes` nodes with these settings and opens a sale on the first of them.
    pub async fn open(
        stores: Stores,
        settings: &[(&'static str, &'static str)],
        nodes: usize,
        stock: u32,
        limit: u32,
    ) -> Self {
        let settings = settings.iter().map(|&(name, value)| (name, value.to_owned()));
        let each = vec![settings.collect(); nodes];
        Self::open_each(stores, each, stock, limit).await
    }

    /// Starts a node for each of `settings` and opens a sale on the first of them.
    pub async fn open_each(
        stores: Stores,
        settings: Vec<Vec<Setting>>,
        stock: u32,
        limit: u32,
    ) -> Self {
        Self::open_during(stores, settings, stock, limit, None).await
    }

    /// The same, with a sale that starts in so long and lasts so long.
    pub async fn open_during(
        stores: Stores,
        settings: Vec<Vec<Setting>>,
        stock: u32,
        limit: u32,
        during: Option<During>,
    ) -> Self {
        let mut nodes = Vec::new();
        for each in &settings {
            nodes.push(stores.node_with(each.iter().cloned()).await);
        }
        let shops = nodes.iter().map(|node| node.shop.clone()).collect();
        let gate = gate_of(&stores, &settings);
        let recorder = Recorder::open_during(shops, SKU, stock, limit, during, gate).await;
        for node in &nodes {
            // By itself: whoever asks for what a node does not know yet has the ledger asked.
            until("every node knows of the sale", KNOWN_LIMIT, async || {
                (node.shop.status(SKU).await.status == 200).then_some(())
            })
            .await;
        }
        Self { stores, settings, nodes, recorder, permits: Arc::new(Semaphore::new(0)) }
    }

    /// What happens beside the crowd: does what it wants, by itself.
    #[must_use]
    pub fn spawn(&self, crowd: Crowd) -> JoinHandle<Vec<String>> {
        let recorder = self.recorder.clone();
        spawn_local(async move { crowd.buy(&recorder).await })
    }

    /// The same, each errand when it is let in.
    #[must_use]
    pub fn spawn_paced(&self, crowd: Crowd) -> JoinHandle<Vec<String>> {
        let (recorder, permits) = (self.recorder.clone(), self.permits.clone());
        spawn_local(async move { crowd.buy_as_let_in(&recorder, &permits).await })
    }

    /// Lets so many more errands of the paced crowd begin, those counted that were let in and
    /// have not come.
    pub fn let_in(&self, errands: usize) {
        let errands = errands.min(Semaphore::MAX_PERMITS);
        self.permits.add_permits(errands.saturating_sub(self.permits.available_permits()));
    }

    /// Waits until the ledger has all of these purchases, `limit` at most.
    pub async fn recorded(&self, numbers: &BTreeSet<String>, limit: Duration) {
        let recorded = async {
            loop {
                let rows = self.stores.ledger().await.into_iter();
                let recorded: BTreeSet<String> = rows.map(|row| row.purchase_no).collect();
                if numbers.is_subset(&recorded) {
                    return;
                }
                sleep(LOOK_EVERY).await;
            }
        };
        timeout(limit, recorded).await.ok();
    }

    /// Follows as many streams as there are nodes until the trial ends, each of another one or of
    /// whichever answers.
    pub fn follow_streams(&self) {
        for stream in 0..self.nodes.len() {
            let recorder = self.recorder.clone();
            let node = stream % recorder.nodes();
            spawn_local(async move { recorder.follow(node).await });
        }
    }

    /// Freezes a node in the middle of whatever it does: it owes nobody an answer meanwhile.
    pub fn pause(&self, node: usize) {
        self.recorder.frozen(node);
        self.nodes[node].process.pause();
    }

    /// Lets a frozen node go on where it was.
    pub fn resume(&self, node: usize) {
        let Node { process, shop } = &self.nodes[node];
        process.resume();
        self.recorder.moved(node, shop.clone());
    }

    /// Takes a node out, which owes nobody an answer from now on.
    pub fn take(&mut self, node: usize) -> Node {
        self.recorder.gone(node);
        self.nodes.remove(node)
    }

    /// Kills a node in the middle of whatever it does and starts it anew.
    pub async fn kill_and_restart(&mut self, node: usize) {
        self.recorder.gone(node);
        let killed = self.nodes.remove(node);
        killed.process.kill().await;
        self.start(node).await;
    }

    /// Starts a node in a place where none is: one that was taken out of the nodes, to be waited
    /// for while everything else goes on.
    pub async fn start(&mut self, node: usize) {
        let anew = self.anew(node, &StampedeProcess::program()).await;
        self.recorder.moved(node, anew.shop.clone());
        self.nodes.insert(node, anew);
    }

    /// Starts a node of this program in the place of another one, which still sells, and answers
    /// that one.
    pub async fn replace(&mut self, node: usize, program: &Path) -> Node {
        let anew = self.anew(node, program).await;
        replace(&mut self.nodes[node], anew)
    }

    /// Asks a node to stop that was replaced.
    pub async fn stop(&self, node: Node) -> Ended {
        node.process.terminate();
        node.process.wait(STOP_LIMIT).await
    }

    async fn anew(&self, node: usize, program: &Path) -> Node {
        let clients = self.recorder.shop(0);
        self.stores.node_for(&clients, program, self.settings[node].iter().cloned()).await
    }

    /// Waits until all is quiet, and holds everything that clients saw to the specification.
    ///
    /// Called when the last fault is over, while buyers go on: `buying` ends with those who never
    /// got to know, in words. Ends the nodes: the program's own comparison of gate and ledger comes
    /// last, with nothing at work beside it.
    pub async fn conclude(
        self,
        promise: Promise,
        buying: impl Future<Output = Vec<String>>,
    ) -> Trial {
        let fault_over = Instant::now();
        let left = buying.await;
        let time_left = AGREEMENT_LIMIT.saturating_sub(fault_over.elapsed());
        let is_drained = self.recorder.drained(0, time_left.max(EMPTY_LIMIT)).await;
        let took = fault_over.elapsed();
        for node in 0..self.recorder.nodes() {
            self.recorder.look(node).await;
        }
        let history = self.recorder.history(self.stores.ledger().await);
        let mut trial = check(&history, promise);
        trial.violations.extend(left);
        trial.measured(Figure::count(RECORDED, history.ledger.len()));
        if let Stores::Redis { .. } = self.stores {
            trial.measured(Figure::count(RESTORES, self.nodes.iter().map(Node::restores).sum()));
        }
        trial.expect(is_drained, || {
            format!("{AGREEMENT_LIMIT:?} after the last fault the ledger has not what was sold")
        });
        trial.measured(Figure::time("from the last fault until the ledger had everything", took));
        nothing_is_left(&self.stores, promise, &mut trial).await;
        drop(self.nodes);
        differences(&self.stores, promise, &mut trial).await;
        all_agrees(&self.stores, &mut trial).await;
        trial
    }
}

/// What the gate of nodes with these settings is like.
fn gate_of(stores: &Stores, settings: &[Vec<Setting>]) -> Gate {
    let shipped = Gate::default();
    let is_embedded = !matches!(stores, Stores::Redis { .. });
    let is_ledger = |(name, level): &Setting| *name == LEVEL_SETTING && level == "ledger";
    let asks_for_ledger = settings.iter().all(|each| each.iter().any(is_ledger));
    let limits = settings.iter().flatten().filter(|(name, _)| *name == RESPONSE_SETTING);
    let longest = limits.map(|(_, millis)| millis.parse().expect("milliseconds")).max();
    Gate {
        keeps_places: is_embedded,
        is_strict: is_embedded || asks_for_ledger,
        not_after: longest.map_or(shipped.not_after, Duration::from_millis),
    }
}

/// Where no gate is lost, reconciliation has nothing to repair: it would hide that what brings
/// purchases to the ledger does not.
async fn differences(stores: &Stores, promise: Promise, trial: &mut Trial) {
    let found = stores.differences().await;
    match promise {
        Promise::NothingLost => trial.expect(found == 0, || {
            format!("reconciliation found {found} differences, and no gate was lost")
        }),
        Promise::NothingToldLost | Promise::LossCounted => {
            trial.measured(Figure::count("differences that reconciliation found", found));
        }
    }
}

/// With no node at work, the program's own comparison of gate and ledger finds nothing.
pub(crate) async fn all_agrees(stores: &Stores, trial: &mut Trial) {
    let compared = stores.compare().await;
    trial.expect(compared.agrees(), || {
        format!("gate and ledger do not agree in the end: {:?}", compared.ended.lines)
    });
}

/// Nothing stands in the outbox, nothing is in a worker's hand, and nothing was given up.
async fn nothing_is_left(stores: &Stores, promise: Promise, trial: &mut Trial) {
    let Stores::Redis { redis, database } = stores else { return };
    let since = Instant::now();
    let emptied = async {
        // Acknowledged a moment after its commit.
        loop {
            let left = OutboxLeft::of(redis).await;
            if left.entries == 0 && left.pending == 0 {
                return left;
            }
            sleep(LOOK_EVERY).await;
        }
    };
    // A power loss in the middle of a rewrite may take from the older file what the newer one
    // builds on: an entry of which it says that it was handed out, and no longer in whose hand.
    // Reconciliation finds it.
    let limit = match promise {
        Promise::NothingLost => EMPTY_LIMIT,
        Promise::NothingToldLost | Promise::LossCounted => AGREEMENT_LIMIT,
    };
    let left = match timeout(limit, emptied).await {
        Ok(left) => left,
        Err(_) => OutboxLeft::of(redis).await,
    };
    trial.measured(Figure::time("from then until the outbox was empty", since.elapsed()));
    let letters = left.dead + dead_letters(database.url()).await;
    trial.expect(left.entries == 0 && left.pending == 0, || {
        format!("left in the outbox, with all in the ledger: {left:?}")
    });
    match promise {
        Promise::NothingLost => {
            trial.expect(letters == 0, || format!("{letters} dead letters"));
        }
        Promise::NothingToldLost | Promise::LossCounted => {
            trial.measured(Figure::count("dead letters", letters));
        }
    }
}
