//! The whole system on this machine, and k6, which loads it.

use std::{
    fmt::Display,
    fs,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

use crate::{
    command::{cargo, find, output, root, run, target},
    install::{self, Need, Permission},
    outcome::Outcome,
    stop::Stop,
    versions::{self, Version, version},
};

/// The version of k6 that is built where there is none, and what builds it.
const K6: &str = "go.k6.io/k6@v1.7.1";
/// Summaries have another form in others.
const K6_MAJOR: u32 = 1;
const OLDEST_GO: Version = (1, 25);
/// Where clients come from, an address each: nginx holds each to a hundred requests a second.
const CLIENTS: &str = "127.1.0.0/22";
/// What a summary says whose scenario held.
const PASS: &str = "\"verdict\": \"PASS\"";

/// Redis, Postgres, two API nodes, a worker, and nginx in front.
///
/// It ends with its input, and so with us in whatever way.
pub(crate) struct System {
    child: Child,
    said: Option<BufReader<ChildStdout>>,
    /// Where it is and the key of its admins, as k6 is told.
    settings: Vec<(String, String)>,
    k6: PathBuf,
}

impl System {
    /// Installs what it needs, and starts it with the program that `binary` brings.
    pub(crate) fn start(
        permission: Permission,
        binary: fn() -> Result<PathBuf, Stop>,
    ) -> Result<Self, Stop> {
        let k6 = prepare(permission)?;
        let binary = binary()?;
        run(cargo(&["build", "--workspace", "--example", "system"]))?;
        fs::create_dir_all(folder()).map_err(fault)?;

        println!("starting Redis, Postgres, two API nodes, a worker and nginx");
        let mut command = Command::new(target().join("debug/examples/system"));
        command.env("STAMPEDE_BIN", binary).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(fault)?;
        let said = child.stdout.take().map(BufReader::new);
        // From here on it ends with this value.
        let mut system = Self { child, said, settings: Vec::new(), k6 };
        system.settings = settings(&system.line()?);
        if system.settings.is_empty() {
            return Err(fault("it did not start: see above"));
        }
        Ok(system)
    }

    /// Has an order carried out: `crates/testkit/examples/system.rs` lists them.
    pub(crate) fn order(&mut self, order: &str) -> Result<(), Stop> {
        println!("--- {order}");
        let said = self.ask(order)?;
        if said.trim() == "done" { Ok(()) } else { Err(fault(format!("{order}: {said:?}"))) }
    }

    /// What is sold of the newest sale, as its admins see it.
    pub(crate) fn sold(&mut self) -> Result<Sold, Stop> {
        let said = self.ask("tell sold")?;
        Sold::read(&said).ok_or_else(|| fault(format!("what is sold is told so: {said:?}")))
    }

    /// Runs a scenario, and beside it `meanwhile`, which is given k6; it held if k6 and its summary
    /// both say so.
    pub(crate) fn load(
        &mut self,
        scenario: &str,
        meanwhile: impl FnOnce(&mut Self, &mut Child) -> Result<(), Stop>,
    ) -> Outcome {
        let summary = folder().join(format!("{scenario}.json"));
        // One of an earlier run would speak for this one.
        let _ = fs::remove_file(&summary);
        let ran = self.k6(scenario).spawn().map_err(fault).and_then(|mut k6| {
            let done = meanwhile(self, &mut k6);
            let status = k6.wait().map_err(fault)?;
            done?;
            if status.success() { Ok(()) } else { Err(fault(format!("k6: {status}"))) }
        });
        if let Err(stop) = ran {
            return Outcome::failed(format!("{scenario}: {}", stop.message));
        }
        if fs::read_to_string(&summary).is_ok_and(|summary| summary.contains(PASS)) {
            return Outcome::passed();
        }
        Outcome::failed(format!("{scenario}: its summary does not say that it held"))
    }

    fn k6(&self, scenario: &str) -> Command {
        let mut command = Command::new(&self.k6);
        command.args(["run", "--quiet", "--local-ips", CLIENTS]);
        command.arg(root().join(format!("k6/scenarios/{scenario}.js")));
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.env("SUMMARY_DIR", folder()).env("K6_NO_USAGE_REPORT", "true");
        command
    }

    /// The line that it says to an order.
    fn ask(&mut self, order: &str) -> Result<String, Stop> {
        if let Some(input) = &mut self.child.stdin {
            writeln!(input, "{order}").map_err(fault)?;
        }
        self.line()
    }

    /// The next line that it says, empty once it has ended.
    fn line(&mut self) -> Result<String, Stop> {
        let mut line = String::new();
        if let Some(said) = &mut self.said {
            said.read_line(&mut line).map_err(fault)?;
        }
        Ok(line)
    }
}

impl Drop for System {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Units of a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sold {
    pub(crate) units: u64,
    /// Of so many that it began with; 0 before there is a sale.
    pub(crate) stock: u64,
}

impl Sold {
    /// `267 800`; `None` for any other line.
    fn read(line: &str) -> Option<Self> {
        let (units, stock) = line.trim().split_once(' ')?;
        Some(Self { units: units.parse().ok()?, stock: stock.parse().ok()? })
    }

    /// Whether a third of the stock is gone, of a sale that there is.
    pub(crate) fn is_a_third(self) -> bool {
        self.stock > 0 && self.units.saturating_mul(3) >= self.stock
    }
}

/// Where summaries are written, and k6 where we build it.
pub(crate) fn folder() -> PathBuf {
    target().join("k6")
}

fn fault(error: impl Display) -> Stop {
    Stop::failed(format!("the system to be loaded: {error}"))
}

/// The settings in the line that says that the system is ready; none in any other.
fn settings(line: &str) -> Vec<(String, String)> {
    let pairs: Option<Vec<_>> = line.split_whitespace().map(|pair| pair.split_once('=')).collect();
    let pairs = pairs.unwrap_or_default().into_iter();
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Finds or installs all that it needs but what this repository builds, and answers where k6 is.
///
/// # Errors
///
/// Exit code 2, before anything was built, when something is missing that may not be installed.
pub(crate) fn prepare(permission: Permission) -> Result<PathBuf, Stop> {
    versions::check()?;
    // Whether there is a way to k6 is known at once, and to build it takes a minute.
    let found = find_k6(permission)?;
    install::provide([Need::Redis, Need::Postgres, Need::Nginx], permission)?;
    found.map_or_else(build_k6, Ok)
}

/// The program k6: on the `PATH` or built earlier; `None` where Go can build it.
fn find_k6(permission: Permission) -> Result<Option<PathBuf>, Stop> {
    let fits = |program: &PathBuf| {
        let version = output(program, &["version"]).as_deref().and_then(version);
        version.is_some_and(|(major, _)| major == K6_MAJOR)
    };
    if let Some(program) = find("k6").into_iter().chain([built_k6()]).find(fits) {
        return Ok(Some(program));
    }
    let go = output("go", &["version"]).as_deref().and_then(version);
    if permission == Permission::Refuse || go.is_none_or(|go| go < OLDEST_GO) {
        let (major, minor) = OLDEST_GO;
        return Err(Stop::usage(format!(
            "missing: k6 {K6_MAJOR}.x. This installs it, with Go {major}.{minor} or newer \
             (https://go.dev):\n\n  go install {K6}\n"
        )));
    }
    Ok(None)
}

fn build_k6() -> Result<PathBuf, Stop> {
    println!("will be built, once: k6");
    let mut command = Command::new("go");
    command.args(["install", K6]).env("GOBIN", folder()).env("GOTOOLCHAIN", "local");
    run(command)?;
    Ok(built_k6())
}

/// Where we build it.
fn built_k6() -> PathBuf {
    folder().join("k6")
}

#[cfg(test)]
mod tests {
    use super::{Sold, settings};

    #[test]
    fn the_line_of_a_system_that_is_ready_is_read_and_no_other() {
        let named = [("BASE_URL", "http://127.0.0.1:1"), ("KEY", "a=b")];
        let expected: Vec<_> =
            named.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(settings("BASE_URL=http://127.0.0.1:1 KEY=a=b\n"), expected);
        assert_eq!(settings("it does not start"), []);
        assert_eq!(settings(""), []);
    }

    #[test]
    fn a_third_is_sold_once_a_third_of_a_sale_is_gone() {
        let told = |line| Sold::read(line).map(Sold::is_a_third);
        assert_eq!(["0 0", "0 800", "266 800"].map(told), [Some(false); 3]);
        assert_eq!(["267 800\n", "800 800", "1 1"].map(told), [Some(true); 3]);
        assert_eq!(["", "done", "1 of 3"].map(told), [None; 3]);
    }
}
