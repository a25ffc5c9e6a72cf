//! `cargo xtask bench`: the server beside a bare actix handler, in one run.

use crate::{
    command::{asks_for_help, cargo, run, target},
    page,
    stop::Stop,
    versions,
};

const HELP: &str = "\
Measures accepted attempts, rejections and status on each engine beside a bare actix handler,
with wrk (Debian package wrk) on this machine. Let nothing else run meanwhile: what counts is the
ratio within one run.

Usage: cargo xtask bench
";

/// Builds with profile `release`, which is what is measured, and measures.
pub(crate) fn bench(arguments: &[String]) -> Result<(), Stop> {
    if asks_for_help(arguments, HELP)? {
        return Ok(());
    }
    versions::check()?;
    page::build()?;
    run(cargo(&["build", "--release", "-p", "stampede-server", "--bin", "stampede"]))?;
    let bare = ["-p", "stampede-presentation", "--example", "bare_handler"];
    run(cargo(&[&["build", "--release"], bare.as_slice()].concat()))?;
    let release = target().join("release");
    let mut measure = cargo(&["run", "-p", "stampede-server", "--example", "measure", "--"]);
    measure.arg(release.join("examples/bare_handler"));
    measure.env("STAMPEDE_BIN", release.join("stampede"));
    run(measure)
}
