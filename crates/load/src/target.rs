//! Where the load goes.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
};

use thiserror::Error;

/// One server by its address. Plain HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What is connected to.
    pub address: SocketAddr,
    /// What requests say as `Host`.
    pub host: String,
}

/// A base URL that leads to no server.
#[derive(Debug, Error)]
pub enum BadTarget {
    /// Another scheme, or none.
    #[error("the target {0:?} must begin with http://, as http://127.0.0.1:3000 does")]
    NotHttp(String),
    /// A path, a query, a user.
    #[error("the target {0:?} must be a host and a port alone, as http://127.0.0.1:3000 is")]
    MoreThanHost(String),
    /// The host has no address that is known here.
    #[error("the target {url:?} has no address: {source}")]
    NoAddress {
        /// What was given.
        url: String,
        /// What the system says.
        source: io::Error,
    },
}

impl Target {
    /// Reads `http://host:port`; port 80 if there is none. Asks the system for the host's address,
    /// which may block.
    ///
    /// # Errors
    ///
    /// [`BadTarget`] says what to give instead.
    pub fn parse(base_url: &str) -> Result<Self, BadTarget> {
        let Some(rest) = base_url.strip_prefix("http://") else {
            return Err(BadTarget::NotHttp(base_url.to_owned()));
        };
        let host = rest.strip_suffix('/').unwrap_or(rest);
        if host.is_empty() || host.contains(['/', '?', '#', '@']) {
            return Err(BadTarget::MoreThanHost(base_url.to_owned()));
        }
        let no_address = |source| BadTarget::NoAddress { url: base_url.to_owned(), source };
        let port = if has_port(host) { "" } else { ":80" };
        let found = format!("{host}{port}").to_socket_addrs().map_err(no_address)?;
        let addresses: Vec<SocketAddr> = found.collect();
        // A name of both families is most often a server that listens on the older alone.
        let older = addresses.iter().find(|address| address.is_ipv4());
        match older.or(addresses.first()) {
            Some(address) => Ok(Self { address: *address, host: host.to_owned() }),
            None => Err(no_address(io::Error::from(io::ErrorKind::NotFound))),
        }
    }
}

fn has_port(host: &str) -> bool {
    let is_number = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    host.rsplit_once(':').is_some_and(|(_, port)| is_number(port))
}

#[cfg(test)]
mod tests {
    use super::Target;

    fn address(base_url: &str) -> String {
        Target::parse(base_url).map_or_else(|bad| bad.to_string(), |it| it.address.to_string())
    }

    #[test]
    fn a_base_url_leads_to_an_address() {
        assert_eq!(address("http://127.0.0.1:1234"), "127.0.0.1:1234");
        assert_eq!(address("http://127.0.0.1:1234/"), "127.0.0.1:1234");
        assert_eq!(address("http://127.0.0.1"), "127.0.0.1:80");
        assert_eq!(address("http://[::1]:1234"), "[::1]:1234");
        assert_eq!(address("http://[::1]"), "[::1]:80");
        let target = Target::parse("http://127.0.0.1:1234").expect("a target");
        assert_eq!(target.host, "127.0.0.1:1234");
    }

    #[test]
    fn what_is_no_base_url_is_told_how_one_looks() {
        for bad in ["https://127.0.0.1", "127.0.0.1:80", "", "http://", "http://a/b", "http://a@b"]
        {
            let told = address(bad);
            assert!(told.contains(&format!("{bad:?}")), "{told}");
            assert!(told.contains("http://127.0.0.1:3000"), "{told}");
        }
    }
}
