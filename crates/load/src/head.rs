//! What stands before the body of an answer.

use httparse::{EMPTY_HEADER, Response, Status};

use crate::Fault;

/// Headers of one answer.
const HEADERS_MAX: usize = 64;
/// Bytes of one head.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// The head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Its length, the empty line included.
    pub(crate) bytes: usize,
    pub(crate) framing: Framing,
    /// Whether the server closes the connection after this answer.
    pub(crate) closes: bool,
}

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(usize),
    Chunks,
    UntilClose,
}

impl Head {
    /// Reads the head that `bytes` begin with; `None` while some of it is still to come.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>, Fault> {
        let mut headers = [EMPTY_HEADER; HEADERS_MAX];
        let mut response = Response::new(&mut headers);
        let Status::Complete(head_bytes) = response.parse(bytes).map_err(Fault::NotHttp)? else {
            if bytes.len() > HEAD_BYTES_MAX {
                return Err(Fault::TooLong { bytes_max: HEAD_BYTES_MAX });
            }
            return Ok(None);
        };
        let status = response.code.ok_or(Fault::NotHttp(httparse::Error::Status))?;
        let mut framing = Framing::UntilClose;
        let mut closes = response.version == Some(0);
        for header in &*response.headers {
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            if is("transfer-encoding") {
                framing = Framing::Chunks;
            } else if is("content-length") && framing != Framing::Chunks {
                framing = Framing::Length(number(header.value).ok_or(Fault::BadLength)?);
            } else if is("connection") {
                closes |= header.value.eq_ignore_ascii_case(b"close");
            }
        }
        if matches!(status, 204 | 304) {
            framing = Framing::Length(0);
        }
        Ok(Some(Self { status, bytes: head_bytes, framing, closes }))
    }
}

fn number(value: &[u8]) -> Option<usize> {
    str::from_utf8(value).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Framing, HEAD_BYTES_MAX, Head};
    use crate::Fault;

    fn read(head: &str) -> Head {
        Head::read(head.as_bytes()).expect("a head").expect("a whole head")
    }

    #[test]
    fn a_head_says_how_the_end_of_its_body_is_known() {
        let framing = |headers: &str| read(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n")).framing;
        assert_eq!(framing("Content-Length: 12\r\n"), Framing::Length(12));
        assert_eq!(framing("content-length:0\r\n"), Framing::Length(0));
        assert_eq!(framing("Transfer-Encoding: chunked\r\n"), Framing::Chunks);
        assert_eq!(framing("transfer-encoding: chunked\r\nContent-Length: 1\r\n"), Framing::Chunks);
        assert_eq!(framing("content-length: 1\r\ntransfer-encoding: chunked\r\n"), Framing::Chunks);
        assert_eq!(framing(""), Framing::UntilClose);
        assert_eq!(read("HTTP/1.1 304 Not Modified\r\n\r\n").framing, Framing::Length(0));
    }

    #[test]
    fn a_head_says_whether_its_connection_goes_on() {
        assert!(!read("HTTP/1.1 200 OK\r\n\r\n").closes);
        assert!(read("HTTP/1.1 200 OK\r\nConnection: Close\r\n\r\n").closes);
        assert!(!read("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n").closes);
        assert!(read("HTTP/1.0 200 OK\r\n\r\n").closes);
    }

    #[test]
    fn what_is_no_head_is_a_fault() {
        assert!(matches!(Head::read(b"hello, you\r\n"), Err(Fault::NotHttp(_))));
        let length = b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n";
        assert!(matches!(Head::read(length), Err(Fault::BadLength)));
        let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(HEAD_BYTES_MAX));
        assert!(matches!(Head::read(endless.as_bytes()), Err(Fault::TooLong { .. })));
    }
}
