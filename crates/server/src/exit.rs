//! How the process ends: 0 done, 1 failed, 2 bad usage or settings.

use std::{io::Write as _, process::ExitCode};

use crate::settings::Faults;

/// Says on standard error what went wrong, if anything did, and turns it into an exit code.
#[must_use]
pub fn code(outcome: anyhow::Result<()>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    let (code, text) = match error.downcast_ref::<Faults>() {
        Some(faults) => (2, faults.to_string()),
        None => (1, format!("stampede: {error:#}")),
    };
    // Nobody is left to hear of a standard error that is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
    ExitCode::from(code)
}
