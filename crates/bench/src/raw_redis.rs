//! Redis alone, for orientation: what it takes from 64 clients without pipelining.

use std::process::Command;

use stampede_testkit::servers::{Fsync, OwnRedis, OwnRedisOptions};

use crate::{
    figure::{Figure, Spread, Unit},
    pace::Pace,
    thread::on_a_thread,
};

/// Writes of about a purchase's size a second, with its file synced as `fsync` says.
pub(crate) async fn figure(pace: Pace, fsync: Fsync) -> Figure {
    let redis = OwnRedis::start(OwnRedisOptions { fsync, ..OwnRedisOptions::on_disk() }).await;
    let mut rates = Vec::new();
    for _ in 0..pace.rounds {
        let (port, writes) = (port(&redis.url()), pace.pick("200000", "10000"));
        let said = on_a_thread(move || output(&port, writes)).await;
        let rate = read(&said);
        rates.push(rate.unwrap_or_else(|| panic!("redis-benchmark says {said:?}")));
    }
    Figure::new("raw Redis", "SET of 100 bytes by 64 clients", Unit::PerSecond, Spread::of(rates))
}

fn port(url: &str) -> String {
    url.rsplit(':').next().unwrap_or_default().to_owned()
}

fn output(port: &str, writes: &str) -> String {
    let mut command = Command::new("redis-benchmark");
    command.args(["-p", port, "-c", "64", "-n", writes, "-r", "1000000", "-d", "100"]);
    let output = command.args(["-t", "set", "--csv"]).output();
    let output = output.expect("redis-benchmark: install it by `apt-get install redis-tools`");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The second field of the row of `SET`.
fn read(said: &str) -> Option<f64> {
    let row = said.lines().find_map(|line| line.strip_prefix("\"SET\","))?;
    row.split(',').next()?.trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{port, read};

    #[test]
    fn the_rate_stands_in_the_row_of_set() {
        let said = "\"test\",\"rps\",\"avg_latency_ms\"\n\"SET\",\"81234.50\",\"0.512\"\n";
        assert_eq!(read(said).map(|rate| rate.to_string()).as_deref(), Some("81234.5"));
        assert_eq!(read("Could not connect"), None);
        assert_eq!(port("redis://127.0.0.1:15000"), "15000");
    }
}
