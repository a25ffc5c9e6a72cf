//! Where a sale lives: the one place that maps a sale to a shard.

use std::fmt;

use crate::Sku;

/// One of a fixed number of groups of sales that share a hash tag, an outbox and its readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(u8);

impl Shard {
    /// How many shards there are; changing it moves sales, so it never changes.
    pub const COUNT: u8 = 16;

    /// The shard of a sku: FNV-1a over its bytes, the same on every node and version.
    #[must_use]
    pub fn of(sku: &Sku) -> Self {
        let hash = sku.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(u8::try_from(hash % u64::from(Self::COUNT)).unwrap_or(0))
    }

    /// Every shard, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    /// Its place among all shards, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The tag without braces: `s00` to `s15`.
impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{:02}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sku_keeps_its_shard_for_ever() {
        // Recorded once: another mapping would lose every sale that exists.
        assert_eq!(Shard::of(&Sku::parse("WIDGET-001").unwrap()).to_string(), "s11");
        assert_eq!(Shard::of(&Sku::parse("a").unwrap()).to_string(), "s12");
    }

    #[test]
    fn skus_spread_over_all_shards() {
        let mut sales = [0_u32; Shard::COUNT as usize];
        for number in 0..1600 {
            let sku = Sku::parse(&format!("SKU-{number}")).unwrap();
            sales[Shard::of(&sku).index()] += 1;
        }
        assert!(sales.iter().all(|&count| (40..200).contains(&count)), "{sales:?}");
    }
}
