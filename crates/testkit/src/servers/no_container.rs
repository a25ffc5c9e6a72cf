//! What stands in the place of containers where the crate is built without them.

use super::source::missing;

/// Nothing but a failure that says so.
pub(super) fn redis() -> String {
    without("Redis")
}

/// The same.
pub(super) fn postgres() -> String {
    without("Postgres")
}

fn without(server: &str) -> ! {
    panic!("{}", missing(server, "no program, and built without the feature `containers`"))
}
