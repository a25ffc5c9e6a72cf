//! The Redis that the tests of one process share.

use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{OwnRedis, OwnRedisOptions, blocking, container, programs, source::Source};

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
