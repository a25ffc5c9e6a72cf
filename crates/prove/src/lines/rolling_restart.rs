//! R10: every node is replaced by another version of the program, one after the other, mid-sale,
//! behind a proxy, which is all that clients know of.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use stampede_testkit::{
    servers::{Proxy, StampedeProcess, scratch},
    shop::Stores,
};

use super::load::Load;
use crate::{
    Chance, Figure, Line, Promise, Scene, Trial,
    check::SILENCES,
    crowd::{AT_ONCE, COPIES},
};

const NODES: usize = 3;
/// By which a node counts what it accepted.
const ACCEPTED: &str = "outcome=\"SUCCESS\"";
/// Requests at a time at most.
const UNDER_WAY: usize = AT_ONCE * COPIES;
/// Attempts that are decided before the first restart, and between one and the next, at most.
const APART: usize = 150;

/// In a comment at the head of every script: another letter there makes another script, with
/// another SHA, that does the same.
const COMMENT: &[u8] = b"-- The fence: what every script asks";

const TITLE: &str =
    "rolling restart of 3 nodes mid-sale behind a proxy, with other scripts in the new version";

pub(super) fn line() -> Line {
    Line::new("R10", TITLE).kind("redis", 20, 10.0, restarted)
}

async fn restarted(chance: Chance) -> Trial {
    let folder = scratch("version");
    let newer = newer_version(folder.path());
    let scene = Load::sale(Stores::redis().await, &[], NODES).await;
    let first = scene.nodes[0].process.base_url();
    let proxy = Proxy::before(first).await;
    scene.recorder.ask_at(&proxy.url(first));
    serve_by(&proxy, &scene);
    scene.follow_streams();
    let mut load = Load::at(scene, chance);
    let mut order: Vec<usize> = (0..NODES).collect();
    load.chance.shuffle(&mut order);
    let (mut unclean, mut accepted) = (Vec::new(), 0);
    for node in order {
        let apart = load.chance.number(1, APART);
        load.decided_more(apart).await;
        let old = load.scene.replace(node, &newer).await;
        serve_by(&proxy, &load.scene);
        // Fails if it has accepted none.
        accepted += old.shop.counter("purchase_outcomes_total", ACCEPTED).await;
        let ended = load.scene.stop(old).await;
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
    let silences = trial.counted(SILENCES);
    trial.expect(silences <= Some(NODES * UNDER_WAY), || {
        format!("{silences:?} answers did not come, of {UNDER_WAY} under way at each stop at most")
    });
    trial.measured(Figure::count("errors that a repeat healed", recorder.unknown_so_far()));
    let accepted = usize::try_from(accepted).unwrap_or(usize::MAX);
    trial.measured(Figure::count("accepted by nodes before they were replaced", accepted));
    trial.violations.extend(unclean);
    trial
}

/// Whoever connects from now on is led to one of the nodes, in turn.
fn serve_by(proxy: &Proxy, scene: &Scene) {
    proxy.lead_in_turn(scene.nodes.iter().map(|node| node.process.base_url()));
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
