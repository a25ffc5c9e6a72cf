//! A connection as the web layer has it: counted by its address, and ended when its client is
//! late.
//!
//! The HTTP library limits how long a connection's first head may take, and how long a connection
//! may be idle. A later head that never ends and an answer that nobody reads would hold their
//! connections for ever: those are ended here. So is one whose client sends request after request
//! and does not wait: above 128 KiB that it has not looked at, the library asks for its own turn
//! again and again.

mod handover;
mod held_body;
mod pace;
mod places;

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

pub(crate) use self::{
    handover::{EndlessBody, Events, Handover, Rest},
    held_body::HeldBody,
    pace::{Pace, Paces},
    places::Places,
};
use crate::worker::Node;

/// Why the server ends a connection that its client would have kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// A head did not arrive in time.
    SlowHead,
    /// What was answered was not read in time.
    Unread,
    /// The rest of a body, which nobody waits for any more, did not arrive, and nothing else did.
    Unfinished,
    /// So much that it sent waits to be answered that nothing else is done.
    FarAhead,
    /// Its address has as many as it may have.
    TooMany,
}

impl Ended {
    /// Every reason.
    pub(crate) const ALL: [Self; 5] =
        [Self::SlowHead, Self::Unread, Self::Unfinished, Self::FarAhead, Self::TooMany];

    /// The word in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::SlowHead => "slow_head",
            Self::Unread => "unread",
            Self::Unfinished => "unfinished",
            Self::FarAhead => "far_ahead",
            Self::TooMany => "too_many",
        }
    }
}

/// An accepted connection, which the HTTP library reads and writes.
pub(crate) struct Connection {
    /// `None` once an answer without end has it.
    stream: Option<TcpStream>,
    pace: Rc<Pace>,
    handover: Rc<Handover>,
    node: Arc<Node>,
}

impl Connection {
    /// Takes a connection in, with the address that it comes from and what is ours of it; `None` if
    /// that address has as many as it may have. Needs a local task set.
    pub(crate) fn open(
        stream: TcpStream,
        node: &Arc<Node>,
        paces: &Rc<Paces>,
    ) -> Option<(Self, Option<SocketAddr>, Rest)> {
        // A client that is gone already has no address, and takes nobody's place.
        let peer = stream.peer_addr().ok();
        let Some(place) = node.places.take(peer.map(|peer| peer.ip())) else {
            node.metrics.connection_ended(Ended::TooMany);
            return None;
        };
        let opened = Self {
            stream: Some(stream),
            pace: paces.open(),
            handover: Rc::default(),
            node: node.clone(),
        };
        let rest = Rest::of(&opened, place);
        Some((opened, peer, rest))
    }

    /// Where an answer without end leaves what it is to send.
    pub(crate) fn handover(&self) -> Rc<Handover> {
        self.handover.clone()
    }

    /// How its client keeps pace.
    pub(crate) fn pace(&self) -> Rc<Pace> {
        self.pace.clone()
    }

    /// What it is read from and written to; fails if its client is late, or if it is taken over.
    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.pace.check()?;
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Notes what became of a write.
    fn noted(
        &self,
        written: Poll<io::Result<usize>>,
        context: &Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.pace.moved();
        } else {
            self.pace.stood_still(context);
            self.turned()?;
        }
        written
    }

    /// Notes a turn of the library; fails once it takes them for nothing.
    fn turned(&self) -> io::Result<()> {
        if let Err(why) = self.pace.turned() {
            self.node.metrics.connection_ended(why);
        }
        self.pace.check()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.pace.check()?;
        this.pace.looked();
        // A client that does not read is not asked for more, or its answers would pile up.
        ready!(this.pace.poll_flows(context));
        let before = bytes.filled().len();
        let read = this.stream()?.poll_read(context, bytes);
        if read.is_pending() {
            this.pace.wait(context);
            return Poll::Pending;
        }
        if bytes.filled().len() > before {
            this.pace.bytes_came();
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.stream()?.poll_write(context, bytes);
        this.noted(written, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.stream()?.poll_write_vectored(context, parts);
        this.noted(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(TcpStream::is_write_vectored)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.turned()?;
        if this.handover.take(&mut this.stream) {
            // By which the library ends its part.
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        }
        this.stream()?.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream()?.poll_shutdown(context)
    }
}
