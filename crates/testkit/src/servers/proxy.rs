//! A TCP proxy whose network fails as a test asks for.

mod relay;
mod way;

use std::{
    net::{Ipv4Addr, SocketAddr, ToSocketAddrs},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
};

use self::{
    relay::{Order, Relay},
    way::Counters,
};
use super::port::free_port;

pub use way::Way;

/// How often another port is tried when somebody took the first.
const STARTS: usize = 5;

/// A loopback port that leads to a server by a network of which the test is the master.
///
/// It runs on a thread and a runtime of its own, so it goes on while a test blocks or its clock
/// is paused. Buffers are bounded. Every connection ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    network: Arc<Network>,
    orders: mpsc::UnboundedSender<(Order, oneshot::Sender<()>)>,
}

/// What the test sets and the connections look at.
#[derive(Debug)]
struct Network {
    /// New connections go to each of them in turn.
    upstreams: watch::Sender<Vec<SocketAddr>>,
    /// From clients to the server.
    requests: watch::Sender<Way>,
    /// From the server to clients.
    replies: watch::Sender<Way>,
    request_bytes: Counters,
    reply_bytes: Counters,
    opened: AtomicU64,
    cut: AtomicU64,
}

/// What came to a [`Proxy`] since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Connections that clients opened.
    pub opened: u64,
    /// Connections that were reset, by [`Proxy::cut`] or [`Way::Cut`].
    pub cut: u64,
    /// What clients said.
    pub requests: Bytes,
    /// What the server said.
    pub replies: Bytes,
}

/// Bytes that went one way. What came and is neither of the others is held, or was cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Read from their sender.
    pub came: u64,
    /// Written to their receiver.
    pub delivered: u64,
    /// Gone nowhere.
    pub swallowed: u64,
}

impl Proxy {
    /// Listens on a free port, in front of the server that `url` names by host and port.
    pub async fn before(url: &str) -> Self {
        let network = Arc::new(Network::to(place_of(url)));
        let (orders, incoming) = mpsc::unbounded_channel();
        let (started, address) = oneshot::channel();
        let theirs = Arc::clone(&network);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime for a proxy").block_on(async {
                let listener = listen().await;
                let address = listener.local_addr().expect("it listens");
                started.send(address).ok();
                Relay::new(listener, address, theirs).run(incoming).await;
            });
        });
        let address = address.await.expect("the proxy's thread answers");
        Self { address, network, orders }
    }

    /// `url`, which names a server by host and port, by way of this proxy.
    #[must_use]
    pub fn url(&self, url: &str) -> String {
        url.replacen(authority(url), &self.address.to_string(), 1)
    }

    /// Leads new connections to the server at `url`; those that stand stay where they are.
    pub fn lead_to(&self, url: &str) {
        self.lead_in_turn([url]);
    }

    /// Leads new connections to each of the servers at these addresses in turn; those that stand
    /// stay where they are.
    pub fn lead_in_turn<'a>(&self, urls: impl IntoIterator<Item = &'a str>) {
        self.network.upstreams.send_replace(urls.into_iter().map(place_of).collect());
    }

    /// What becomes of what clients say, from now on.
    pub fn requests(&self, way: Way) {
        self.network.requests.send_replace(way);
    }

    /// What becomes of what the server says, from now on.
    pub fn replies(&self, way: Way) {
        self.network.replies.send_replace(way);
    }

    /// What becomes of everything, from now on.
    pub fn both(&self, way: Way) {
        self.requests(way);
        self.replies(way);
    }

    /// Holds everything back, both ways.
    pub fn freeze(&self) {
        self.both(Way::Hold);
    }

    /// Lets everything pass, what was held back first.
    pub fn thaw(&self) {
        self.both(Way::Pass);
    }

    /// Resets every connection that stands, on both sides, with all that is on its way.
    pub async fn cut(&self) {
        self.order(Order::Cut).await;
    }

    /// Refuses new connections from now on, as where no server is; those that stand stay.
    pub async fn refuse(&self) {
        self.order(Order::Refuse).await;
    }

    /// Takes new connections again.
    pub async fn accept(&self) {
        self.order(Order::Accept).await;
    }

    /// What came so far.
    #[must_use]
    pub fn carried(&self) -> Carried {
        Carried {
            opened: self.network.opened.load(Ordering::Relaxed),
            cut: self.network.cut.load(Ordering::Relaxed),
            requests: Bytes::of(&self.network.request_bytes),
            replies: Bytes::of(&self.network.reply_bytes),
        }
    }

    /// Answers when it is carried out.
    async fn order(&self, order: Order) {
        let (reply, done) = oneshot::channel();
        self.orders.send((order, reply)).expect("the proxy lives as long as this");
        done.await.expect("the proxy answers");
    }
}

impl Network {
    fn to(upstream: SocketAddr) -> Self {
        Self {
            upstreams: watch::Sender::new(vec![upstream]),
            requests: watch::Sender::new(Way::Pass),
            replies: watch::Sender::new(Way::Pass),
            request_bytes: Counters::default(),
            reply_bytes: Counters::default(),
            opened: AtomicU64::new(0),
            cut: AtomicU64::new(0),
        }
    }

    /// Where the connection goes that comes after so many others.
    fn upstream_of(&self, opened: u64) -> SocketAddr {
        let upstreams = self.upstreams.borrow();
        let turns = u64::try_from(upstreams.len()).expect("small");
        upstreams[usize::try_from(opened % turns).expect("small")]
    }
}

impl Bytes {
    fn of(counters: &Counters) -> Self {
        Self {
            came: counters.came.load(Ordering::Relaxed),
            delivered: counters.delivered.load(Ordering::Relaxed),
            swallowed: counters.swallowed.load(Ordering::Relaxed),
        }
    }
}

async fn listen() -> TcpListener {
    for _ in 0..STARTS {
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, free_port())).await {
            return listener;
        }
    }
    panic!("no free port for a proxy");
}

/// What stands between scheme or user and path: `127.0.0.1:5432`.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let place = rest.split(['/', '?']).next().unwrap_or(rest);
    place.rsplit_once('@').map_or(place, |(_, place)| place)
}

fn place_of(url: &str) -> SocketAddr {
    let places = authority(url).to_socket_addrs();
    places.ok().and_then(|mut places| places.next()).expect("a host and a port")
}
