//! One row of the table of settings.

/// A setting: its name, its limit, its default and what it means.
#[derive(Debug)]
pub struct Setting {
    /// Its name in the environment; in a configuration file in either case.
    pub name: &'static str,
    /// What its value must be.
    pub kind: Kind,
    /// The unit of its value, empty if it has none.
    pub unit: &'static str,
    /// What holds when it is not set; empty if nothing does.
    pub default: &'static str,
    /// A value that is right.
    pub example: &'static str,
    /// What it means, in one sentence.
    pub meaning: &'static str,
    /// Whether its value must never be shown.
    pub secret: bool,
}

/// What a value must be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A whole number.
    Whole {
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// One of some words.
    Choice {
        /// Those that work.
        now: &'static [&'static str],
        /// Those whose work is not built.
        later: &'static [&'static str],
    },
    /// Any text.
    Text,
    /// An address with one of these schemes.
    Url(&'static [&'static str]),
    /// A key that callers send in a header.
    Key {
        /// The fewest characters.
        chars_min: usize,
    },
    /// The prefix of keys in a store.
    Prefix,
    /// A cron expression with a seconds field.
    Cron,
    /// Levels of logs.
    Levels,
    /// Addresses and networks.
    Networks,
    /// Origins of pages.
    Origins,
    /// Origins that a page may load from.
    SecureOrigins,
    /// Names with values.
    Pairs,
    /// A part of all.
    Ratio,
}

impl Kind {
    /// What the value must be, in words that go on after "must be".
    #[must_use]
    pub fn limit(&self) -> String {
        match self {
            Self::Whole { min, max } => format!("a whole number from {min} to {max}"),
            Self::Choice { now, .. } => match now {
                [only] => (*only).to_owned(),
                [most @ .., last] => format!("{} or {last}", most.join(", ")),
                [] => "unset".to_owned(),
            },
            Self::Text => "text".to_owned(),
            Self::Url(schemes) => format!("an address that begins with {}", schemes.join(" or ")),
            Self::Key { chars_min } => {
                format!("at least {chars_min} visible ASCII characters, without spaces")
            }
            Self::Prefix => "1 to 64 visible ASCII characters, none of them { or }".to_owned(),
            Self::Cron => "a cron expression of six fields, seconds first".to_owned(),
            Self::Levels => "a level, or levels by module, separated by commas".to_owned(),
            Self::Networks => "addresses or networks, separated by commas".to_owned(),
            Self::Origins => {
                "origins of scheme, host and port, without a path, separated by commas".to_owned()
            }
            Self::SecureOrigins => {
                "origins of https, or of http on localhost or 127.0.0.1, without \
                 a path, separated by commas"
                    .to_owned()
            }
            Self::Pairs => {
                "names with values (a=1,b=2), in ASCII, anything else as in %20".to_owned()
            }
            Self::Ratio => "a number from 0 to 1".to_owned(),
        }
    }
}

impl Setting {
    /// A whole number from `min` to `max`.
    pub(super) const fn whole(
        name: &'static str,
        unit: &'static str,
        default: &'static str,
        (min, max): (u64, u64),
        meaning: &'static str,
    ) -> Self {
        let kind = Kind::Whole { min, max };
        Self { name, kind, unit, default, example: default, meaning, secret: false }
    }

    /// One of some words, the first by default.
    pub(super) const fn choice(
        name: &'static str,
        now: &'static [&'static str],
        later: &'static [&'static str],
        meaning: &'static str,
    ) -> Self {
        let (kind, default) = (Kind::Choice { now, later }, now[0]);
        Self { name, kind, unit: "", default, example: default, meaning, secret: false }
    }

    /// A value of another kind with a default, which is its example.
    pub(super) const fn of(
        name: &'static str,
        kind: Kind,
        default: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self { name, kind, unit: "", default, example: default, meaning, secret: false }
    }

    /// The same without a default.
    pub(super) const fn unset(mut self) -> Self {
        self.default = "";
        self
    }

    /// The same, never shown.
    pub(super) const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}
