//! What is wrong with the settings, all of it at once.

use std::fmt;

use super::Setting;

/// One setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The setting's name.
    pub name: String,
    /// What is wrong with its value; never shows a secret.
    pub problem: String,
    /// What the value must be, with an example; empty where the problem says it all.
    pub remedy: String,
}

impl Fault {
    /// A value that breaks the setting's limit.
    #[must_use]
    pub fn broken(setting: &Setting, problem: impl Into<String>) -> Self {
        let remedy = format!(
            "must be {}, for example {}={}",
            setting.kind.limit(),
            setting.name,
            setting.example
        );
        Self { name: setting.name.to_owned(), problem: problem.into(), remedy }
    }

    /// A fault that the limit of one value does not explain.
    #[must_use]
    pub fn other(
        name: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { name: name.into(), problem: problem.into(), remedy: remedy.into() }
    }

    /// A setting whose work is not built.
    #[must_use]
    pub fn not_in_this_version(name: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::other(name, "is not in this version", remedy)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.problem)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "; {}", self.remedy) }
    }
}

/// Every fault of the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => writeln!(f, "1 setting cannot be used:")?,
            count => writeln!(f, "{count} settings cannot be used:")?,
        }
        for fault in &self.0 {
            writeln!(f, "  {fault}")?;
        }
        write!(f, "Every setting is described in .env.example.")
    }
}
