//! The page: its packages and its build, and Lighthouse, which judges it.

use std::fs;

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
pub(crate) fn build() -> Result<(), Stop> {
    packages()?;
    run(npm(&["run", "build"]))
}
