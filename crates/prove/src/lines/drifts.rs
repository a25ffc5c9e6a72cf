//! R8: gate and ledger disagree, in every way in which they can.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::join_all;
use stampede_testkit::{
    drifts::Drift,
    servers::until,
    shop::{Node, Stores},
};
use tokio::time::{sleep, timeout};

use crate::{
    Chance, Crowd, Figure, Line, Recorder, Trial,
    history::Attempted,
    scene::{AGREEMENT_LIMIT, all_agrees},
};

/// As nodes are shipped, a younger purchase of the gate may be on its way to the ledger, and is not
/// compared: a unit that is sold twice is then first met as one that the gate lacks.
const SETTLED_AFTER: Duration = Duration::from_secs(10);
/// From the start of a node to its first comparison.
const FIRST_RUN_LIMIT: Duration = Duration::from_secs(40);
const STOCK: u32 = 10;
const LIMIT_PER_BUYER: u32 = 1;
/// Who has bought when a drift is planted: as many at most, and somebody.
const BUYERS: usize = 6;
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(super) fn line() -> Line {
    Line::new("R8", "a drift of each kind planted, each in a sale of its own, as nodes are shipped")
        .kind("both-engines", 20, 22.0, planted)
}

/// Both at once, since most of a trial is waiting.
async fn planted(mut chance: Chance) -> Trial {
    let installations = [
        ("redis", Installation::open(Stores::redis().await, &mut chance).await),
        ("embedded", Installation::open(Stores::embedded(), &mut chance).await),
    ];
    let tried = installations
        .map(|(engine, installation)| async move { (engine, installation.drift_apart().await) });
    let mut trial = Trial::default();
    for (engine, tried) in join_all(tried).await {
        let violations = tried.violations.into_iter();
        trial.violations.extend(violations.map(|what| format!("{engine}: {what}")));
        trial.figures.extend(tried.figures);
    }
    trial
}

/// Nodes as they are shipped, with a sale for each kind of drift.
struct Installation {
    stores: Stores,
    nodes: Vec<Node>,
    sales: Vec<Planted>,
}

/// A sale with a drift in it, or about to have one.
struct Planted {
    drift: Drift,
    at: Instant,
    sale: Arc<Recorder>,
}

impl Installation {
    /// Each sale has sold to some.
    async fn open(stores: Stores, chance: &mut Chance) -> Self {
        let nodes = stores.nodes_with(&[]).await;
        let can_have = stores.drifts().await;
        let mut drifts: Vec<Drift> =
            Drift::ALL.into_iter().filter(|drift| can_have.can_have(*drift)).collect();
        chance.shuffle(&mut drifts);
        let mut sales = Vec::new();
        for (number, drift) in drifts.into_iter().enumerate() {
            let shops = nodes.iter().map(|node| node.shop.clone()).collect();
            let sku = format!("DRIFT-{number}");
            let sale = Recorder::open(shops, &sku, STOCK, LIMIT_PER_BUYER).await;
            let buyers = chance.number(1, BUYERS);
            Crowd::storm(chance, buyers, 1, nodes.len()).buy(&sale).await;
            sales.push(Planted { drift, at: Instant::now(), sale });
        }
        Self { stores, nodes, sales }
    }

    /// Plants every drift at once, each in its sale, whose purchases have all settled.
    async fn drift_apart(mut self) -> Trial {
        let mut trial = Trial::default();
        for planted in &self.sales {
            trial.expect(planted.sale.drained(0, AGREEMENT_LIMIT).await, || {
                "not recorded".to_owned()
            });
        }
        until("the first comparison", FIRST_RUN_LIMIT, async || {
            let runs = self.nodes[0].shop.reconciliation_runs().await;
            runs.data().as_array().is_some_and(|runs| !runs.is_empty()).then_some(())
        })
        .await;
        let newest = self.sales.iter().map(|planted| planted.at).max();
        sleep(SETTLED_AFTER.saturating_sub(newest.map_or(SETTLED_AFTER, |at| at.elapsed()))).await;
        let stores = self.stores.drifts().await;
        for planted in &mut self.sales {
            let id = stores.sale(planted.sale.sku()).await;
            planted.at = Instant::now();
            stores.plant(planted.drift, &id).await;
        }
        self.settled(&mut trial).await;
        for planted in &self.sales {
            self.is_one(planted.drift, &mut trial).await;
            planted.sells_on(&mut trial).await;
        }
        let kept = self.stores.kept().await;
        let kept: BTreeSet<&str> = kept.iter().map(|row| row.purchase_no.as_str()).collect();
        for Planted { drift, sale, .. } in &self.sales {
            for number in sale.told() {
                trial.expect(kept.contains(number.as_str()), || {
                    format!("lost: {number} was told, and is nowhere after {drift:?}")
                });
            }
        }
        let raised = self.sales.iter().filter(|planted| is_for_a_person(planted.drift)).count();
        let letters = self.nodes[0].shop.dead_letters().await;
        let letters = letters.data().as_array().map_or(0, Vec::len);
        trial.expect(letters == raised, || format!("{letters} dead letters, {raised} were raised"));
        drop(self.nodes);
        all_agrees(&self.stores, &mut trial).await;
        trial
    }

