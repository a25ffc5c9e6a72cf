//! Randomness of the operating system.

use rand::RngCore as _;
use stampede_application::ports::Randomness;

/// Bytes that nobody can guess: each thread has a `ChaCha` generator of its own, which the
/// operating system seeds and seeds again now and then, so there is no lock to wait for.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandomness;

impl Randomness for OsRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_two_purchases_differ_on_one_thread_and_over_threads() {
        let here = OsRandomness.purchase_bits();
        let there = std::thread::spawn(|| OsRandomness.purchase_bits()).join().unwrap();
        assert!(here != there && here != OsRandomness.purchase_bits());
    }
}
