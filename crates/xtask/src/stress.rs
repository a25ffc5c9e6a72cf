//! `cargo xtask stress`: the load scenarios of k6 against the whole system on this machine.

use std::time::Instant;

use crate::{
    binary,
    install::Permission,
    outcome::Outcome,
    stop::Stop,
    system::{self, System, folder},
};

const HELP: &str = "\
Runs load scenarios of k6 against a system that it starts on this machine: Redis, Postgres, two
API nodes, a worker, and nginx in front with the configuration that ships. Every answer is counted,
and at the end the books are held to what buyers were told; how long answers took is told beside
its goals, and fails nothing.

Usage: cargo xtask stress [--no-install] [--built] [SCENARIO ...]
       cargo xtask stress [--no-install] --prepare

Scenarios, each of some seconds but the last one:
  rush          a thousand buyers at once for a hundred units
  duplicates    each buyer repeats an attempt by one key at once, then tries another key
  mixed         buyers who come and go beside pollers, more buyers than units
  polling       everybody looks, nobody buys
  arrivals      buyers at a steady rate, whatever the server does
  soak          the same with pollers, for five minutes; runs only if it is named

Their sizes are settings of the environment, such as RUSH_BUYERS: k6/README.md lists them.
Summaries are written to target/k6, a page and JSON of each scenario.

k6 1.x is taken from the PATH; else Go 1.25 or newer builds it into target/k6, once.
  --no-install  installs nothing: prints what is missing and how to get it, and exits with 2
  --built       takes the program that `cargo xtask test` built last
  --prepare     finds or installs what it needs, k6 first, and runs nothing: for whoever does much
                else before
";

const SCENARIOS: [&str; 6] = ["rush", "duplicates", "mixed", "polling", "arrivals", "soak"];
/// Runs only if it is named.
const LONG: &str = "soak";

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    scenarios: Vec<&'static str>,
    no_install: bool,
    built: bool,
    prepare: bool,
}

/// Starts the system, runs the scenarios and says what held.
pub(crate) fn stress(arguments: &[String]) -> Result<(), Stop> {
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{HELP}");
        return Ok(());
    }
    let Asked { scenarios, no_install, built, prepare } = read(arguments)?;
    let permission = if no_install { Permission::Refuse } else { Permission::Install };
    if prepare {
        println!("k6 is {}", system::prepare(permission)?.display());
        return Ok(());
    }
    let binary = if built { binary::built } else { binary::build };
    let mut system = System::start(permission, binary)?;
    let mut total = Outcome::default();
    let mut lines = Vec::new();
    for scenario in scenarios {
        println!("\n=== {scenario}");
        let begun = Instant::now();
        let outcome = system.load(scenario, |_, _| Ok(()));
        let minutes = begun.elapsed().as_secs_f64() / 60.0;
        let word = if outcome.failed == 0 { "PASS" } else { "FAIL" };
        lines.push(format!("{scenario:<12} {minutes:>5.1} min   {word}"));
        total += outcome;
    }
    drop(system);
    println!("\n=== summary, pages in {}\n{}", folder().display(), lines.join("\n"));
    println!("{total}");
    if total.failed == 0 { Ok(()) } else { Err(Stop::failed(total.told())) }
}

fn read(arguments: &[String]) -> Result<Asked, Stop> {
    let mut asked = Asked::default();
    for argument in arguments {
        if argument == "--no-install" {
            asked.no_install = true;
        } else if argument == "--built" {
            asked.built = true;
        } else if argument == "--prepare" {
            asked.prepare = true;
        } else if let Some(scenario) = SCENARIOS.into_iter().find(|name| name == argument) {
            asked.scenarios.push(scenario);
        } else {
            return Err(Stop::usage(format!("no scenario or option {argument:?}\n\n{HELP}")));
        }
    }
    if asked.scenarios.is_empty() {
        asked.scenarios = SCENARIOS.into_iter().filter(|&name| name != LONG).collect();
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::{Asked, read};

    fn asked(words: &[&str]) -> Option<Asked> {
        read(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn without_a_name_every_scenario_runs_but_the_long_one() {
        let scenarios = vec!["rush", "duplicates", "mixed", "polling", "arrivals"];
        assert_eq!(asked(&[]), Some(Asked { scenarios, ..Asked::default() }));
    }

    #[test]
    fn named_scenarios_run_in_the_order_in_which_they_are_named() {
        let scenarios = vec!["soak", "rush"];
        assert_eq!(
            asked(&["soak", "--no-install", "rush", "--built"]),
            Some(Asked { scenarios, no_install: true, built: true, prepare: false })
        );
        assert!(asked(&["--prepare"]).unwrap().prepare);
        assert_eq!(asked(&["flood"]), None);
    }
}
