//! `cargo xtask run`: a shop to play with, from a fresh clone.

use std::{os::unix::process::CommandExt, process::Command};

use crate::{binary, stop::Stop, versions};

const HELP: &str = "\
Builds the page and the program and runs `stampede demo`: a shop to play with.

Usage: cargo xtask run [ARGUMENTS]

ARGUMENTS go to the demo; `target/ci/stampede demo --help` lists them once it is built.
The demo prints its address and its admin key, and ends with Ctrl-C.
";

/// Builds everything and becomes `stampede demo`, so that signals and the exit code are its own.
pub(crate) fn run(arguments: &[String]) -> Result<(), Stop> {
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{HELP}");
        return Ok(());
    }
    versions::check()?;
    println!("building the page and the program: some minutes the first time, seconds later");
    let binary = binary::build()?;
    let error = Command::new(&binary).arg("demo").args(arguments).exec();
    Err(Stop::failed(format!("{}: {error}", binary.display())))
}
