//! `stampede health`.

use std::{io, time::Duration};

use anyhow::{Context as _, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::settings::Settings;

/// How long the server may take to answer: it asks its stores, for a second each at most.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// More than the answer has; its first line says all.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;
const QUESTION: &[u8] =
    b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Asks the server that was started with these settings, on this machine, whether it is ready.
pub(super) async fn health(settings: Settings) -> anyhow::Result<()> {
    let (host, port) = (reached_by(&settings.listen.host), settings.listen.port);
    ensure!(port != 0, "PORT=0 picks a port that nobody else knows");
    let asked = timeout(ANSWER_MAX, ask(host, port)).await;
    let answer = asked
        .with_context(|| format!("no answer from {host}:{port} in {} s", ANSWER_MAX.as_secs()))?
        .with_context(|| format!("nobody answers at {host}:{port} (HOST, PORT)"))?;
    ensure!(answer.starts_with("HTTP/1.1 200 "), "{host}:{port} is not ready: {answer}");
    super::print("ready\n")
}

/// The address by which this machine reaches who listens on `host`.
fn reached_by(host: &str) -> &str {
    match host {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        host => host,
    }
}

/// The first line of the answer.
async fn ask(host: &str, port: u16) -> io::Result<String> {
    let mut connection = TcpStream::connect((host, port)).await?;
    connection.write_all(QUESTION).await?;
    let mut answer = Vec::new();
    connection.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    let text = String::from_utf8_lossy(&answer);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
