//! What a trial leaves to chance, the same for the same seed.

use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};

/// A source of choices that is the same for the same seed.
#[derive(Clone, Debug)]
pub struct Chance {
    seed: u64,
    source: StdRng,
}

impl Chance {
    /// The choices of this seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self { seed, source: StdRng::seed_from_u64(seed) }
    }

    /// What it was made of.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A number from `least` to `most`, both included.
    pub fn number(&mut self, least: usize, most: usize) -> usize {
        self.source.random_range(least..=most)
    }

    /// A time from `least` to `most`, in whole microseconds.
    pub fn time(&mut self, least: Duration, most: Duration) -> Duration {
        self.source.random_range(least..=most)
    }

    /// Whether something happens that does so `times` in `out_of`.
    pub fn happens(&mut self, times: u32, out_of: u32) -> bool {
        self.source.random_ratio(times, out_of)
    }

    /// One of several.
    pub fn one_of<'a, T>(&mut self, several: &'a [T]) -> &'a T {
        let index = self.source.random_range(0..several.len());
        &several[index]
    }

    /// Puts them in another order.
    pub fn shuffle<T>(&mut self, several: &mut [T]) {
        several.shuffle(&mut self.source);
    }
}

/// The seed of the trial with this number in a run of this seed; that of the first is the run's,
/// so that a trial is repeated by a run of its own seed.
pub(crate) fn seed_of_trial(run: u64, number: u32) -> u64 {
    if number == 0 {
        return run;
    }
    // SplitMix64, whose values of consecutive numbers have nothing in common.
    let mut mixed = run.wrapping_add(u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    // Short enough to be read out, and exact in JSON.
    (mixed ^ (mixed >> 31)) >> 24
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Chance, seed_of_trial};

    #[test]
    fn the_same_seed_makes_the_same_choices() {
        let choices = |seed| {
            let mut chance = Chance::of(seed);
            (0..20).map(|_| chance.number(0, 1_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(choices(7), choices(7));
        assert_ne!(choices(7), choices(8));
    }

    #[test]
    fn a_trial_is_repeated_as_the_first_of_a_run_of_its_own_seed() {
        let fifth = seed_of_trial(7, 5);
        assert_eq!(seed_of_trial(fifth, 0), fifth);
        let all: BTreeSet<u64> = (0..1_000).map(|number| seed_of_trial(7, number)).collect();
        assert_eq!(all.len(), 1_000);
    }
}
