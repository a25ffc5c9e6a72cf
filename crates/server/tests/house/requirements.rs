//! What the page of requirements says must be held by what it names.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::{
    pages::{self, Page, without_targets},
    tree::files,
};

const PAGE: &str = "docs/01_requirements.md";

/// What a row says that nothing holds.
const NOT_YET: &str = "**Not held yet**";

/// Every id that stands twice or for nothing, and every row that names no test, or one that does
/// not exist.
///
/// A requirement is a row of a table: its id (`F-01`, `N-01`, `I1`) in the first cell, and in the
/// last what holds it: links to files, each followed by the names of its tests in backticks (a
/// function of Rust, the title of a test of the page), or lines of the proof (R1) or of the
/// benchmark (P1). A row that nothing holds says so.
pub(crate) fn faults(root: &Path) -> Vec<String> {
    let pages = pages::all(root);
    let Some(page) = pages.iter().find(|page| page.name == PAGE) else {
        return vec![format!("{PAGE} is missing")];
    };
    let lines = Lines::read(root);
    let mut faults = Vec::new();
    let mut ids = BTreeMap::new();
    for (number, id, held) in rows(page) {
        if let Some(first) = ids.insert(id, number) {
            faults.push(page.fault(number, format!("{id} stands in line {first} too")));
        }
        let wrong = wrong_holders(root, &lines, held);
        faults.extend(wrong.into_iter().map(|what| page.fault(number, format!("{id} {what}"))));
    }
    faults.extend(pages.iter().flat_map(|page| unknown_ids(page, &ids)));
    faults
}

/// The requirements of a page: line, id, what holds it.
fn rows(page: &Page) -> impl Iterator<Item = (usize, &str, &str)> {
    page.prose().filter_map(|(number, line)| {
        let cells = line.trim().strip_prefix('|')?.strip_suffix('|')?;
        let (first, rest) = cells.split_once('|')?;
        let (_, last) = rest.rsplit_once('|')?;
        is_id(first.trim()).then_some((number, first.trim(), last.trim()))
    })
}

/// `I1`, `F-01`, `N-01`.
fn is_id(word: &str) -> bool {
    let digits =
        |text: &str, count| text.len() == count && text.chars().all(|c| c.is_ascii_digit());
    let numbered = word.strip_prefix("F-").or_else(|| word.strip_prefix("N-"));
    numbered.is_some_and(|number| digits(number, 2))
        || word.strip_prefix('I').is_some_and(|number| digits(number, 1))
}

fn unknown_ids(page: &Page, ids: &BTreeMap<&str, usize>) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in page.prose() {
        let named = words(line).filter(|word| is_id(word) && !ids.contains_key(word));
        faults.extend(named.map(|id| page.fault(number, format!("{PAGE} has no {id}"))));
    }
    faults
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
}

/// What is wrong with what holds a requirement.
fn wrong_holders(root: &Path, lines: &Lines, held: &str) -> Vec<String> {
    let mut faults = Vec::new();
    // What follows that mark says what is missing.
    let (held, mut count) = held.split_once(NOT_YET).map_or((held, 0), |(held, _)| (held, 1));
    // The file that the last link leads to, with what is in it.
    let mut file: Option<(String, String)> = None;
    for (place, text) in held.split('`').enumerate() {
        if place % 2 == 1 {
            match &file {
                None => faults.push(format!("names `{text}` before a link to its file")),
                Some((name, inside)) if !has_test(name, inside, text) => {
                    faults.push(format!("names `{text}`, and there is no such test in {name}"));
                }
                Some(_) => {}
            }
            continue;
        }
        for target in pages::links(text) {
            let path = root.join("docs").join(target);
            let is_page = path.extension().is_some_and(|ending| ending == "md");
            count += usize::from(!is_page);
            file = Some((target.to_owned(), fs::read_to_string(path).unwrap_or_default()));
        }
        for word in words(&without_targets(text)).filter(|word| is_line(word)) {
            count += 1;
            if !lines.0.contains(word) {
                faults.push(format!("names {word}, which neither proof nor benchmark has"));
            }
        }
    }
    if count == 0 {
        faults.push(format!(
            "names nothing that holds it: link a test's file and name the test in backticks behind \
             it, or a line of proof or benchmark (R1, P1), or say {NOT_YET} and what is missing"
        ));
    }
    faults
}

