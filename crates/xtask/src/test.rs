//! `cargo xtask test`: every check and every test, as CI runs them.

use std::time::{Duration, Instant};

use crate::{
    install::{self, Need, Permission},
    outcome::Outcome,
    stages::{Stage, Stages},
    stop::Stop,
    versions,
};

const HELP: &str = "\
Runs every check and every test, or the stages named, and ends with what failed and the sum.

Usage: cargo xtask test [--no-install] [--repeat N] [STAGE ...]

Stages, in this order:
  lint          formatting, clippy, dependencies (bans, licences, sources), the page's own checks
  unit          tests that need no store, and the page's
  integration   tests against real Redis and Postgres, and of the program as a whole, behind nginx
                too; then the short board of `cargo xtask prove`, of about three minutes
  bench         `cargo xtask bench --quick`, two minutes at most: every answer is right while much
                is asked; the figures are a report (target/bench.html) and fail nothing
  e2e           the page in a real browser, desktop and phone, on each engine, and by Lighthouse

Options:
  --no-install  installs nothing: prints what is missing and how to get it, and exits with 2
  --repeat N    runs the stages N times in a row and stops after the first round with a failure:
                `cargo xtask test e2e --repeat 5` looks for tests that do not always pass

Before anything is compiled, versions are checked and what is missing is installed: as root on
Debian by apt (redis-server, postgresql, nginx, openssl, prometheus, wrk, chromium-headless-shell),
and cargo-deny by cargo. Where that is not possible, the line that does it is printed, and the exit
code is 2.

Settings:
  STAMPEDE_TEST_REDIS_URL, STAMPEDE_TEST_DATABASE_URL   servers to use instead of local ones
  STAMPEDE_TEST_SERVERS=containers                      takes shared servers from Docker
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    stages: Vec<Stage>,
    no_install: bool,
    rounds: u32,
}

pub(crate) fn test(arguments: &[String]) -> Result<(), Stop> {
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{HELP}");
        return Ok(());
    }
    let Asked { stages, no_install, rounds } = read(arguments)?;
    versions::check()?;
    let permission = if no_install { Permission::Refuse } else { Permission::Install };
    let needs = stages.iter().flat_map(|&stage| Need::of(stage));
    install::provide(needs.copied(), permission)?;

    let mut runner = Stages::of(&stages);
    let mut results = Vec::new();
    for round in 1..=rounds {
        if rounds > 1 {
            println!("\n=== round {round} of {rounds}");
        }
        for (done, &stage) in stages.iter().enumerate() {
            println!("\n=== {} ({} of {})", stage.name(), done + 1, stages.len());
            let start = Instant::now();
            results.push((stage, runner.run(stage), start.elapsed()));
        }
        if results.iter().any(|(_, outcome, _)| outcome.failed > 0) {
            break;
        }
    }
    conclude(results)
}

/// Prints what failed once more, the sum, a line a stage, and in the last line nothing but the
/// count.
fn conclude(results: Vec<(Stage, Outcome, Duration)>) -> Result<(), Stop> {
    let mut failed = Vec::new();
    let mut total = Outcome::default();
    let mut lines = Vec::new();
    for (stage, outcome, took) in results {
        let minutes = took.as_secs_f64() / 60.0;
        lines.push(format!("{:<12} {minutes:>5.1} min   {outcome}", stage.name()));
        if outcome.failed > 0 {
            println!("\n=== what failed in {}\n{}", stage.name(), outcome.told());
            failed.push(stage.name());
        }
        total += outcome;
    }
    println!("\n=== summary\n{}\n{total}", lines.join("\n"));
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Stop::failed(format!("failed: {}", failed.join(", "))))
    }
}

fn read(arguments: &[String]) -> Result<Asked, Stop> {
    let mut asked = Asked { stages: Vec::new(), no_install: false, rounds: 1 };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--no-install" {
            asked.no_install = true;
        } else if argument == "--repeat" {
            let number = arguments.next().and_then(|number| number.parse().ok());
            let at_least_one = number.filter(|&number| number > 0);
            asked.rounds = at_least_one.ok_or_else(|| {
                Stop::usage(format!("--repeat takes a number from 1 on\n\n{HELP}"))
            })?;
        } else if let Some(stage) = Stage::ALL.into_iter().find(|stage| stage.name() == argument) {
            asked.stages.push(stage);
        } else {
            return Err(Stop::usage(format!("no stage or option {argument:?}\n\n{HELP}")));
        }
    }
    if asked.stages.is_empty() {
        asked.stages = Stage::ALL.to_vec();
    }
    asked.stages.sort();
    asked.stages.dedup();
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::{Asked, HELP, Stage, read};

    fn asked(words: &[&str]) -> Option<Asked> {
        read(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn without_a_name_every_stage_runs() {
        let all = Asked { stages: Stage::ALL.to_vec(), no_install: false, rounds: 1 };
        assert_eq!(asked(&[]), Some(all));
    }

    #[test]
    fn the_help_names_every_stage_in_its_order() {
        let place = |stage: &Stage| HELP.find(&format!("\n  {:<14}", stage.name()));
        let places: Vec<_> = Stage::ALL.iter().map(place).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
    }

    #[test]
    fn the_load_runs_after_the_tests_that_need_no_browser() {
        let stages = vec![Stage::Integration, Stage::Bench, Stage::EndToEnd];
        assert_eq!(asked(&["bench", "e2e", "integration"]).unwrap().stages, stages);
    }

    #[test]
    fn named_stages_run_once_each_in_their_order() {
        let stages = vec![Stage::Lint, Stage::EndToEnd];
        assert_eq!(
            asked(&["e2e", "--no-install", "lint", "e2e"]),
            Some(Asked { stages, no_install: true, rounds: 1 })
        );
    }

    #[test]
    fn rounds_are_a_number_from_1_on() {
        let stages = vec![Stage::EndToEnd];
        assert_eq!(
            asked(&["e2e", "--repeat", "5"]),
            Some(Asked { stages, no_install: false, rounds: 5 })
        );
        assert_eq!(asked(&["--repeat"]), None);
        assert_eq!(asked(&["--repeat", "0"]), None);
        assert_eq!(asked(&["--repeat", "e2e"]), None);
    }

    #[test]
    fn what_is_no_stage_is_refused() {
        assert_eq!(asked(&["all"]), None);
        assert_eq!(asked(&["--install"]), None);
    }
}