    /// Each is repaired or raised in time.
    async fn settled(&self, trial: &mut Trial) {
        let mut open: Vec<&Planted> = self.sales.iter().collect();
        while !open.is_empty() {
            let mut still = Vec::new();
            for planted in open {
                let took = planted.at.elapsed();
                if self.found(planted.drift).await[0] > 0 {
                    let verb = if is_for_a_person(planted.drift) { "raised" } else { "repaired" };
                    let name = format!("{}, until {verb}", planted.drift.as_str());
                    trial.measured(Figure::time(name, took));
                } else if took > AGREEMENT_LIMIT {
                    let drift = planted.drift;
                    trial.violate(format!("{drift:?} was not found within {AGREEMENT_LIMIT:?}"));
                } else {
                    still.push(planted);
                }
            }
            open = still;
            sleep(LOOK_EVERY).await;
        }
    }

    /// What was found of the kind is the one that was planted, in records and metrics.
    async fn is_one(&self, drift: Drift, trial: &mut Trial) {
        let found = self.found(drift).await;
        let raised = u64::from(is_for_a_person(drift));
        let one = [1, 1 - raised, raised];
        trial.expect(found == one, || format!("of {drift:?} the runs have {found:?}, not {one:?}"));
        let label = format!("drift=\"{}\"", drift.as_str());
        let mut counted = (0, 0);
        for Node { shop, .. } in &self.nodes {
            counted.0 += shop.counter("reconciliation_mismatches_total", &label).await;
            counted.1 += shop.counter("reconciliation_unrepaired_total", &label).await;
        }
        trial.expect(counted == (1, raised), || {
            format!("of {drift:?} the metrics have {counted:?} found and raised")
        });
    }

    /// What all comparisons together have of a kind: found, repaired, raised.
    async fn found(&self, drift: Drift) -> [u64; 3] {
        let runs = self.nodes[0].shop.reconciliation_runs().await;
        let name = drift.as_str().to_uppercase();
        let runs = runs.data().as_array().into_iter().flatten();
        let drifts = runs.flat_map(|run| run["drifts"].as_array().into_iter().flatten());
        let of_kind = drifts.filter(|found| found["drift"] == name.as_str());
        of_kind.fold([0; 3], |sum, found| {
            let count = |of: &str| found[of].as_u64().unwrap_or(0);
            [sum[0] + count("found"), sum[1] + count("repaired"), sum[2] + count("raised")]
        })
    }
}

impl Planted {
    /// Its sale sells and records as ever, or is gone from the gate too.
    async fn sells_on(&self, trial: &mut Trial) {
        let (drift, sku) = (self.drift, self.sale.sku());
        if drift == Drift::GateWithoutCatalogue {
            let answer = self.sale.shop(0).buy(sku, "later").await;
            trial.expect(answer.status == 404, || format!("after {drift:?}: {answer:?}"));
            return;
        }
        let buying = async {
            while !matches!(self.sale.attempt(0, "later", "key", 1).await, Attempted::Accepted(_)) {
                sleep(LOOK_EVERY).await;
            }
        };
        let sells = timeout(AGREEMENT_LIMIT, buying).await.is_ok()
            && self.sale.drained(0, AGREEMENT_LIMIT).await;
        trial.expect(sells, || format!("after {drift:?} its sale sells and records no more"));
    }
}

/// Whether nobody else can decide what is to become of it.
fn is_for_a_person(drift: Drift) -> bool {
    match drift {
        Drift::EntryOfAnOldGeneration | Drift::StaleEntryRefused => true,
        Drift::MissingInLedger
        | Drift::MissingInGate
        | Drift::CountersDisagree
        | Drift::DefinitionDiffers
        | Drift::GateWithoutCatalogue
        | Drift::SoldTwice => false,
    }
}
