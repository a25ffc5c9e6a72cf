//! The Redis that the tests of one process share.

use std::time::Duration;

use redis::{AsyncConnectionConfig, aio::MultiplexedConnection};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{OwnRedis, OwnRedisOptions, blocking, container, programs, source::Source};

/// How long a busy machine may take over an answer that comes: the client's own half a second is
/// less than a slow disk takes over one sync.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// A Redis that other tests use too, and the prefix under which this test is alone.
#[derive(Clone, Debug)]
pub struct SharedRedis {
    /// The address.
    pub url: String,
    /// A random `STAMPEDE_REDIS_PREFIX`: every key and channel of this test begins with it.
    pub prefix: String,
}

/// The server, kept as long as the process lives.
struct Server {
    url: String,
    _local: Option<OwnRedis>,
}

/// A prefix of its own on the Redis of this test process, which the first call starts.
///
/// What a test leaves under its prefix stays there: on a named server too.
pub async fn redis() -> SharedRedis {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    let server = SERVER.get_or_init(|| blocking(find)).await;
    SharedRedis { url: server.url.clone(), prefix: format!("t-{}:", Uuid::new_v4().simple()) }
}

/// A connection to the Redis at that address, beside those of whatever is tested.
pub async fn connection(url: &str) -> MultiplexedConnection {
    let client = ::redis::Client::open(url).expect("an address");
    let limits = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(ANSWER_LIMIT))
        .set_response_timeout(Some(ANSWER_LIMIT));
    let connection = client.get_multiplexed_async_connection_with_config(&limits).await;
    connection.expect("Redis answers")
}

fn find() -> Server {
    let is_installed = programs::find("redis-server").is_some();
    match Source::choose("STAMPEDE_TEST_REDIS_URL", is_installed) {
        Source::Named(url) => Server { url, _local: None },
        Source::Local => {
            let local = OwnRedis::launch(&OwnRedisOptions::default());
            Server { url: local.url(), _local: Some(local) }
        }
        Source::Container => Server { url: container::redis(), _local: None },
    }
}
