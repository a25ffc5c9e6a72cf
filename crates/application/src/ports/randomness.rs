//! Randomness, given and never taken.

use stampede_domain::{AttemptKey, Generation, PurchaseBits};
use uuid::Builder;

/// Random bytes that nobody can guess.
pub trait Randomness: Send + Sync {
    /// Fills `bytes`. Never blocks, takes no lock that threads share.
    fn fill(&self, bytes: &mut [u8]);

    /// The random part of a purchase number.
    fn purchase_bits(&self) -> PurchaseBits {
        let mut bits = [0; 10];
        self.fill(&mut bits);
        PurchaseBits(bits)
    }

    /// The key of an attempt that came without one.
    fn attempt_key(&self) -> AttemptKey {
        let mut key = [0; 16];
        self.fill(&mut key);
        AttemptKey(key)
    }

    /// The identity of a new creation of a sale.
    fn generation(&self) -> Generation {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        Generation(Builder::from_random_bytes(bytes).into_uuid())
    }

    /// What tells an epoch from another of the same number.
    fn nonce(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        // A signed 64-bit column and a Lua number both hold 53 bits exactly.
        u64::from_le_bytes(bytes) >> 11
    }
}
