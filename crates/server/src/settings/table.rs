//! Every setting: the one place that names it, limits it and says what it means.
//!
//! `.env.example` is written from this table, and a test holds the two equal.

mod recording;
mod selling;
mod serving;
mod telemetry;

use super::{Kind, Setting};

/// Settings that belong together.
#[derive(Debug)]
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// Its settings, in the order in which a reader wants them.
    pub settings: &'static [Setting],
}

/// Every setting, by section.
pub const SECTIONS: &[Section] = &[
    serving::LISTENING,
    selling::ENGINE,
    selling::POSTGRES_STORE,
    selling::REDIS_STORE,
    serving::ACCESS,
    serving::REQUESTS,
    serving::STREAMS,
    selling::GATE,
    recording::OUTBOX,
    recording::RECONCILIATION,
    serving::STOP,
    telemetry::LOGS,
    telemetry::TRACES,
];

/// The longest wait that any setting allows: an hour.
const WAIT_MAX_MS: u64 = 3_600_000;

/// The setting of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.name == name)
}

/// Every setting, in order.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    SECTIONS.iter().flat_map(|section| section.settings)
}
