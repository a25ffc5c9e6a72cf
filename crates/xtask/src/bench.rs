//! `cargo xtask bench`: the program beside a bare actix handler, line by line.

use std::{os::unix::process::CommandExt, path::PathBuf, process::Command};

use crate::{
    command::{cargo, root, run, target},
    install::{self, Need, Permission},
    page,
    stop::Stop,
    versions,
};

/// Builds with profile `release`, which is what is measured, and becomes the benchmark, so that
/// Ctrl-C and the exit code are its own; its arguments are told by `cargo xtask bench --help`.
pub(crate) fn bench(arguments: &[String]) -> Result<(), Stop> {
    versions::check()?;
    if arguments.iter().any(|argument| matches!(argument.as_str(), "--help" | "-h" | "--list")) {
        let error = Command::new(build()?).args(arguments).exec();
        return Err(Stop::failed(error.to_string()));
    }
    install::provide([Need::Redis, Need::Postgres, Need::Wrk], Permission::Install)?;
    page::build()?;
    run(cargo(&["build", "--release", "-p", "stampede-server", "--bin", "stampede"]))?;
    let bare = ["-p", "stampede-presentation", "--example", "bare_handler"];
    run(cargo(&[&["build", "--release"], bare.as_slice()].concat()))?;
    let bench = build()?;
    let release = target().join("release");
    let mut command = Command::new(&bench);
    command.args(arguments).env("STAMPEDE_BIN", release.join("stampede")).current_dir(root());
    command.arg("--bare").arg(release.join("examples/bare_handler"));
    for (option, file) in [("--json", "bench.json"), ("--html", "bench.html")] {
        if !arguments.iter().any(|argument| argument.starts_with(option)) {
            command.arg(option).arg(target().join(file));
        }
    }
    let error = command.exec();
    Err(Stop::failed(format!("{}: {error}", bench.display())))
}

/// Builds the benchmark and answers where it is.
fn build() -> Result<PathBuf, Stop> {
    run(cargo(&["build", "--release", "-p", "stampede-bench", "--bin", "bench"]))?;
    Ok(target().join("release/bench"))
}
