//! `cargo xtask bench`: the program beside a bare actix handler, line by line.

use std::{os::unix::process::CommandExt, path::Path, process::Command};

use crate::{
    binary,
    command::{cargo, run, target},
    install::{self, Need, Permission},
    stages::Stage,
    stop::Stop,
    versions,
};

/// What is built beside the program that is measured.
pub(crate) const PROGRAMS: [&str; 2] = ["bench", "bare_handler"];

/// Builds what is measured and becomes the benchmark, so that Ctrl-C and the exit code are its own;
/// its arguments are told by `cargo xtask bench --help`.
///
/// With profile `release`, as the program is shipped; a quick run tries the program of the tests.
pub(crate) fn bench(arguments: &[String]) -> Result<(), Stop> {
    versions::check()?;
    if ["--help", "-h", "--list"].iter().any(|name| has(arguments, name)) {
        // As the proof is built, so that little is compiled that the tests have not compiled.
        run(cargo(&["build", "--workspace", "--bin", "bench", "--example", "stores"]))?;
        return Err(become_it(Command::new(target().join("debug/bench")).args(arguments)));
    }
    install::provide(Need::of(Stage::Bench).iter().copied(), Permission::Install)?;
    let profile = if has(arguments, "--quick") { binary::TESTED } else { "release" };
    let program = binary::build_with(profile, &PROGRAMS)?;
    Err(become_it(&mut command(&program, arguments)))
}

/// The benchmark of this program, beside which [`PROGRAMS`] are; its reports lie in the target
/// folder unless other files are named.
pub(crate) fn command(program: &Path, arguments: &[String]) -> Command {
    let [bench, bare] = PROGRAMS.map(|name| program.with_file_name(name));
    let mut command = Command::new(bench);
    command.args(arguments).env("STAMPEDE_BIN", program);
    command.arg("--bare").arg(bare);
    for (option, file) in [("--json", "bench.json"), ("--html", "bench.html")] {
        if !has(arguments, option) {
            command.arg(option).arg(target().join(file));
        }
    }
    command
}

/// Whether an option is among the arguments, with or without a value.
fn has(arguments: &[String], name: &str) -> bool {
    arguments.iter().any(|argument| argument.split('=').next().is_some_and(|it| it == name))
}

/// Why it could not.
fn become_it(command: &mut Command) -> Stop {
    let error = command.exec();
    Stop::failed(format!("{}: {error}", command.get_program().display()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::command;
    use crate::command::target;

    fn words(arguments: &[&str]) -> Vec<String> {
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let command = command(Path::new("/built/stampede"), &arguments);
        let words = [command.get_program()].into_iter().chain(command.get_args());
        words.map(|word| word.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_benchmark_and_its_handler_are_those_beside_the_program() {
        let words = words(&["--quick"]);
        assert_eq!(words[..4], ["/built/bench", "--quick", "--bare", "/built/bare_handler"]);
    }

    #[test]
    fn reports_go_to_the_target_folder_unless_another_file_is_named() {
        let of_target = |name: &str| target().join(name).to_str().unwrap().to_owned();
        assert_eq!(
            words(&[])[3..],
            [
                "--json".to_owned(),
                of_target("bench.json"),
                "--html".to_owned(),
                of_target("bench.html")
            ]
        );
        let named = words(&["--json=here", "--html", "there"]);
        assert_eq!(named[1..], ["--json=here", "--html", "there", "--bare", "/built/bare_handler"]);
    }
}
