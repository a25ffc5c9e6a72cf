//! The files of a repository, or of a small one made up by a test.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What is built or fetched and never written by us.
const NOT_OURS: [&str; 7] =
    [".git", "target", "node_modules", "dist", "placeholder", "playwright-report", "test-results"];

/// Every file under `folder`, what is not ours left out. A folder that is missing is empty.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if NOT_OURS.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// `path` as it is named from `root` on.
pub(crate) fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// Makes a repository of the given files.
pub(crate) fn planted(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder in the root")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    root
}
