//! One event stream.

use std::{convert::Infallible, net::SocketAddr, time::Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    chunks::Chunks,
    events::{Event, Events},
};
use crate::{
    Fault,
    connection::connect,
    head::{Framing, Head},
};

/// Bytes that are read at once: a head, or several events.
const BYTES: usize = 1024;

/// One event stream that was answered.
pub(super) struct EventStream {
    stream: TcpStream,
    /// `None` if the server sends its events without a frame.
    chunks: Option<Chunks>,
    events: Events,
    /// What came with the head.
    begun: Vec<u8>,
}

impl EventStream {
    /// Opens a stream and reads the head of its answer.
    pub(super) async fn open(address: SocketAddr, request: &[u8]) -> Result<Self, Fault> {
        let mut stream = connect(address).await?;
        stream.write_all(request).await.map_err(Fault::Lost)?;
        let mut begun = Vec::with_capacity(BYTES);
        let head = loop {
            if stream.read_buf(&mut begun).await.map_err(Fault::Lost)? == 0 {
                return Err(Fault::Closed);
            }
            if let Some(head) = Head::read(&begun)? {
                break head;
            }
        };
        let Head { status, bytes, framing, closes: _ } = head;
        let chunks = match framing {
            Framing::Chunks if status == 200 => Some(Chunks::default()),
            Framing::UntilClose if status == 200 => None,
            Framing::Chunks | Framing::UntilClose | Framing::Length(_) => {
                return Err(Fault::NoEvents { status });
            }
        };
        begun.drain(..bytes);
        Ok(Self { stream, chunks, events: Events::default(), begun })
    }

    /// Gives `heard` every event with the instant at which it came. Ends by a fault alone.
    pub(super) async fn listen(
        &mut self,
        mut heard: impl FnMut(Event, Instant),
    ) -> Result<Infallible, Fault> {
        let mut bytes = std::mem::take(&mut self.begun);
        self.hear(&bytes, &mut heard)?;
        bytes.resize(BYTES, 0);
        loop {
            let read = self.stream.read(&mut bytes).await.map_err(Fault::Lost)?;
            if read == 0 {
                return Err(Fault::StreamEnded);
            }
            self.hear(&bytes[..read], &mut heard)?;
        }
    }

    fn hear(&mut self, bytes: &[u8], heard: &mut impl FnMut(Event, Instant)) -> Result<(), Fault> {
        let at = Instant::now();
        let events = &mut self.events;
        let mut each = |event| heard(event, at);
        match &mut self.chunks {
            Some(chunks) => chunks.feed(bytes, |data| events.feed(data, &mut each)),
            None => events.feed(bytes, each),
        }
    }
}
