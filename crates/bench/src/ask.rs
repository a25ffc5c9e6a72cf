//! What clients ask for, as the bytes of their requests.

use crate::bare::Answer;

/// More units than any run of this benchmark sells, and the most that a sale may have.
pub(crate) const STOCK: u32 = 10_000_000;
/// A sale that the bare handler is asked for: as long as those of the server.
pub(crate) const NOWHERE: &str = "ROUND-0000";
/// A sale without stock.
pub(crate) const GONE: &str = "ROUND-GONE";
/// A sale whose status is read.
pub(crate) const OPEN: &str = "ROUND-OPEN";

/// How far a purchase has come when it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Gate,
    Ledger,
}

/// What is asked again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ask {
    /// The status of one sale.
    Status,
    /// One unit, which each buyer gets, answered at this level.
    Accepted(Level),
    /// One unit of a sale that has none left.
    SoldOut,
}

impl Ask {
    /// What the bare handler answers to it.
    pub(crate) fn answer(self) -> Answer {
        match self {
            // Nobody attempts to buy there.
            Self::Status | Self::Accepted(Level::Gate) => Answer::Gate,
            Self::Accepted(Level::Ledger) => Answer::Ledger,
            Self::SoldOut => Answer::SoldOut,
        }
    }
}

/// The path and query of a sale's status.
pub(crate) fn status_path(sku: &str) -> String {
    format!("/api/v1/sales?sku={sku}")
}

/// What stands between scheme and path of a base URL: `127.0.0.1:3000`.
pub(crate) fn authority(base_url: &str) -> &str {
    base_url.trim_start_matches("http://").trim_end_matches('/')
}

/// The whole request for a sale's status, as wrk writes it.
pub(crate) fn status_request(base_url: &str, sku: &str) -> String {
    let (path, host) = (status_path(sku), authority(base_url));
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")
}

/// A whole attempt of one buyer.
pub(crate) fn attempt_request(base_url: &str, sku: &str, buyer: &str) -> String {
    let (head, tail) = attempt_parts(base_url, sku);
    format!("{head}{buyer}{tail}")
}

/// What stands before the buyer's name in an attempt, and what after it.
pub(crate) fn attempt_parts(base_url: &str, sku: &str) -> (String, String) {
    let body = format!(r#"{{"sku":"{sku}","qty":1}}"#);
    let head = format!(
        "POST /api/v1/purchases HTTP/1.1\r\nHost: {}\r\n\
         Content-Type: application/json\r\nX-User-Id: ",
        authority(base_url)
    );
    (head, format!("\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

#[cfg(test)]
mod tests {
    use super::{GONE, NOWHERE, OPEN, attempt_request, status_request};

    #[test]
    fn an_attempt_has_its_length_its_buyer_and_its_host() {
        let request = attempt_request("http://127.0.0.1:3000", "A", "me-1");
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /api/v1/purchases HTTP/1.1\r\nHost: 127.0.0.1:3000\r\n"));
        assert!(head.contains("\r\nX-User-Id: me-1\r\n"), "{head}");
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{head}");
        assert_eq!(body, r#"{"sku":"A","qty":1}"#);
        let status = status_request("http://h:1/", "A");
        assert_eq!(status, "GET /api/v1/sales?sku=A HTTP/1.1\r\nHost: h:1\r\n\r\n");
    }

    #[test]
    fn sales_of_the_server_and_of_the_bare_handler_have_names_of_one_length() {
        assert_eq!((NOWHERE.len(), GONE.len(), OPEN.len()), (10, 10, 10));
    }
}
