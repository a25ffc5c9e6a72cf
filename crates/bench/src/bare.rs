//! The bare handler as a process of its own.

use std::path::Path;

use stampede_testkit::servers::StampedeProcess;

use crate::sample::Sample;

/// What it answers to attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A receipt at level `gate`.
    Gate,
    /// A receipt at level `ledger`.
    Ledger,
    SoldOut,
}

/// A running bare handler. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Bare(StampedeProcess);

/// The status that a bare handler shows: the server's own, byte by byte.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    body: String,
    etag: String,
}

impl Answer {
    fn word(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Ledger => "ledger",
            Self::SoldOut => "sold-out",
        }
    }
}

impl Status {
    /// For a handler that nobody asks for a status.
    pub(crate) fn none() -> Self {
        Self { body: "{}".to_owned(), etag: "W/\"\"".to_owned() }
    }

    /// As the server answered it.
    pub(crate) fn of(sample: &Sample) -> Self {
        let etag = sample.header("etag").expect("a status has a tag").to_owned();
        Self { body: sample.body.clone(), etag }
    }
}

impl Bare {
    pub(crate) async fn start(
        program: &Path,
        workers: usize,
        answer: Answer,
        status: &Status,
    ) -> Self {
        assert!(
            program.is_file(),
            "{} is missing: `cargo xtask bench` builds it",
            program.display()
        );
        let (workers, answer) = (workers.to_string(), answer.word().to_owned());
        let arguments = [workers, answer, status.body.clone(), status.etag.clone()];
        Self(StampedeProcess::start_program(program, arguments, []).await)
    }

    pub(crate) fn base_url(&self) -> &str {
        self.0.base_url()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.pid()
    }
}
