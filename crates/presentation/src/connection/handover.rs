//! An answer without end, taken over from the HTTP library once its head is written.
//!
//! For as long as the library answers, it keeps two buffers of 8 KiB and the request: of an event
//! stream, which needs neither any more, that would be most of what it takes.

use std::{
    cell::Cell,
    convert::Infallible,
    fmt::Write as _,
    future::poll_fn,
    io,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
};

use actix_http::error::DispatchError;
use actix_web::body::{BodySize, MessageBody};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures::{StreamExt as _, stream::LocalBoxStream};
use tokio::{
    io::{AsyncRead, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
};

use super::{Connection, Ended, Pace, places::Place};
use crate::worker::Node;

/// What a client may send behind its request: nothing that is answered, since the connection ends
/// with the stream.
const BEHIND_BYTES_MAX: usize = 128 * 1_024;
/// How much of that is read at once.
const READ_BYTES: usize = 512;
/// What stands around an event: the digits of its length, and two line ends.
const CHUNK_FRAME_BYTES: usize = 16 + 4;
/// What ends a body in chunks.
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// The events of an answer, which follow its head.
pub(crate) type Events = LocalBoxStream<'static, Bytes>;

/// Where the library's part of a connection leaves an answer without end to ours.
#[derive(Default)]
pub(crate) struct Handover {
    /// Set by the answer's body, once its head is made.
    offered: Cell<Option<Events>>,
    /// Set once the head is written; the library's part is at its end then.
    taken: Cell<Option<(TcpStream, Events)>>,
}

impl Handover {
    /// The library has written all that it has: takes the stream from it if that was a head whose
    /// events are offered; whether it was.
    pub(super) fn take(&self, stream: &mut Option<TcpStream>) -> bool {
        let taken = self.offered.take().and_then(|events| Some((stream.take()?, events)));
        let is_taken = taken.is_some();
        if is_taken {
            self.taken.set(taken);
        }
        is_taken
    }
}

/// What is ours of a connection, whatever becomes of the library's part.
pub(crate) struct Rest {
    pace: Rc<Pace>,
    handover: Rc<Handover>,
    node: Arc<Node>,
    /// Given back when the connection is gone.
    _place: Place,
}

impl Rest {
    /// Of a connection that has this place.
    pub(super) fn of(connection: &Connection, place: Place) -> Self {
        Self {
            pace: connection.pace(),
            handover: connection.handover(),
            node: connection.node.clone(),
            _place: place,
        }
    }

    /// Sends the events that the library left; without any, its end is the connection's.
    ///
    /// # Errors
    ///
    /// What the system says of a client that is gone, or that it was late.
    pub(crate) async fn go_on(
        self,
        served: Result<(), DispatchError>,
    ) -> Result<(), DispatchError> {
        let Some((stream, events)) = self.handover.taken.take() else { return served };
        let (pace, handover, node) = (self.pace, self.handover, self.node);
        let connection = Connection { stream: Some(stream), pace, handover, node };
        connection.send(events).await.map_err(DispatchError::Io)
    }
}

/// The body of an answer without end: it offers its events to be sent by ours, and gives them
/// itself only where no connection is, as in a test of the routes alone.
pub(crate) struct EndlessBody {
    /// `None` once they are offered.
    events: Option<Events>,
    handover: Option<Rc<Handover>>,
}

impl EndlessBody {
    /// The answer must say that it closes its connection.
    pub(crate) fn new(events: Events, handover: Option<Rc<Handover>>) -> Self {
        Self { events: Some(events), handover }
    }
}

impl MessageBody for EndlessBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let this = self.get_mut();
        let Some(handover) = &this.handover else {
            let event = this.events.as_mut().map(|events| events.poll_next_unpin(context));
            return event.unwrap_or(Poll::Ready(None)).map(|event| event.map(Ok));
        };
        if let Some(events) = this.events.take() {
            handover.offered.set(Some(events));
        }
        Poll::Pending
    }
}

impl Connection {
    /// Sends events as the chunks of a body until they end, or the client is gone or late.
    ///
    /// None is made before the client has taken the last one from the server: one that does not
    /// read is shown the newest when it does.
    ///
    /// # Errors
    ///
    /// What the system says of a client that is gone, or that it was late.
    async fn send(mut self, mut events: Events) -> io::Result<()> {
        let _in_hand = self.pace.take_in_hand();
        let mut behind_bytes = 0;
        loop {
            // Events first: a client that is gone is noticed where there is none.
            let event = tokio::select! {
                biased;
                event = events.next() => event,
                gone = poll_fn(|context| self.poll_gone(context, &mut behind_bytes)) => return gone,
            };
            let Some(event) = event else { break };
            self.write_all_buf(&mut chunk(&event)).await?;
        }
        self.write_all(LAST_CHUNK).await?;
        self.shutdown().await
    }

    /// Ready when the client is gone, or has sent too much that nobody answers.
    fn poll_gone(
        &mut self,
        context: &mut Context<'_>,
        behind_bytes: &mut usize,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut bytes = [0; READ_BYTES];
            let mut bytes = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut *self).poll_read(context, &mut bytes))?;
            let read = bytes.filled().len();
            *behind_bytes += read;
            if *behind_bytes > BEHIND_BYTES_MAX {
                self.node.metrics.connection_ended(Ended::FarAhead);
                return Poll::Ready(Ok(()));
            }
            if read == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

/// An event as a chunk of a body, in one piece: to give the system three costs more than to copy.
fn chunk(event: &[u8]) -> Bytes {
    let mut chunk = BytesMut::with_capacity(CHUNK_FRAME_BYTES + event.len());
    // Nothing that is written there fails.
    let _ = write!(chunk, "{:X}\r\n", event.len());
    chunk.put_slice(event);
    chunk.put_slice(b"\r\n");
    chunk.freeze()
}
