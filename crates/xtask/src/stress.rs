//! `cargo xtask stress`: the load scenarios of k6 against the whole system on this machine.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Instant,
};

use crate::{
    binary,
    command::{cargo, check, find, output, root, run, target},
    install::{self, Need, Permission},
    outcome::Outcome,
    stop::Stop,
    versions::{self, Version, version},
};

const HELP: &str = "\
Runs load scenarios of k6 against a system that it starts on this machine: Redis, Postgres, two
API nodes, a worker, and nginx in front with the configuration that ships. Every answer is counted,
and at the end the books are held to what buyers were told; how long answers took is told beside
its goals, and fails nothing.

Usage: cargo xtask stress [--no-install] [SCENARIO ...]

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
";

const SCENARIOS: [&str; 6] = ["rush", "duplicates", "mixed", "polling", "arrivals", "soak"];
/// Runs only if it is named.
const LONG: &str = "soak";
/// The version that is built where there is none, and what builds it.
const K6: &str = "go.k6.io/k6@v1.7.1";
const OLDEST_K6: Version = (1, 0);
const OLDEST_GO: Version = (1, 25);
/// Where clients come from, an address each: nginx holds each to a hundred requests a second.
const CLIENTS: &str = "127.1.0.0/22";
/// What a summary says whose scenario held.
const PASS: &str = "\"verdict\": \"PASS\"";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    scenarios: Vec<&'static str>,
    no_install: bool,
}

/// Builds what it needs, starts the system, runs the scenarios and says what held.
pub(crate) fn stress(arguments: &[String]) -> Result<(), Stop> {
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{HELP}");
        return Ok(());
    }
    let Asked { scenarios, no_install } = read(arguments)?;
    versions::check()?;
    let permission = if no_install { Permission::Refuse } else { Permission::Install };
    let k6 = k6(permission)?;
    install::provide([Need::Redis, Need::Postgres, Need::Nginx], permission)?;
    let binary = binary::build()?;
    run(cargo(&["build", "--workspace", "--example", "system"]))?;
    let summaries = folder();
    fs::create_dir_all(&summaries)
        .map_err(|error| Stop::failed(format!("{}: {error}", summaries.display())))?;

    let system = System::start(&binary)?;
    let mut total = Outcome::default();
    let mut lines = Vec::new();
    for scenario in scenarios {
        println!("\n=== {scenario}");
        let begun = Instant::now();
        let outcome = system.load(&k6, scenario, &summaries);
        let minutes = begun.elapsed().as_secs_f64() / 60.0;
        let word = if outcome.failed == 0 { "PASS" } else { "FAIL" };
        lines.push(format!("{scenario:<12} {minutes:>5.1} min   {word}"));
        total += outcome;
    }
    drop(system);
    println!("\n=== summary, pages in {}\n{}", summaries.display(), lines.join("\n"));
    println!("{total}");
    if total.failed == 0 { Ok(()) } else { Err(Stop::failed("a scenario did not hold")) }
}

/// The running system; it ends with its input, and so with us in whatever way.
struct System {
    child: Child,
    /// Where it is and the key of its admins, as k6 is told.
    settings: Vec<(String, String)>,
}

impl System {
    fn start(binary: &Path) -> Result<Self, Stop> {
        println!("starting Redis, Postgres, two API nodes, a worker and nginx");
        let program = target().join("debug/examples/system");
        let mut command = Command::new(&program);
        command.env("STAMPEDE_BIN", binary).stdin(Stdio::piped()).stdout(Stdio::piped());
        let fault =
            |error: &dyn std::fmt::Display| Stop::failed(format!("{}: {error}", program.display()));
        let child = command.spawn().map_err(|error| fault(&error))?;
        // From here on it ends with this value.
        let mut system = Self { child, settings: Vec::new() };
        let mut line = String::new();
        if let Some(output) = system.child.stdout.take() {
            BufReader::new(output).read_line(&mut line).map_err(|error| fault(&error))?;
        }
        system.settings = settings(&line);
        if system.settings.is_empty() {
            return Err(fault(&"the system did not start: see above"));
        }
        Ok(system)
    }

