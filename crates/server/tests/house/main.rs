//! The house rules that no lint holds: who depends on whom, how long a file and a function may
//! be, and that the architecture's page names only what exists.
//!
//! Each rule is a function over a root, so that a test beside it plants a violation and sees it
//! found.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod ceilings;
mod layers;
mod named_paths;
mod tree;

use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace")
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn each_crate_names_only_what_its_layer_may() {
    assert_none(&layers::faults(root()));
}

#[test]
fn no_file_and_no_function_is_longer_than_its_ceiling() {
    assert_none(&ceilings::faults(root()));
}

#[test]
fn every_path_named_in_the_architecture_exists() {
    assert_none(&named_paths::faults(root(), "docs/ARCHITECTURE.md"));
}

#[test]
fn every_path_named_in_the_guarantees_exists() {
    assert_none(&named_paths::faults(root(), "docs/guarantees.md"));
}
