//! A Postgres that belongs to one test.

mod faults;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::Signal;
use tempfile::TempDir;

use super::{
    blocking,
    child::{Child, RunAs, command, eventually, run},
    port::free_port,
    programs,
    scratch::scratch,
    source::missing,
};

pub use faults::TakenConnections;

/// From the start of the program to its first connection, recovery included.
const START_LIMIT: Duration = Duration::from_mins(1);
/// How long an immediate shutdown may take before the rest is killed.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How often another port is tried when somebody took the first.
const STARTS: usize = 5;

const SETTINGS: [&str; 4] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "dynamic_shared_memory_type=mmap",
    "lc_messages=C",
];

/// Without syncs a machine's end would take what was committed, the program's own does not:
/// commits are written before they are answered all the same.
const WITHOUT_SYNC: [&str; 2] = ["fsync=off", "full_page_writes=off"];

/// What an [`OwnPostgres`] is like.
#[derive(Clone, Debug)]
pub struct OwnPostgresOptions {
    /// Syncs what it commits, which costs time and matters when power fails alone.
    pub fsync: bool,
    /// How many connections it has to give.
    pub connections: u16,
    /// What it keeps of its tables in memory; 128 as it is shipped.
    pub shared_buffers_mb: u16,
}

impl Default for OwnPostgresOptions {
    fn default() -> Self {
        Self { fsync: false, connections: 300, shared_buffers_mb: 64 }
    }
}

/// A local Postgres of one test, which may be killed and restarted.
///
/// Always local, never the shared one. Killed when dropped. Its address stays the same.
#[derive(Debug)]
pub struct OwnPostgres {
    plan: Plan,
    child: Child,
    _folder: TempDir,
}

/// What a start needs, the same each time.
#[derive(Clone, Debug)]
struct Plan {
    program: PathBuf,
    port: u16,
    data: PathBuf,
    log: PathBuf,
    options: OwnPostgresOptions,
}

impl OwnPostgres {
    /// Makes a cluster, starts it (half a second) and waits until it takes connections.
    pub async fn start() -> Self {
        Self::start_with(OwnPostgresOptions::default()).await
    }

    /// As [`OwnPostgres::start`], for one that is like this.
    pub async fn start_with(options: OwnPostgresOptions) -> Self {
        blocking(move || Self::launch(&options)).await
    }

    pub(super) fn launch(options: &OwnPostgresOptions) -> Self {
        let Some((initdb, program)) = programs::find_postgres() else {
            panic!("{}", missing("Postgres of its own", "no programs initdb and postgres"));
        };
        let folder = scratch("postgres");
        let data = make_cluster(&initdb, folder.path());
        let log = folder.path().join("log");
        let mut plan = Plan { program, port: 0, data, log, options: options.clone() };
        for _ in 0..STARTS {
            plan.port = free_port();
            if let Some(child) = plan.start() {
                return Self { plan, child, _folder: folder };
            }
        }
        panic!("postgres does not start: {}", plan.said());
    }

    /// The address of its database `postgres`, empty at first; the same after a restart.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.plan.port)
    }

    /// Ends it and every session at once, as a crash does: nothing is rolled back or written
    /// down first, and the next start recovers from the log. May be repeated.
    ///
    /// SIGQUIT and not SIGKILL, which would end the parent alone and leave its sessions to
    /// finish what they are at.
    pub fn kill(&mut self) {
        self.end(Signal::QUIT);
    }

    /// Asks it to stop as an administrator does (fast): sessions end, what they had not
    /// committed is rolled back, everything is written down. Waits until it has.
    pub fn stop(&mut self) {
        self.end(Signal::INT);
    }

    fn end(&mut self, signal: Signal) {
        if self.child.ended().is_some() {
            return;
        }
        // A frozen one takes no signal but this.
        self.thaw();
        self.child.signal(signal);
        if self.child.wait(STOP_LIMIT).is_none() {
            self.child.kill();
        }
    }

    /// Starts it again with what it had committed, killing it first if it still runs.
    pub async fn restart(&mut self) {
        self.kill();
        let plan = self.plan.clone();
        self.child = blocking(move || {
            plan.start().unwrap_or_else(|| panic!("postgres does not restart: {}", plan.said()))
        })
        .await;
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Plan {
    /// `None` when the program ends before it takes connections: its port was taken.
    fn start(&self) -> Option<Child> {
        let log = File::create(&self.log).expect("a log for Postgres");
        // SIGQUIT at the end of this process too, so that its shared memory goes with it.
        let mut command = command(&self.program, RunAs::Postgres, "QUIT");
        command.arg("-D").arg(&self.data);
        let OwnPostgresOptions { fsync, connections, shared_buffers_mb } = &self.options;
        let without_sync = WITHOUT_SYNC.iter().filter(|_| !fsync);
        for setting in SETTINGS.iter().chain(without_sync) {
            command.args(["-c", setting]);
        }
        command
            .args(["-c", &format!("port={}", self.port)])
            .args(["-c", &format!("max_connections={connections}")])
            .args(["-c", &format!("shared_buffers={shared_buffers_mb}MB")])
            .current_dir(&self.data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let mut child = Child::spawn(command).expect("start postgres");
        let is_ready = eventually(START_LIMIT, || match child.ended() {
            Some(_) => Some(false),
            None => self.said().contains("ready to accept connections").then_some(true),
        });
        (is_ready == Some(true)).then_some(child)
    }

    /// Where its data are put aside.
    fn copy(&self) -> PathBuf {
        self.data.with_file_name("copy")
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// Runs `initdb` in `folder` and answers the folder of the data.
fn make_cluster(initdb: &Path, folder: &Path) -> PathBuf {
    if RunAs::Postgres.is_other() {
        let mut chown = Command::new("chown");
        chown.arg("postgres:").arg(folder);
        run(chown);
    }
    let data = folder.join("data");
    let mut make = command(initdb, RunAs::Postgres, "KILL");
    make.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"])
        .args(["--no-instructions", "-D"])
        .arg(&data)
        .env("LC_ALL", "C")
        .current_dir(folder);
    run(make);
    data
}
