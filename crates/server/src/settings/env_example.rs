//! `.env.example`, written from the table.

use std::fmt::Write as _;

use super::{Setting, table};

/// The whole file: every setting with its meaning, limit, unit and default.
#[must_use]
pub fn env_example() -> String {
    let mut file = String::from(
        "# Every setting of Stampede: meaning, limit, unit, default.\n\
         # The environment wins over a TOML file given by --config, which may hold the same names.\n\
         # An empty value is the same as none. Written from the code: `stampede settings`.\n",
    );
    for section in table::SECTIONS {
        let _ = write!(file, "\n## {}\n", section.title);
        for setting in section.settings {
            write_setting(&mut file, setting);
        }
    }
    file
}

fn write_setting(file: &mut String, setting: &Setting) {
    let Setting { name, kind, unit, default, meaning, .. } = setting;
    let unit = if unit.is_empty() { String::new() } else { format!(", in {unit}") };
    let default = if default.is_empty() { "none" } else { default };
    // Writing to a String cannot fail.
    let _ = write!(
        file,
        "\n# {meaning}\n# {limit}{unit}; default: {default}\n{name}={value}\n",
        limit = kind.limit(),
        value = quoted(setting.default),
    );
}

/// As a shell and an env file both read it.
fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,@".contains(&byte);
    if value.bytes().all(plain) { value.to_owned() } else { format!("'{value}'") }
}
