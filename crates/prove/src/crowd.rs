//! Buyers, most of whom insist until they know.

use std::time::{Duration, Instant};

use futures::{StreamExt, future::join_all, stream};
use tokio::{sync::Semaphore, time::sleep};

use crate::{Chance, Recorder, history::Attempted, recorder::AGAIN};

/// Errands of a crowd that are under way at a time.
pub(crate) const AT_ONCE: usize = 48;
/// Copies that an impatient buyer of it sends at once.
pub(crate) const COPIES: usize = 3;

/// What one buyer wants, and what else they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// Who.
    pub buyer: String,
    /// The attempt's key.
    pub key: String,
    /// Units.
    pub qty: u32,
    /// Where the attempt is sent first; repeats go to the next one.
    pub node: usize,
    /// How many copies are sent at once, to the nodes in turn; 1 for a patient buyer.
    pub copies: usize,
    /// Whether the buyer gives up when the outcome is not known, and never asks again.
    pub gives_up: bool,
    /// Whether the buyer looks up afterwards what they bought.
    pub looks_up: bool,
    /// Whether somebody looks at the sale before.
    pub looks: bool,
}

/// Buyers, so many of them at a time.
#[derive(Clone, Debug)]
pub struct Crowd {
    /// What they want, in the order in which they come.
    pub errands: Vec<Errand>,
    /// How many are under way at a time.
    pub at_once: usize,
    /// How long one insists.
    pub patience: Duration,
}

impl Crowd {
    /// Buyers of this name, of a sale with this limit: some want several units, some come twice,
    /// some send copies, some give up when they do not know, some look up what they bought.
    #[must_use]
    pub fn of(chance: &mut Chance, name: &str, buyers: usize, limit: u32, nodes: usize) -> Self {
        let mut errands: Vec<Errand> = Vec::new();
        for number in 0..buyers {
            let units = usize::try_from(limit).unwrap_or(1);
            let mut errand = Errand {
                buyer: format!("{name}-{number:05}"),
                key: format!("key-{:08x}", chance.number(0, 0xffff_ffff)),
                qty: u32::try_from(chance.number(1, units)).unwrap_or(1),
                node: chance.number(0, nodes - 1),
                copies: if chance.happens(1, 10) { COPIES } else { 1 },
                gives_up: chance.happens(1, 10),
                looks_up: chance.happens(1, 5),
                looks: chance.happens(1, 20),
            };
            if chance.happens(1, 8) {
                // Once more: the same attempt again, or another one.
                let mut another = errand.clone();
                if chance.happens(1, 2) {
                    another.key.push_str("-other");
                }
                errands.push(another);
            }
            if chance.happens(1, 50) {
                errand.qty = errand.qty % limit.max(1) + 1;
            }
            errands.push(errand);
        }
        chance.shuffle(&mut errands);
        Self { errands, at_once: AT_ONCE, patience: Duration::from_mins(1) }
    }

    /// Each of so many buyers wants one unit, and sends so many copies of their attempt: half of
    /// them at once, and the other half at once at another time, so that what is lost between the
    /// two is met by copies of what was decided before.
    #[must_use]
    pub fn storm(chance: &mut Chance, buyers: usize, copies: usize, nodes: usize) -> Self {
        let mut errands: Vec<Errand> = Vec::new();
        for number in 0..buyers {
            let first = Errand {
                buyer: format!("storm-{number:05}"),
                key: format!("key-{:08x}", chance.number(0, 0xffff_ffff)),
                qty: 1,
                node: chance.number(0, nodes - 1),
                copies: copies / 2,
                gives_up: false,
                looks_up: false,
                looks: false,
            };
            let second = Errand { copies: copies - first.copies, ..first.clone() };
            errands.extend([first, second].into_iter().filter(|errand| errand.copies > 0));
        }
        chance.shuffle(&mut errands);
        Self { errands, at_once: 4, patience: Duration::from_mins(1) }
    }

    /// Everybody does what they want; answers those who did not get to know in time, in words.
    pub async fn buy(&self, recorder: &Recorder) -> Vec<String> {
        self.buy_as_let_in(recorder, &Semaphore::new(Semaphore::MAX_PERMITS)).await
    }

    /// The same, each errand when there is a permit for it.
    pub async fn buy_as_let_in(&self, recorder: &Recorder, permits: &Semaphore) -> Vec<String> {
        let errands = stream::iter(self.errands.iter().cloned()).then(|errand| async {
            permits.acquire().await.expect("it is never closed").forget();
            errand
        });
        let under_way = errands.map(|errand| self.go(recorder, errand));
        let left: Vec<_> = under_way.buffer_unordered(self.at_once).collect().await;
        left.into_iter().flatten().collect()
    }

    async fn go(&self, recorder: &Recorder, errand: Errand) -> Option<String> {
        if errand.looks {
            recorder.look(errand.node).await;
        }
        let copies = (0..errand.copies).map(|copy| self.insist(recorder, &errand, copy));
        let answers = join_all(copies).await;
        if errand.looks_up {
            recorder.look_up(errand.node, &errand.buyer).await;
        }
        let is_left = !errand.gives_up && answers.contains(&Attempted::Unknown);
        is_left.then(|| format!("{} did not get to know within {:?}", errand.buyer, self.patience))
    }

    /// Repeats an attempt, on one node after the other, until its outcome is known; a buyer who
    /// gives up does not.
    async fn insist(&self, recorder: &Recorder, errand: &Errand, copy: usize) -> Attempted {
        let begun = Instant::now();
        let nodes = recorder.nodes();
        let mut node = (errand.node + copy) % nodes;
        loop {
            let answer = recorder.attempt(node, &errand.buyer, &errand.key, errand.qty).await;
            if answer.is_decided() || errand.gives_up || begun.elapsed() > self.patience {
                return answer;
            }
            node = (node + 1) % nodes;
            sleep(AGAIN).await;
        }
    }
}
