//! One direction of one connection through a proxy.

use std::{
    future::pending,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until},
};

/// What becomes of the bytes that go one way through a [`super::Proxy`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// They are delivered at once.
    #[default]
    Pass,
    /// They are delivered so much later than they came, in order.
    Delay(Duration),
    /// They are delivered at this many bytes a second at most.
    Throttle(u32),
    /// They are kept and delivered when the way changes: late, in order, none lost, also those
    /// of a client that has hung up meanwhile.
    Hold,
    /// They are taken and go nowhere; the connection stays, and neither end hears of it.
    ///
    /// TCP never loses the middle of a stream: a direction that has lost a byte stays silent
    /// until the connection ends, whatever the way becomes.
    Blackhole,
    /// The first of them ends the connection, both ways and by a reset, and is not delivered.
    Cut,
}

/// Bytes read at once.
const CHUNK_BYTES: usize = 16 * 1024;
/// Chunks that wait for delivery in one direction: 1 MiB, beyond which TCP makes the sender wait.
const WAITING_MAX: usize = 64;

/// How many bytes went one way, over all connections.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) came: AtomicU64,
    pub(super) delivered: AtomicU64,
    pub(super) swallowed: AtomicU64,
}

/// The connection is to end by a reset.
#[derive(Debug)]
pub(super) struct Cut;

/// What came at once, and when. Empty at the stream's end.
type Chunk = (Instant, Vec<u8>);

/// Carries what `from` says to `to` until its end has been delivered.
pub(super) async fn carry(
    from: impl AsyncRead + Unpin,
    to: impl AsyncWrite + Unpin,
    way: watch::Receiver<Way>,
    counters: &Counters,
) -> Result<(), Cut> {
    let (reading, waiting) = mpsc::channel(WAITING_MAX);
    let reading = async {
        read(from, reading, counters).await;
        Ok(())
    };
    tokio::try_join!(reading, deliver(waiting, to, way, counters)).map(|_| ())
}

/// An end of whatever kind is told as an end, so that what came before it is delivered.
async fn read(mut from: impl AsyncRead + Unpin, reading: mpsc::Sender<Chunk>, counters: &Counters) {
    loop {
        let mut chunk = vec![0; CHUNK_BYTES];
        let length = from.read(&mut chunk).await.unwrap_or(0);
        chunk.truncate(length);
        counters.came.fetch_add(length as u64, Ordering::Relaxed);
        if reading.send((Instant::now(), chunk)).await.is_err() || length == 0 {
            return;
        }
    }
}

async fn deliver(
    mut waiting: mpsc::Receiver<Chunk>,
    mut to: impl AsyncWrite + Unpin,
    mut way: watch::Receiver<Way>,
    counters: &Counters,
) -> Result<(), Cut> {
    let mut is_silent = false;
    while let Some((came, chunk)) = waiting.recv().await {
        is_silent = is_silent || !is_delivered(&mut way, came, &chunk).await?;
        if !is_silent && chunk.is_empty() {
            // One that has gone already needs no goodbye.
            to.shutdown().await.ok();
            return Ok(());
        }
        let length = chunk.len() as u64;
        // Counted before the receiver can know, so that who was answered finds it counted.
        let counter = if is_silent { &counters.swallowed } else { &counters.delivered };
        counter.fetch_add(length, Ordering::Relaxed);
        // Who speaks to one that has gone is heard to the end all the same.
        if !is_silent && to.write_all(&chunk).await.is_err() {
            counters.delivered.fetch_sub(length, Ordering::Relaxed);
            counters.swallowed.fetch_add(length, Ordering::Relaxed);
        }
    }
    // What is silent does not say its end either.
    pending().await
}

/// Waits for the instant of this chunk's delivery, by the way as it is by then; false when it
/// goes nowhere.
async fn is_delivered(
    way: &mut watch::Receiver<Way>,
    came: Instant,
    chunk: &[u8],
) -> Result<bool, Cut> {
    loop {
        let now = *way.borrow_and_update();
        let due = async {
            match now {
                Way::Cut if !chunk.is_empty() => return Err(Cut),
                Way::Blackhole => return Ok(false),
                Way::Pass | Way::Cut => {}
                Way::Delay(late) => sleep_until(came + late).await,
                Way::Throttle(rate) => {
                    let length = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
                    sleep(Duration::from_secs(1) * length / rate.max(1)).await;
                }
                Way::Hold => pending().await,
            }
            Ok(true)
        };
        tokio::select! {
            biased;
            due = due => return due,
            changed = way.changed() => changed.map_err(|_| Cut)?,
        }
    }
}
