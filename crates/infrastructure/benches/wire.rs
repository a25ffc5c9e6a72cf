//! What it costs to write what a gate is asked and to read what it answers, the gate left out.
//!
//! The entries of a stream are written by Redis itself, in `lua/attempt.lua`.
#![expect(clippy::expect_used, reason = "a benchmark fails by panicking")]
#![expect(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the engines and their tests use more of what is a part of this benchmark"
)]

// What is measured is private to the crate, and so it is a part of this benchmark too.
#[path = "../src/redis/attempt.rs"]
mod attempt;
#[path = "../src/redis/clock.rs"]
mod clock;
#[path = "../src/redis/entry.rs"]
mod entry;
#[path = "../src/redis/fence.rs"]
mod fence;
#[path = "../src/redis/keys.rs"]
mod keys;
#[path = "../src/redis/link.rs"]
mod link;
#[path = "../src/redis/sale_feed/message.rs"]
mod message;
#[path = "../src/packed.rs"]
mod packed;
#[path = "../src/redis/price.rs"]
mod price;
#[path = "../src/redis/record.rs"]
mod record;
#[path = "../src/redis/registry.rs"]
mod registry;
#[path = "../src/redis/script.rs"]
mod script;

/// The journal, which is the outbox of the engine embedded.
#[path = "../src/embedded/journal"]
mod embedded {
    mod format;

    use stampede_application::ports::EntryBody;
    use stampede_domain::RecordedPurchase;

    use crate::packed::write_purchase;

    pub(crate) fn written(purchases: &[RecordedPurchase]) -> Vec<u8> {
        let mut body = format::begin_purchases(&purchases[0].sale, purchases[0].epoch);
        for RecordedPurchase { buyer, purchase, traceparent, .. } in purchases {
            write_purchase(buyer, purchase, traceparent.as_ref(), &mut body);
        }
        body
    }

    pub(crate) fn read(row: &[u8]) -> EntryBody {
        format::read(row)
    }
}

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use redis::{Cmd, Value};
use stampede_application::ports::{EntryBody, Judged};
use stampede_domain::{
    Acknowledgement, Attempt, AttemptKey, BuyerId, Decision, Epoch, Generation, Instant, Position,
    Purchase, PurchaseBits, RecordedPurchase, SaleId, Sku,
};

use self::{entry::RawEntry, message::Message, script::Answer};

const AT: u64 = 1_771_149_600_123;
const VERSION: u64 = 1_000_000_009;
const STOCK: u32 = 10_000_000;
const EPOCH: Epoch = Epoch { number: 1, nonce: 7 };
const ENTRY_ID: &str = "1771149600123-0";

fn id() -> SaleId {
    let sku = Sku::parse("WIDGET-001").expect("a sku");
    SaleId { sku, generation: Generation(uuid::Uuid::from_u128(7)) }
}

/// Attempts of a client that makes a key of its own.
fn batch(attempts: u8) -> Vec<Attempt> {
    (0..attempts)
        .map(|number| Attempt {
            buyer: BuyerId::parse(&format!("buyer-{number:010}")).expect("a buyer"),
            key: AttemptKey([number; 16]),
            bits: PurchaseBits([number; 10]),
            qty: 1,
            traceparent: None,
        })
        .collect()
}

/// The batch as it was accepted, all of it.
fn bought(batch: &[Attempt]) -> Vec<RecordedPurchase> {
    (1..)
        .zip(batch)
        .map(|(place, attempt)| RecordedPurchase {
            sale: id(),
            epoch: EPOCH,
            buyer: attempt.buyer.clone(),
            purchase: Purchase {
                bits: attempt.bits,
                at: Instant::from_millis(AT.cast_signed()),
                qty: attempt.qty,
                key: attempt.key,
                remaining: STOCK - place,
                position: Position(place.into()),
                ordinal: 1,
                held_after: 1,
                cancelled: false,
                unit_price: None,
            },
            traceparent: None,
        })
        .collect()
}

/// The purchases of an entry as `lua/fence.lua` packs them.
fn entry_body(purchases: &[RecordedPurchase]) -> Vec<u8> {
    let mut body = Vec::new();
    for recorded in purchases {
        packed::write_purchase(&recorded.buyer, &recorded.purchase, None, &mut body);
    }
    body
}

/// A stream's entry as a consumer gets it.
fn stream_entry(purchases: &[RecordedPurchase]) -> Value {
    let (sku, generation) = (id().sku.to_string(), id().generation.to_string());
    let (epoch, body) = (EPOCH.to_string(), entry_body(purchases));
    let bytes = |bytes: &[u8]| Value::BulkString(bytes.to_vec());
    let fields: [(&[u8], &[u8]); 6] = [
        (b"f", b"1"),
        (b"k", b"purchases"),
        (b"g", generation.as_bytes()),
        (b"s", sku.as_bytes()),
        (b"e", epoch.as_bytes()),
        (b"b", &body),
    ];
    let fields = fields.iter().flat_map(|(name, value)| [bytes(name), bytes(value)]).collect();
    Value::Array(vec![bytes(ENTRY_ID.as_bytes()), Value::Array(fields)])
}

