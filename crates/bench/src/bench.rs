//! What the lines of one run share.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    path::PathBuf,
    rc::Rc,
};

use stampede_testkit::servers::{Fsync, OwnPostgres, execute};
use tokio::sync::{Mutex, OnceCell};

use crate::{
    ask::{Ask, GONE, Level, NOWHERE, OPEN},
    bare::{Bare, Status},
    duel::{self, Rates},
    figure::Spread,
    ground::{Ground, postgres_as_shipped},
    pace::Pace,
    wrk::{self, Run, Sent},
};

/// Workers of the bare handler, of which the better number is its figure.
const BARE_WORKERS: [usize; 2] = [1, 2];
/// Turns by which it is found out, whose median counts.
const WORKER_TURNS: u32 = 3;
/// Leaves nothing of what a server had in its database.
const EMPTY: &str = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";

/// A Postgres that several hold.
pub(crate) type SharedPostgres = Rc<Mutex<OwnPostgres>>;

/// One run of the benchmark.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) pace: Pace,
    bare_program: PathBuf,
    /// With how many workers the bare handler is faster, once that was found out.
    workers: RefCell<BTreeMap<(Ask, u32), usize>>,
    /// What P3 takes at 64 connections, once it was measured.
    rates: Cell<Option<Rates>>,
    /// That of all lines of a quick run.
    postgres: OnceCell<SharedPostgres>,
}

impl Bench {
    pub(crate) fn new(bare_program: PathBuf, pace: Pace) -> Self {
        let (workers, rates) = (RefCell::default(), Cell::new(None));
        Self { pace, bare_program, workers, rates, postgres: OnceCell::new() }
    }

    /// An empty Postgres as it is shipped. All lines of a quick run have the same one, which takes
    /// seconds to be made.
    pub(crate) async fn postgres(&self) -> SharedPostgres {
        if !self.pace.is_quick {
            return postgres_as_shipped().await;
        }
        let postgres = self.postgres.get_or_init(postgres_as_shipped).await.clone();
        let url = postgres.lock().await.url();
        execute(&url, EMPTY).await;
        postgres
    }

    /// The bare handler at its best under this load.
    pub(crate) async fn bare(&self, ask: Ask, connections: u32, status: &Status) -> Bare {
        let known = self.workers.borrow().get(&(ask, connections)).copied();
        let workers = match known {
            Some(workers) => workers,
            None => self.best_workers(ask, connections, status).await,
        };
        self.workers.borrow_mut().insert((ask, connections), workers);
        Bare::start(&self.bare_program, workers, ask.answer(), status).await
    }

    async fn best_workers(&self, ask: Ask, connections: u32, status: &Status) -> usize {
        let [one, two] = BARE_WORKERS;
        if self.pace.is_quick {
            return two;
        }
        let mut rates = [Vec::new(), Vec::new()];
        for _ in 0..WORKER_TURNS {
            for (workers, rates) in BARE_WORKERS.into_iter().zip(&mut rates) {
                let bare = Bare::start(&self.bare_program, workers, ask.answer(), status).await;
                let (base_url, sent) = (bare.base_url().to_owned(), to_bare(ask, 0));
                let seconds = self.pace.run_s().div_ceil(2);
                rates.push(wrk::run(Run { base_url, sent, connections, seconds }).await.rate);
            }
        }
        let [by_one, by_two] = rates.map(|rates| Spread::of(rates).median);
        println!("  bare, {ask:?}, {connections} connections: {by_one:.0}/s, {by_two:.0}/s");
        if by_one > by_two { one } else { two }
    }

    /// Keeps what P3 measured for the lines that are measured by it.
    pub(crate) fn note_rates(&self, rates: Rates) {
        self.rates.set(Some(rates));
    }

    /// What the server takes at P3's setting with 64 connections.
    pub(crate) async fn rates(&self) -> Rates {
        if let Some(rates) = self.rates.get() {
            return rates;
        }
        let ground = Ground::redis(self, Fsync::EverySecond, Level::Gate).await;
        let rates = duel::rates(&ground, 64, self.pace.run_s()).await;
        println!("  {:.0} accepted/s, {:.0}/s with the drain", rates.accepted, rates.recorded);
        self.note_rates(rates);
        rates
    }
}

/// One turn of each of a pair, in every other round ours first: what a turn leaves behind in the
/// stores falls on both alike.
pub(crate) async fn in_turn<A, B>(
    round: u32,
    theirs: impl Future<Output = A>,
    ours: impl Future<Output = B>,
) -> (A, B) {
    if round % 2 == 1 {
        let theirs = theirs.await;
        (theirs, ours.await)
    } else {
        let ours = ours.await;
        (theirs.await, ours)
    }
}

/// Attempts at one sale in the round of this number.
pub(crate) fn attempts(sku: &str, round: u32) -> Sent {
    Sent::Attempts { skus: vec![sku.to_owned()], prefix: format!("round-{round:02}") }
}

/// What the bare handler is sent: as many bytes as the server.
pub(crate) fn to_bare(ask: Ask, round: u32) -> Sent {
    match ask {
        Ask::Status => Sent::Status { sku: OPEN.to_owned() },
        Ask::Accepted(_) => attempts(NOWHERE, round),
        Ask::SoldOut => attempts(GONE, round),
    }
}
