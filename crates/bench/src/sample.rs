//! One raw answer, to hold the bare handler's bytes equal to the server's.

use std::{collections::BTreeSet, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::ask::authority;

/// How long an answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// An answer of HTTP/1.1 as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    head: String,
    pub(crate) body: String,
}

impl Sample {
    /// What is answered to this request.
    pub(crate) async fn of(base_url: &str, request: &str) -> Self {
        let taken = timeout(ANSWER_LIMIT, take(authority(base_url), request)).await;
        let Ok(answer) = taken else { panic!("no answer within {ANSWER_LIMIT:?}: {request}") };
        assert!(answer.head.starts_with("HTTP/1.1 200 "), "to {request}: {answer:?}");
        answer
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// In what another answer is not of the same size and form, in words.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let (names, others) = (self.names(), other.names());
        if names != others {
            found.push(format!("headers {names:?} and {others:?}"));
        }
        let (head, body) = (self.head.len(), self.body.len());
        if head != other.head.len() {
            found.push(format!("heads of {head} and {} bytes", other.head.len()));
        }
        if body != other.body.len() {
            found.push(format!("bodies of {body} and {} bytes", other.body.len()));
        }
        found
    }

    fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.head.lines().skip(1).filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name, value.trim()))
        })
    }

    fn names(&self) -> BTreeSet<String> {
        self.headers().map(|(name, _)| name.to_ascii_lowercase()).collect()
    }

    /// `None` while it is not whole.
    fn read(bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?;
        let (head, rest) = text.split_once("\r\n\r\n")?;
        let mut answer = Self { head: head.to_owned(), body: String::new() };
        let length: usize = answer.header("content-length")?.parse().ok()?;
        rest.get(..length)?.clone_into(&mut answer.body);
        Some(answer)
    }
}

async fn take(authority: &str, request: &str) -> Sample {
    let mut connection = TcpStream::connect(authority).await.expect("it listens");
    connection.write_all(request.as_bytes()).await.expect("it takes requests");
    let mut bytes = Vec::new();
    loop {
        if let Some(answer) = Sample::read(&bytes) {
            return answer;
        }
        let length = connection.read_buf(&mut bytes).await.expect("an answer");
        assert!(length > 0, "it closed within {:?}", String::from_utf8_lossy(&bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::Sample;

    const ANSWER: &str =
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nETag: W/\"1\"\r\ndate: now\r\n\r\n{}";

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let whole = Sample::read(ANSWER.as_bytes()).unwrap();
        assert_eq!((whole.body.as_str(), whole.header("etag")), ("{}", Some("W/\"1\"")));
        assert_eq!(Sample::read(&ANSWER.as_bytes()[..ANSWER.len() - 1]), None);
        assert_eq!(Sample::read(b"HTTP/1.1 200 OK\r\n"), None);
    }

    #[test]
    fn headers_may_come_in_any_order_and_their_names_and_sizes_may_not_differ() {
        let ours = Sample::read(ANSWER.as_bytes()).unwrap();
        let of = |text: &str| Sample::read(text.as_bytes()).unwrap();
        let turned = "HTTP/1.1 200 OK\r\ndate: now\r\netag: W/\"2\"\r\nContent-Length: 2\r\n\r\n[]";
        assert_eq!(ours.differences(&of(turned)), Vec::<String>::new());
        let other = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ndate: now\r\n\r\n[1]";
        assert_eq!(ours.differences(&of(other)).len(), 3);
    }
}
