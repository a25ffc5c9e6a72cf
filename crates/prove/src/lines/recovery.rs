//! R11: how long it takes until buyers are served again, and until the ledger has everything.

use std::{fmt::Write, time::Instant};

use stampede_domain::{Instant as At, PurchaseBits, PurchaseNo};
use stampede_testkit::{
    servers::{OwnPostgres, OwnRedis, OwnRedisOptions, execute, until},
    shop::Stores,
};

use crate::{
    Chance, Crowd, Figure, Line, Promise, Scene, Trial, history::Attempted, scene::AGREEMENT_LIMIT,
};

/// Purchases on record when Redis loses everything.
const BUYERS: u32 = 100_000;
/// Purchases that one statement inserts.
const CHUNK: u32 = 5_000;
const STOCK: u32 = 200_000;
/// Purchases that wait in the gate while Postgres is away.
const WAITING: usize = 500;

pub(super) fn line() -> Line {
    Line::new("R11", "recovery times")
        .kind("node-embedded", 5, 3.0, |chance| node(Stores::embedded(), chance))
        .kind("node-redis", 5, 3.0, |chance| async { node(Stores::redis().await, chance).await })
        .kind("redis-with-100,000-buyers", 5, 15.0, redis)
        .kind("postgres", 5, 6.0, postgres)
}

/// From the death of a node to the first decision of the one in its place.
async fn node(stores: Stores, mut chance: Chance) -> Trial {
    let mut scene = Scene::open(stores, &[], 1, STOCK, 2).await;
    let before = Crowd::of(&mut chance, "before", 200, 2, 1);
    let left = before.buy(&scene.recorder).await;
    let died = Instant::now();
    scene.kill_and_restart(0).await;
    decided(&scene, 0).await;
    let took = died.elapsed();
    let mut trial = scene.conclude(Promise::NothingLost, async { left }).await;
    trial.measured(Figure::time("from its death to its first decision", took));
    trial
}

/// From when an emptied Redis is back to the first decision of a sale of many buyers.
async fn redis(_chance: Chance) -> Trial {
    let mut redis = OwnRedis::start(OwnRedisOptions::as_shipped()).await;
    let postgres = OwnPostgres::start().await;
    let scene = Scene::open(Stores::between(&redis, &postgres), &[], 2, STOCK, 1).await;
    record(&postgres.url()).await;
    redis.restart_empty().await;
    let back = Instant::now();
    decided(&scene, 0).await;
    let took = back.elapsed();
    let is_drained = scene.recorder.drained(0, AGREEMENT_LIMIT).await;
    let mut trial = Trial::default();
    trial.expect(is_drained, || format!("not drained within {AGREEMENT_LIMIT:?}"));
    let product = scene.nodes[0].shop.product(scene.recorder.sku()).await;
    let sold = product.data()["totalPurchases"].as_u64();
    trial.expect(sold == Some(u64::from(BUYERS) + 1), || {
        format!("the gate has sold {sold:?} units after its restore")
    });
    trial.measured(Figure::time("from its return to the first decision", took));
    trial
}

/// From when Postgres is back until it has what the gate sold meanwhile.
async fn postgres(mut chance: Chance) -> Trial {
    let mut postgres = OwnPostgres::start().await;
    let scene = Scene::open(Stores::on(&postgres).await, &[], 2, STOCK, 2).await;
    postgres.kill();
    let waiting = Crowd::of(&mut chance, "waiting", WAITING, 2, 2);
    let left = waiting.buy(&scene.recorder).await;
    postgres.restart().await;
    let back = Instant::now();
    // What keeps it from being drained, the end of the trial says.
    scene.recorder.drained(0, AGREEMENT_LIMIT).await;
    let took = back.elapsed();
    let mut trial = scene.conclude(Promise::NothingLost, async { left }).await;
    trial.measured(Figure::time("from its return until it has everything", took));
    trial
}

/// Waits until the node decides.
async fn decided(scene: &Scene, node: usize) {
    until("a decision", AGREEMENT_LIMIT, async || {
        let answer = scene.recorder.attempt(node, "first", "the-only-key", 1).await;
        matches!(answer, Attempted::Accepted(_)).then_some(())
    })
    .await;
}

/// Puts purchases of one unit by as many buyers on record, as if they had been sold.
async fn record(url: &str) {
    for first in (1..=BUYERS).step_by(usize::try_from(CHUNK).expect("small")) {
        let mut rows = String::new();
        for position in first..first + CHUNK {
            let mut bits = [0; 10];
            bits[6..].copy_from_slice(&position.to_be_bytes());
            let number = PurchaseNo::new(At::from_millis(AT_MS), PurchaseBits(bits));
            let comma = if position == first { "" } else { "," };
            write!(rows, "{comma}({position}, '{}', '{}')", hex(&bits), number.as_str())
                .expect("text");
        }
        execute(
            url,
            &format!(
                "INSERT INTO purchases (purchase_no, bits, generation, epoch_number, epoch_nonce,
                    buyer, purchased_at, qty, key_hash, remaining, position, ordinal, held_after,
                    limit_per_buyer, cancelled)
                SELECT row.number, decode(row.bits, 'hex'), sales.generation, epoch_number,
                    epoch_nonce, 'recorded-' || row.position, to_timestamp({AT_MS} / 1000), 1,
                    decode(md5(row.bits), 'hex'), {STOCK} - row.position, row.position, 1, 1, 1,
                    false
                FROM sales, (VALUES {rows}) AS row (position, bits, number);
                UPDATE sales SET sold = sold + {CHUNK};"
            ),
        )
        .await;
    }
}

/// When they were sold; a whole second.
const AT_MS: i64 = 1_790_000_000_000;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("text");
        text
    })
}