/// What `lua/attempt.lua` replies if it decides all of a batch by this letter, and hands on the
/// `entry` of what must be in the ledger before it is told.
fn reply(batch: &[Attempt], letter: u8, entry: &[u8]) -> Value {
    let mut reply = vec![b'O'];
    reply.extend_from_slice(&AT.to_be_bytes()[2..]);
    reply.extend_from_slice(&AT.to_be_bytes()[2..]);
    reply.extend_from_slice(&VERSION.to_be_bytes()[1..]);
    reply.extend_from_slice(&[0; 5]);
    reply.extend_from_slice(&STOCK.to_be_bytes());
    reply.push(0);
    reply.extend(batch.iter().map(|_| letter));
    reply.push(u8::from(!entry.is_empty()));
    reply.push(u8::try_from(ENTRY_ID.len()).expect("a short id"));
    reply.extend_from_slice(ENTRY_ID.as_bytes());
    reply.extend_from_slice(entry);
    Value::BulkString(reply)
}

/// The decisions of a reply.
fn decisions(id: &SaleId, batch: &[Attempt], reply: Value) -> Vec<Option<Decision>> {
    let answer = Answer { value: reply, epoch: EPOCH, resent: false };
    match attempt::judged(id, batch, answer).expect("a reply that can be read") {
        Judged::Decided { decisions, .. } => decisions,
        Judged::UnknownSale => Vec::new(),
    }
}

fn batches(criterion: &mut Criterion) {
    let id = id();
    let mut group = criterion.benchmark_group("batch");
    for attempts in [1, 128] {
        let batch = batch(attempts);
        let entry = entry_body(&bought(&batch));
        group.throughput(Throughput::Elements(attempts.into()));
        group.bench_function(format!("{attempts} attempts, written"), |bencher| {
            let write = |command: &mut Cmd| attempt::write(Acknowledgement::Gate, &batch, command);
            bencher.iter(|| {
                let call = attempt::call(&batch, &write);
                let mut command = Cmd::with_capacity(call.size.0, call.size.1);
                (call.write)(&mut command);
                command
            });
        });
        for (name, letter, entry) in [
            ("accepted, read", b'A', &[][..]),
            ("accepted at level ledger, read", b'A', &entry[..]),
            ("rejected, read", b'S', &[][..]),
        ] {
            let reply = reply(&batch, letter, entry);
            assert_eq!(decisions(&id, &batch, reply.clone()).len(), batch.len());
            group.bench_function(format!("{attempts} {name}"), |bencher| {
                let again = || reply.clone();
                let read = |reply| decisions(&id, &batch, reply);
                bencher.iter_batched(again, read, BatchSize::SmallInput);
            });
        }
    }
    group.finish();
}

/// How many purchases an entry has.
fn purchases_of(body: &EntryBody) -> usize {
    match body {
        EntryBody::Purchases(purchases) => purchases.len(),
        EntryBody::Change(_) | EntryBody::Newer { .. } | EntryBody::Broken { .. } => 0,
    }
}

fn entries(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("outbox entry");
    let purchases = bought(&batch(128));
    group.throughput(Throughput::Elements(128));
    let entry = stream_entry(&purchases);
    let decoded = |entry| RawEntry::read(entry).expect("an entry").decode().expect("fields");
    assert_eq!(purchases_of(&decoded(entry.clone()).body), 128);
    group.bench_function("128 purchases of a stream, read", |bencher| {
        bencher.iter_batched(|| entry.clone(), decoded, BatchSize::SmallInput);
    });
    let row = embedded::written(&purchases);
    assert_eq!(purchases_of(&embedded::read(&row)), 128);
    group.bench_function("128 purchases of a journal, read", |bencher| {
        bencher.iter(|| embedded::read(&row));
    });
    group.bench_function("128 purchases of a journal, written", |bencher| {
        bencher.iter(|| embedded::written(&purchases));
    });
    group.finish();
}

fn messages(criterion: &mut Criterion) {
    let id = id();
    let message = format!(
        r#"{{"format":1,"kind":"stock","sku":"{}","generation":"{}","version":{VERSION},"stock":3}}"#,
        id.sku, id.generation
    );
    assert!(matches!(Message::read(message.as_bytes()), Message::Stock(..)));
    criterion.bench_function("a message of the feed, read", |bencher| {
        bencher.iter(|| Message::read(message.as_bytes()));
    });
}

criterion_group!(benches, batches, entries, messages);
criterion_main!(benches);
