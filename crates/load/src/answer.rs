//! An answer as it comes in.

use std::cmp::Ordering;

use crate::{
    Fault, Said,
    head::{Framing, Head},
};

/// Bytes of one body.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) said: Said,
    /// Whether the server closes the connection after it.
    pub(crate) closes: bool,
}

impl Answer {
    /// Reads all that came since a request was sent; `None` while some of the answer is still to
    /// come. Allocates nothing.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>, Fault> {
        let Some(head) = Head::read(bytes)? else { return Ok(None) };
        let length = match head.framing {
            Framing::Length(length) if length > BODY_BYTES_MAX => {
                return Err(Fault::TooLong { bytes_max: BODY_BYTES_MAX });
            }
            Framing::Length(length) => length,
            Framing::Chunks => return Err(Fault::InChunks),
            Framing::UntilClose => return Err(Fault::NoLength),
        };
        let body = &bytes[head.bytes..];
        match body.len().cmp(&length) {
            Ordering::Less => Ok(None),
            Ordering::Equal => {
                Ok(Some(Self { said: Said::read(head.status, body), closes: head.closes }))
            }
            Ordering::Greater => Err(Fault::Unasked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, BODY_BYTES_MAX};
    use crate::{Code, Fault, Said};

    const SOLD_OUT: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
         content-length: 66\r\n\r\n\
         {\"success\":false,\"error\":{\"code\":\"SOLD_OUT\",\"message\":\"all gone\"}}";

    #[test]
    fn an_answer_is_whole_at_its_last_byte_and_not_before() {
        let bytes = SOLD_OUT.as_bytes();
        for came in 0..bytes.len() {
            let read = Answer::read(&bytes[..came]).expect("nothing wrong so far");
            assert_eq!(read, None, "after {came} bytes");
        }
        let whole = Answer { said: Said::Rejected(Code::SoldOut), closes: false };
        assert_eq!(Answer::read(bytes).expect("an answer"), Some(whole));
    }

    #[test]
    fn an_answer_without_a_body_is_whole_with_its_head() {
        let bytes = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\
            connection: close\r\n\r\n";
        let shed = Answer { said: Said::Failed { status: 503 }, closes: true };
        assert_eq!(Answer::read(bytes).expect("an answer"), Some(shed));
    }

    #[test]
    fn what_follows_an_answer_unasked_is_a_fault() {
        let read = Answer::read(format!("{SOLD_OUT}H").as_bytes());
        assert!(matches!(read, Err(Fault::Unasked)), "{read:?}");
    }

    #[test]
    fn an_answer_without_a_length_is_a_fault_at_once() {
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        assert!(matches!(Answer::read(chunked), Err(Fault::InChunks)));
        assert!(matches!(Answer::read(b"HTTP/1.1 200 OK\r\n\r\n"), Err(Fault::NoLength)));
        let long = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", BODY_BYTES_MAX + 1);
        assert!(matches!(Answer::read(long.as_bytes()), Err(Fault::TooLong { .. })));
    }
}
