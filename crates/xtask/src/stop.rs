//! Why a command ends without having done its work.

/// What is printed, and the exit code.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) code: u8,
    pub(crate) message: String,
}

impl Stop {
    /// The exit code of what was tried and failed.
    pub(crate) const FAILED: u8 = 1;

    /// Bad usage, or something is missing on this machine: nothing was tried.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into() }
    }

    /// It was tried and failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { code: Self::FAILED, message: message.into() }
    }
}
