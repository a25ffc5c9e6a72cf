//! A browser's side of the event stream.

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

use super::client::Shop;

/// How long a stream is followed at most.
const STREAM_LIMIT: Duration = Duration::from_hours(1);
/// How long the next event may take.
const EVENT_LIMIT: Duration = Duration::from_secs(10);

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// `initial`, `stock-update`, `state-change` or `deleted`.
    pub name: String,
    /// The sale's version.
    pub id: Option<u64>,
    /// What it says.
    pub data: Value,
}

/// An open stream.
#[derive(Debug)]
pub struct Events {
    response: Response,
    /// What came and is no whole event yet.
    rest: String,
}

impl Events {
    /// Opens the stream of one sale.
    pub async fn open(shop: &Shop, sku: &str) -> Self {
        Self::try_open(shop, sku).await.expect("a stream")
    }

    /// Opens the stream of one sale; `None` if the node does not give it.
    pub async fn try_open(shop: &Shop, sku: &str) -> Option<Self> {
        let url = shop.url(&format!("/api/v1/sales/events?sku={sku}"));
        let response = shop.get(&url).timeout(STREAM_LIMIT).send().await.ok()?;
        (response.status() == 200).then(|| Self { response, rest: String::new() })
    }

    /// The next event; `None` when the stream is over.
    pub async fn next(&mut self) -> Option<Event> {
        timeout(EVENT_LIMIT, self.come()).await.expect("an event in time")
    }

    /// The next event; `None` when the stream is over, or says nothing for so long.
    pub async fn next_within(&mut self, limit: Duration) -> Option<Event> {
        timeout(limit, self.come()).await.ok().flatten()
    }

    async fn come(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.rest.find("\n\n") {
                let event = read(&self.rest[..end]);
                self.rest.drain(..end + 2);
                if event.is_some() {
                    return event;
                }
            }
            let bytes = self.response.chunk().await.ok().flatten()?;
            self.rest += std::str::from_utf8(&bytes).expect("UTF-8");
        }
    }

    /// All events up to the first that is `last`, this one included.
    pub async fn until(&mut self, last: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("it ended after {events:?}"));
            let is_last = last(&event);
            events.push(event);
            if is_last {
                return events;
            }
        }
    }
}

/// `None` for a comment or a field that stands alone.
fn read(block: &str) -> Option<Event> {
    let field = |name: &str| {
        let lines = block.lines();
        lines.filter_map(|line| line.split_once(": ")).find(|(field, _)| *field == name)
    };
    let (_, name) = field("event")?;
    let (_, data) = field("data")?;
    Some(Event {
        name: name.to_owned(),
        id: field("id").and_then(|(_, id)| id.parse().ok()),
        data: serde_json::from_str(data).expect("JSON"),
    })
}
