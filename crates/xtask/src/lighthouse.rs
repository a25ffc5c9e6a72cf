//! `cargo xtask lighthouse`: how fast the page is on a slow phone.

use crate::{
    binary,
    command::{asks_for_help, npm, run},
    install::{self, Need, Permission},
    page,
    stop::Stop,
    versions,
};

const HELP: &str = "\
Measures by Lighthouse how fast the page is on a slow phone: five times the front page and five
times a running sale, from the program in profile `ci`. Prints each score with what it is made of,
and fails when a median is below 0.95.

Let nothing else run meanwhile, neither builds nor tests: the score falls with the time that the
page's scripts take on this machine. It is no part of `cargo xtask test` for that reason; whether
Lighthouse finds a fault with accessibility or best practices is.

Usage: cargo xtask lighthouse
";

/// Builds the page and the program, and measures.
pub(crate) fn lighthouse(arguments: &[String]) -> Result<(), Stop> {
    if asks_for_help(arguments, HELP)? {
        return Ok(());
    }
    versions::check()?;
    install::provide([Need::Chromium], Permission::Refuse)?;
    let binary = binary::build()?;
    page::lighthouse()?;
    let mut measure = npm(&["run", "lighthouse"]);
    measure.env("STAMPEDE_BIN", binary);
    if let Some(chromium) = install::chromium() {
        measure.env("CHROMIUM_PATH", chromium);
    }
    run(measure)
}
