//! What a run is measured on.

use std::{env, fs, path::Path, process::Command};

use stampede_testkit::servers::{StampedeProcess, version_of};

use crate::ground::cores;

/// A file system that is memory: what is synced there is not on a disk.
const MEMORY: &str = "tmpfs";
/// What the system does not tell.
const UNKNOWN: &str = "unknown";

/// What a run is measured on, and how: names and words, in the order in which they are told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine(pub(crate) Vec<(&'static str, String)>);

impl Machine {
    /// This one, under the command that was given.
    pub(crate) fn look(command: String) -> Self {
        let program = StampedeProcess::program();
        let profile = program.parent().and_then(Path::file_name);
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let version = |name: &str| version_of(name).unwrap_or_else(|| UNKNOWN.to_owned());
        Self(vec![
            ("command", command),
            ("commit", first_line("git", &["describe", "--always", "--dirty", "--abbrev=40"])),
            ("profile", profile.map_or(UNKNOWN.into(), |name| name.to_string_lossy().into())),
            ("processor", processor()),
            ("cores", cores().to_string()),
            ("kernel", kernel.trim().to_owned()),
            ("fileSystem", file_system()),
            ("redis", version("redis-server")),
            ("postgres", version("postgres")),
            ("wrk", version("wrk")),
        ])
    }
}

/// Whether the stores' files would lie in memory, where a sync costs nothing.
pub(crate) fn is_in_memory() -> bool {
    file_system() == MEMORY
}

/// The file system in which the stores have their files.
fn file_system() -> String {
    let folder = env::temp_dir();
    first_line("stat", &["--file-system", "--format=%T", &folder.to_string_lossy()])
}

fn processor() -> String {
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information.lines().find_map(|line| line.strip_prefix("model name"));
    model.map_or(UNKNOWN, |model| model.trim_start_matches([' ', '\t', ':'])).to_owned()
}

/// What a program says first, if it is there and does what it is asked.
fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok();
    let said = output.filter(|output| output.status.success()).map(|output| output.stdout);
    let said = String::from_utf8_lossy(&said.unwrap_or_default()).into_owned();
    said.lines().next().unwrap_or(UNKNOWN).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{UNKNOWN, file_system, first_line};

    #[test]
    fn what_the_system_does_not_tell_is_unknown() {
        assert_eq!(first_line("sh", &["-c", "echo one; echo two"]), "one");
        assert_eq!(first_line("sh", &["-c", "echo one; exit 1"]), UNKNOWN);
        assert_eq!(first_line("no-such-program", &[]), UNKNOWN);
        assert_ne!(file_system(), UNKNOWN);
    }
}
