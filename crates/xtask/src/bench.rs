//! `cargo xtask bench`: the program beside a bare actix handler, line by line.

use std::{os::unix::process::CommandExt, process::Command};

use crate::{
    binary,
    command::{cargo, run, target},
    install::{self, Need, Permission},
    stop::Stop,
    versions,
};

/// Builds what is measured and becomes the benchmark, so that Ctrl-C and the exit code are its own;
/// its arguments are told by `cargo xtask bench --help`.
///
/// With profile `release`, as the program is shipped; a quick run tries the program of the tests,
/// which has profile `ci`.
pub(crate) fn bench(arguments: &[String]) -> Result<(), Stop> {
    versions::check()?;
    let has = |name: &str| {
        arguments.iter().any(|argument| argument.split('=').next().is_some_and(|it| it == name))
    };
    if has("--help") || has("-h") || has("--list") {
        // As the proof is built, so that little is compiled that the tests have not compiled.
        run(cargo(&["build", "--workspace", "--bin", "bench", "--example", "stores"]))?;
        return Err(become_it(Command::new(target().join("debug/bench")).args(arguments)));
    }
    install::provide([Need::Redis, Need::Postgres, Need::Wrk], Permission::Install)?;
    let profile = if has("--quick") { "ci" } else { "release" };
    let program = binary::build_with(profile, &["bench", "bare_handler"])?;
    let built = target().join(profile);
    let mut command = Command::new(built.join("bench"));
    command.args(arguments).env("STAMPEDE_BIN", program);
    command.arg("--bare").arg(built.join("bare_handler"));
    for (option, file) in [("--json", "bench.json"), ("--html", "bench.html")] {
        if !has(option) {
            command.arg(option).arg(target().join(file));
        }
    }
    Err(become_it(&mut command))
}

/// Why it could not.
fn become_it(command: &mut Command) -> Stop {
    let error = command.exec();
    Stop::failed(format!("{}: {error}", command.get_program().display()))
}
