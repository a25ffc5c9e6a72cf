//! Which address a request comes from, through proxies that are trusted and no others.

use std::net::IpAddr;

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

/// The header in which each proxy appends the address that it was called from.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Proxies whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// Why a list of proxies was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither an address nor a network, such as 10.0.0.7 or 10.0.0.0/8")]
pub struct TrustedProxiesError(pub String);

impl TrustedProxies {
    /// Reads addresses and networks separated by commas; empty for none.
    ///
    /// # Errors
    ///
    /// [`TrustedProxiesError`] with the first part that is neither.
    pub fn parse(text: &str) -> Result<Self, TrustedProxiesError> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(network).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the address, in its canonical form, is that of a trusted proxy.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address of the client: the right-most one that no trusted proxy has.
    ///
    /// What stands further left was written by the client and proves nothing.
    #[must_use]
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trust(client) {
            return client;
        }
        let lines: Vec<_> = headers.get_all(FORWARDED_FOR).collect();
        let hops = lines.iter().rev().filter_map(|line| line.to_str().ok());
        for hop in hops.flat_map(|line| line.rsplit(',')) {
            let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
            client = address.to_canonical();
            if !self.trust(client) {
                break;
            }
        }
        client
    }
}

fn network(text: &str) -> Result<IpNet, TrustedProxiesError> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| address()).map_err(|_| TrustedProxiesError(text.into()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn client(trusted: &str, peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            let name = HeaderName::from_static(FORWARDED_FOR);
            headers.append(name, HeaderValue::from_static(line));
        }
        let proxies = TrustedProxies::parse(trusted).unwrap();
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_client_that_calls_directly_is_not_believed() {
        assert_eq!(client("", "203.0.113.9", &["10.1.1.1"]), "203.0.113.9");
        assert_eq!(client("10.0.0.0/8", "203.0.113.9", &["10.1.1.1"]), "203.0.113.9");
    }

    #[test]
    fn the_right_most_address_that_no_trusted_proxy_has_is_the_client() {
        let trusted = "10.0.0.0/8, 127.0.0.1";
        let forged = ["1.2.3.4, 198.51.100.7", "10.0.0.5"];
        assert_eq!(client(trusted, "127.0.0.1", &forged), "198.51.100.7");
        assert_eq!(client(trusted, "::ffff:127.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(client(trusted, "127.0.0.1", &["unknown"]), "127.0.0.1");
    }

    #[test]
    fn what_is_no_network_is_refused_by_name() {
        let refused = TrustedProxies::parse("10.0.0.1, nginx");
        assert_eq!(refused, Err(TrustedProxiesError("nginx".into())));
    }
}
