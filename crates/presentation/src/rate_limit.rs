//! How often one buyer, or one address, may ask this node.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use stampede_domain::BuyerId;

use crate::{error::ApiError, settings::HttpSettings};

/// How often keys that have their whole allowance again are forgotten, which bounds the memory to
/// four times what the keys of about as long need (see [`Room`]).
pub(crate) const FORGET_INTERVAL: Duration = Duration::from_secs(1);

/// The limits of this node. Shared by all workers.
#[derive(Debug)]
pub(crate) struct RateLimits {
    /// Buyers are counted by a keyed hash of their name: a number needs no allocation, and takes
    /// as much memory for the longest name. That two of a million share one has odds of one in
    /// thirty million.
    buyers: Option<Limit<u64>>,
    hash: RandomState,
    addresses: Option<Limit<IpAddr>>,
}

impl RateLimits {
    /// As the settings say; 0 is no limit.
    pub(crate) fn new(settings: &HttpSettings) -> Self {
        Self {
            buyers: Limit::new(settings.attempts_per_buyer_per_s),
            hash: RandomState::new(),
            addresses: Limit::new(settings.requests_per_address_per_s),
        }
    }

    /// Takes one attempt from the buyer's allowance.
    pub(crate) fn attempt(&self, buyer: &BuyerId) -> Result<(), ApiError> {
        self.buyers.as_ref().map_or(Ok(()), |limit| limit.take(&self.hash.hash_one(buyer)))
    }

    /// Whether requests are counted by address at all.
    pub(crate) fn counts_addresses(&self) -> bool {
        self.addresses.is_some()
    }

    /// Takes one request from the address' allowance.
    pub(crate) fn request(&self, address: IpAddr) -> Result<(), ApiError> {
        self.addresses.as_ref().map_or(Ok(()), |limit| limit.take(&network_of(address)))
    }

    /// Forgets who has their whole allowance again.
    pub(crate) fn forget(&self) {
        if let Some(limit) = &self.buyers {
            limit.forget();
        }
        if let Some(limit) = &self.addresses {
            limit.forget();
        }
    }
}

/// So many a second for each key, all at once or spread.
#[derive(Debug)]
struct Limit<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
    room: Room,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(per_s: u32) -> Option<Self> {
        let quota = Quota::per_second(NonZeroU32::new(per_s)?);
        let limiter = RateLimiter::dashmap(quota);
        Some(Self { limiter, clock: DefaultClock::default(), room: Room::default() })
    }

    fn take(&self, key: &K) -> Result<(), ApiError> {
        self.limiter.check_key(key).map_err(|until| {
            let wait_ms = until.wait_time_from(self.clock.now()).as_millis();
            let retry_after_s = u64::try_from(wait_ms.div_ceil(1_000)).unwrap_or(1).max(1);
            ApiError::RateLimited { retry_after_s }
        })
    }

    fn forget(&self) {
        let keys = self.limiter.len();
        self.limiter.retain_recent();
        if self.room.is_too_much_for(keys) {
            self.limiter.shrink_to_fit();
        }
    }
}

/// How many keys a table has room for, about.
///
/// A table that is made small between two seconds of a rush is made large again by requests, which
/// wait for each other meanwhile. So room is kept until a second needs less than a quarter of it.
/// That is the room of the busiest second, until two seconds after the rush.
#[derive(Debug, Default)]
struct Room(AtomicUsize);

impl Room {
    /// Whether so many keys would do with far less, which then is all the room there is.
    fn is_too_much_for(&self, keys: usize) -> bool {
        let room = self.0.load(Ordering::Relaxed);
        let too_much = keys < room / 4;
        self.0.store(if too_much { keys } else { room.max(keys) }, Ordering::Relaxed);
        too_much
    }
}

/// One client has a whole /64 of IPv6.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_kept_through_a_rush_and_given_back_after_it() {
        let room = Room::default();
        for keys in [0, 70_000, 40_000, 17_500, 90_000, 22_500] {
            assert!(!room.is_too_much_for(keys), "{keys}");
        }
        assert!(room.is_too_much_for(22_499));
        assert!(!room.is_too_much_for(22_499), "it was given back");
        assert!(room.is_too_much_for(0));
        assert!(!room.is_too_much_for(0), "nothing is left to give back");
    }
}
