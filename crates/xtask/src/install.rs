//! What the tests need beyond the toolchains: found, or installed where that is allowed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    command::{cargo, find, output, run},
    stages::Stage,
    stop::Stop,
    versions::{Version, version},
};

/// Something that a stage or a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    Redis,
    Postgres,
    Nginx,
    Prometheus,
    Wrk,
    Chromium,
    CargoDeny,
    CargoLlvmCov,
}

const OLDEST_REDIS: Version = (7, 0);
const OLDEST_POSTGRES: Version = (15, 0);

/// How cargo builds its tools, which do their work within seconds unoptimised too: the release
/// profile of cargo-deny links everything as one and takes minutes.
const INSTALL_TOOLS: [&str; 3] = ["install", "--locked", "--debug"];

/// Chromium without the windows around its pages, which nobody sees: half the work.
const HEADLESS_SHELL: &str = "chromium-headless-shell";

impl Need {
    pub(crate) fn of(stage: Stage) -> &'static [Self] {
        match stage {
            Stage::Lint => &[Self::CargoDeny],
            Stage::Unit => &[],
            Stage::Integration => &[Self::Redis, Self::Postgres, Self::Nginx, Self::Prometheus],
            Stage::Bench => &[Self::Redis, Self::Postgres, Self::Wrk],
            Stage::EndToEnd => &[Self::Redis, Self::Postgres, Self::Chromium],
        }
    }

    fn is_here(self) -> bool {
        let is_new = |program: PathBuf, oldest| {
            let printed = output(program, &["--version"]);
            printed.as_deref().and_then(version).is_some_and(|version| version >= oldest)
        };
        match self {
            Self::Redis => find("redis-server").is_some_and(|found| is_new(found, OLDEST_REDIS)),
            Self::Postgres => postgres().is_some_and(|found| is_new(found, OLDEST_POSTGRES)),
            // With the program that makes its certificate.
            Self::Nginx => find("nginx").is_some() && find("openssl").is_some(),
            // With the program that judges configurations.
            Self::Prometheus => find("prometheus").is_some() && find("promtool").is_some(),
            Self::Wrk => find("wrk").is_some(),
            // Where it can be installed, the shell is what is wanted.
            Self::Chromium if is_root_on_debian() && has_headless_shell() => {
                find(HEADLESS_SHELL).is_some()
            }
            Self::Chromium => chromium().is_some(),
            Self::CargoDeny => output("cargo-deny", &["--version"]).is_some(),
            Self::CargoLlvmCov => output("cargo-llvm-cov", &["llvm-cov", "--version"]).is_some(),
        }
    }

    /// The Debian packages; none for what cargo builds.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Redis => &["redis-server"],
            Self::Postgres => &["postgresql"],
            Self::Nginx => &["nginx", "openssl"],
            Self::Prometheus => &["prometheus"],
            Self::Wrk => &["wrk"],
            Self::Chromium => &[HEADLESS_SHELL],
            Self::CargoDeny | Self::CargoLlvmCov => &[],
        }
    }

    /// The crate that cargo builds it from; none for what packages bring.
    fn tool(self) -> Option<&'static str> {
        match self {
            Self::CargoDeny => Some("cargo-deny"),
            Self::CargoLlvmCov => Some("cargo-llvm-cov"),
            Self::Redis
            | Self::Postgres
            | Self::Nginx
            | Self::Prometheus
            | Self::Wrk
            | Self::Chromium => None,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Redis => "Redis 7.0 or newer",
            Self::Postgres => "PostgreSQL 15 or newer",
            Self::Nginx => "nginx with openssl",
            Self::Prometheus => "Prometheus with promtool",
            Self::Wrk => "wrk, which sends the load",
            Self::Chromium => "Chromium",
            Self::CargoDeny => "cargo-deny",
            Self::CargoLlvmCov => "cargo-llvm-cov",
        }
    }
}

/// Whether something may be installed on this machine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    Install,
    /// `--no-install`.
    Refuse,
}

