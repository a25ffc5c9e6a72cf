//! The proxy's own thread: takes connections and carries out orders.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
};

use rustix::net::{Shutdown, shutdown};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
};

use super::{
    Network,
    way::{Cut, carry},
};

/// What only the proxy's own thread can do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Cut,
    Refuse,
    Accept,
}

/// An order, and who hears that it is done.
pub(super) type Orders = mpsc::UnboundedReceiver<(Order, oneshot::Sender<()>)>;

pub(super) struct Relay {
    address: SocketAddr,
    /// `None` while connections are refused.
    listener: Option<TcpListener>,
    network: Arc<Network>,
    connections: JoinSet<()>,
    /// A value is an order to end, to all connections that stand.
    cuts: watch::Sender<()>,
}

impl Relay {
    pub(super) fn new(listener: TcpListener, address: SocketAddr, network: Arc<Network>) -> Self {
        let (listener, connections) = (Some(listener), JoinSet::new());
        Self { address, listener, network, connections, cuts: watch::Sender::new(()) }
    }

    /// Runs until nobody is left who could give an order.
    pub(super) async fn run(mut self, mut orders: Orders) {
        loop {
            tokio::select! {
                order = orders.recv() => {
                    let Some((order, done)) = order else { return };
                    self.carry_out(order).await;
                    done.send(()).ok();
                }
                client = accept(self.listener.as_ref()) => {
                    let (network, cuts) = (Arc::clone(&self.network), self.cuts.subscribe());
                    self.connections.spawn(connection(client, network, cuts));
                }
                Some(_) = self.connections.join_next() => {}
            }
        }
    }

    async fn carry_out(&mut self, order: Order) {
        match order {
            Order::Cut => {
                self.cuts.send_replace(());
                while self.connections.join_next().await.is_some() {}
            }
            Order::Refuse => {
                if let Some(listener) = self.listener.take() {
                    // To close it is not enough: a program that another test starts just then has
                    // it for a moment too, and would keep it open.
                    shutdown(&listener, Shutdown::Both).expect("it stops listening");
                }
            }
            Order::Accept if self.listener.is_some() => {}
            Order::Accept => {
                let listener = TcpListener::bind(self.address).await;
                self.listener = Some(listener.expect("its own port, free again"));
            }
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        if let Ok((client, _)) = listener.accept().await {
            return client;
        }
    }
}

/// One client's connection from its beginning to its end.
async fn connection(mut client: TcpStream, network: Arc<Network>, mut cuts: watch::Receiver<()>) {
    let opened = network.opened.fetch_add(1, Ordering::Relaxed);
    let upstream = network.upstream_of(opened);
    let Ok(mut server) = TcpStream::connect(upstream).await else {
        client.set_zero_linger().ok();
        return;
    };
    // A small answer is not to wait for the next one.
    client.set_nodelay(true).and(server.set_nodelay(true)).ok();
    let is_cut = {
        let ((hears, says), (gets, answers)) = (client.split(), server.split());
        let requests = carry(hears, answers, network.requests.subscribe(), &network.request_bytes);
        let replies = carry(gets, says, network.replies.subscribe(), &network.reply_bytes);
        tokio::select! {
            ended = async { tokio::try_join!(requests, replies) } => matches!(ended, Err(Cut)),
            _ = cuts.changed() => true,
        }
    };
    if is_cut {
        client.set_zero_linger().and(server.set_zero_linger()).ok();
        network.cut.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::ErrorKind,
        net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    };

    use super::{Arc, Network, Order, Relay};

    #[tokio::test]
    async fn new_connections_are_refused_though_a_program_that_is_started_has_the_socket_too() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let theirs = listener.try_clone().expect("a copy");
        listener.set_nonblocking(true).expect("for a runtime");
        let address = listener.local_addr().expect("it listens");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let mut relay = Relay::new(listener, address, Arc::new(Network::to(nobody)));
        relay.carry_out(Order::Refuse).await;
        let refused = TcpStream::connect(address).expect_err("nobody listens");
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        relay.carry_out(Order::Accept).await;
        TcpStream::connect(address).expect("it is taken again");
        drop(theirs);
    }
}
