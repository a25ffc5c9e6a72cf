//! The toolchains that a person brings: looked at before anything is built.

use crate::{command::output, stop::Stop};

/// A toolchain and how to come by it.
struct Toolchain {
    name: &'static str,
    program: &'static str,
    at_least: Version,
    hint: &'static str,
}

/// The first two numbers of a version.
pub(crate) type Version = (u32, u32);

const RUST: Toolchain = Toolchain {
    name: "Rust",
    program: "rustc",
    at_least: (1, 95),
    hint: "rustup update stable (https://rustup.rs)",
};
const NODE: Toolchain = Toolchain {
    name: "Node",
    program: "node",
    at_least: (20, 19),
    hint: "https://nodejs.org, or your system's packages",
};

/// Checks Rust, and Node with its npm.
///
/// # Errors
///
/// Names everything that is missing or too old at once, with where to get it.
pub(crate) fn check() -> Result<(), Stop> {
    let mut faults: Vec<String> = [RUST, NODE].iter().filter_map(fault).collect();
    if output("npm", &["--version"]).is_none() {
        faults.push("npm is missing: it comes with Node".to_owned());
    }
    if faults.is_empty() { Ok(()) } else { Err(Stop::usage(faults.join("\n"))) }
}

fn fault(toolchain: &Toolchain) -> Option<String> {
    let Toolchain { name, program, at_least, hint } = toolchain;
    let (major, minor) = at_least;
    let found = output(program, &["--version"]);
    match found.as_deref().and_then(version) {
        Some(version) if version >= *at_least => None,
        Some((is_major, is_minor)) => Some(format!(
            "{name} {major}.{minor} or newer is needed, {is_major}.{is_minor} is here: {hint}"
        )),
        None => Some(format!("{name} {major}.{minor} or newer is missing: {hint}")),
    }
}

/// The first thing in `text` that looks like `1.95` or `v=7.0.15`.
pub(crate) fn version(text: &str) -> Option<Version> {
    text.split_whitespace().find_map(|word| {
        let digits = word.trim_start_matches(|c: char| !c.is_ascii_digit());
        let mut numbers = digits.split(|c: char| !c.is_ascii_digit());
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_read_from_what_the_programs_print() {
        assert_eq!(version("rustc 1.95.0 (59807616e 2026-04-14)"), Some((1, 95)));
        assert_eq!(version("v20.20.2"), Some((20, 20)));
        assert_eq!(version("Redis server v=7.0.15 sha=00000000:0"), Some((7, 0)));
        assert_eq!(version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some((15, 18)));
        assert_eq!(version("no number"), None);
    }
}
