//! The whole program over HTTP, as a shop runs it: processes of the binary, real stores, crowds,
//! crashes.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod acknowledgement;
mod answers;
mod commands;
mod copies;
mod crash;
mod deletion;
mod lost_postgres;
mod lost_redis;
mod machine;
mod metrics;
mod prices;
mod proxied;
mod races;
mod roles;
mod stop;
mod traces;
mod two_nodes;
mod worth;

/// Makes each named function a test on each engine; it is given the engine's stores.
macro_rules! on_each_engine {
    ($($name:ident),+ $(,)?) => {
        mod embedded {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(stampede_testkit::shop::Stores::embedded()).await;
                }
            )+
        }

        mod redis {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(stampede_testkit::shop::Stores::redis().await).await;
                }
            )+
        }
    };
}

use on_each_engine;
