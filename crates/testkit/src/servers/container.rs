//! Servers in containers, for machines with Docker and without the programs.

use std::{sync::mpsc, thread};

use testcontainers_modules::{
    postgres::Postgres,
    redis::Redis,
    testcontainers::{
        ContainerAsync, Image, ImageExt, TestcontainersError, core::ContainerRequest,
        runners::AsyncRunner,
    },
};

use super::source::missing;

/// The oldest versions that we support, so that nothing newer is used unnoticed.
const REDIS_TAG: &str = "7.0-bookworm";
const POSTGRES_TAG: &str = "15-bookworm";

/// Starts Redis and answers its address.
pub(super) fn redis() -> String {
    let port = keep_running("Redis", Redis::default().with_tag(REDIS_TAG), 6379);
    format!("redis://127.0.0.1:{port}")
}

/// Starts Postgres and answers the address of its first database.
pub(super) fn postgres() -> String {
    let settings = ["-c", "fsync=off", "-c", "max_connections=300"];
    let image = Postgres::default().with_tag(POSTGRES_TAG).with_cmd(settings);
    let port = keep_running("Postgres", image, 5432);
    format!("postgres://postgres:postgres@127.0.0.1:{port}/postgres")
}

/// Starts a container and answers the port under which `inner` is reached.
///
/// The container belongs to a thread and a runtime that live as long as the process, since the
/// runtime of the test that happened to come first ends with that test.
fn keep_running<I>(server: &str, request: ContainerRequest<I>, inner: u16) -> u16
where
    I: Image + 'static,
{
    let (reply, answer) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime for a container");
        runtime.block_on(async {
            match start(request, inner).await {
                Ok((_container, port)) => {
                    reply.send(Ok(port)).ok();
                    std::future::pending::<()>().await;
                }
                Err(error) => {
                    reply.send(Err(error)).ok();
                }
            }
        });
    });
    match answer.recv().expect("the container's thread answers") {
        Ok(port) => port,
        Err(error) => panic!("{}", missing(server, &format!("no program, no Docker: {error}"))),
    }
}

async fn start<I: Image>(
    request: ContainerRequest<I>,
    inner: u16,
) -> Result<(ContainerAsync<I>, u16), TestcontainersError> {
    let container = request.start().await?;
    let port = container.get_host_port_ipv4(inner).await?;
    Ok((container, port))
}
