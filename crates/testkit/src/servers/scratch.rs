//! The folder of this test process, and who removes it.

use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::{ChildStdin, Command, Stdio},
    sync::OnceLock,
};

use tempfile::TempDir;

/// Waits until its standard input closes, which happens when the test process is gone in
/// whatever way, then removes the folder. Servers may still be dying in it: hence the repeats.
const SWEEP: &str = r#"read -r _; for _ in 1 2 3 4 5 6 7 8 9 10; do
rm -rf -- "$1" 2>/dev/null && exit; sleep 0.3; done"#;

struct Scratch {
    dir: TempDir,
    /// Held open as long as this process lives: the sweeper waits for its end.
    _alive: Option<ChildStdin>,
}

/// Makes a folder for one server or one test; it goes when the value is dropped, and when the
/// test process ends or is killed at the latest.
#[must_use]
pub fn scratch(name: &str) -> TempDir {
    static SCRATCH: OnceLock<Scratch> = OnceLock::new();
    let root = &SCRATCH.get_or_init(open).dir;
    TempDir::with_prefix_in(format!("{name}-"), root).expect("a folder for a test")
}

fn open() -> Scratch {
    let dir = TempDir::with_prefix("stampede-test-").expect("a folder for this test process");
    // Postgres runs as another user when the tests run as root, and must reach its own folder.
    fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).expect("open the folder");
    Scratch { _alive: sweep_later(dir.path()), dir }
}

/// In a process group of its own, so that Ctrl-C at the terminal does not end it first.
fn sweep_later(dir: &Path) -> Option<ChildStdin> {
    let sweeper = Command::new("sh")
        .args(["-c", SWEEP, "sweep"])
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn();
    sweeper.ok().and_then(|mut child| child.stdin.take())
}
