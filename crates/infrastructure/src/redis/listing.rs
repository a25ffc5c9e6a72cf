//! The list of a shard's sales: which there are, and in which version.
//!
//! The scripts write a line with every change. It is a hint about what to read: only a script
//! behind the fence says how a sale stands.

use std::collections::BTreeMap;

use redis::RedisError;
use stampede_domain::{Generation, Shard, Sku, Version};
use uuid::Uuid;

use super::{connections::Connections, keys::Keys};

/// TIME, and lines by sku.
type ListReply = ((i64, i64), Vec<(String, String)>);

/// A line of a shard's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) generation: Generation,
    pub(super) version: Version,
    pub(super) mark: Mark,
}

/// What a line says of its sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// To be read.
    Live,
    /// The ledger did not know it: to be shown to nobody, and kept.
    Shut,
    /// Gone.
    Deleted,
}

/// Reads a shard's list, and the time of its Redis, in one round trip.
pub(super) async fn list(
    connections: &Connections,
    keys: &Keys,
    shard: Shard,
) -> Result<BTreeMap<Sku, Listed>, RedisError> {
    let mut both = redis::pipe();
    both.cmd("TIME").cmd("HGETALL").arg(keys.sales(shard));
    let ((seconds, micros), lines): ListReply = connections.shared.query_all(&both).await?;
    connections.clock.observe(seconds * 1_000 + micros / 1_000);
    Ok(lines.iter().filter_map(|(sku, line)| parse(sku, line)).collect())
}

/// Reads `<generation> <version> <live|shut|deleted>`; later versions may add words.
fn parse(sku: &str, line: &str) -> Option<(Sku, Listed)> {
    let sku = Sku::parse(sku).ok()?;
    let mut words = line.split(' ');
    let generation = Generation(Uuid::try_parse(words.next()?).ok()?);
    let version = Version(words.next()?.parse().ok()?);
    let mark = match words.next()? {
        "deleted" => Mark::Deleted,
        "shut" => Mark::Shut,
        _ => Mark::Live,
    };
    Some((sku, Listed { generation, version, mark }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_list_reads_back_and_nonsense_is_left_out() {
        let generation = Generation(Uuid::from_u128(7));
        let version = Version(9_007_199_254_740_991);
        let marks = [("live", Mark::Live), ("shut", Mark::Shut), ("deleted", Mark::Deleted)];
        for (word, mark) in marks {
            let line = format!("{generation} {version} {word} more", version = version.0);
            let (sku, listed) = parse("WIDGET-001", &line).unwrap();
            assert_eq!(sku.as_str(), "WIDGET-001");
            assert_eq!(listed, Listed { generation, version, mark });
        }
        assert_eq!(parse("WIDGET-001", "nonsense"), None);
        assert_eq!(parse("not a sku", &format!("{generation} 1 live")), None);
    }
}
