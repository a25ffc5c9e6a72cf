//! What must be, and what should be, of a Postgres.

use stampede_infrastructure::postgres::{PostgresFacts, Tables};

use super::finding::Finding;

/// The oldest version that its makers still mend; tests run on 15 and newer.
const VERSION_MIN: u32 = 14;

/// One finding a fact; `migrate` is whether the start brings the tables up to date.
pub(super) fn judge(facts: &PostgresFacts, migrate: bool) -> Vec<Finding> {
    vec![
        version(&facts.version),
        role(facts.standby),
        commits(facts),
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

fn commits(facts: &PostgresFacts) -> Finding {
    let setting = &facts.synchronous_commit;
    if setting == "off" {
        Finding::warn(
            "postgres: synchronous_commit is off, so a crash loses commits that were answered; \
             they are repaired only while Redis lives; set it to on",
        )
    } else {
        Finding::ok(format!(
            "postgres: a commit is synced when answered (synchronous_commit {setting})"
        ))
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

    fn levels(facts: &PostgresFacts, migrate: bool) -> Vec<Level> {
        judge(facts, migrate).into_iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn missing_tables_matter_only_if_the_start_does_not_make_them() {
        let facts = PostgresFacts {
            version: "15.8 (Debian 15.8-0+deb12u1)".into(),
            synchronous_commit: "on".into(),
            standby: false,
            tables: Tables::Pending(3),
        };
        assert_eq!(levels(&facts, true), [Level::Ok; 4]);
        assert_eq!(levels(&facts, false)[3], Level::Fail);
        let newer = PostgresFacts { tables: Tables::Newer(1), ..facts };
        assert_eq!(levels(&newer, true)[3], Level::Fail);
    }
}
