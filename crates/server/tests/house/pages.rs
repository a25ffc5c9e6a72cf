//! Markdown pages, as their readers and GitHub see them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::tree::{files, shown};

/// A page of the repository.
pub(crate) struct Page {
    /// Its path from the root.
    pub(crate) name: String,
    text: String,
}

/// Every page of ours.
pub(crate) fn all(root: &Path) -> Vec<Page> {
    let pages = files(root).into_iter().filter(|path| path.extension().is_some_and(|e| e == "md"));
    pages
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a text file");
            Page { name: shown(root, &path), text }
        })
        .collect()
}

impl Page {
    /// Where its links start from, empty at the root.
    pub(crate) fn folder(&self) -> &Path {
        Path::new(&self.name).parent().unwrap_or(Path::new(""))
    }

    /// Every line with its number.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// The numbered lines outside of code blocks.
    pub(crate) fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        self.told_apart().filter_map(|(number, line, is_code)| (!is_code).then_some((number, line)))
    }

    /// What a reader may type: each span of code in the prose, each line of a code block.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.told_apart().flat_map(|(number, line, is_code)| {
            let whole = is_code.then_some(line);
            let spans = spans(line).take_while(move |_| !is_code);
            whole.into_iter().chain(spans).map(move |text| (number, text))
        })
    }

    /// The numbered lines, and whether each is part of a code block; the fences are left out.
    fn told_apart(&self) -> impl Iterator<Item = (usize, &str, bool)> {
        let mut is_code = false;
        self.lines().filter_map(move |(number, line)| {
            let is_fence = line.trim_start().starts_with("```");
            is_code ^= is_fence;
            (!is_fence).then_some((number, line, is_code))
        })
    }

    /// What may follow `#` in a link to it: its headings as GitHub names them.
    pub(crate) fn anchors(&self) -> BTreeSet<String> {
        let mut seen = BTreeMap::new();
        let headings = self.prose().filter_map(|(_, line)| heading(line));
        headings
            .map(|heading| {
                let slug = slug(heading);
                let times = seen.entry(slug.clone()).or_insert(0_usize);
                *times += 1;
                if *times == 1 { slug } else { format!("{slug}-{}", *times - 1) }
            })
            .collect()
    }

    /// What is wrong in one of its lines.
    pub(crate) fn fault(&self, number: usize, what: impl AsRef<str>) -> String {
        format!("{}:{number}: {}", self.name, what.as_ref())
    }
}

/// What stands between backticks.
pub(crate) fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The targets of links and pictures that stay in the repository, whatever is code left out.
pub(crate) fn links(line: &str) -> impl Iterator<Item = &str> {
    const OPENINGS: [(&str, char); 4] =
        [("](", ')'), ("src=\"", '"'), ("srcset=\"", '"'), ("href=\"", '"')];
    let texts = line.split('`').step_by(2);
    let targets = texts.flat_map(|text| {
        OPENINGS.into_iter().flat_map(move |(opening, closing)| {
            text.split(opening).skip(1).filter_map(move |rest| rest.split(closing).next())
        })
    });
    // A title may follow the target.
    let targets = targets.filter_map(|target| target.split_whitespace().next());
    targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    (1..=6).contains(&level).then_some(text)?.strip_prefix(' ')
}

/// A heading as it stands in an address: small letters, hyphens for spaces, no other marks.
fn slug(heading: &str) -> String {
    let is_kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let text = without_targets(heading).trim().to_lowercase();
    text.chars().filter(is_kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// A text with its links as they are read.
pub(crate) fn without_targets(text: &str) -> String {
    let mut parts = text.split("](");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.split_once(')').map_or(part, |(_, behind_target)| behind_target)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Page, links};

    fn page(text: &str) -> Page {
        Page { name: "docs/page.md".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn headings_have_the_anchors_that_github_gives_them() {
        let text = "# What is *guaranteed*, and how\n## The `gate`\n## Again\n## Again\n\
                    ### P3 – a [link](x.md#y) in it\n```sh\n# no heading\n```\n#neither\n";
        let expected =
            ["what-is-guaranteed-and-how", "the-gate", "again", "again-1", "p3--a-link-in-it"];
        assert_eq!(page(text).anchors(), BTreeSet::from(expected.map(str::to_owned)));
    }

    #[test]
    fn prose_and_code_are_told_apart() {
        let page = page("Type `a b` or `c`.\n```sh\nd `e`\n```\nEnd.\n");
        assert_eq!(page.prose().map(|(number, _)| number).collect::<Vec<_>>(), [1, 5]);
        assert_eq!(page.code().collect::<Vec<_>>(), [(1, "a b"), (1, "c"), (3, "d `e`")]);
    }

    #[test]
    fn links_and_pictures_are_found_and_code_is_none() {
        let line =
            r#"[a](b.md "title") `[c](d.md)` [`e`](f.md#g) <img src="h.webp"> [i](https://j)"#;
        assert_eq!(links(line).collect::<Vec<_>>(), ["b.md", "f.md#g", "h.webp"]);
    }
}
