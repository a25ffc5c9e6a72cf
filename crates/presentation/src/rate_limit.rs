//! How often one buyer, or one address, may ask this node.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use stampede_domain::BuyerId;

use crate::{error::ApiError, settings::HttpSettings};

/// How often keys that have their whole allowance again are forgotten, which bounds the memory to
/// the keys of about as long.
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
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(per_s: u32) -> Option<Self> {
        let quota = Quota::per_second(NonZeroU32::new(per_s)?);
        Some(Self { limiter: RateLimiter::dashmap(quota), clock: DefaultClock::default() })
    }

    fn take(&self, key: &K) -> Result<(), ApiError> {
        self.limiter.check_key(key).map_err(|until| {
            let wait_ms = until.wait_time_from(self.clock.now()).as_millis();
            let retry_after_s = u64::try_from(wait_ms.div_ceil(1_000)).unwrap_or(1).max(1);
            ApiError::RateLimited { retry_after_s }
        })
    }

    fn forget(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
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
