//! What a page names by its path, and what it links to, must exist.

use std::{collections::BTreeSet, fs, path::Path};

use crate::{
    pages::{self, Page, links, spans},
    tree::{files, shown},
};

/// Endings by which a name without a folder is known to be a file.
const ENDINGS: [&str; 14] = [
    "conf", "css", "html", "js", "json", "lock", "lua", "md", "rs", "sh", "sql", "toml", "ts",
    "yml",
];

/// What has a slash and is no path.
const NO_PATHS: [&str; 3] = ["application/json", "text/event-stream", "text/html"];

/// Every path in backticks that does not exist under `root`, every link that leads nowhere, and
/// every document that no link leads to.
///
/// A path starts at the root or at the page's folder, or is the end of one: `sale.rs`,
/// `redis/sale_gate.rs`. Code blocks are left out, and so is what is no path: routes (`/api/…`),
/// commands, Rust paths, and what git ignores, since that is made by running something.
pub(crate) fn faults(root: &Path) -> Vec<String> {
    let pages = pages::all(root);
    let tree = Tree::read(root);
    let wrong = pages.iter().flat_map(|page| faults_of(page, &pages, &tree));
    wrong.chain(unlinked(root, &pages)).collect()
}

/// The documents that no page links to, which nobody finds.
fn unlinked(root: &Path, pages: &[Page]) -> Vec<String> {
    let mut linked = BTreeSet::new();
    for page in pages {
        for target in page.prose().flat_map(|(_, line)| links(line)) {
            let path = target.split('#').next().unwrap_or_default();
            linked.extend(fs::canonicalize(root.join(page.folder()).join(path)));
        }
    }
    let is_linked = |page: &Page| {
        fs::canonicalize(root.join(&page.name)).is_ok_and(|path| linked.contains(&path))
    };
    let documents = pages.iter().filter(|page| page.name.starts_with("docs/"));
    let unlinked = documents.filter(|page| !is_linked(page));
    unlinked.map(|page| page.fault(1, "no page links to it: link it where it is needed")).collect()
}

fn faults_of(page: &Page, pages: &[Page], tree: &Tree<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in page.prose() {
        for name in spans(line).filter(|name| is_path(name) && !tree.has(page, name)) {
            faults.push(page.fault(
                number,
                format!(
                    "`{name}` looks like a path and does not exist: correct it, or take the \
                     backticks away if it is none (NO_PATHS of the house test lists exceptions)"
                ),
            ));
        }
        let wrong = links(line).filter_map(|target| wrong_link(page, target, pages, tree));
        faults.extend(wrong.map(|what| page.fault(number, what)));
    }
    faults
}

fn is_path(name: &str) -> bool {
    let is_word = !name.contains(|c: char| c.is_whitespace() || "*{}<>()$:…|\"'".contains(c));
    let has_ending = name.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending));
    let is_route = name.starts_with('/') || NO_PATHS.contains(&name);
    is_word && !is_route && (name.contains('/') || has_ending)
}

fn wrong_link(page: &Page, target: &str, pages: &[Page], tree: &Tree<'_>) -> Option<String> {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let place = tree.root.join(page.folder()).join(path);
    if !path.is_empty() && !place.exists() {
        return Some(format!("the link to {target} leads nowhere: a link starts at its page"));
    }
    let is_it = |other: &&Page| match path {
        "" => other.name == page.name,
        _ => same(&tree.root.join(&other.name), &place),
    };
    let has_anchor = |other: &Page| anchor.is_empty() || other.anchors().contains(anchor);
    let other = pages.iter().find(is_it)?;
    (!has_anchor(other)).then(|| {
        format!(
            "the link to {target} leads to no heading of {}: in an address a heading has small \
             letters, hyphens for its spaces and no other marks",
            other.name
        )
    })
}

fn same(one: &Path, other: &Path) -> bool {
    fs::canonicalize(one).ok() == fs::canonicalize(other).ok()
}