/// Sees to it that everything is here that `needs` names.
///
/// As root on Debian it lists what is missing and installs it. Elsewhere the line to paste is
/// printed, since we do not ask for a password. What cargo builds is built in anybody's home.
///
/// # Errors
///
/// Exit code 2, before anything was compiled, when something is missing that may not be
/// installed here.
pub(crate) fn provide(
    needs: impl IntoIterator<Item = Need>,
    permission: Permission,
) -> Result<(), Stop> {
    let mut missing: Vec<Need> = needs.into_iter().collect();
    missing.sort();
    missing.dedup();
    missing.retain(|need| !need.is_here());
    if missing.is_empty() {
        return Ok(());
    }
    let words: Vec<_> = missing.iter().map(|need| need.words()).collect();
    let packages: Vec<_> = missing.iter().flat_map(|need| need.packages()).copied().collect();
    let may_install =
        permission == Permission::Install && (packages.is_empty() || is_root_on_debian());
    if !may_install {
        let (words, line) = (words.join(", "), line_to_paste(&missing, &packages));
        return Err(Stop::usage(format!("missing: {words}. This installs it:\n\n  {line}\n")));
    }
    println!("will be installed: {}", words.join(", "));
    if !packages.is_empty() {
        run(apt(&["update", "-q"]))?;
        let install = ["install", "-q", "-y", "--no-install-recommends"];
        run(apt(&[&install, packages.as_slice()].concat()))?;
    }
    let tools: Vec<_> = missing.iter().filter_map(|need| need.tool()).collect();
    if !tools.is_empty() {
        run(cargo(&[&INSTALL_TOOLS, tools.as_slice()].concat()))?;
    }
    match missing.iter().find(|need| !need.is_here()) {
        None => Ok(()),
        Some(need) => Err(Stop::usage(format!(
            "{} is not here after the installation: this system's package may be too old",
            need.words()
        ))),
    }
}

fn line_to_paste(missing: &[Need], packages: &[&str]) -> String {
    let apt = (!packages.is_empty()).then(|| {
        let packages = packages.join(" ");
        format!("sudo apt-get update && sudo apt-get install -y --no-install-recommends {packages}")
    });
    let tools: Vec<_> = missing.iter().filter_map(|need| need.tool()).collect();
    let built = (!tools.is_empty())
        .then(|| format!("cargo {} {}", INSTALL_TOOLS.join(" "), tools.join(" ")));
    apt.into_iter().chain(built).collect::<Vec<_>>().join(" && ")
}

fn apt(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root_on_debian() -> bool {
    output("id", &["-u"]).as_deref() == Some("0") && Path::new("/etc/debian_version").exists()
}

/// Debian itself has the shell. Others have it not, such as Ubuntu: there any Chromium will do.
fn has_headless_shell() -> bool {
    fs::read_to_string("/etc/os-release").is_ok_and(|about| is_debian_itself(&about))
}

fn is_debian_itself(about: &str) -> bool {
    about.lines().any(|line| line == "ID=debian")
}

/// The browser of the end-to-end tests.
pub(crate) fn chromium() -> Option<PathBuf> {
    [HEADLESS_SHELL, "chromium", "chromium-browser", "google-chrome"].into_iter().find_map(find)
}

/// `postgres` of the newest version, which Debian keeps off the `PATH`.
fn postgres() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .map(|entry| entry.path().join("bin/postgres"))
        .filter(|path| path.is_file())
        .max_by_key(|path| path.iter().find_map(|part| part.to_str()?.parse::<u32>().ok()));
    newest.or_else(|| find("postgres"))
}

#[cfg(test)]
mod tests {
    use super::{Need, is_debian_itself, line_to_paste};

    #[test]
    fn a_system_like_debian_is_not_taken_for_it() {
        assert!(is_debian_itself("NAME=\"Debian GNU/Linux\"\nID=debian\n"));
        assert!(!is_debian_itself("ID=ubuntu\nID_LIKE=debian\n"));
    }

    #[test]
    fn the_line_to_paste_names_each_way_of_installing_once() {
        let both = line_to_paste(&[Need::Redis, Need::CargoDeny], &["redis-server"]);
        let deny = "cargo install --locked --debug cargo-deny";
        assert!(both.ends_with(&format!("redis-server && {deny}")), "{both}");
        assert_eq!(line_to_paste(&[Need::CargoDeny], &[]), deny);
    }
}
