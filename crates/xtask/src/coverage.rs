//! `cargo xtask coverage`: which lines the tests without stores run.

use crate::{
    command::{asks_for_help, cargo, run, target},
    install::{self, Need, Permission},
    stages::pure_test_files,
    stop::Stop,
    versions,
};

const HELP: &str = "\
Runs the tests that need no store and says which lines they run: a table, target/coverage/html for
people and target/coverage/lcov.info for programs. What only runs against stores, in the program as
a whole or in a browser is tested by `cargo xtask test` and does not count here.

Usage: cargo xtask coverage

cargo-llvm-cov is built where it is missing.
";

/// Measures, and writes the report.
pub(crate) fn coverage(arguments: &[String]) -> Result<(), Stop> {
    if asks_for_help(arguments, HELP)? {
        return Ok(());
    }
    versions::check()?;
    install::provide([Need::CargoLlvmCov], Permission::Install)?;
    let mut tests = cargo(&["llvm-cov", "--no-report", "--workspace", "--lib", "--bins"]);
    tests.args(pure_test_files().iter().flat_map(|name| ["--test", name]));
    run(tests)?;
    let folder = target().join("coverage");
    let mut html = cargo(&["llvm-cov", "report", "--html", "--output-dir"]);
    html.arg(&folder);
    run(html)?;
    let mut lcov = cargo(&["llvm-cov", "report", "--lcov", "--output-path"]);
    lcov.arg(folder.join("lcov.info"));
    run(lcov)?;
    run(cargo(&["llvm-cov", "report"]))
}
