//! `cargo xtask prove`: faults over running sales, and the board of what was lost.

use std::{os::unix::process::CommandExt, path::PathBuf, process::Command};

use crate::{
    binary,
    command::{cargo, root, run, target},
    install::{self, Need, Permission},
    stop::Stop,
    versions,
};

/// Builds the program and the proof, and becomes the proof, so that Ctrl-C and the exit code are
/// its own; its arguments are told by `cargo xtask prove --help`.
pub(crate) fn prove(arguments: &[String]) -> Result<(), Stop> {
    versions::check()?;
    if arguments.iter().any(|argument| matches!(argument.as_str(), "--help" | "-h" | "--list")) {
        let error = Command::new(build()?).args(arguments).exec();
        return Err(Stop::failed(error.to_string()));
    }
    install::provide([Need::Redis, Need::Postgres], Permission::Install)?;
    let binary = binary::build()?;
    let proof = build()?;
    let mut command = Command::new(&proof);
    command.args(arguments).env("STAMPEDE_BIN", binary).current_dir(root());
    if !arguments.iter().any(|argument| argument.starts_with("--json")) {
        command.arg("--json").arg(target().join("prove.json"));
    }
    let error = command.exec();
    Err(Stop::failed(format!("{}: {error}", proof.display())))
}

/// Builds the proof and answers where it is.
///
/// Beside an example, since cargo then chooses the features of the libraries as it does for the
/// tests, and what is compiled for those is not compiled again.
pub(crate) fn build() -> Result<PathBuf, Stop> {
    run(cargo(&["build", "--workspace", "--bin", "prove", "--example", "stores"]))?;
    Ok(target().join("debug/prove"))
}
