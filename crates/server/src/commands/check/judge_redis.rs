//! What must be, and what should be, of a Redis.

use stampede_infrastructure::redis::RedisFacts;

use super::finding::Finding;

/// The oldest version whose scripts and streams do what the gate relies on.
const VERSION_MIN: (u32, u32) = (7, 0);

/// One finding a fact.
pub(super) fn judge(facts: &RedisFacts) -> Vec<Finding> {
    vec![
        version(&facts.version),
        role(facts),
        policy(facts.maxmemory_policy.as_deref()),
        persistence(facts.append_only, facts.append_fsync.as_deref()),
        replicas(facts.replicas),
        backlog(facts.backlog_ttl_s),
    ]
}

fn version(version: &str) -> Finding {
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found >= VERSION_MIN {
        Finding::ok(format!("redis: version {version}"))
    } else {
        let (major, minor) = VERSION_MIN;
        Finding::fail(format!("redis: version {version} is older than {major}.{minor}"))
    }
}

fn role(facts: &RedisFacts) -> Finding {
    match (facts.role.as_str(), facts.clustered) {
        ("master", false) => Finding::ok("redis: takes writes"),
        ("master", true) => Finding::fail("redis: is a node of a cluster, not in this version"),
        _ => Finding::fail("redis: is a replica; name the one that takes writes in REDIS_URL"),
    }
}

fn policy(policy: Option<&str>) -> Finding {
    match policy {
        Some("noeviction") => {
            Finding::ok("redis: keeps everything when memory is full (noeviction)")
        }
        Some(other) => Finding::fail(format!(
            "redis: maxmemory-policy is {other}, so that sales may vanish when memory is full; \
             set it to noeviction"
        )),
        None => Finding::warn("redis: does not tell its maxmemory-policy; it must be noeviction"),
    }
}

fn persistence(append_only: Option<bool>, append_fsync: Option<&str>) -> Finding {
    match (append_only, append_fsync) {
        (Some(false), _) => Finding::warn(
            "redis: keeps no append-only file (appendonly no); a restart forgets what is not in \
             the ledger yet",
        ),
        (Some(true), Some("always")) => {
            Finding::ok("redis: syncs every write (appendfsync always)")
        }
        (Some(true), Some("everysec")) => {
            Finding::ok("redis: syncs every second (appendfsync everysec)")
        }
        (Some(true), Some(other)) => Finding::warn(format!(
            "redis: appendfsync is {other}, so the system decides when to sync; everysec costs \
             little"
        )),
        (Some(true), None) | (None, _) => {
            Finding::warn("redis: does not tell when it syncs its append-only file")
        }
    }
}

fn replicas(replicas: u32) -> Finding {
    match replicas {
        0 => Finding::ok("redis: has no replica; while it is away, nothing is sold"),
        1 => Finding::ok("redis: has 1 replica"),
        more => Finding::ok(format!("redis: has {more} replicas")),
    }
}

fn backlog(ttl_s: Option<u64>) -> Finding {
    match ttl_s {
        Some(0) => Finding::ok("redis: keeps its replication id (repl-backlog-ttl 0)"),
        Some(seconds) => Finding::warn(format!(
            "redis: repl-backlog-ttl is {seconds}; {seconds} s after its last replica has left, \
             every sale is restored once; set it to 0"
        )),
        None => Finding::warn("redis: does not tell its repl-backlog-ttl; it should be 0"),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Level, *};

    fn good() -> RedisFacts {
        RedisFacts {
            version: "7.0.15".into(),
            role: "master".into(),
            clustered: false,
            maxmemory_policy: Some("noeviction".into()),
            append_only: Some(true),
            append_fsync: Some("everysec".into()),
            replicas: 0,
            backlog_ttl_s: Some(0),
        }
    }

    fn worst(facts: &RedisFacts) -> Vec<(Level, String)> {
        let findings = judge(facts).into_iter().filter(|finding| finding.level != Level::Ok);
        findings.map(|finding| (finding.level, finding.text)).collect()
    }

    #[test]
    fn our_own_configuration_has_nothing_to_fix() {
        assert_eq!(worst(&good()), []);
    }

    #[test]
    fn an_evicting_an_old_and_a_repeating_redis_must_be_fixed() {
        for (facts, word) in [
            (RedisFacts { maxmemory_policy: Some("allkeys-lru".into()), ..good() }, "noeviction"),
            (RedisFacts { version: "6.2.14".into(), ..good() }, "older than 7.0"),
            (RedisFacts { role: "slave".into(), ..good() }, "replica"),
            (RedisFacts { clustered: true, ..good() }, "not in this version"),
        ] {
            let found = worst(&facts);
            assert!(found.len() == 1 && found[0].0 == Level::Fail, "{found:?}");
            assert!(found[0].1.contains(word), "{found:?}");
        }
    }

    #[test]
    fn what_costs_purchases_or_restores_is_a_warning() {
        for facts in [
            RedisFacts { append_only: Some(false), ..good() },
            RedisFacts { append_fsync: Some("no".into()), ..good() },
            RedisFacts { backlog_ttl_s: Some(3600), ..good() },
            RedisFacts { maxmemory_policy: None, ..good() },
        ] {
            let found = worst(&facts);
            assert!(found.len() == 1 && found[0].0 == Level::Warn, "{found:?}");
        }
    }
}