    /// Runs one scenario, which held if k6 and its summary both say so.
    fn load(&self, k6: &Path, scenario: &str, summaries: &Path) -> Outcome {
        let summary = summaries.join(format!("{scenario}.json"));
        // One of an earlier run would speak for this one.
        let _ = fs::remove_file(&summary);
        let mut command = Command::new(k6);
        command.args(["run", "--quiet", "--local-ips", CLIENTS]);
        command.arg(root().join(format!("k6/scenarios/{scenario}.js")));
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.env("SUMMARY_DIR", summaries).env("K6_NO_USAGE_REPORT", "true");
        let ran = check(command);
        let held = fs::read_to_string(&summary).is_ok_and(|summary| summary.contains(PASS));
        if ran.failed == 0 && !held {
            return Outcome::failed(format!("{scenario}: its summary does not say that it held"));
        }
        ran
    }
}

impl Drop for System {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The settings in the line that says that the system is ready; none in any other.
fn settings(line: &str) -> Vec<(String, String)> {
    let pairs = line.split_whitespace().map(|pair| pair.split_once('='));
    let pairs: Option<Vec<_>> = pairs.collect();
    let pairs = pairs.unwrap_or_default().into_iter();
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Where summaries are written, and k6 where we build it.
fn folder() -> PathBuf {
    target().join("k6")
}

/// The program k6: on the `PATH`, built earlier, or built now.
fn k6(permission: Permission) -> Result<PathBuf, Stop> {
    let built = folder().join("k6");
    let is_new = |program: &PathBuf| {
        output(program, &["version"]).as_deref().and_then(version).is_some_and(|v| v >= OLDEST_K6)
    };
    if let Some(program) = find("k6").into_iter().chain([built.clone()]).find(is_new) {
        return Ok(program);
    }
    let go = output("go", &["version"]).as_deref().and_then(version);
    if permission == Permission::Refuse || go.is_none_or(|go| go < OLDEST_GO) {
        let (major, minor) = OLDEST_GO;
        return Err(Stop::usage(format!(
            "missing: k6 1.x. This installs it, with Go {major}.{minor} or newer (https://go.dev):\
             \n\n  go install {K6}\n"
        )));
    }
    println!("will be built, once: k6");
    let mut command = Command::new("go");
    command.args(["install", K6]).env("GOBIN", folder()).env("GOTOOLCHAIN", "local");
    run(command)?;
    Ok(built)
}

fn read(arguments: &[String]) -> Result<Asked, Stop> {
    let mut asked = Asked { scenarios: Vec::new(), no_install: false };
    for argument in arguments {
        if argument == "--no-install" {
            asked.no_install = true;
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
    use super::{Asked, read, settings};

    fn asked(words: &[&str]) -> Option<Asked> {
        read(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn without_a_name_every_scenario_runs_but_the_long_one() {
        let scenarios = vec!["rush", "duplicates", "mixed", "polling", "arrivals"];
        assert_eq!(asked(&[]), Some(Asked { scenarios, no_install: false }));
    }

    #[test]
    fn named_scenarios_run_in_the_order_in_which_they_are_named() {
        let scenarios = vec!["soak", "rush"];
        assert_eq!(
            asked(&["soak", "--no-install", "rush"]),
            Some(Asked { scenarios, no_install: true })
        );
        assert_eq!(asked(&["flood"]), None);
    }

    #[test]
    fn the_line_of_a_system_that_is_ready_is_read_and_no_other() {
        let named = [("BASE_URL", "http://127.0.0.1:1"), ("KEY", "a=b")];
        let expected: Vec<_> =
            named.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(settings("BASE_URL=http://127.0.0.1:1 KEY=a=b\n"), expected);
        assert_eq!(settings("it does not start"), []);
        assert_eq!(settings(""), []);
    }
}
