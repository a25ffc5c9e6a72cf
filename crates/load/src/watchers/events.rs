//! Events in the bytes of a stream.

use std::mem;

use memchr::{memchr, memmem};

use crate::Fault;

/// Bytes of one line.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// An event of a sale, as far as a watcher wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// The stock that it tells; `state-change` and `deleted` tell none.
    pub(super) stock: Option<u32>,
}

/// Finds the events of a stream that comes in pieces of any size.
///
/// An event is known by its data: those that tell a stock name it alike, so that the event's own
/// name is not asked. Comments and `retry` are no events.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// The begin of a line whose end is still to come.
    line: Vec<u8>,
    /// The event whose end is still to come.
    event: Option<Event>,
}

impl Events {
    /// Takes the next bytes and gives `each` the events that they end.
    pub(super) fn feed(
        &mut self,
        mut bytes: &[u8],
        mut each: impl FnMut(Event),
    ) -> Result<(), Fault> {
        while let Some(end) = memchr(b'\n', bytes) {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            bytes = rest;
            let ended = if self.line.is_empty() {
                self.end_line(line)
            } else {
                let mut begun = mem::take(&mut self.line);
                begun.extend_from_slice(line);
                let ended = self.end_line(&begun);
                begun.clear();
                self.line = begun;
                ended
            };
            if let Some(event) = ended {
                each(event);
            }
        }
        if self.line.len() + bytes.len() > LINE_BYTES_MAX {
            return Err(Fault::TooLong { bytes_max: LINE_BYTES_MAX });
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// Reads a line; answers the event that it ends.
    fn end_line(&mut self, line: &[u8]) -> Option<Event> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return self.event.take();
        }
        if let Some(data) = line.strip_prefix(b"data:") {
            self.event = Some(Event { stock: stock(data) });
        }
        None
    }
}

/// The stock that an event's data tells. `initialStock` is another name, and a quote in a text is
/// escaped, so it is not found elsewhere.
fn stock(data: &[u8]) -> Option<u32> {
    let name = br#""stock":"#;
    let number = &data[memmem::find(data, name)? + name.len()..];
    let digits = number.iter().take_while(|byte| byte.is_ascii_digit()).count();
    str::from_utf8(&number[..digits]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Event, Events, LINE_BYTES_MAX};
    use crate::Fault;

    const STREAM: &str = "retry: 1000\n\n\
        event: initial\nid: 3\ndata: {\"sku\":\"A\",\"stock\":100,\"initialStock\":900}\n\n\
        : alive\n\n\
        event: stock-update\r\nid: 4\r\ndata:{\"sku\":\"A\",\"stock\":99,\"version\":4}\r\n\r\n\
        event: state-change\nid: 5\ndata: {\"sku\":\"A\",\"state\":\"ENDED\",\"version\":5}\n\n\
        event: stock-update\nid: 6\ndata: {\"sku\":\"A\",\"stock\":0";

    /// The stocks of the events that come in these pieces.
    fn stocks(pieces: &[&[u8]]) -> Vec<Option<u32>> {
        let (mut events, mut stocks) = (Events::default(), Vec::new());
        for piece in pieces {
            let fed = events.feed(piece, |Event { stock }| stocks.push(stock));
            fed.expect("lines that are not too long");
        }
        stocks
    }

    #[test]
    fn a_stream_torn_anywhere_has_the_same_events() {
        let bytes = STREAM.as_bytes();
        let whole = [Some(100), Some(99), None];
        for at in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(at);
            assert_eq!(stocks(&[head, tail]), whole, "torn at {at}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(stocks(&single), whole);
    }

    #[test]
    fn a_line_without_end_is_not_kept() {
        let mut events = Events::default();
        let half = vec![b'x'; LINE_BYTES_MAX / 2 + 1];
        events.feed(&half, |_| {}).expect("half of a line");
        let fed = events.feed(&half, |_| {});
        assert!(matches!(fed, Err(Fault::TooLong { bytes_max: LINE_BYTES_MAX })), "{fed:?}");
    }
}
