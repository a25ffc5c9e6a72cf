//! R10: every node is replaced by another version of the program, one after the other, mid-sale.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use stampede_testkit::{
    servers::{StampedeProcess, scratch},
    shop::Stores,
};

use super::load::Load;
use crate::{Chance, Figure, Line, Promise, Trial};

const NODES: usize = 3;
/// Attempts that are decided before the first restart, and between one and the next, at most.
const APART: usize = 150;

/// In a comment at the head of every script: another letter there makes another script, with
/// another SHA, that does the same.
const COMMENT: &[u8] = b"-- The fence: what every script asks";

pub(super) fn line() -> Line {
    Line::new("R10", "rolling restart of 3 nodes mid-sale, with other scripts in the new version")
        .kind("redis", 20, 10.0, restarted)
}

async fn restarted(chance: Chance) -> Trial {
    let folder = scratch("version");
    let newer = newer_version(folder.path());
    let mut load = Load::on(Stores::redis().await, &[], NODES, chance).await;
    load.scene.follow_streams();
    let mut order: Vec<usize> = (0..NODES).collect();
    load.chance.shuffle(&mut order);
    let mut unclean = Vec::new();
    for node in order {
        let apart = load.chance.number(1, APART);
        load.decided_more(apart).await;
        let ended = load.scene.roll(node, &newer).await;
        if ended.code != Some(0) {
            unclean.push(format!(
                "node {node} stopped with {:?}: {:?}",
                ended.code,
                ended.lines.last()
            ));
        }
    }
    let recorder = load.scene.recorder.clone();
    let mut trial = load.conclude(Promise::NothingLost).await;
    trial.measured(Figure::count("errors that a repeat healed", recorder.unknown_so_far()));
    trial.violations.extend(unclean);
    trial
}

/// The program with other scripts, in `folder`.
fn newer_version(folder: &Path) -> PathBuf {
    let mut program = fs::read(StampedeProcess::program()).expect("the program");
    let places: Vec<usize> = program
        .windows(COMMENT.len())
        .enumerate()
        .filter_map(|(place, window)| (window == COMMENT).then_some(place))
        .collect();
    assert!(!places.is_empty(), "the scripts stand in the program as text");
    for place in places {
        program[place + 3] = b't';
    }
    let newer = folder.join("stampede");
    fs::write(&newer, program).expect("a copy of the program");
    fs::set_permissions(&newer, fs::Permissions::from_mode(0o755)).expect("it can be run");
    newer
}
