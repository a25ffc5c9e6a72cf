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

use super::instants;
use crate::{Chance, Crowd, Figure, Line, Promise, Scene, Trial};

const NODES: usize = 3;
const BUYERS: usize = 1_200;
const LIMIT: u32 = 2;
const STOCK: u32 = 1_500;

/// In a comment at the head of every script: another letter there makes another script, with
/// another SHA, that does the same.
const COMMENT: &[u8] = b"-- The fence: what every script asks";

pub(super) fn line() -> Line {
    Line::new("R10", "rolling restart of 3 nodes mid-sale, with other scripts in the new version")
        .kind("redis", 20, 10.0, restarted)
}

async fn restarted(mut chance: Chance) -> Trial {
    let folder = scratch("version");
    let newer = newer_version(folder.path());
    let mut scene = Scene::open(Stores::redis().await, &[], NODES, STOCK, LIMIT).await;
    scene.follow_streams();
    let buying = scene.spawn(Crowd::of(&mut chance, "buyer", BUYERS, LIMIT, NODES));
    let mut order: Vec<usize> = (0..NODES).collect();
    chance.shuffle(&mut order);
    let mut unclean = Vec::new();
    for (node, instant) in order.into_iter().zip(instants(&mut chance, NODES, BUYERS)) {
        scene.recorder.decided(instant).await;
        let ended = scene.roll(node, &newer).await;
        if ended.code != Some(0) {
            unclean.push(format!(
                "node {node} stopped with {:?}: {:?}",
                ended.code,
                ended.lines.last()
            ));
        }
    }
    let left = buying.await.expect("nobody panics");
    let unknown = scene.recorder.unknown_so_far();
    let mut trial = scene.conclude(Promise::NothingLost, left).await;
    trial.measured(Figure::count("errors that a repeat healed", unknown));
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
