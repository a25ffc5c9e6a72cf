//! A migration runs beside older nodes, which go on asking for what they know.

use std::{fs, path::Path};

use crate::tree::{files, shown};

/// What an older node would miss.
const TAKEN_AWAY: [&str; 6] =
    ["DROP TABLE", "DROP COLUMN", "RENAME", "SET NOT NULL", "SET DATA TYPE", "TRUNCATE"];
/// By this, with the reason behind it, a migration says that no older node asks any more.
const LEAVE: &str = "-- Nobody asks for it since:";
const PATIENCE: &str = "SET LOCAL lock_timeout";

/// Every migration of Postgres that takes away what an older node knows, adds a column that it
/// would have to fill, or waits for tables in use for as long as it takes.
pub(crate) fn faults(root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for path in files(&root.join("migrations/postgres")) {
        let text = fs::read_to_string(&path).expect("a migration is text");
        let name = shown(root, &path);
        faults.extend(faults_of(&text).into_iter().map(|fault| format!("{name}: {fault}")));
    }
    faults
}

fn faults_of(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.split("--").next().unwrap_or_default());
    let code = lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
    let mut faults = Vec::new();
    if !text.contains(LEAVE) {
        let taken = TAKEN_AWAY.iter().filter(|words| code.contains(**words));
        faults.extend(taken.map(|words| {
            format!(
                "{words} takes away what older nodes ask for while they are replaced: do it in a \
                 later version, with a line `{LEAVE} …`"
            )
        }));
    }
    for clause in code.split([',', ';']) {
        let is_added = clause.contains("ADD COLUMN") && clause.contains("NOT NULL");
        if is_added && !clause.contains("DEFAULT") {
            faults
                .push(format!("{}: older nodes do not fill it, give it a DEFAULT", clause.trim()));
        }
    }
    let changes_tables = code.contains("ALTER TABLE") || code.contains("LOCK TABLE");
    if changes_tables && !code.contains(PATIENCE) {
        faults.push(format!("it changes a table in use: begin with {PATIENCE} = '3s'"));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::faults;
    use crate::tree::planted;

    fn told(migration: &str) -> Vec<String> {
        faults(planted(&[("migrations/postgres/0001_x.sql", migration)]).path())
    }

    #[test]
    fn what_older_nodes_would_miss_is_found() {
        for statement in [
            "ALTER TABLE sales\n    DROP COLUMN sku;",
            "ALTER TABLE sales RENAME COLUMN sku TO article;",
            "ALTER TABLE sales ADD COLUMN colour text NOT NULL;",
        ] {
            let told = told(&format!("SET LOCAL lock_timeout = '3s';\n{statement}"));
            assert_eq!(told.len(), 1, "{statement}: {told:?}");
            assert!(told[0].starts_with("migrations/postgres/0001_x.sql: "), "{told:?}");
        }
    }

    #[test]
    fn a_migration_that_waits_for_as_long_as_it_takes_is_found() {
        let told = told("ALTER TABLE sales ADD COLUMN colour text;");
        assert_eq!(told.len(), 1, "{told:?}");
    }

    #[test]
    fn what_adds_and_what_says_why_it_takes_away_is_left_alone() {
        let adds = "CREATE TABLE t (a int NOT NULL); -- DROP TABLE is told, not done\n\
                    SET LOCAL lock_timeout = '3s';\n\
                    ALTER TABLE s ADD COLUMN a int, ADD COLUMN b int NOT NULL DEFAULT 0;";
        assert_eq!(told(adds), Vec::<String>::new());
        let takes = "-- Nobody asks for it since: version 2\nDROP TABLE t;";
        assert_eq!(told(takes), Vec::<String>::new());
    }
}
