//! The page: its packages and its build.

use std::fs;

use crate::{
    command::{npm, root, run},
    stop::Stop,
};

/// Installs the page's packages as the lock file names them, unless that was done already.
///
/// A copy of the lock file among the packages says what they were installed from.
pub(crate) fn packages() -> Result<(), Stop> {
    let frontend = root().join("frontend");
    let lock = fs::read(frontend.join("package-lock.json"))
        .map_err(|error| Stop::failed(format!("frontend/package-lock.json: {error}")))?;
    let installed = frontend.join("node_modules/.installed-from");
    if fs::read(&installed).is_ok_and(|from| from == lock) {
        return Ok(());
    }
    run(npm(&["ci", "--no-audit", "--no-fund"]))?;
    fs::write(installed, lock)
        .map_err(|error| Stop::failed(format!("frontend/node_modules: {error}")))
}

/// Builds the page into the folder that the binary embeds.
pub(crate) fn build() -> Result<(), Stop> {
    packages()?;
    run(npm(&["run", "build"]))
}
