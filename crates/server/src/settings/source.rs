//! Where values come from: the environment, and a file that it overrides.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::Path,
};

use config::{File, FileFormat, Source, Value, ValueKind};

use super::{Fault, table};

/// What our own settings begin with; such a name that is not in the table is a typing error.
const OURS: &str = "STAMPEDE_";
/// What the settings of OpenTelemetry begin with. Platforms give some to whatever they start, and a
/// name of theirs that means nothing here stops no server on the day of a sale.
const OF_OPENTELEMETRY: &str = "OTEL_";
/// Names of those that are not in the table, with values that ask for what is done anyway.
const DONE_ANYWAY: [(&str, &[&str]); 4] = [
    ("OTEL_SDK_DISABLED", &["false"]),
    ("OTEL_METRICS_EXPORTER", &["prometheus", "none"]),
    ("OTEL_LOGS_EXPORTER", &["none"]),
    // Nothing here calls other services, so there is nobody to carry baggage to.
    ("OTEL_PROPAGATORS", &["tracecontext", "tracecontext,baggage"]),
];
/// Names that begin as ours do and are read by tests, never by the server.
const OF_TESTS: [&str; 2] = ["STAMPEDE_TEST_", "STAMPEDE_BIN"];

/// The text of every setting that is set, by name.
pub(super) type Values = BTreeMap<&'static str, String>;

/// What environment and file say.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) values: Values,
    pub(super) faults: Vec<Fault>,
    /// Names of OpenTelemetry's that mean nothing here, and ask for what is not done.
    pub(super) unheeded: Vec<String>,
}

/// Reads the environment over the file, and tells of names that nobody knows.
pub(super) fn collect(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    file: Option<&Path>,
) -> Found {
    let mut found = Found::default();
    let Found { values, faults, unheeded } = &mut found;
    if let Some(path) = file {
        read_file(path, values, faults);
    }
    for (name, value) in environment {
        let Some(name) = name.to_str() else { continue };
        let Some(setting) = table::find(name) else {
            if name.starts_with(OF_OPENTELEMETRY) && !is_done_anyway(name, &value) {
                unheeded.push(name.to_owned());
            }
            if name.starts_with(OURS) && !OF_TESTS.iter().any(|test| name.starts_with(test)) {
                faults.push(unknown(name));
            }
            continue;
        };
        match value.into_string() {
            // Tools that pass settings on write an empty value for one that is not set.
            Ok(text) if text.trim().is_empty() => {}
            Ok(text) => {
                values.insert(setting.name, text.trim().to_owned());
            }
            Err(_) => faults.push(Fault::broken(setting, "is not UTF-8")),
        }
    }
    found
}

/// Whether the value asks for nothing, or for what is done anyway.
fn is_done_anyway(name: &str, value: &OsStr) -> bool {
    let Some(value) = value.to_str().map(str::trim) else { return false };
    let mut known = DONE_ANYWAY.iter().filter(|(other, _)| *other == name);
    value.is_empty()
        || known.any(|(_, values)| values.iter().any(|done| value.eq_ignore_ascii_case(done)))
}

fn read_file(path: &Path, values: &mut Values, faults: &mut Vec<Fault>) {
    let read = File::from(path).format(FileFormat::Toml).collect();
    let entries = match read {
        Ok(entries) => entries,
        Err(error) => {
            let problem = format!("cannot be read: {error}");
            faults.push(Fault::other(path.display().to_string(), problem, ""));
            return;
        }
    };
    let entries: BTreeMap<_, _> = entries.into_iter().collect();
    for (key, value) in entries {
        let Some(setting) = table::find(&key.to_ascii_uppercase()) else {
            faults.push(unknown(&format!("{key} in {}", path.display())));
            continue;
        };
        match text(value) {
            Some(text) if text.trim().is_empty() => {}
            Some(text) => {
                values.insert(setting.name, text.trim().to_owned());
            }
            None => faults.push(Fault::broken(setting, "is neither a value nor a list of values")),
        }
    }
}

fn unknown(name: &str) -> Fault {
    Fault::other(name, "is not a setting", "look for a typing error in its name")
}

/// The value as the environment would spell it; a list is separated by commas.
fn text(value: Value) -> Option<String> {
    match value.kind {
        ValueKind::Boolean(is) => Some(u8::from(is).to_string()),
        ValueKind::I64(number) => Some(number.to_string()),
        ValueKind::I128(number) => Some(number.to_string()),
        ValueKind::U64(number) => Some(number.to_string()),
        ValueKind::U128(number) => Some(number.to_string()),
        ValueKind::Float(number) => Some(number.to_string()),
        ValueKind::String(text) => Some(text),
        ValueKind::Array(values) => {
            values.into_iter().map(text).collect::<Option<Vec<_>>>().map(|texts| texts.join(","))
        }
        ValueKind::Nil | ValueKind::Table(_) => None,
    }
}
