//! The machine that a program believes to run on: its power, its disk, its clock.

mod cut;

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tempfile::TempDir;

use self::cut::cut;
use super::{
    child::{eventually, run},
    copy::empty_folder,
    programs,
    scratch::scratch,
};

pub use cut::Lost;

/// A folder as the disk of a machine that can lose power, fill up, break and tell a wrong time.
///
/// A program that is started with [`Host::environment`] has a small library preloaded,
/// `host.c`, which notes what the program changes under that folder and what it syncs. A power
/// loss then takes back whatever no completed sync covers: killing a program alone loses
/// nothing, since what it wrote lives on in the page cache.
#[derive(Debug)]
pub struct Host {
    disk: PathBuf,
    side: TempDir,
    /// Whether anything was ever noted: a program that is not seen would lose nothing.
    is_seen: AtomicBool,
}

/// How a disk refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFault {
    /// `ENOSPC`: no room is left.
    Full,
    /// `EIO`: the device fails.
    Broken,
}

/// How much a disk refused since the last change of what it refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// Writes, truncations and creations of files.
    pub writes: i64,
    /// Syncs of files and folders.
    pub syncs: i64,
}

/// How long killed programs take to be gone.
const END_LIMIT: Duration = Duration::from_secs(10);

/// The numbers of `struct switches` in `host.c`, in its order.
#[derive(Clone, Copy)]
enum Switch {
    Clock,
    WriteError,
    WriteEvery,
    SyncError,
    SyncEvery,
    WritesSeen,
    WritesFailed,
    SyncsSeen,
    SyncsFailed,
    SyncHeld,
}

const SWITCHES: usize = Switch::SyncHeld as usize + 1;

impl DiskFault {
    fn errno(self) -> i64 {
        match self {
            Self::Full => 28,
            Self::Broken => 5,
        }
    }
}

impl Host {
    /// Makes `disk`, a folder that exists, the disk of a machine.
    ///
    /// It must be on the file system on which tests have their folders: see
    /// [`super::scratch`]. What is on it already counts as synced.
    #[must_use]
    pub fn with_disk(disk: &Path) -> Self {
        let disk = disk.canonicalize().expect("a folder for a disk");
        let side = scratch("host");
        fs::create_dir(side.path().join("graves")).expect("a folder beside the disk");
        File::create(side.path().join("journal")).expect("a journal");
        let host = Self { disk, side, is_seen: AtomicBool::new(false) };
        fs::write(host.side.path().join("switch"), [0; SWITCHES * 8]).expect("a switch");
        host
    }

