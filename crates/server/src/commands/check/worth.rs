//! What an acknowledgement is worth, in plain words: the table of the protocol for this set-up.

use stampede_domain::Acknowledgement;
use stampede_infrastructure::redis::RedisFacts;

/// The engine embedded.
pub(super) const EMBEDDED: &str = "\
What an answered purchase is worth here (level ledger, engine embedded):
  this process killed (kill -9)           nothing is lost
  power loss                              nothing is lost on a disk that syncs when it says so
  the data folder lost                    everything in it; keep a copy";

/// The engine redis at level ledger, whatever Redis does.
const AT_LEDGER: &str = "\
What an answered purchase is worth here (level ledger, engine redis):
  a node or worker killed                 nothing is lost
  Redis killed, or its host loses power   nothing is lost
  Redis flushed, or an older file         nothing is lost
  a replica promoted                      nothing is lost
  Postgres loses commits                  mended while the same Redis lives, lost with it";

/// A Redis that does not answer.
pub(super) const UNKNOWN: &str =
    "What an answered purchase is worth here cannot be said while Redis does not answer.";

/// The engine redis.
pub(super) fn on_redis(level: Acknowledgement, facts: &RedisFacts) -> String {
    match level {
        Acknowledgement::Gate => at_gate(facts),
        Acknowledgement::Ledger => AT_LEDGER.to_owned(),
    }
}

fn at_gate(facts: &RedisFacts) -> String {
    let append_only = facts.append_only == Some(true);
    let killed = if append_only {
        "nothing is lost"
    } else {
        "what was answered and is not in the ledger yet: without an append-only file it is gone"
    };
    let power = match (append_only, facts.append_fsync.as_deref()) {
        (false, _) => "what was answered and is not in the ledger yet",
        (true, Some("always")) => "nothing is lost on a disk that syncs when it says so",
        (true, Some("everysec")) => {
            "what was answered in the last 2 s or less and is not in the ledger yet"
        }
        (true, _) => "what was answered in the last 30 s or so and is not in the ledger yet",
    };
    let promotion = match facts.replicas {
        0 => "no replica is attached, so nothing can be promoted",
        _ => "what was answered within the replication's lag and is not in the ledger yet",
    };
    format!(
        "What an answered purchase is worth here (level gate, engine redis):\n  \
         a node or worker killed                 nothing is lost\n  \
         Redis killed, same host                 {killed}\n  \
         Redis' host loses power                 {power}\n  \
         Redis flushed, or an older file         what is not in the ledger yet: milliseconds of \
         work, or all since Postgres went away\n  \
         a replica promoted                      {promotion}\n  \
         Postgres loses commits                  mended while the same Redis lives\n\
         What is lost may be sold again; the stock is never sold twice over in the ledger."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_follow_how_redis_syncs() {
        let mut facts = RedisFacts {
            version: "7.0.15".into(),
            role: "master".into(),
            clustered: false,
            maxmemory_policy: None,
            append_only: Some(true),
            append_fsync: Some("everysec".into()),
            replicas: 0,
            backlog_ttl_s: None,
        };
        assert!(on_redis(Acknowledgement::Gate, &facts).contains("last 2 s"));
        facts.append_fsync = Some("always".into());
        assert!(on_redis(Acknowledgement::Gate, &facts).contains("nothing is lost on a disk"));
        facts.append_only = Some(false);
        assert!(on_redis(Acknowledgement::Gate, &facts).contains("without an append-only file"));
        let strict = on_redis(Acknowledgement::Ledger, &facts);
        assert!(strict.contains("level ledger") && !strict.contains("last 2 s"));
    }
}
