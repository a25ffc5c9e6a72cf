//! Other programs, run from the root of the repository and shown before they run.

use std::{
    env,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    outcome::{Outcome, Reader},
    stop::Stop,
};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// `cargo <arguments>` in the root, with the cargo that started us.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// `npm <arguments>` in the folder of the page.
pub(crate) fn npm(arguments: &[&str]) -> Command {
    npm_in("frontend", arguments)
}

/// `npm <arguments>` in a folder of the repository.
pub(crate) fn npm_in(folder: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(root().join(folder));
    command
}

/// Runs to the end, its output going to the terminal.
pub(crate) fn run(mut command: Command) -> Result<(), Stop> {
    announce(&command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Stop::failed(format!("{}: {status}", shown(&command)))),
        Err(error) => Err(Stop::failed(format!("{}: {error}", shown(&command)))),
    }
}

/// Runs a program that tests: its output goes on to the terminal, the tests in it are counted,
/// and what it says of those that failed is kept. A failure that names no test counts as one.
pub(crate) fn run_tests(mut command: Command) -> Outcome {
    announce(&command);
    let shown = shown(&command);
    let mut outcome = Outcome::default();
    let mut reader = Reader::default();
    let is_well = io::pipe().and_then(|(output, input)| {
        let mut child = command.stdout(input.try_clone()?).stderr(input).spawn()?;
        // It holds the pipe open.
        drop(command);
        for line in BufReader::new(output).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            println!("{line}");
            reader.read(&line, &mut outcome);
        }
        Ok(child.wait()?.success())
    });
    match is_well {
        Ok(true) => {}
        Ok(false) if outcome.failed > 0 => {}
        Ok(false) => outcome += Outcome::failed(format!("{shown}: it failed and named no test")),
        Err(error) => outcome += Outcome::failed(format!("{shown}: {error}")),
    }
    outcome
}

/// Runs a check that either holds or not.
pub(crate) fn check(command: Command) -> Outcome {
    run(command).map_or_else(stopped, |()| Outcome::passed())
}

/// A stop in the middle of a stage, which goes on with the rest.
pub(crate) fn stopped(stop: Stop) -> Outcome {
    eprintln!("{}", stop.message);
    Outcome::failed(stop.message)
}

/// What a program prints, `None` when there is no such program or it fails.
pub(crate) fn output(program: impl AsRef<Path>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program.as_ref()).args(arguments).stderr(Stdio::null()).output();
    let output = output.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The first program of this name on the `PATH`, or where administrators keep theirs.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let administrators = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let mut folders = env::split_paths(&path).chain(administrators);
    folders.find_map(|folder| Some(folder.join(name)).filter(|path| path.is_file()))
}

fn announce(command: &Command) {
    eprintln!("> {}", shown(command));
}

/// As one would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Whether a command that takes no arguments is asked for its help, which is printed then.
///
/// # Errors
///
/// Exit code 2 for any other argument.
pub(crate) fn asks_for_help(arguments: &[String], help: &str) -> Result<bool, Stop> {
    let Some(argument) = arguments.first() else { return Ok(false) };
    if argument != "--help" && argument != "-h" {
        return Err(Stop::usage(format!("no argument {argument:?}\n\n{help}")));
    }
    print!("{help}");
    Ok(true)
}
