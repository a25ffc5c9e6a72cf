//! Entries of the outbox that no gate of today wrote.

use serde_json::json;
use stampede_domain::{Generation, RecordedPurchase, SaleId, Shard};
use uuid::Uuid;

use super::Stores;

impl Stores {
    /// The outbox has a purchase of a creation of the sku that nobody knows any more.
    pub(super) async fn enqueue_of_nothing(&self, id: &SaleId) {
        let mut purchase = self.newest(id).await.another(id);
        purchase.purchase.at = purchase.purchase.at.plus_millis(-60_000);
        let other =
            id.generation.0.as_u128() ^ u128::from(purchase.purchase.key.0[15]) ^ (1 << 100);
        let generation = Generation(Uuid::from_u128(other));
        let sale = SaleId { sku: id.sku.clone(), generation };
        self.enqueue(&RecordedPurchase { sale, ..purchase }).await;
    }

    /// The outbox has a purchase of an earlier life of the gate, of more units than anybody may
    /// have in the present one.
    pub(super) async fn enqueue_stale(&self, id: &SaleId) {
        let mut stale = self.newest(id).await.another(id);
        stale.epoch.number -= 1;
        stale.purchase.qty = 200;
        stale.purchase.held_after = 200;
        self.enqueue(&stale).await;
    }

    /// Puts an entry of one purchase into the outbox: as the gate writes it in Redis, and in a file
    /// as one of an older version did, which every version reads.
    pub async fn enqueue(&self, recorded: &RecordedPurchase) {
        match self {
            Self::File(pool) => {
                let body = json!({
                    "format": 1, "kind": "purchases",
                    "sale": recorded.sale, "epoch": recorded.epoch,
                    "purchases": [{ "buyer": recorded.buyer, "purchase": recorded.purchase }],
                });
                // Before all that the engine numbers, which no worker looks at any more.
                let done = sqlx::query(
                    "INSERT INTO journal (id, generation, weight, body) \
                     SELECT min(coalesce(min(id), 0), 0) - 1, ?1, 1, ?2 FROM journal",
                )
                .bind(recorded.sale.generation.0)
                .bind(body.to_string())
                .execute(pool)
                .await;
                done.expect("the file takes the row");
            }
            Self::Redis { redis, prefix, .. } => {
                let sale = &recorded.sale;
                let epoch = format!("{}.{:016x}", recorded.epoch.number, recorded.epoch.nonce);
                let mut command = redis::cmd("XADD");
                command.arg(format!("{prefix}{{{}}}:outbox", Shard::of(&sale.sku))).arg("*");
                command.arg("f").arg(1).arg("k").arg("purchases");
                command.arg("g").arg(sale.generation.to_string()).arg("s").arg(sale.sku.as_str());
                command.arg("e").arg(epoch).arg("b").arg(packed(recorded));
                command.exec_async(&mut redis.clone()).await.expect("Redis answers");
            }
        }
    }
}

/// A purchase as an entry in Redis carries it: key 16, bits 10, units 1, instant 6, remaining 4,
/// position 5, flags 1, place among its buyer's 2, held after 1, length of the buyer 2, the buyer,
/// and that there is nothing else.
fn packed(recorded: &RecordedPurchase) -> Vec<u8> {
    let purchase = &recorded.purchase;
    let buyer = recorded.buyer.as_str().as_bytes();
    let small = |number: u32| u8::try_from(number).expect("a small number");
    let mut packed = Vec::with_capacity(49 + buyer.len());
    packed.extend(purchase.key.0);
    packed.extend(purchase.bits.0);
    packed.push(small(purchase.qty));
    packed.extend(&purchase.at.millis().to_be_bytes()[2..]);
    packed.extend(purchase.remaining.to_be_bytes());
    packed.extend(&purchase.position.0.to_be_bytes()[3..]);
    packed.push(0);
    packed.extend(&purchase.ordinal.to_be_bytes()[2..]);
    packed.push(small(purchase.held_after));
    packed.extend(&u16::try_from(buyer.len()).expect("a short name").to_be_bytes());
    packed.extend(buyer);
    packed.push(0);
    packed
}
