//! `cargo xtask advisories`: whether a dependency is known to be unsafe.

use crate::{
    command::{asks_for_help, cargo, check, npm_in},
    install::{self, Need, Permission},
    stop::Stop,
};

const HELP: &str = "\
Asks the internet whether a dependency has a known advisory: cargo-deny those of the program, npm
those of the page and of its tests. It is no part of `cargo xtask test`, which needs no internet
beyond package registries.

Usage: cargo xtask advisories
";

/// Folders with packages of npm.
const PAGES: [&str; 2] = ["frontend", "frontend/lighthouse"];

/// Asks for all of them, and fails if any has one.
pub(crate) fn advisories(arguments: &[String]) -> Result<(), Stop> {
    if asks_for_help(arguments, HELP)? {
        return Ok(());
    }
    install::provide([Need::CargoDeny], Permission::Install)?;
    let mut outcome = check(cargo(&["deny", "check", "advisories"]));
    for folder in PAGES {
        outcome += check(npm_in(folder, &["audit", "--audit-level", "moderate"]));
    }
    println!("{outcome}");
    if outcome.failed == 0 {
        Ok(())
    } else {
        Err(Stop::failed("a dependency has an advisory, or nobody could be asked: see above"))
    }
}