    /// What a program is to be started with. Those that ran on this machine before have ended.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, String); 3] {
        // A killed program can leave a torn record, and the next one appends.
        let journal = self.journal();
        let length = cut::whole(&journal) as u64;
        let file = OpenOptions::new().write(true).open(self.journal_path());
        file.and_then(|file| file.set_len(length)).expect("trim the journal");
        let shown = |path: &Path| path.display().to_string();
        [
            ("LD_PRELOAD", shown(&library())),
            ("TEST_HOST_DISK", shown(&self.disk)),
            ("TEST_HOST_SIDE", shown(self.side.path())),
        ]
    }

    /// Leaves on the disk what a power loss leaves: what was synced. Its programs must have been
    /// killed.
    pub fn lose_power(&self) -> Lost {
        self.lose_power_keeping(&mut |_| 0)
    }

    /// The same, on a disk that has taken more than it was told to sync: `keep` says how many of
    /// so many writes of a file it has, the oldest, and how many bytes of the next one.
    pub fn lose_power_keeping(&self, keep: &mut dyn FnMut(usize) -> usize) -> Lost {
        let ended = eventually(END_LIMIT, || (!self.has_programs()).then_some(()));
        assert!(ended.is_some(), "a program of this machine outlives its power");
        let lost = cut(&self.journal(), &self.disk, &self.graves(), keep).expect("cut the disk");
        self.settle();
        assert!(self.is_seen.load(Ordering::Relaxed), "no change of this disk was ever noted");
        lost
    }

    /// Whether a program holds the journal, as every one does that runs on this machine.
    fn has_programs(&self) -> bool {
        let journal = self.journal_path().canonicalize().expect("a journal");
        let programs = fs::read_dir("/proc").into_iter().flatten().flatten();
        programs
            .flat_map(|program| fs::read_dir(program.path().join("fd")).into_iter().flatten())
            .any(|file| {
                file.is_ok_and(|file| fs::read_link(file.path()).is_ok_and(|to| to == journal))
            })
    }

    /// Takes the disk as it is for synced, after the test itself changed it. Its programs must
    /// have ended.
    pub fn settle(&self) {
        self.is_seen.fetch_or(!self.journal().is_empty(), Ordering::Relaxed);
        File::create(self.journal_path()).expect("empty the journal");
        empty_folder(&self.graves()).expect("empty the graves");
    }

    /// From now on each `every`th write, truncation or creation on the disk is refused.
    pub fn refuse_writes(&self, fault: DiskFault, every: u32) {
        self.set(Switch::WritesSeen, 0);
        self.set(Switch::WritesFailed, 0);
        self.set(Switch::WriteError, fault.errno());
        self.set(Switch::WriteEvery, every.into());
    }

    /// From now on each `every`th sync on the disk is refused. What it would have covered is
    /// covered by the next that succeeds, which is kinder than some disks are.
    pub fn refuse_syncs(&self, fault: DiskFault, every: u32) {
        self.set(Switch::SyncsSeen, 0);
        self.set(Switch::SyncsFailed, 0);
        self.set(Switch::SyncError, fault.errno());
        self.set(Switch::SyncEvery, every.into());
    }

    /// From now on no sync on the disk comes to its end, as of a disk that hesitates.
    pub fn hold_syncs(&self) {
        self.set(Switch::SyncHeld, 1);
    }

    /// Refuses and holds nothing any more.
    pub fn heal(&self) {
        self.set(Switch::SyncHeld, 0);
        self.set(Switch::WriteEvery, 0);
        self.set(Switch::SyncEvery, 0);
    }

    /// How much it has refused.
    #[must_use]
    pub fn refused(&self) -> Refused {
        Refused { writes: self.get(Switch::WritesFailed), syncs: self.get(Switch::SyncsFailed) }
    }

    /// Its clock tells the time of this machine.
    pub fn set_clock_right(&self) {
        self.set(Switch::Clock, 0);
    }

    /// Its clock goes `ahead` of this machine's.
    pub fn set_clock_ahead(&self, ahead: Duration) {
        self.set(Switch::Clock, nanoseconds(ahead));
    }

    /// Its clock goes so much behind this machine's.
    pub fn set_clock_back(&self, behind: Duration) {
        self.set(Switch::Clock, -nanoseconds(behind));
    }

    fn set(&self, switch: Switch, value: i64) {
        let file = OpenOptions::new().write(true).open(self.side.path().join("switch"));
        let set = file.and_then(|file| file.write_all_at(&value.to_ne_bytes(), place(switch)));
        set.expect("set a switch");
    }

    fn get(&self, switch: Switch) -> i64 {
        let mut bytes = [0; 8];
        let file = File::open(self.side.path().join("switch"));
        let read = file.and_then(|file| file.read_exact_at(&mut bytes, place(switch)));
        read.expect("read a switch");
        i64::from_ne_bytes(bytes)
    }

    fn journal(&self) -> Vec<u8> {
        fs::read(self.journal_path()).expect("the journal")
    }

    fn journal_path(&self) -> PathBuf {
        self.side.path().join("journal")
    }

    fn graves(&self) -> PathBuf {
        self.side.path().join("graves")
    }
}

fn place(switch: Switch) -> u64 {
    switch as u64 * 8
}

fn nanoseconds(duration: Duration) -> i64 {
    duration.as_nanos().try_into().expect("less than three centuries")
}

/// The library, compiled by the first test of the process that needs it.
fn library() -> PathBuf {
    static LIBRARY: OnceLock<TempDir> = OnceLock::new();
    let compile = || {
        let Some(compiler) = programs::find("cc") else {
            panic!("no program cc for this test: install a C compiler (Debian: gcc libc6-dev)");
        };
        let folder = scratch("library");
        let source = folder.path().join("host.c");
        fs::write(&source, include_str!("host/host.c")).expect("the library's source");
        let mut command = Command::new(compiler);
        command.args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o"]);
        command.arg(folder.path().join("host.so")).arg(source).args(["-ldl", "-lpthread"]);
        run(command);
        folder
    };
    LIBRARY.get_or_init(compile).path().join("host.so")
}
