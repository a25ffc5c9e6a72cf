//! How many connections one address may have to this node.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{client_address::TrustedProxies, rate_limit::network_of, settings::HttpSettings};

/// The places of all addresses. Locked for a moment when a connection comes or goes, and not at
/// all without a limit.
#[derive(Debug)]
pub(crate) struct Places {
    /// Connections of one address; 0 for any number.
    each_max: usize,
    /// Behind these are many clients.
    uncounted: TrustedProxies,
    /// Bounded by the connections that are open.
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    /// `None` if nobody counts.
    counted: Option<(Arc<Places>, IpAddr)>,
}

impl Places {
    /// As the settings say.
    pub(crate) fn new(settings: &HttpSettings) -> Self {
        Self {
            each_max: settings.limits.connections_per_address_max,
            uncounted: settings.trusted_proxies.clone(),
            taken: Mutex::default(),
        }
    }

    /// A place for one more connection from there; `None` if that address has all it may have.
    pub(super) fn take(self: &Arc<Self>, from: Option<IpAddr>) -> Option<Place> {
        let from = from.map(|address| address.to_canonical());
        let counted = from.filter(|address| self.each_max > 0 && !self.uncounted.trust(*address));
        let Some(address) = counted.map(network_of) else {
            return Some(Place { counted: None });
        };
        let mut taken = self.taken();
        let places = taken.entry(address).or_default();
        if *places >= self.each_max {
            return None;
        }
        *places += 1;
        drop(taken);
        Some(Place { counted: Some((self.clone(), address)) })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((places, address)) = &self.counted else { return };
        if let Entry::Occupied(mut taken) = places.taken().entry(*address) {
            *taken.get_mut() -= 1;
            if *taken.get() == 0 {
                taken.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn places(each_max: usize) -> Arc<Places> {
        let mut settings = HttpSettings::new(SecretString::from("a key"));
        settings.limits.connections_per_address_max = each_max;
        settings.trusted_proxies = TrustedProxies::parse("10.0.0.0/8").unwrap();
        Arc::new(Places::new(&settings))
    }

    fn take(places: &Arc<Places>, from: &str) -> Option<Place> {
        places.take(Some(from.parse().unwrap()))
    }

    #[test]
    fn an_address_has_its_places_and_no_more_until_one_is_given_back() {
        let places = places(2);
        let first = take(&places, "198.51.100.7").unwrap();
        let _second = take(&places, "::ffff:198.51.100.7").unwrap();
        assert!(take(&places, "198.51.100.7").is_none());
        assert!(take(&places, "198.51.100.8").is_some());
        drop(first);
        assert!(take(&places, "198.51.100.7").is_some());
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let places = places(1);
        let _first = take(&places, "2001:db8:0:1::1").unwrap();
        assert!(take(&places, "2001:db8:0:1::2").is_none());
        assert!(take(&places, "2001:db8:0:2::1").is_some());
    }

    #[test]
    fn proxies_that_are_trusted_are_not_counted_and_no_limit_counts_nobody() {
        let one = places(1);
        let behind: Vec<_> = (0..9).map(|_| take(&one, "10.1.2.3")).collect();
        assert!(behind.iter().all(Option::is_some));
        assert!(one.take(None).is_some() && one.taken().is_empty());
        let any = places(0);
        let open: Vec<_> = (0..9).map(|_| take(&any, "198.51.100.7")).collect();
        assert!(open.iter().all(Option::is_some) && any.taken().is_empty());
    }

    #[test]
    fn who_has_no_connection_is_forgotten() {
        let places = places(3);
        drop((take(&places, "198.51.100.7"), take(&places, "198.51.100.7")));
        assert!(places.taken().is_empty());
    }
}
