//! The program itself, with the page in it.

use std::path::PathBuf;

use crate::{
    command::{cargo, run, target},
    page,
    stop::Stop,
};

/// The profile of the program that is tested: it is optimised and links quickly.
pub(crate) const TESTED: &str = "ci";

/// Builds page and program in profile [`TESTED`] and answers where the program is.
pub(crate) fn build() -> Result<PathBuf, Stop> {
    build_with(TESTED, &[])
}

/// The program as [`build`] built it last.
pub(crate) fn built() -> Result<PathBuf, Stop> {
    let program = target().join(TESTED).join("stampede");
    if program.is_file() {
        return Ok(program);
    }
    Err(Stop::usage(format!("{} is not there: leave --built out", program.display())))
}

/// The same in this profile, and these programs of the benchmark beside it.
///
/// Both packages are chosen whatever is built of them: the libraries that they share would be
/// compiled once more for the features that one of them alone asks for.
pub(crate) fn build_with(profile: &str, programs: &[&str]) -> Result<PathBuf, Stop> {
    page::build()?;
    let packages = ["-p", "stampede-server", "-p", "stampede-bench"];
    let mut arguments = [&["build", "--profile", profile], &packages[..]].concat();
    for program in ["stampede"].iter().chain(programs) {
        arguments.extend(["--bin", program]);
    }
    run(cargo(&arguments))?;
    Ok(target().join(profile).join("stampede"))
}
