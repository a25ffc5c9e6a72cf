//! Sockets that listen.

use std::{
    io,
    net::{SocketAddr, TcpListener, ToSocketAddrs},
};

use tokio::net::TcpSocket;

use crate::settings::HttpLimits;

/// Listens on every address of `host` that can be listened on. Needs a tokio runtime.
///
/// # Errors
///
/// What the system says of the last address, if none can be listened on.
pub(crate) fn listen(host: &str, port: u16, limits: &HttpLimits) -> io::Result<Vec<TcpListener>> {
    let mut listening = Vec::new();
    let mut failure = io::Error::other("the host has no address");
    for address in (host, port).to_socket_addrs()? {
        match listen_on(address, limits) {
            Ok(listener) => listening.push(listener),
            Err(error) => failure = error,
        }
    }
    if listening.is_empty() { Err(failure) } else { Ok(listening) }
}

fn listen_on(address: SocketAddr, limits: &HttpLimits) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A server that is started again finds its old connections still on their way out.
    socket.set_reuseaddr(true)?;
    // Every accepted connection has this too. The kernel would else keep megabytes of what a slow
    // client has yet to read, and an event in there is old when it arrives.
    socket.set_send_buffer_size(limits.send_buffer_bytes)?;
    // As this: an event goes at once, and does not wait until the last one is acknowledged.
    socket.set_nodelay(true)?;
    socket.bind(address)?;
    socket.listen(limits.backlog)?.into_std()
}
