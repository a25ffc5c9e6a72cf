//! Where the programs are on this machine.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where Debian keeps the programs of its Postgres versions, which are not on the `PATH`.
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";

/// A program on the `PATH`, or where administrators keep theirs.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let administrators = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    first_with(name, env::split_paths(&path).chain(administrators))
}

/// `initdb` and `postgres` of the newest version installed.
pub(super) fn find_postgres() -> Option<(PathBuf, PathBuf)> {
    let newest = newest_version(Path::new(DEBIAN_POSTGRES)).map(|dir| dir.join("bin"));
    let pick = |name| first_with(name, newest.clone()).or_else(|| find(name));
    Some((pick("initdb")?, pick("postgres")?))
}

/// What a program says first when it is asked for its version, in the words of its own; of
/// `postgres`, the newest that is installed.
#[must_use]
pub fn version_of(name: &str) -> Option<String> {
    let newest = (name == "postgres").then(find_postgres).flatten().map(|(_, postgres)| postgres);
    let program = newest.or_else(|| find(name))?;
    let output = Command::new(program).arg("--version").output().ok()?;
    // Some say it and fail all the same.
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.lines().next().map(|line| line.trim().to_owned())
}

fn first_with(name: &str, folders: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// By number, since 9 is older than 15. Without `bin/postgres` only the client is installed.
fn newest_version(folder: &Path) -> Option<PathBuf> {
    let versions = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    versions
        .filter(|path| path.join("bin/postgres").is_file())
        .max_by_key(|path| path.file_name()?.to_str()?.parse::<u32>().ok())
}
