//! Why something broke.

use std::{io, net::SocketAddr, time::Duration};

use thiserror::Error;

/// Why a request or a stream broke.
#[derive(Debug, Error)]
pub enum Fault {
    /// There is no connection.
    #[error("{address} could not be connected to: {source}")]
    NotConnected {
        /// Where to.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The system broke a connection that was there.
    #[error("the connection was lost: {0}")]
    Lost(#[source] io::Error),
    /// The server closed a connection that it owed an answer.
    #[error("the server closed the connection before its answer was whole")]
    Closed,
    /// What came is no answer.
    #[error("what came is no HTTP/1 answer: {0}")]
    NotHttp(#[source] httparse::Error),
    /// The length that an answer names is no number.
    #[error("the answer's content-length is no number")]
    BadLength,
    /// An answer in chunks, which none of what is asked for has.
    #[error("the answer comes in chunks (transfer-encoding), and only streams are read so")]
    InChunks,
    /// An answer that ends with its connection.
    #[error("the answer does not say how long it is (content-length)")]
    NoLength,
    /// More than is kept for one answer, head, or line of an event.
    #[error("what came is longer than the {bytes_max} bytes that are read of it")]
    TooLong {
        /// How much is read.
        bytes_max: usize,
    },
    /// Bytes that belong to no answer.
    #[error("the server sent more than the answer to what was asked")]
    Unasked,
    /// The frame of a chunk is none.
    #[error("the size of a chunk is no number, or a chunk has no end")]
    BadChunk,
    /// A stream was asked for, and something else was answered.
    #[error("a stream was answered by status {status} and no events")]
    NoEvents {
        /// The answer's status.
        status: u16,
    },
    /// A stream was asked for, and nothing was answered.
    #[error("a stream was not answered within {} s", .within.as_secs())]
    NoAnswer {
        /// How long was waited.
        within: Duration,
    },
    /// The server ended a stream.
    #[error("the server ended the stream")]
    StreamEnded,
}
