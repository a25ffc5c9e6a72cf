//! The page: its packages and its build, and Lighthouse, which judges it.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::{
    command::{npm, npm_in, root, run},
    stop::Stop,
};

/// Installs the page's packages as their lock file names them.
pub(crate) fn packages() -> Result<(), Stop> {
    packages_in("frontend")
}

/// Installs Lighthouse, which has a folder of its own: its many packages are none of the page's.
pub(crate) fn lighthouse() -> Result<(), Stop> {
    packages_in("frontend/lighthouse")
}

/// Installs what the lock file in `folder` names, unless that was done already.
///
/// A copy of the lock file among the packages says what they were installed from.
fn packages_in(folder: &str) -> Result<(), Stop> {
    let lock = fs::read(root().join(folder).join("package-lock.json"))
        .map_err(|error| Stop::failed(format!("{folder}/package-lock.json: {error}")))?;
    let installed = root().join(folder).join("node_modules/.installed-from");
    if fs::read(&installed).is_ok_and(|from| from == lock) {
        return Ok(());
    }
    run(npm_in(folder, &["ci", "--no-audit", "--no-fund"]))?;
    fs::write(installed, lock)
        .map_err(|error| Stop::failed(format!("{folder}/node_modules: {error}")))
}

/// Builds the page into the folder that the binary embeds.
///
/// One that is as it was keeps its files, since the program is compiled anew for newer ones. However
/// many stages want it, it is built once.
pub(crate) fn build() -> Result<(), Stop> {
    static BUILT: OnceLock<()> = OnceLock::new();
    if BUILT.get().is_some() {
        return Ok(());
    }
    packages()?;
    let page = root().join("frontend/dist");
    let before = root().join("frontend/node_modules/.page-before");
    let fault = |error| Stop::failed(format!("frontend/dist: {error}"));
    if before.is_dir() {
        fs::remove_dir_all(&before).map_err(fault)?;
    }
    if page.is_dir() {
        fs::rename(&page, &before).map_err(fault)?;
    }
    run(npm(&["run", "build"]))?;
    keep_if_same(&before, &page).map_err(fault)?;
    BUILT.get_or_init(|| ());
    Ok(())
}

/// Puts the folder `before` in the place of `now` if both hold the same.
fn keep_if_same(before: &Path, now: &Path) -> io::Result<()> {
    if !before.is_dir() || files(before)? != files(now)? {
        return Ok(());
    }
    fs::remove_dir_all(now)?;
    fs::rename(before, now)
}

/// What every file below the folder holds, by its path from there.
fn files(folder: &Path) -> io::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap_or(&path).to_owned();
                found.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::{
        env,
        fs::{self, File},
        path::PathBuf,
        process,
        time::UNIX_EPOCH,
    };

    use super::{files, keep_if_same};

    /// Two folders, each with a file in a folder of its own, which are gone in the end.
    struct Folders(PathBuf);

    impl Folders {
        fn holding(name: &str, before: &str, now: &str) -> Self {
            let whole = env::temp_dir().join(format!("stampede-xtask-{}-{name}", process::id()));
            for (folder, text) in [("before", before), ("now", now)] {
                fs::create_dir_all(whole.join(folder).join("assets")).unwrap();
                fs::write(whole.join(folder).join("assets/page.js"), text).unwrap();
            }
            Self(whole)
        }

        fn keep_if_same(&self) -> PathBuf {
            let (before, now) = (self.0.join("before"), self.0.join("now"));
            keep_if_same(&before, &now).unwrap();
            now
        }
    }

    impl Drop for Folders {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn a_page_that_is_as_it_was_keeps_its_files() {
        let folders = Folders::holding("same", "buy", "buy");
        let before = File::options().append(true).open(folders.0.join("before/assets/page.js"));
        before.unwrap().set_modified(UNIX_EPOCH).unwrap();
        let now = fs::metadata(folders.keep_if_same().join("assets/page.js")).unwrap();
        assert_eq!(now.modified().unwrap(), UNIX_EPOCH);
    }

    #[test]
    fn a_page_that_changed_is_the_new_one() {
        let folders = Folders::holding("changed", "buy", "buy now");
        let now = files(&folders.keep_if_same()).unwrap();
        assert_eq!(now[&PathBuf::from("assets/page.js")], b"buy now");
    }

    #[test]
    fn the_first_page_is_the_new_one() {
        let folders = Folders::holding("first", "", "buy");
        fs::remove_dir_all(folders.0.join("before")).unwrap();
        let now = files(&folders.keep_if_same()).unwrap();
        assert_eq!(now[&PathBuf::from("assets/page.js")], b"buy");
    }
}
