//! A setting that a page names must be one.

use std::path::Path;

use stampede_server::settings::table;

use crate::pages::{self, Page};

/// Names that begin like settings, are none of the program's, and why pages name them.
const OTHERS: [(&str, &str); 5] = [
    ("STAMPEDE_BIN", "the program that the tests and the proof run"),
    ("STAMPEDE_TEST_REDIS_URL", "a server for the tests"),
    ("STAMPEDE_TEST_DATABASE_URL", "a server for the tests"),
    ("STAMPEDE_TEST_SERVERS", "where the tests take their servers from"),
    ("STAMPEDE_TEST_STORES", "the program that lends the page's tests their stores"),
];

const PREFIX: &str = "STAMPEDE_";

/// Every name on a page that begins as a setting does and is none.
pub(crate) fn faults(root: &Path) -> Vec<String> {
    pages::all(root).iter().flat_map(faults_of).collect()
}

fn faults_of(page: &Page) -> Vec<String> {
    let names = page.lines().flat_map(|(number, line)| names(line).map(move |name| (number, name)));
    let unknown = names.filter(|(_, name)| {
        table::find(name).is_none() && !OTHERS.iter().any(|(other, _)| other == name)
    });
    let told = unknown.map(|(number, name)| {
        let what = format!(
            "{name} is no setting: `stampede settings` lists them (OTHERS of the house test lists \
             names that are read elsewhere, with the reason)"
        );
        page.fault(number, what)
    });
    told.collect()
}

/// The names in a line; the prefix alone is none.
fn names(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with(PREFIX) && *word != PREFIX)
}

#[cfg(test)]
mod tests {
    use super::faults;
    use crate::tree::planted;

    #[test]
    fn a_name_that_is_no_setting_is_found_in_prose_and_code() {
        let page = "Set `STAMPEDE_AKC`, as in\n```sh\nSTAMPEDE_ENGIN=redis stampede serve\n```\n";
        let told = faults(planted(&[("docs/page.md", page)]).path());
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("docs/page.md:1: STAMPEDE_AKC is no setting"), "{told:?}");
    }

    #[test]
    fn settings_and_what_is_read_elsewhere_are_left_alone() {
        let page = "`STAMPEDE_ACK=ledger`, `STAMPEDE_BIN`, and what begins with `STAMPEDE_`";
        assert_eq!(faults(planted(&[("README.md", page)]).path()), Vec::<String>::new());
    }
}
