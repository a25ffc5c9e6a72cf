//! What is asked: the bytes of requests.

use std::io::Write;

use crate::Target;

/// What a run asks.
pub trait Script {
    /// Writes the bytes of the nth request (from 0), head and body, into an empty buffer.
    fn write(&mut self, number: u64, request: &mut Vec<u8>);
}

/// Attempts to buy one unit, each by another buyer, `{prefix}-{number}`.
///
/// Two runs on one sale need two prefixes, or they have the same buyers. A sku is of
/// `[A-Za-z0-9-]`, a prefix of visible ASCII characters.
#[derive(Clone, Debug)]
pub struct Attempts {
    /// One for each sku.
    requests: Vec<Around>,
    /// The header that names the buyer, up to the number.
    buyer: String,
    /// The header that names the attempt, up to the number.
    key: Option<String>,
    prefix: String,
}

/// A request without the headers that differ from one to the next.
#[derive(Clone, Debug)]
struct Around {
    head: String,
    body: String,
}

impl Attempts {
    /// Attempts on one sale.
    #[must_use]
    pub fn of(target: &Target, sku: &str, prefix: &str) -> Self {
        Self::over(target, &[sku], prefix)
    }

    /// Attempts on several sales in turn: the nth on `skus[n % skus.len()]`. Without a sku, nothing
    /// is written.
    #[must_use]
    pub fn over(target: &Target, skus: &[impl AsRef<str>], prefix: &str) -> Self {
        let around = |sku: &str| {
            let body = format!(r#"{{"sku":"{sku}","qty":1}}"#);
            let head = format!(
                "POST /api/v1/purchases HTTP/1.1\r\n\
                 Host: {}\r\n\
                 Content-Type: application/json\r\n\
                 Content-Length: {}\r\n",
                target.host,
                body.len()
            );
            Around { head, body }
        };
        Self {
            requests: skus.iter().map(|sku| around(sku.as_ref())).collect(),
            buyer: format!("X-User-Id: {prefix}-"),
            key: None,
            prefix: prefix.to_owned(),
        }
    }

    /// The same with an `Idempotency-Key` each, which is the buyer's name.
    #[must_use]
    pub fn with_keys(mut self) -> Self {
        self.key = Some(format!("Idempotency-Key: {}-", self.prefix));
        self
    }
}

impl Script for Attempts {
    fn write(&mut self, number: u64, request: &mut Vec<u8>) {
        let turn = number.checked_rem(self.requests.len() as u64).unwrap_or(0);
        let around = usize::try_from(turn).ok().and_then(|turn| self.requests.get(turn));
        let Some(around) = around else { return };
        request.extend_from_slice(around.head.as_bytes());
        for header in [Some(&self.buyer), self.key.as_ref()].into_iter().flatten() {
            request.extend_from_slice(header.as_bytes());
            put_number(request, number);
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(around.body.as_bytes());
    }
}

fn put_number(request: &mut Vec<u8>, number: u64) {
    // Writing to memory does not fail.
    let _ = write!(request, "{number}");
}

/// Reads of one sale's status.
#[derive(Clone, Debug)]
pub struct StatusReads {
    request: String,
}

impl StatusReads {
    /// Reads of the sale of `sku`.
    #[must_use]
    pub fn of(target: &Target, sku: &str) -> Self {
        let host = &target.host;
        Self { request: format!("GET /api/v1/sales?sku={sku} HTTP/1.1\r\nHost: {host}\r\n\r\n") }
    }
}

impl Script for StatusReads {
    fn write(&mut self, _number: u64, request: &mut Vec<u8>) {
        request.extend_from_slice(self.request.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::{Attempts, Script, StatusReads};
    use crate::Target;

    fn target() -> Target {
        Target::parse("http://127.0.0.1:3000").expect("a target")
    }

    fn written(script: &mut impl Script, number: u64) -> String {
        let mut request = Vec::new();
        script.write(number, &mut request);
        String::from_utf8(request).expect("text")
    }

    #[test]
    fn an_attempt_is_a_whole_request_of_a_buyer_of_its_own() {
        let mut script = Attempts::of(&target(), "WIDGET-001", "load");
        assert_eq!(
            written(&mut script, 42),
            "POST /api/v1/purchases HTTP/1.1\r\nHost: 127.0.0.1:3000\r\n\
             Content-Type: application/json\r\nContent-Length: 28\r\nX-User-Id: load-42\r\n\r\n\
             {\"sku\":\"WIDGET-001\",\"qty\":1}"
        );
    }

    #[test]
    fn an_attempt_with_a_key_has_that_of_its_buyer() {
        let mut script = Attempts::of(&target(), "A", "load").with_keys();
        let request = written(&mut script, 7);
        assert!(request.contains("\r\nX-User-Id: load-7\r\n"), "{request}");
        assert!(request.contains("\r\nIdempotency-Key: load-7\r\n"), "{request}");
    }

    #[test]
    fn several_sales_are_asked_in_turn() {
        let mut script = Attempts::over(&target(), &["A", "LONGER"], "load");
        let requests: Vec<String> = (0..3).map(|number| written(&mut script, number)).collect();
        assert!(requests[0].contains("Content-Length: 19\r\n"), "{}", requests[0]);
        assert!(requests[0].ends_with("\r\n\r\n{\"sku\":\"A\",\"qty\":1}"), "{}", requests[0]);
        assert!(requests[1].contains("Content-Length: 24\r\n"), "{}", requests[1]);
        assert!(requests[1].ends_with("\r\n\r\n{\"sku\":\"LONGER\",\"qty\":1}"), "{}", requests[1]);
        assert!(requests[2].ends_with("\r\n\r\n{\"sku\":\"A\",\"qty\":1}"), "{}", requests[2]);
    }

    #[test]
    fn without_a_sku_nothing_is_asked() {
        let none: [&str; 0] = [];
        assert_eq!(written(&mut Attempts::over(&target(), &none, "load"), 1), "");
    }

    #[test]
    fn a_status_is_read_by_its_sku() {
        assert_eq!(
            written(&mut StatusReads::of(&target(), "A"), 9),
            "GET /api/v1/sales?sku=A HTTP/1.1\r\nHost: 127.0.0.1:3000\r\n\r\n"
        );
    }
}
