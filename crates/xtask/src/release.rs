//! `cargo xtask build`: the program as it is put on a server.

use crate::{
    command::{asks_for_help, cargo, run, target},
    page,
    stop::Stop,
    versions,
};

const HELP: &str = "\
Builds the program in profile `release`, with the page in it: target/release/stampede, one file
that needs nothing beside it.

Usage: cargo xtask build
";

/// Builds page and program, and says where it is.
pub(crate) fn build(arguments: &[String]) -> Result<(), Stop> {
    if asks_for_help(arguments, HELP)? {
        return Ok(());
    }
    versions::check()?;
    page::build()?;
    run(cargo(&["build", "--release", "--locked", "-p", "stampede-server", "--bin", "stampede"]))?;
    println!("{}", target().join("release/stampede").display());
    Ok(())
}
