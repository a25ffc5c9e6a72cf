//! Chance that a seed repeats.

use std::hash::{BuildHasher, RandomState};

/// `SplitMix64`: a seed makes the same throws on every machine.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Throws that this seed makes.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed that nobody knows before; whoever uses it tells it with a failure.
    #[must_use]
    pub fn any_seed() -> u64 {
        RandomState::new().hash_one(())
    }

    /// A number from `low` to `high`, both included.
    pub fn roll(&mut self, low: u32, high: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        low + u32::try_from(mixed % u64::from(high - low + 1)).unwrap_or(0)
    }
}
