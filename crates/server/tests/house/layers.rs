//! `domain ← application ← { infrastructure, presentation } ← server`, over `cargo metadata`.

use std::path::Path;

use cargo_metadata::{Dependency, DependencyKind, MetadataCommand, Package};

/// What a crate may use of ours outside of its tests.
const TABLE: [(&str, &[&str]); 11] = [
    ("stampede-domain", &[]),
    ("stampede-application", &["stampede-domain"]),
    ("stampede-infrastructure", &["stampede-domain", "stampede-application"]),
    ("stampede-presentation", &["stampede-domain", "stampede-application"]),
    (
        "stampede-server",
        &[
            "stampede-domain",
            "stampede-application",
            "stampede-infrastructure",
            "stampede-presentation",
        ],
    ),
    ("stampede-testkit", &["stampede-domain", "stampede-application"]),
    ("stampede-model", &[]),
    ("stampede-load", &[]),
    ("stampede-prove", &["stampede-domain", "stampede-testkit"]),
    ("stampede-bench", &["stampede-load", "stampede-testkit"]),
    ("xtask", &[]),
];

const TESTKIT: &str = "stampede-testkit";

/// Libraries, a trailing `*` standing for any ending, and the crates that alone name them.
const ALONE: [(&[&str], &[&str]); 7] = [
    (&["redis", "sqlx*"], &["stampede-infrastructure", TESTKIT]),
    (&["apalis*"], &["stampede-infrastructure"]),
    (
        &["actix*", "utoipa-actix-web", "utoipa-swagger-ui"],
        // The bare handler that the benchmark measures beside is actix and nothing else.
        &["stampede-presentation", "stampede-bench"],
    ),
    (&["clap*"], &["stampede-server", "stampede-prove", "stampede-bench"]),
    (
        &[
            "tracing-subscriber",
            "opentelemetry_sdk",
            "opentelemetry-otlp",
            "opentelemetry-prometheus",
        ],
        &["stampede-server"],
    ),
    // The kit's collector is what the program's exporter speaks to.
    (&["tonic"], &["stampede-server", TESTKIT]),
    (&["stateright"], &["stampede-model"]),
];

/// The rules are pure: no runtime, no store, no web, no log.
const NOT_IN_DOMAIN: [&str; 9] = [
    "async-trait",
    "futures*",
    "tokio*",
    "reqwest",
    "rand",
    "rustls",
    "tracing*",
    "opentelemetry*",
    "prometheus",
];

/// xtask prints its first line within seconds of a fresh clone.
const IN_XTASK: [&str; 1] = ["anyhow"];

/// Every dependency in the workspace at `root` that its layer may not name.
pub(crate) fn faults(root: &Path) -> Vec<String> {
    let manifest = root.join("Cargo.toml");
    // Manifests only: nothing is resolved, so planted dependencies need not exist.
    let metadata =
        MetadataCommand::new().manifest_path(manifest).no_deps().exec().expect("cargo metadata");
    let members = metadata.workspace_packages();
    let ours: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    members.iter().flat_map(|member| faults_of(member, &ours)).collect()
}

fn faults_of(member: &Package, ours: &[&str]) -> Vec<String> {
    let name = member.name.as_str();
    let Some((_, may)) = TABLE.iter().find(|(row, _)| *row == name) else {
        return vec![format!("{name} has no row in the table of layers")];
    };
    let rows = member.dependencies.iter().filter(|used| !is_allowed(name, used, may, ours));
    rows.map(|used| format!("{name} may not depend on {} ({})", used.name, used.kind)).collect()
}

fn is_allowed(name: &str, used: &Dependency, may: &[&str], ours: &[&str]) -> bool {
    let is_for_tests = used.kind == DependencyKind::Development;
    let library = used.name.as_str();
    if ours.contains(&library) || TABLE.iter().any(|(row, _)| *row == library) {
        // Tests may use the kit, and otherwise what their crate may.
        return may.contains(&library) || (is_for_tests && library == TESTKIT && name != "xtask");
    }
    if is_for_tests {
        return true;
    }
    let is_elsewhere = ALONE
        .iter()
        .any(|(libraries, crates)| matches_any(library, libraries) && !crates.contains(&name));
    match name {
        _ if is_elsewhere => false,
        "stampede-domain" => !matches_any(library, &NOT_IN_DOMAIN),
        "xtask" => matches_any(library, &IN_XTASK),
        _ => true,
    }
}

fn matches_any(library: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => library.starts_with(start),
        None => library == *pattern,
    })
}

#[cfg(test)]
mod tests {
    use super::faults;
    use crate::tree::planted;

    /// The faults of a workspace with one crate and these sections in its manifest.
    fn found(name: &str, sections: &str) -> Vec<String> {
        let package = format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n");
        let kit = "[package]\nname = \"stampede-testkit\"\nedition = \"2024\"\n";
        let root = planted(&[
            ("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"it\", \"kit\"]\n"),
            ("it/Cargo.toml", &format!("{package}{sections}")),
            ("it/src/lib.rs", ""),
            ("kit/Cargo.toml", kit),
            ("kit/src/lib.rs", ""),
        ]);
        faults(root.path())
    }

    #[test]
    fn a_layer_that_names_one_above_it_is_found() {
        let found = found("stampede-domain", "[dependencies]\nstampede-application = \"0.1\"");
        assert_eq!(found, ["stampede-domain may not depend on stampede-application (normal)"]);
    }

    #[test]
    fn a_store_or_the_web_in_the_wrong_layer_is_found_under_another_name_too() {
        let stores = "[dependencies]\nkept = { package = \"redis\", version = \"1\" }";
        assert_eq!(found("stampede-presentation", stores).len(), 1);
        let web = "[build-dependencies]\nactix-web = \"4\"\n[dependencies]\nactix-cors = \"0.7\"";
        assert_eq!(found("stampede-server", web).len(), 2);
        assert_eq!(found("stampede-application", "[dependencies]\napalis-core = \"1\"").len(), 1);
        assert_eq!(found("stampede-domain", "[dependencies]\ntokio = \"1\"").len(), 1);
        assert_eq!(found("xtask", "[dependencies]\nclap = \"4\"").len(), 1);
    }

    #[test]
    fn the_test_kit_outside_of_tests_is_found() {
        let kit = "stampede-testkit = { path = \"../kit\" }";
        let shipped = found("stampede-server", &format!("[dependencies]\n{kit}"));
        assert_eq!(shipped, ["stampede-server may not depend on stampede-testkit (normal)"]);
        let tests = found("stampede-server", &format!("[dev-dependencies]\n{kit}"));
        assert_eq!(tests, Vec::<String>::new());
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        assert_eq!(
            found("stampede-utils", ""),
            ["stampede-utils has no row in the table of layers"]
        );
    }
}
