//! Event streams of one sale, opened and listened to.

mod chunks;
mod event_stream;
mod events;
mod log;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::timeout,
};

use self::{event_stream::EventStream, log::Log};
use crate::{Fault, Latencies, Target};

/// How long a stream may take to be answered.
const OPEN_MAX: Duration = Duration::from_secs(10);

/// Event streams of one sale, and when changes of its stock came to them.
///
/// The streams are read by the runtime that opened them, on tasks that end when this is dropped.
/// What is kept for a stream does not grow with what comes: a buffer of 1 KiB and little more.
pub struct Watchers {
    log: Arc<Mutex<Log>>,
    /// One for each stream.
    tasks: JoinSet<()>,
}

/// What came to the streams.
#[derive(Clone, Debug)]
pub struct WatchReport {
    /// Streams that were opened.
    pub streams: u64,
    /// Events that came, over all of them.
    pub events: u64,
    /// For every announced change and every stream, from the change to the first event with that
    /// stock or less.
    pub delays: Latencies,
    /// Pairs of a change and a stream to which no such event came.
    pub missing: u64,
    /// Streams that ended or broke. They are not opened again.
    pub broken: u64,
    /// Why, and how many by each reason.
    pub breaks: BTreeMap<String, u64>,
}

impl Watchers {
    /// Opens `count` streams of the sale of `sku`, at most `at_once_max` of them at one time, and
    /// waits until each is answered.
    ///
    /// # Errors
    ///
    /// The first stream that could not be opened says why; all are closed then.
    pub async fn open(
        target: &Target,
        sku: &str,
        count: usize,
        at_once_max: usize,
    ) -> Result<Self, Fault> {
        let host = &target.host;
        let request = format!(
            "GET /api/v1/sales/events?sku={sku} HTTP/1.1\r\n\
             Host: {host}\r\n\
             Accept: text/event-stream\r\n\r\n"
        );
        let at_once = at_once_max.clamp(1, Semaphore::MAX_PERMITS);
        let (answered, mut answers) = mpsc::channel(1);
        let opening = Opening {
            address: target.address,
            request: request.into(),
            at_once: Arc::new(Semaphore::new(at_once)),
            answered,
        };
        let log = Arc::new(Mutex::new(Log::of(count)));
        let mut tasks = JoinSet::new();
        for stream in 0..count {
            tasks.spawn(watch(opening.clone(), stream, Arc::clone(&log)));
        }
        // The last task to tell ends the channel.
        drop(opening);
        while let Some(answer) = answers.recv().await {
            answer?;
        }
        Ok(Self { log, tasks })
    }

    /// Announces that the stock fell to `stock` at that instant.
    ///
    /// Whoever made the change calls this soon after, before or after the streams tell of it. The
    /// stock only falls: a change to as much as before, or more, is none.
    pub fn changed(&self, stock: u32, at: Instant) {
        held(&self.log).changed(stock, at);
    }

    /// How many pairs of an announced change and a stream have not come yet. Once it is 0, nothing
    /// is left to wait for.
    #[must_use]
    pub fn missing(&self) -> u64 {
        held(&self.log).missing()
    }

    /// Closes the streams and says what came. A change that was announced and has not come by now
    /// counts as missing, so give the last one its time before.
    pub async fn finish(mut self) -> WatchReport {
        self.tasks.shutdown().await;
        held(&self.log).report()
    }
}

/// What it takes to open a stream.
#[derive(Clone)]
struct Opening {
    address: SocketAddr,
    request: Arc<str>,
    /// A permit for each stream that may be on its way at one time.
    at_once: Arc<Semaphore>,
    /// Where each stream tells whether it is open.
    answered: mpsc::Sender<Result<(), Fault>>,
}

impl Opening {
    async fn open(&self) -> Result<EventStream, Fault> {
        let _turn = self.at_once.acquire().await;
        let open = EventStream::open(self.address, self.request.as_bytes());
        let late = Fault::NoAnswer { within: OPEN_MAX };
        timeout(OPEN_MAX, open).await.unwrap_or(Err(late))
    }
}

/// Opens a stream, tells whether it is open, and notes what comes until it ends.
async fn watch(opening: Opening, number: usize, log: Arc<Mutex<Log>>) {
    let (mut stream, told) = match opening.open().await {
        Ok(stream) => (stream, opening.answered.send(Ok(())).await),
        Err(fault) => {
            // If nobody listens any more, another stream has told its fault before.
            let _ = opening.answered.send(Err(fault)).await;
            return;
        }
    };
    drop(opening);
    if told.is_ok() {
        let Err(fault) = stream.listen(|event, at| held(&log).heard(number, event, at)).await;
        held(&log).broke(&fault);
    }
}

fn held(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}
