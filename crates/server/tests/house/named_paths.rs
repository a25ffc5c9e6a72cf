//! What a page names by its path must exist.

use std::{fs, path::Path};

use crate::tree::files;

/// Endings by which a name without a folder is known to be a file.
const ENDINGS: [&str; 14] = [
    "conf", "css", "html", "js", "json", "lock", "lua", "md", "rs", "sh", "sql", "toml", "ts",
    "yml",
];
/// Beginnings of what has a slash and is no path.
const MEDIA_TYPES: [&str; 3] = ["application/json", "text/event-stream", "text/html"];

/// Every path in backticks or in a link of `page` that does not exist under `root`.
///
/// A path starts at the root; the name of a file alone may stand anywhere in the tree. Code
/// blocks are left out, and so is what is no path: routes (`/api/…`), commands, Rust paths.
pub(crate) fn faults(root: &Path, page: &str) -> Vec<String> {
    let text = fs::read_to_string(root.join(page)).expect(page);
    let folder = Path::new(page).parent().unwrap_or(Path::new(""));
    let mut faults = Vec::new();
    for (number, line) in prose(&text) {
        let named = spans(line).filter(|name| is_path(name) && !exists(root, name));
        let linked = links(line).filter(|target| !root.join(folder).join(target).exists());
        for name in named.chain(linked) {
            faults.push(format!("{page}:{number}: {name} does not exist"));
        }
    }
    faults
}

/// The numbered lines outside of code blocks.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        (!is_code && !is_fence).then_some((index + 1, line))
    })
}

/// What stands between backticks.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The targets of links that stay in the repository, without what follows `#`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let ours = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    ours.filter_map(|target| target.split('#').next())
}

fn is_path(name: &str) -> bool {
    let is_word = !name.contains(|c: char| c.is_whitespace() || "*{}<>()$:…|\"'".contains(c));
    let has_ending = name.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending));
    let is_route = name.starts_with('/') || MEDIA_TYPES.contains(&name);
    is_word && !is_route && (name.contains('/') || has_ending)
}

fn exists(root: &Path, name: &str) -> bool {
    let has_name = |path: &Path| path.file_name().is_some_and(|file| file == name);
    root.join(name).exists()
        || (!name.contains('/') && files(root).iter().any(|path| has_name(path)))
}

#[cfg(test)]
mod tests {
    use super::faults;
    use crate::tree::planted;

    fn found(page: &str) -> usize {
        let root = planted(&[("docs/page.md", page), ("crates/domain/src/sale.rs", "")]);
        faults(root.path(), "docs/page.md").len()
    }

    #[test]
    fn a_path_that_does_not_exist_is_found() {
        assert_eq!(found("See `crates/domain/src/gone.rs`."), 1);
        assert_eq!(found("See `crates/gone/` and `gone.rs`."), 2);
        assert_eq!(found("See [the plan](gone.md#why)."), 1);
        assert_eq!(found("```\n`gone.rs`\n```\nThen `gone.rs`."), 1);
    }

    #[test]
    fn what_exists_and_what_is_no_path_is_left_alone() {
        assert_eq!(found("`crates/domain/src/sale.rs`, `crates/domain/`, `sale.rs`"), 0);
        assert_eq!(
            found("`domain::decide`, `GET /health`, `/api/v1/sales`, `cargo xtask test`"),
            0
        );
        assert_eq!(
            found("`text/event-stream` [here](page.md) [there](https://example.org/x.md)"),
            0
        );
    }
}
