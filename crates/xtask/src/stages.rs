//! The stages of `cargo xtask test`, from the quickest answer to the slowest.

use std::{
    collections::BTreeSet,
    env, fs,
    num::NonZero,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use crate::{
    bench, binary,
    command::{cargo, check, npm, root, run, run_tests, stopped, target},
    install,
    outcome::Outcome,
    page, prove,
    stop::Stop,
};

/// A part of the tests that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Lint,
    Unit,
    Integration,
    Bench,
    EndToEnd,
}

/// What says how many tests of a file run at once.
const THREADS: &str = "RUST_TEST_THREADS";

/// The crates, by their folders, of which every test is quick and needs no store.
const PURE: [&str; 6] = ["domain", "application", "presentation", "model", "load", "xtask"];

impl Stage {
    pub(crate) const ALL: [Self; 5] =
        [Self::Lint, Self::Unit, Self::Integration, Self::Bench, Self::EndToEnd];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Unit => "unit",
            Self::Integration => "integration",
            Self::Bench => "bench",
            Self::EndToEnd => "e2e",
        }
    }
}

/// Runs stages and keeps what later ones need again.
pub(crate) struct Stages {
    /// What is built beside the program, in one go, since that leaves fewer cores idle.
    beside: &'static [&'static str],
    /// The program, once it is built.
    binary: Option<PathBuf>,
}

impl Stages {
    /// For these stages, of which none has run.
    pub(crate) fn of(asked: &[Stage]) -> Self {
        let beside: &[&str] = if asked.contains(&Stage::Bench) { &bench::PROGRAMS } else { &[] };
        Self { beside, binary: None }
    }

    /// Runs one stage to its end, failures included.
    pub(crate) fn run(&mut self, stage: Stage) -> Outcome {
        match stage {
            Stage::Lint => lint(),
            Stage::Unit => unit(),
            Stage::Integration => self.integration().unwrap_or_else(stopped),
            Stage::Bench => self.binary().map_or_else(stopped, |program| quick_bench(&program)),
            Stage::EndToEnd => self.end_to_end().unwrap_or_else(stopped),
        }
    }

    fn integration(&mut self) -> Result<Outcome, Stop> {
        let binary = self.binary()?;
        let mut tests = cargo(&["test", "--workspace", "--no-fail-fast"]);
        tests.args(test_files(needs_stores).iter().flat_map(|name| ["--test", name]));
        tests.env("STAMPEDE_BIN", &binary);
        if env::var_os(THREADS).is_none() {
            tests.env(THREADS, threads().to_string());
        }
        let mut outcome = run_tests(tests);
        let mut board = Command::new(prove::build()?);
        board.env("STAMPEDE_BIN", binary).current_dir(root());
        outcome += run_tests(board);
        Ok(outcome)
    }

    fn end_to_end(&mut self) -> Result<Outcome, Stop> {
        let binary = self.binary()?;
        page::lighthouse()?;
        run(cargo(&["build", "--workspace", "--example", "stores"]))?;
        let mut tests = npm(&["run", "e2e"]);
        tests.env("STAMPEDE_BIN", binary);
        tests.env("STAMPEDE_TEST_STORES", target().join("debug/examples/stores"));
        if let Some(chromium) = install::chromium() {
            tests.env("CHROMIUM_PATH", chromium);
        }
        Ok(run_tests(tests))
    }

    fn binary(&mut self) -> Result<PathBuf, Stop> {
        if self.binary.is_none() {
            self.binary = Some(binary::build_with(binary::TESTED, self.beside)?);
        }
        self.binary.clone().ok_or_else(|| Stop::failed("the program was not built"))
    }
}

fn lint() -> Outcome {
    // First: what holds the page would be compiled once more in a later stage that builds it.
    let mut outcome = page::build().map_or_else(stopped, |()| Outcome::default());
    outcome += check(cargo(&["fmt", "--all", "--check"]));
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    outcome += check(cargo(&clippy));
    let deny = ["deny", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    outcome += check(cargo(&deny));
    for script in ["lint", "typecheck", "gen:check"] {
        outcome += check(npm(&["run", script]));
    }
    outcome
}

/// Always the whole workspace with some of its targets, never some of its crates: another set
/// of crates has other features and would compile the libraries once more.
fn unit() -> Outcome {
    let mut tests = cargo(&["test", "--workspace", "--no-fail-fast", "--lib", "--bins"]);
    tests.args(pure_test_files().iter().flat_map(|name| ["--test", name]));
    let mut outcome = run_tests(tests);
    outcome += run_tests(cargo(&["test", "--workspace", "--no-fail-fast", "--doc"]));
    outcome += match page::packages() {
        Ok(()) => run_tests(npm(&["test"])),
        Err(stop) => stopped(stop),
    };
    outcome
}

/// Whether every answer is right while much is asked; its figures are a report and fail nothing.
fn quick_bench(program: &Path) -> Outcome {
    run_tests(bench::command(program, &["--quick".to_owned()]))
}

/// So many tests at once that need stores: they wait more than they work, so that a core each would
/// leave cores idle.
fn threads() -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    (cores * 3).div_ceil(2)
}

/// The names of the tests that need no store.
///
/// Cargo selects tests by name over all crates: a name that both kinds of crates use waits for the
/// integration stage.
pub(crate) fn pure_test_files() -> BTreeSet<String> {
    &test_files(|folder| !needs_stores(folder)) - &test_files(needs_stores)
}

fn needs_stores(folder: &str) -> bool {
    !PURE.contains(&folder)
}

/// The names of the integration tests in the crates that `pick` takes, by their folders.
fn test_files(pick: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let crates = fs::read_dir(root().join("crates")).into_iter().flatten().flatten();
    let picked = crates.filter(|folder| folder.file_name().to_str().is_some_and(&pick));
    let tests = picked.flat_map(|folder| fs::read_dir(folder.path().join("tests")).into_iter());
    tests
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.join("main.rs").is_file() || path.extension().is_some_and(|e| e == "rs")
        })
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect()
}
