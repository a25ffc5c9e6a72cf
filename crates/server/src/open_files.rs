//! How many files the process may have open: every connection is one.

use std::fmt;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::settings::Settings;

/// Files beside the connections of clients: stores, listeners, the database, the log.
const OTHERS: u64 = 256;

/// What the system allows, and what the settings may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenFiles {
    /// `None` for any number.
    allowed: Option<u64>,
    /// Whether the system did not let it be raised.
    is_refused: bool,
    workers: usize,
    connections_per_worker_max: usize,
}

impl OpenFiles {
    /// Raises the limit of this process as far as the system lets it, and says where it is.
    pub(crate) fn raise(settings: &Settings) -> Self {
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: limit.maximum, ..limit };
        // A system that refuses leaves the limit where it was.
        let is_refused = setrlimit(Resource::Nofile, raised).is_err();
        Self {
            allowed: if is_refused { limit.current } else { raised.current },
            is_refused,
            workers: settings.listen.workers_or_one_a_core(),
            connections_per_worker_max: settings.http.connections_per_worker_max,
        }
    }

    /// Whether every worker may have all its connections.
    pub(crate) fn suffice(&self) -> bool {
        self.allowed.is_none_or(|allowed| allowed >= self.needed())
    }

    fn needed(&self) -> u64 {
        let connections = self.workers.saturating_mul(self.connections_per_worker_max);
        u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(OTHERS)
    }
}

impl fmt::Display for OpenFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needed = self.needed();
        match self.allowed {
            None => write!(f, "open files: any number allowed, {needed} may be needed")?,
            Some(allowed) => write!(f, "open files: {allowed} allowed, {needed} may be needed")?,
        }
        if self.is_refused {
            write!(f, ", and the system let nothing be raised")?;
        }
        if self.suffice() {
            return Ok(());
        }
        let Self { workers, connections_per_worker_max: each, .. } = self;
        write!(
            f,
            ": {workers} workers with STAMPEDE_CONNECTIONS_PER_WORKER_MAX={each}, and {OTHERS} \
             others; raise the hard limit (LimitNOFILE of systemd, ulimit -Hn of a shell), or \
             lower the setting"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Need;

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_one() {
        let settings = Settings::read([], None, Need::Demo).unwrap();
        let hard = getrlimit(Resource::Nofile).maximum;
        setrlimit(Resource::Nofile, Rlimit { current: Some(256), maximum: hard }).unwrap();
        assert_eq!(OpenFiles::raise(&settings).allowed, hard);
        assert_eq!(getrlimit(Resource::Nofile).current, hard);
    }

    fn files(allowed: Option<u64>) -> OpenFiles {
        OpenFiles { allowed, is_refused: false, workers: 2, connections_per_worker_max: 1_000 }
    }

    #[test]
    fn what_suffices_is_told_in_one_line_and_what_does_not_names_both_remedies() {
        for allowed in [Some(2_256), None] {
            assert!(files(allowed).suffice());
            assert!(files(allowed).to_string().ends_with("allowed, 2256 may be needed"));
        }
        let few = files(Some(2_255));
        let told = few.to_string();
        assert!(!few.suffice() && told.starts_with("open files: 2255 allowed, 2256 may be needed"));
        let refused = OpenFiles { is_refused: true, ..few };
        assert!(refused.to_string().contains("let nothing be raised"), "{refused}");
        for remedy in ["STAMPEDE_CONNECTIONS_PER_WORKER_MAX=1000", "LimitNOFILE"] {
            assert!(told.contains(remedy), "{told}");
        }
    }
}
