//! A server over TCP that answers as a test says.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use stampede_load::Target;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::yield_now,
};

/// What a server does with a request.
pub(crate) enum Reply {
    /// Sends this.
    Whole(String),
    /// Sends this, each byte by itself.
    Torn(String),
    /// Sends this and closes the connection.
    Closed(String),
}

/// A server that runs as long as its test.
pub(crate) struct Server {
    pub(crate) target: Target,
    opened: Arc<AtomicU64>,
}

impl Server {
    /// A server that does with the nth request (from 0, over all connections) what `reply` says.
    pub(crate) async fn start(reply: impl Fn(u64) -> Reply + Send + Sync + 'static) -> Self {
        let (listener, target) = listen().await;
        let opened = Arc::new(AtomicU64::new(0));
        let (opening, asked, reply) = (Arc::clone(&opened), Arc::default(), Arc::new(reply));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                opening.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, Arc::clone(&asked), Arc::clone(&reply)));
            }
        });
        Self { target, opened }
    }

    /// Connections that were opened.
    pub(crate) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }
}

/// A port to which connections are opened and at which nobody answers, as long as it is held.
pub(crate) async fn listen() -> (TcpListener, Target) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    (listener, Target { address, host: address.to_string() })
}

/// An answer with this status and body.
pub(crate) fn answer(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// The answer of an accepted attempt.
pub(crate) fn success() -> String {
    answer(200, r#"{"success":true,"data":{"purchaseNo":"PUR-1"}}"#)
}

/// The answer of an attempt that came too late.
pub(crate) fn sold_out() -> String {
    answer(200, r#"{"success":false,"error":{"code":"SOLD_OUT","message":"all gone"}}"#)
}

async fn serve(
    mut stream: TcpStream,
    asked: Arc<AtomicU64>,
    reply: Arc<impl Fn(u64) -> Reply + Send + Sync + 'static>,
) {
    let mut request = Vec::new();
    while stream.read_buf(&mut request).await.is_ok_and(|read| read > 0) {
        if !is_whole(&request) {
            continue;
        }
        request.clear();
        let sent = match reply(asked.fetch_add(1, Ordering::Relaxed)) {
            Reply::Whole(text) => stream.write_all(text.as_bytes()).await,
            Reply::Torn(text) => send_torn(&mut stream, text.as_bytes()).await,
            Reply::Closed(text) => {
                // The client may have closed it before.
                let _ = stream.write_all(text.as_bytes()).await;
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// An attempt ends with its body, a read with its head.
fn is_whole(request: &[u8]) -> bool {
    request.ends_with(if request.starts_with(b"POST") { b"}" } else { b"\r\n\r\n" })
}

async fn send_torn(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    for byte in bytes.chunks(1) {
        stream.write_all(byte).await?;
        yield_now().await;
    }
    Ok(())
}
