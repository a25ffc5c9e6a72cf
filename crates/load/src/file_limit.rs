//! How many files this process may open.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the soft limit of open files to the hard one, and says what it is now; `None` is
/// without a limit.
///
/// Every connection is an open file, and 1,024 is a usual soft limit.
#[must_use = "what it says is how many connections are possible"]
pub fn raise_file_limit() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // A system that refuses leaves the limit as it was, which is what is answered.
    let _ = setrlimit(Resource::Nofile, limit);
    getrlimit(Resource::Nofile).current
}

#[cfg(test)]
mod tests {
    use super::raise_file_limit;

    #[test]
    fn the_limit_is_raised_once_and_for_all() {
        assert_eq!(raise_file_limit(), raise_file_limit());
    }
}