/// What the repository has.
struct Tree<'a> {
    root: &'a Path,
    /// Every file and every folder, by its path from the root.
    names: BTreeSet<String>,
    /// Names that git ignores, wherever they stand.
    ignored: Vec<String>,
}

impl<'a> Tree<'a> {
    fn read(root: &'a Path) -> Self {
        let mut names = BTreeSet::new();
        for file in files(root) {
            for part in file.ancestors().take_while(|part| *part != root) {
                names.insert(shown(root, part));
            }
        }
        let ignored = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
        let last = |line: &str| line.trim_end_matches('/').rsplit('/').next().map(str::to_owned);
        Self { root, names, ignored: ignored.lines().filter_map(last).collect() }
    }

    fn has(&self, page: &Page, name: &str) -> bool {
        let name = name.trim_start_matches("./").trim_end_matches('/');
        let is_made = name.split('/').any(|part| self.ignored.iter().any(|own| own == part));
        let end = format!("/{name}");
        is_made
            || self.names.contains(name)
            || self.names.iter().any(|path| path.ends_with(&end))
            || self.root.join(page.folder()).join(name).exists()
    }
}

#[cfg(test)]
mod tests {
    use super::faults;
    use crate::tree::planted;

    fn found(page: &str) -> Vec<String> {
        let root = planted(&[
            ("guide/page.md", page),
            ("guide/other.md", "# The other page\n"),
            ("crates/domain/src/sale.rs", ""),
            (".gitignore", "/target\n/frontend/dist\n"),
        ]);
        faults(root.path())
    }

    #[test]
    fn a_path_that_does_not_exist_is_found() {
        assert_eq!(found("See `crates/domain/src/gone.rs`.").len(), 1);
        assert_eq!(found("See `crates/gone/` and `gone.rs`.").len(), 2);
        assert_eq!(found("See `gone/sale.rs` and `ale.rs`.").len(), 2);
        assert_eq!(found("```\n`gone.rs`\n```\nThen `gone.rs`.").len(), 1);
        let told = found("Here\n\nor `there/and/then`");
        assert!(told[0].starts_with("guide/page.md:3: `there/and/then` "), "{told:?}");
        assert!(told[0].contains("correct it, or take the backticks away"), "{told:?}");
    }

    #[test]
    fn what_exists_and_what_is_no_path_is_left_alone() {
        let none = Vec::<String>::new();
        assert_eq!(found("`crates/domain/src/sale.rs`, `crates/domain/`, `sale.rs`"), none);
        assert_eq!(found("`src/sale.rs`, `./other.md`, `../crates`, `domain/`"), none);
        assert_eq!(
            found("`domain::decide`, `GET /health`, `/api/v1/sales`, `cargo xtask test`"),
            none
        );
        assert_eq!(found("`text/event-stream`, `target/ci/stampede`, `dist/index.html`"), none);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        assert_eq!(found("See [the plan](gone.md#why).").len(), 1);
        assert_eq!(found("See [the plan](guide/other.md).").len(), 1);
        assert_eq!(found("<img src=\"gone.webp\">").len(), 1);
    }

    #[test]
    fn a_link_to_no_heading_is_found() {
        let told = found("# Here\n[a](other.md#the-page) [b](#there)");
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("no heading of guide/other.md"), "{told:?}");
    }

    #[test]
    fn a_link_that_leads_somewhere_is_left_alone() {
        let page = "# Here\n[a](other.md) [b](other.md#the-other-page) [c](#here) [d](../crates) \
                    [e](https://example.org/x.md#y) `[f](gone.md)`";
        assert_eq!(found(page), Vec::<String>::new());
    }

    #[test]
    fn a_document_that_no_page_links_to_is_found() {
        let root = planted(&[
            ("README.md", "[One](docs/one.md#here)"),
            ("docs/one.md", "# Here\n"),
            ("docs/two.md", "# There\n"),
        ]);
        let told = faults(root.path());
        assert_eq!(told, ["docs/two.md:1: no page links to it: link it where it is needed"]);
    }
}
