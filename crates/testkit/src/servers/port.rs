//! A free loopback port.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, TcpListener},
    sync::Mutex,
};

/// Below the ports that the kernel hands to outgoing connections. A client that keeps trying to
/// reach a stopped server on such a port can be handed that very port and so connect to itself,
/// and a restarted server can find its port taken by anybody's connection.
const FIRST: u16 = 15_000;
const COUNT: u16 = 17_000;

/// A loopback port that nobody listens on, and that this process has not named before (it begins
/// anew when it has named all): a server that is stopped for a while finds its own free again.
///
/// Another process may take it before the caller does: who starts a server tries again.
pub(super) fn free_port() -> u16 {
    static NAMED: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let (_, random, ..) = uuid::Uuid::new_v4().as_fields();
        let port = FIRST + random % COUNT;
        let is_new = {
            let mut named = NAMED.lock().expect("nobody panics with it");
            if named.len() == usize::from(COUNT) {
                named.clear();
            }
            named.insert(port)
        };
        if is_new && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
