//! What an open event stream keeps in memory, by the program's allocator.
//!
//! In a process of its own: whatever else runs in it would count.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use more of it")]
#[path = "http/engine.rs"]
mod engine;
#[expect(dead_code, reason = "other tests use more of it")]
#[path = "http/site.rs"]
mod site;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
};

use self::site::{PATIENCE, Site};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the allocator and the threads take once, whatever is open.
const STREAMS_BEFORE: usize = 50;
/// Both ends are here, and a system may allow a process no more than 1,024 files.
const STREAMS: usize = 400;
const RESIDENT_MAX_KIB: usize = 8;

/// Opens a stream and reads up to the whole of its sale; what follows stays in the kernel.
fn watch(site: &Site) -> TcpStream {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, site.port)).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
    let request = b"GET /api/v1/sales/events?sku=W-1 HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(request).expect("it is sent");
    let (mut said, mut room) = (Vec::new(), [0; 1_024]);
    while !String::from_utf8_lossy(&said).contains("event: initial") {
        let read = stream.read(&mut room).expect("an answer in time");
        assert!(read > 0, "{}", String::from_utf8_lossy(&said));
        said.extend_from_slice(&room[..read]);
    }
    stream
}

fn resident_kib() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("what the system says");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its size");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test]
async fn an_open_stream_keeps_eight_kib_at_most() {
    let site = Site::start();
    site.create("W-1", 9).await;
    let _before: Vec<_> = (0..STREAMS_BEFORE).map(|_| watch(&site)).collect();
    let before_kib = resident_kib();
    let _open: Vec<_> = (0..STREAMS).map(|_| watch(&site)).collect();
    let grown_kib = resident_kib().saturating_sub(before_kib);
    assert!(grown_kib <= STREAMS * RESIDENT_MAX_KIB, "{grown_kib} KiB for {STREAMS} streams");
}
