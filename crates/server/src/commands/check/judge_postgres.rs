//! What must be, and what should be, of a Postgres.

use stampede_domain::Acknowledgement;
use stampede_infrastructure::{
    postgres::{PostgresFacts, Tables},
    worth,
};

use super::finding::Finding;

/// The oldest version that its makers still maintain; tests run on 15 and newer.
const VERSION_MIN: u32 = 14;

/// One finding a fact; `migrate` is whether the start brings the tables up to date.
pub(super) fn judge(facts: &PostgresFacts, migrate: bool, level: Acknowledgement) -> Vec<Finding> {
    vec![
        version(&facts.version),
        role(facts.standby),
        commits(facts, level),
        standbys(&facts.synchronous_standby_names),
        tables(facts.tables, migrate),
    ]
}

fn version(version: &str) -> Finding {
    let major = version.split(['.', ' ']).next().and_then(|number| number.parse::<u32>().ok());
    if major.is_some_and(|major| major >= VERSION_MIN) {
        Finding::ok(format!("postgres: version {version}"))
    } else {
        Finding::warn(format!("postgres: version {version} is older than {VERSION_MIN}"))
    }
}

fn role(standby: bool) -> Finding {
    if standby {
        Finding::fail("postgres: is a standby; name the one that takes writes in DATABASE_URL")
    } else {
        Finding::ok("postgres: takes writes")
    }
}

/// At level ledger an answer is a promise that this Postgres keeps; at level gate a loss is
/// repaired.
fn commits(facts: &PostgresFacts, level: Acknowledgement) -> Finding {
    match (worth::unsynced(facts), level) {
        (Some(why), Acknowledgement::Ledger) => {
            Finding::fail(format!("postgres: {why}; at level ledger that is a promise broken"))
        }
        (Some(why), Acknowledgement::Gate) => {
            Finding::warn(format!("postgres: {why}; they are repaired only while Redis lives"))
        }
        (None, _) => Finding::ok(format!(
            "postgres: a commit is synced when answered (synchronous_commit {})",
            facts.synchronous_commit
        )),
    }
}

fn standbys(names: &str) -> Finding {
    match names {
        "" => Finding::ok("postgres: a commit waits for no standby"),
        names => Finding::ok(format!("postgres: a commit waits for standbys ({names})")),
    }
}

fn tables(tables: Tables, migrate: bool) -> Finding {
    match tables {
        Tables::UpToDate => Finding::ok("postgres: its tables are up to date"),
        Tables::Pending(count) if migrate => {
            Finding::ok(format!("postgres: {count} migrations wait for the start"))
        }
        Tables::Pending(count) => Finding::fail(format!(
            "postgres: {count} migrations are missing, and STAMPEDE_MIGRATE=0 keeps the start \
             from making them; run `stampede migrate`"
        )),
        Tables::Newer(count) => Finding::fail(format!(
            "postgres: {count} migrations were made by a newer version of this program"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Level, *};

    const COMMITS: usize = 2;
    const TABLES: usize = 4;

    fn facts() -> PostgresFacts {
        PostgresFacts {
            version: "15.8 (Debian 15.8-0+deb12u1)".into(),
            synchronous_commit: "on".into(),
            fsync: "on".into(),
            full_page_writes: "on".into(),
            synchronous_standby_names: String::new(),
            standby: false,
            tables: Tables::Pending(3),
        }
    }

    fn levels(facts: &PostgresFacts, migrate: bool, level: Acknowledgement) -> Vec<Level> {
        judge(facts, migrate, level).into_iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn missing_tables_matter_only_if_the_start_does_not_make_them() {
        let level = Acknowledgement::Gate;
        assert_eq!(levels(&facts(), true, level), [Level::Ok; 5]);
        assert_eq!(levels(&facts(), false, level)[TABLES], Level::Fail);
        let newer = PostgresFacts { tables: Tables::Newer(1), ..facts() };
        assert_eq!(levels(&newer, true, level)[TABLES], Level::Fail);
    }

    #[test]
    fn a_postgres_that_syncs_nothing_is_a_fault_at_level_ledger_only() {
        for facts in [
            PostgresFacts { synchronous_commit: "off".into(), ..facts() },
            PostgresFacts { fsync: "off".into(), ..facts() },
            PostgresFacts { full_page_writes: "off".into(), ..facts() },
        ] {
            assert_eq!(levels(&facts, true, Acknowledgement::Gate)[COMMITS], Level::Warn);
            assert_eq!(levels(&facts, true, Acknowledgement::Ledger)[COMMITS], Level::Fail);
        }
    }
}
