//! A shop that is about to be broken: its stores, its nodes, its clients.

use std::{sync::Arc, time::Duration};

use stampede_testkit::{
    servers::StampedeProcess,
    shop::{Node, Stores},
};

use crate::{Promise, Recorder, Trial, check};

/// How long gate and ledger may take to agree after a fault (I7).
const AGREEMENT_LIMIT: Duration = Duration::from_mins(1);
/// The name under which every trial sells.
const SKU: &str = "WIDGET-001";

/// A shop that is about to be broken.
#[derive(Debug)]
pub struct Scene {
    /// What the nodes share.
    pub stores: Stores,
    /// What each node is started with besides the stores' addresses.
    pub settings: Vec<(&'static str, &'static str)>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Their clients.
    pub recorder: Arc<Recorder>,
}

impl Scene {
    /// Starts `nodes` nodes and opens a sale on the first of them.
    pub async fn open(
        stores: Stores,
        settings: &[(&'static str, &'static str)],
        nodes: usize,
        stock: u32,
        limit: u32,
    ) -> Self {
        let settings = settings.to_vec();
        let mut started = Vec::new();
        for _ in 0..nodes {
            started.push(stores.node_with(settings.iter().copied()).await);
        }
        let shops = started.iter().map(|node| node.shop.clone()).collect();
        let recorder = Recorder::open(shops, SKU, stock, limit).await;
        Self { stores, settings, nodes: started, recorder }
    }

    /// Kills a node in the middle of whatever it does and starts it anew.
    pub async fn kill_and_restart(&mut self, node: usize) {
        self.nodes[node].process.kill_hard();
        self.restart(node).await;
    }

    /// Starts a node anew that is gone.
    pub async fn restart(&mut self, node: usize) {
        let anew = self.stores.node_with(self.settings.iter().copied()).await;
        self.recorder.moved(node, anew.shop.clone());
        self.nodes[node] = anew;
    }

    /// Waits until all is quiet, and holds everything that clients saw to the specification.
    ///
    /// `left` are buyers who never got to know, in words. Ends the nodes: the program's own
    /// comparison of gate and ledger comes last, with nothing at work beside it.
    pub async fn conclude(self, promise: Promise, left: Vec<String>) -> Trial {
        self.recorder.drained(0, AGREEMENT_LIMIT).await;
        for node in 0..self.nodes.len() {
            self.recorder.look(node).await;
        }
        let history = self.recorder.history(self.stores.ledger().await);
        drop(self.nodes);
        let mut trial = check(&history, promise);
        trial.violations.extend(left);
        let compared = StampedeProcess::run(["reconcile"], self.stores.settings()).await;
        let sum = compared.lines.iter().find(|line| line.starts_with("all "));
        let agrees = sum.is_some_and(|sum| sum.split_whitespace().last() == Some("0"));
        trial.expect(agrees && compared.code == Some(0), || {
            format!("gate and ledger do not agree in the end: {:?}", compared.lines)
        });
        trial
    }
}
