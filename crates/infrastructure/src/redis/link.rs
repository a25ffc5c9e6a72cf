//! A connection that is opened when needed and opened again when it broke.
//!
//! Ours and not the client library's connection manager, because a demoted master keeps its
//! clients: the script's `NOT_MASTER` must be able to end a connection that looks healthy.

use std::{sync::Arc, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, Pipeline, RedisError, Value,
    aio::MultiplexedConnection,
};
use tokio::{sync::Mutex, time};

use super::clock::{RedisClock, StoreTime};

/// What a link waits for and how it paces itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct LinkLimits {
    pub(super) connection_timeout: Duration,
    /// `None` for blocking reads, whose caller bounds the wait.
    pub(super) response_timeout: Option<Duration>,
    pub(super) reconnect_min: Duration,
    pub(super) reconnect_max: Duration,
}

/// One connection to one server.
pub(super) struct Link {
    client: Client,
    limits: LinkLimits,
    clock: Arc<RedisClock>,
    /// Held while connecting, so that one caller connects and the others wait for it.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    live: Option<Live>,
    /// Counts connections, so that a late failure of an old one does not end a new one.
    serial: u64,
    /// After a failure: how long to leave the server alone, and until when.
    pause: Option<(Duration, time::Instant)>,
}

/// An open connection, cheap to clone; commands of all clones go out in order.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) connection: MultiplexedConnection,
    pub(super) time: Arc<StoreTime>,
    serial: u64,
}

impl Link {
    pub(super) fn new(client: Client, limits: LinkLimits, clock: Arc<RedisClock>) -> Self {
        Self { client, limits, clock, state: Mutex::default() }
    }

    /// The open connection; opens one if there is none.
    ///
    /// After a failure the server is left alone for a while, and callers fail at once.
    pub(super) async fn live(&self) -> Result<Live, RedisError> {
        let mut state = self.state.lock().await;
        if let Some(live) = &state.live {
            return Ok(live.clone());
        }
        if let Some((_, until)) = state.pause
            && time::Instant::now() < until
        {
            return Err(not_connected());
        }
        match self.connect(state.serial + 1).await {
            Ok(live) => {
                *state = State { serial: live.serial, live: Some(live.clone()), pause: None };
                Ok(live)
            }
            Err(error) => {
                let last = state.pause.map(|(pause, _)| pause * 2);
                let pause = last.unwrap_or(self.limits.reconnect_min);
                let pause = pause.min(self.limits.reconnect_max);
                state.pause = Some((pause, time::Instant::now() + pause));
                Err(error)
            }
        }
    }

    /// Ends a connection that broke or leads to the wrong server; a newer one stays.
    pub(super) async fn drop_broken(&self, broken: &Live) {
        let mut state = self.state.lock().await;
        if state.live.as_ref().is_some_and(|live| live.serial == broken.serial) {
            state.live = None;
        }
    }

    /// Tells what a reply said that the time is.
    pub(super) fn observe(&self, live: &Live, raw_ms: i64) {
        live.time.observe(raw_ms);
        self.clock.observe(raw_ms);
    }

    /// Sends a command that carries no fence; a broken connection is ended.
    pub(super) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        let mut live = self.live().await?;
        let reply = command.query_async(&mut live.connection).await;
        self.end_if_broken(&live, reply).await
    }

    /// Sends several commands at once; a broken connection is ended.
    pub(super) async fn query_all<T: FromRedisValue>(
        &self,
        commands: &Pipeline,
    ) -> Result<T, RedisError> {
        let mut live = self.live().await?;
        let reply = commands.query_async(&mut live.connection).await;
        self.end_if_broken(&live, reply).await
    }

    async fn end_if_broken<T>(
        &self,
        live: &Live,
        reply: Result<T, RedisError>,
    ) -> Result<T, RedisError> {
        if let Err(error) = &reply
            && is_unanswered(error)
        {
            self.drop_broken(live).await;
        }
        reply
    }

    async fn connect(&self, serial: u64) -> Result<Live, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.limits.connection_timeout))
            .set_response_timeout(self.limits.response_timeout);
        let mut connection =
            self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let ask = redis::cmd("TIME");
        let asked = ask.query_async::<(i64, i64)>(&mut connection);
        let (seconds, micros) = time::timeout(self.limits.connection_timeout, asked)
            .await
            .map_err(|_| not_connected())??;
        let raw_ms = seconds * 1_000 + micros / 1_000;
        self.clock.observe(raw_ms);
        Ok(Live { connection, time: Arc::new(StoreTime::new(raw_ms)), serial })
    }
}

/// Whether the command may or may not have been done: the connection broke, or the reply is late.
pub(super) fn is_unanswered(error: &RedisError) -> bool {
    error.is_io_error() || error.is_timeout() || error.is_connection_dropped()
}

fn not_connected() -> RedisError {
    RedisError::from((redis::ErrorKind::Io, "not connected"))
}

/// A reply as one sequence of bytes.
pub(super) fn bytes(value: Value) -> Option<Vec<u8>> {
    if let Value::BulkString(bytes) = value { Some(bytes) } else { None }
}

/// A reply as several.
pub(super) fn array(value: Value) -> Option<Vec<Value>> {
    if let Value::Array(values) = value { Some(values) } else { None }
}
