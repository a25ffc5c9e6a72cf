//! Redis alone, for orientation: what it takes from 64 clients without pipelining.

use stampede_testkit::servers::{Fsync, OwnRedis, OwnRedisOptions, run_program};

use crate::{
    figure::{Figure, Spread, Unit},
    pace::Pace,
};

/// Writes of about a purchase's size a second, with its file synced as `fsync` says.
pub(crate) async fn figure(pace: Pace, fsync: Fsync) -> Figure {
    let redis = OwnRedis::start(OwnRedisOptions { fsync, ..OwnRedisOptions::on_disk() }).await;
    let mut rates = Vec::new();
    for _ in 0..pace.rounds {
        let (url, writes) = (redis.url(), pace.pick("200000", "10000"));
        let load = ["-t", "set", "--csv", "-c", "64", "-d", "100", "-r", "1000000", "-n", writes];
        let said = run_program("redis-benchmark", [&["-p", port(&url)], load.as_slice()].concat());
        let said = said.await.lines.join("\n");
        let rate = read(&said);
        rates.push(rate.unwrap_or_else(|| panic!("redis-benchmark says {said:?}")));
    }
    Figure::new("raw Redis", "SET of 100 bytes by 64 clients", Unit::PerSecond, Spread::of(rates))
}

fn port(url: &str) -> &str {
    url.rsplit(':').next().unwrap_or_default()
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
