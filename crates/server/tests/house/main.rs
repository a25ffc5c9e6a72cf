//! The house rules that no lint holds: who depends on whom, how long a file and a function may
//! be, that pages and machines name only what exists, and that a migration takes nothing away.
//!
//! Each rule is a function over a root, so that a test beside it plants a violation and sees it
//! found.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod ceilings;
mod layers;
mod machines;
mod migrations;
mod named_commands;
mod named_paths;
mod named_settings;
mod pages;
mod requirements;
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
fn every_path_and_every_link_of_a_page_leads_somewhere() {
    assert_none(&named_paths::faults(root()));
}

#[test]
fn every_command_of_a_page_may_be_typed() {
    assert_none(&named_commands::faults(root()));
}

#[test]
fn every_setting_that_a_page_names_is_one() {
    assert_none(&named_settings::faults(root()));
}

#[test]
fn every_requirement_is_held_by_what_it_names() {
    assert_none(&requirements::faults(root()));
}

#[test]
fn whatever_a_machine_is_told_is_known() {
    assert_none(&machines::faults(root()));
}

#[test]
fn no_migration_takes_away_what_an_older_node_asks_for() {
    assert_none(&migrations::faults(root()));
}
