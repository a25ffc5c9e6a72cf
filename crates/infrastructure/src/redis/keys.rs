//! Every key and channel of the engine, in one place.
//!
//! A key is the installation's prefix, a shard's hash tag and a name. All that one script
//! touches carries one tag, so that a Redis Cluster could spread the shards.

use stampede_domain::{SaleId, Shard};

/// Names keys for one installation.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    prefix: String,
}

/// The keys that the scripts of one sale name as KEYS, in this order.
#[derive(Debug)]
pub(super) struct SaleKeys {
    /// Hash: the sale's window, limit, counters and epoch.
    pub(super) head: String,
    /// Hash: buyer → record.
    pub(super) buyers: String,
    /// Hash of the shard: sku → generation and version.
    pub(super) sales: String,
    /// Stream of the shard.
    pub(super) outbox: String,
    /// Channel of the shard.
    pub(super) feed: String,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    pub(super) fn of_sale(&self, id: &SaleId) -> SaleKeys {
        let shard = Shard::of(&id.sku);
        SaleKeys {
            head: self.in_shard(shard, &format!("sale:{id}:head")),
            buyers: self.in_shard(shard, &format!("sale:{id}:buyers")),
            sales: self.sales(shard),
            outbox: self.outbox(shard),
            feed: self.feed(shard),
        }
    }

    /// Sku → generation and version of every sale of the shard.
    pub(super) fn sales(&self, shard: Shard) -> String {
        self.in_shard(shard, "sales")
    }

    /// What the shard's gate accepted, on its way to the ledger.
    pub(super) fn outbox(&self, shard: Shard) -> String {
        self.in_shard(shard, "outbox")
    }

    /// Purchases of the shard that nobody could record.
    pub(super) fn dead(&self, shard: Shard) -> String {
        self.in_shard(shard, "dead")
    }

    /// Where the shard's changes are published.
    pub(super) fn feed(&self, shard: Shard) -> String {
        self.in_shard(shard, "feed")
    }

    fn in_shard(&self, shard: Shard, name: &str) -> String {
        format!("{}{{{shard}}}:{name}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use stampede_domain::{Generation, Sku};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn every_key_of_a_sale_carries_the_prefix_and_one_hash_tag() {
        let id = SaleId {
            sku: Sku::parse("WIDGET-001").unwrap(),
            generation: Generation(Uuid::from_u128(7)),
        };
        let keys = Keys::new("shop:").of_sale(&id);
        let head = "shop:{s11}:sale:WIDGET-001:00000000000000000000000000000007:head";
        assert_eq!(keys.head, head);
        for key in [&keys.head, &keys.buyers, &keys.sales, &keys.outbox, &keys.feed] {
            assert!(key.starts_with("shop:{s11}:"), "{key}");
        }
    }
}
