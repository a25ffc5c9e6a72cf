//! `cargo xtask run`, `test`, `prove`, `bench`, `stress` and others: what a person or CI does with
//! this repository.
//!
//! The standard library only, so that the first line appears within seconds of a fresh clone.
#![expect(clippy::print_stdout, reason = "this program talks to a person at a terminal")]

mod advisories;
mod bench;
mod binary;
mod command;
mod coverage;
mod install;
mod lighthouse;
mod outcome;
mod page;
mod prove;
mod rehearse;
mod release;
mod run;
mod stages;
mod stop;
mod stress;
mod system;
mod test;
mod versions;

use std::{env, process::ExitCode};

use crate::stop::Stop;

const HELP: &str = "\
Builds, runs and tests Stampede.

Usage: cargo xtask <COMMAND> [ARGUMENTS]

Commands:
  run [ARGUMENTS]   builds the page and the program and runs `stampede demo`, a shop to play
                    with; ARGUMENTS go to the demo
  test [STAGES]     runs every check and every test, or the stages named:
                    lint, unit, integration, bench, e2e; `cargo xtask test --help` says more
  prove             breaks running sales in every way that we know, and says what was lost;
                    `cargo xtask prove --help` says more
  bench             measures the server beside a bare actix handler, line by line, with a report;
                    `cargo xtask bench --help` says more
  stress            runs load scenarios of k6 against the whole system, and counts every answer;
                    `cargo xtask stress --help` says more
  rehearse          the day of a sale with Redis lost in the middle: PASS or FAIL
  lighthouse        measures how fast the page is on a slow phone
  build             builds the program as it is put on a server
  coverage          says which lines the tests without stores run
  advisories        asks the internet whether a dependency is known to be unsafe

Needed for all of them: build-essential, git, Rust 1.95 or newer (rustup), Node 20.19 or newer.
Exit codes: 0 done, 1 failed, 2 bad usage or something is missing on this machine.
";

fn main() -> ExitCode {
    match dispatch(env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            eprintln!("{}", stop.message);
            ExitCode::from(stop.code)
        }
    }
}

fn dispatch(mut arguments: Vec<String>) -> Result<(), Stop> {
    if arguments.is_empty() {
        return Err(Stop::usage(HELP));
    }
    let verb = arguments.remove(0);
    match verb.as_str() {
        "run" => run::run(&arguments),
        "test" => test::test(&arguments),
        "prove" => prove::prove(&arguments),
        "bench" => bench::bench(&arguments),
        "stress" => stress::stress(&arguments),
        "rehearse" => rehearse::rehearse(&arguments),
        "build" => release::build(&arguments),
        "coverage" => coverage::coverage(&arguments),
        "advisories" => advisories::advisories(&arguments),
        "lighthouse" => lighthouse::lighthouse(&arguments),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(Stop::usage(format!("no command {other:?}\n\n{HELP}"))),
    }
}
