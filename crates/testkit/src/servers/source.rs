//! Which server a test gets: the one named, a local one, or a container.

use std::env;

/// Where a shared server comes from, before anything is started.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Somebody else's, at this address.
    Named(String),
    /// The programs on this machine.
    Local,
    Container,
}

impl Source {
    /// Reads `variable`, which names a server, and `STAMPEDE_TEST_SERVERS`.
    pub(super) fn choose(variable: &str, is_installed: bool) -> Self {
        let containers_only = setting("STAMPEDE_TEST_SERVERS").is_some_and(|v| v == "containers");
        Self::pick(containers_only, setting(variable), is_installed)
    }

    fn pick(containers_only: bool, named: Option<String>, is_installed: bool) -> Self {
        match named {
            _ if containers_only => Self::Container,
            Some(url) => Self::Named(url),
            None if is_installed => Self::Local,
            None => Self::Container,
        }
    }
}

/// The sentence with which a test fails that has no server.
pub(super) fn missing(server: &str, why: &str) -> String {
    format!(
        "no {server} for this test ({why}): `cargo xtask test` installs what is missing \
         (Debian: redis-server, postgresql, prometheus), or name a server by STAMPEDE_TEST_REDIS_URL \
         and STAMPEDE_TEST_DATABASE_URL"
    )
}

#[expect(clippy::disallowed_methods, reason = "tests have no settings file")]
fn setting(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn a_named_server_goes_before_a_local_one_and_a_local_one_before_a_container() {
        let url = "redis://elsewhere".to_owned();
        assert_eq!(Source::pick(false, Some(url.clone()), true), Source::Named(url.clone()));
        assert_eq!(Source::pick(false, None, true), Source::Local);
        assert_eq!(Source::pick(false, None, false), Source::Container);
        assert_eq!(Source::pick(true, Some(url), true), Source::Container);
    }
}
