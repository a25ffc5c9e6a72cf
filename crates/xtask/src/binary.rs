//! The program itself, with the page in it.

use std::path::PathBuf;

use crate::{
    command::{cargo, run, target},
    page,
    stop::Stop,
};

/// Builds page and program in profile `ci`, which is optimised and links quickly, and answers
/// where the program is.
pub(crate) fn build() -> Result<PathBuf, Stop> {
    build_in("ci")
}

/// The same in this profile.
pub(crate) fn build_in(profile: &str) -> Result<PathBuf, Stop> {
    page::build()?;
    run(cargo(&["build", "--profile", profile, "-p", "stampede-server", "--bin", "stampede"]))?;
    Ok(target().join(profile).join("stampede"))
}
