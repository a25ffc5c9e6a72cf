//! Turns the text of settings into values, and keeps every fault instead of stopping at one.

use std::{cell::RefCell, collections::BTreeSet, time::Duration};

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Fault, Kind, Setting,
    source::{Found, Values},
    table,
};

/// Reads values by name.
///
/// After a fault it goes on with a stand-in, so that all faults are found; the caller throws
/// what was read away if there was any.
pub(super) struct Reader {
    values: Values,
    faults: RefCell<Vec<Fault>>,
    unheeded: Vec<String>,
    /// Names that were asked for, so that a test finds a setting that nobody reads.
    asked: RefCell<BTreeSet<&'static str>>,
}

impl Reader {
    pub(super) fn new(Found { values, faults, unheeded }: Found) -> Self {
        Self { values, faults: RefCell::new(faults), unheeded, asked: RefCell::default() }
    }

    /// Names that mean nothing here.
    pub(super) fn unheeded(&self) -> Vec<String> {
        self.unheeded.clone()
    }

    /// The faults so far and the names that were asked for.
    pub(super) fn finish(self) -> (Vec<Fault>, BTreeSet<&'static str>) {
        (self.faults.into_inner(), self.asked.into_inner())
    }

    /// A setting that must be set and is not.
    pub(super) fn missing(&self, name: &'static str, problem: &str) {
        if let Some(setting) = table::find(name) {
            self.fault(Fault::broken(setting, problem));
        }
    }

    /// Keeps a fault; once, of a setting that two layers read.
    pub(super) fn fault(&self, fault: Fault) {
        let mut faults = self.faults.borrow_mut();
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }

    /// Whether the setting was set, as opposed to its default.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// The setting of that name with its text; `None` if it is not set and has no default.
    fn raw(&self, name: &'static str) -> Option<(&'static Setting, &str)> {
        self.asked.borrow_mut().insert(name);
        let Some(setting) = table::find(name) else {
            self.fault(Fault::other(name, "is missing in the table of settings", ""));
            return None;
        };
        let text = self.values.get(name).map_or(setting.default, String::as_str);
        if text.is_empty() { None } else { Some((setting, text)) }
    }

    /// Text of any kind, as it is.
    pub(super) fn text(&self, name: &'static str) -> Option<String> {
        self.raw(name).map(|(_, text)| text.to_owned())
    }

    /// A whole number within the setting's limit.
    pub(super) fn whole<T: TryFrom<u64> + Default>(&self, name: &'static str) -> T {
        let Some((setting, text)) = self.raw(name) else { return T::default() };
        let Kind::Whole { min, max } = setting.kind else { return T::default() };
        let number = text.parse::<u64>().ok().filter(|number| (min..=max).contains(number));
        number.and_then(|number| T::try_from(number).ok()).unwrap_or_else(|| {
            self.fault(Fault::broken(setting, format!("is {text:?}")));
            T::default()
        })
    }

    pub(super) fn millis(&self, name: &'static str) -> Duration {
        Duration::from_millis(self.whole(name))
    }

    pub(super) fn seconds(&self, name: &'static str) -> Duration {
        Duration::from_secs(self.whole(name))
    }

    /// One of the setting's words; empty after a fault.
    pub(super) fn choice(&self, name: &'static str) -> &'static str {
        let Some((setting, text)) = self.raw(name) else { return "" };
        let Kind::Choice { now, later } = setting.kind else { return "" };
        if let Some(word) = now.iter().find(|word| **word == text) {
            return word;
        }
        let problem = if later.contains(&text) {
            format!("is {text:?}, which is not in this version")
        } else {
            format!("is {text:?}")
        };
        self.fault(Fault::broken(setting, problem));
        ""
    }

    /// An address with a scheme of the setting's and a host; it may hold a password.
    pub(super) fn url(&self, name: &'static str) -> Option<SecretString> {
        let (setting, text) = self.raw(name)?;
        let Kind::Url(schemes) = setting.kind else { return None };
        let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
        let names_host = rest.is_some_and(|rest| {
            let authority = rest.split(['/', '?']).next().unwrap_or_default();
            let host = authority.rsplit('@').next().unwrap_or_default();
            !host.is_empty() && !host.starts_with(':') && !text.contains(char::is_whitespace)
        });
        if !names_host {
            self.fault(Fault::broken(setting, "is no such address"));
            return None;
        }
        Some(text.into())
    }

    /// The same, of what holds no password.
    pub(super) fn address(&self, name: &'static str) -> Option<String> {
        self.url(name).map(|address| address.expose_secret().to_owned())
    }

    /// A key that fits into a header.
    pub(super) fn key(&self, name: &'static str) -> Option<SecretString> {
        let (setting, text) = self.raw(name)?;
        let Kind::Key { chars_min } = setting.kind else { return None };
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.fault(Fault::broken(setting, "has other characters"));
        } else if text.len() < chars_min {
            self.fault(Fault::broken(setting, format!("has {} characters", text.len())));
        }
        Some(text.into())
    }

    /// The prefix of keys in a store; braces would move its hash tag.
    pub(super) fn prefix(&self, name: &'static str) -> String {
        let Some((setting, text)) = self.raw(name) else { return String::new() };
        let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}');
        if text.len() > 64 || !text.bytes().all(fits) {
            self.fault(Fault::broken(setting, format!("is {text:?}")));
        }
        text.to_owned()
    }

    /// Text that `parse` can read.
    pub(super) fn parsed<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let (setting, text) = self.raw(name)?;
        let parsed = parse(text);
        if parsed.is_none() {
            let shown = if setting.secret { "is not".to_owned() } else { format!("is {text:?}") };
            self.fault(Fault::broken(setting, shown));
        }
        parsed
    }

    /// Origins of pages, as browsers write them.
    pub(super) fn origins(&self, name: &'static str) -> Vec<String> {
        let Some((setting, text)) = self.raw(name) else { return Vec::new() };
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let (origins, others): (Vec<_>, Vec<_>) =
            parts.partition(|part| *part == "*" || is_origin(part));
        for other in others {
            self.fault(Fault::broken(setting, format!("has {other:?}")));
        }
        origins.into_iter().map(str::to_ascii_lowercase).collect()
    }
}

/// Whether `text` is scheme, host and perhaps port, and nothing after them.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        let of_path = |byte: u8| b"/?#@*".contains(&byte);
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic() && !of_path(byte))
    })
}
