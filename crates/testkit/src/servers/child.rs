//! A program under test: dies with the test process, takes signals, ends within a limit.

use std::{
    ffi::OsString,
    fs, io,
    path::Path,
    process::{self, Command, ExitStatus},
    sync::{Mutex, OnceLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, geteuid, kill_process};

use super::programs;

/// How often a condition outside of this process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How long the threads of a program may take to stop, on a machine with much to do.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// A running program. Killed when dropped.
#[derive(Debug)]
pub(super) struct Child(process::Child);

impl Child {
    pub(super) fn spawn(command: Command) -> io::Result<Self> {
        on_the_spawning_thread(command).map(Self)
    }

    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Sends `signal`; a program that has ended already is no failure.
    pub(super) fn signal(&self, signal: Signal) {
        match kill_process(Pid::from_child(&self.0), signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => panic!("signal {signal:?}: {error}"),
        }
    }

    /// Stops it in the middle of whatever it does, every thread of it when this returns.
    ///
    /// The kernel takes the signal for delivered before it acts on it: one thread has to run to
    /// stop the others, which meanwhile go on.
    pub(super) fn stop(&self) {
        self.signal(Signal::STOP);
        let stopped = eventually(STOP_LIMIT, || self.is_stopped().then_some(()));
        assert!(stopped.is_some(), "it does not stop within {STOP_LIMIT:?}");
    }

    /// Whether every thread of it is stopped; true as well where the system does not tell.
    pub(super) fn is_stopped(&self) -> bool {
        let threads = fs::read_dir(format!("/proc/{}/task", self.id())).into_iter().flatten();
        threads.flatten().all(|thread| {
            let said = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            // The state stands behind the name, which is in parentheses and may have some.
            said.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('T'))
        })
    }

    /// Kills at once, without a chance to tidy up, and waits until it is gone.
    pub(super) fn kill(&mut self) {
        if self.ended().is_none() {
            self.signal(Signal::KILL);
            self.0.wait().expect("wait for a killed program");
        }
    }

    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("look at a program")
    }

    /// Waits for its end, `None` when `limit` is over first.
    pub(super) fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        eventually(limit, || self.ended())
    }

    pub(super) fn as_process(&mut self) -> &mut process::Child {
        &mut self.0
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            self.0.kill().ok();
            self.0.wait().ok();
        }
    }
}

/// Whose rights a program gets. Postgres refuses to run as root.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RunAs {
    Me,
    /// The user `postgres` when the tests run as root, else the same as [`RunAs::Me`].
    Postgres,
}

impl RunAs {
    pub(super) fn is_other(self) -> bool {
        self == Self::Postgres && geteuid().is_root()
    }
}

/// `program`, to be sent `death` by the kernel when this test process ends in whatever way.
///
/// By `setpriv` of util-linux, which sets this in the child and then becomes `program`, since
/// doing it here needs unsafe code. Where there is no `setpriv`, dropping still kills.
pub(super) fn command(program: &Path, run_as: RunAs, death: &str) -> Command {
    let Some(setpriv) = programs::find("setpriv") else {
        return Command::new(program);
    };
    let mut command = Command::new(setpriv);
    if run_as.is_other() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.args(["--pdeathsig", death, "--"]).arg(program);
    command
}

/// The kernel takes the end of the spawning *thread* for the parent's end, and the threads of
/// tests end early: so one thread, which lives as long as the process, spawns for all.
fn on_the_spawning_thread(command: Command) -> io::Result<process::Child> {
    type Order = (Command, mpsc::Sender<io::Result<process::Child>>);
    static ORDERS: OnceLock<Mutex<mpsc::Sender<Order>>> = OnceLock::new();

    let orders = ORDERS.get_or_init(|| {
        let (orders, incoming) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, reply) in incoming {
                reply.send(command.spawn()).ok();
            }
        });
        Mutex::new(orders)
    });
    let (reply, answer) = mpsc::channel();
    orders.lock().expect("nothing panics here").send((command, reply)).expect("it never ends");
    answer.recv().expect("it answers each order")
}

/// Runs a program that ends by itself, and panics with what it said when it fails.
pub(super) fn run(mut command: Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {said}");
}

/// The first answer of `look`, or `None` when `limit` is over.
pub(super) fn eventually<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        match look() {
            Some(found) => return Some(found),
            None if start.elapsed() > limit => return None,
            None => thread::sleep(LOOK_EVERY),
        }
    }
}

/// Arguments as a program takes them, from text and paths alike.
pub(super) fn arguments<A: Into<OsString>>(given: impl IntoIterator<Item = A>) -> Vec<OsString> {
    given.into_iter().map(Into::into).collect()
}