/// A function of Rust, or the title of a test of the page.
fn has_test(file: &str, inside: &str, name: &str) -> bool {
    if Path::new(file).extension().is_some_and(|ending| ending == "rs") {
        return inside.contains(&format!("fn {name}("));
    }
    ["'", "\"", "`"].iter().any(|quote| inside.contains(&format!("{quote}{name}{quote}")))
}

/// `R1` of the proof, `P3b` of the benchmark.
fn is_line(word: &str) -> bool {
    let number = word.strip_prefix('R').or_else(|| word.strip_prefix('P'));
    let number = number.map(|number| number.trim_end_matches('b'));
    number.is_some_and(|it| !it.is_empty() && it.chars().all(|c| c.is_ascii_digit()))
}

/// The names of lines that the files of proof and benchmark have in quotes: what this version
/// cannot measure has no file.
struct Lines(BTreeSet<String>);

impl Lines {
    fn read(root: &Path) -> Self {
        let folders =
            ["crates/prove/src/lines", "crates/bench/src/lines"].map(|folder| root.join(folder));
        let texts = folders.iter().flat_map(|folder| files(folder)).map(fs::read_to_string);
        let mut names = BTreeSet::new();
        for text in texts {
            let text = text.expect("a text file");
            let quoted = text.split('"').filter(|quoted| is_line(quoted));
            names.extend(quoted.map(str::to_owned));
        }
        Self(names)
    }
}

#[cfg(test)]
mod tests {
    use super::{PAGE, faults};
    use crate::tree::planted;

    fn found_with(page: &str, readme: &str) -> Vec<String> {
        let root = planted(&[
            (PAGE, page),
            ("README.md", readme),
            ("crates/domain/tests/rules.rs", "#[test]\nfn it_holds() {}\n"),
            ("frontend/e2e/shop.spec.ts", "test('a buyer buys', async () => {});"),
            ("crates/prove/src/lines/storm.rs", "Line { name: \"R7\" }"),
            ("crates/bench/src/lines/paths.rs", "Line { names: &[\"P3\", \"P3b\"] }"),
        ]);
        faults(root.path())
    }

    fn found(page: &str) -> Vec<String> {
        found_with(page, "")
    }

    #[test]
    fn an_id_that_stands_twice_or_for_nothing_is_found() {
        let told = found("| F-01 | It is. | R7 |\n| F-01 | It is, too. | R7 |\n");
        assert_eq!(told, [format!("{PAGE}:2: F-01 stands in line 1 too")]);
        let told = found_with("| F-01 | It is. | R7 |\n", "As F-01 and N-09 say.\n");
        assert_eq!(told, [format!("README.md:1: {PAGE} has no N-09")]);
    }

    #[test]
    fn a_test_that_does_not_exist_is_found() {
        let rules = "[rules.rs](../crates/domain/tests/rules.rs)";
        assert_eq!(found(&format!("| F-01 | It is. | {rules}: `it_hold` |")).len(), 1);
        assert_eq!(found("| F-01 | It is. | `it_holds` |").len(), 2);
        let shop = "[shop.spec.ts](../frontend/e2e/shop.spec.ts)";
        assert_eq!(found(&format!("| F-01 | It is. | {shop}: `a buyer` |")).len(), 1);
        assert_eq!(found("| F-01 | It is. | R8, P30 |").len(), 2);
    }

    #[test]
    fn a_row_that_names_nothing_is_told_what_to_name() {
        let told = found("| I1 | It is. | surely |");
        assert!(told[0].starts_with("docs/01_requirements.md:1: I1 names nothing"), "{told:?}");
        assert!(told[0].contains("**Not held yet**"), "{told:?}");
    }

    #[test]
    fn a_row_that_names_what_holds_it_is_left_alone() {
        let page = "| id | what | held by |\n|---|---|---|\n\
            | I1 | It is. | [rules.rs](../crates/domain/tests/rules.rs): `it_holds`, R7 |\n\
            | F-01 | One may. | [shop.spec.ts](../frontend/e2e/shop.spec.ts): `a buyer buys` |\n\
            | N-01 | It is fast. | measured: P3, P3b |\n\
            | N-02 | It will be. | **Not held yet**: it is not built |\n";
        assert_eq!(found(page), Vec::<String>::new());
    }
}
