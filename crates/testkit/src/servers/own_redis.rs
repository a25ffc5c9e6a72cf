//! A Redis that belongs to one test.

mod copies;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, File},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use rustix::process::Signal;
use tempfile::TempDir;

use super::{
    blocking,
    child::{Child, RunAs, arguments, command, eventually},
    copy::empty_folder,
    host::{Host, Lost},
    outbox_left::GROUP,
    port::free_port,
    programs,
    scratch::scratch,
    source::missing,
    until::until,
};

/// From the start of the program to its first answer, a large file to load included; and from a
/// question to its connection, which a busy machine may not take at once.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// What Redis says as it ends, once it has cut the torn end off a file that is not its last one:
/// the power failed while its file was rewritten.
const MENDED: &str = "the truncated file is not the last file";
/// How often it may end so: it cuts off a torn command first, and at the next start what is left
/// of the transaction that the command was a part of.
const MENDS_MAX: usize = 2;
/// How often another port is tried when somebody took the first.
const STARTS: usize = 5;

/// How an [`OwnRedis`] keeps its data.
#[derive(Clone, Debug, Default)]
pub struct OwnRedisOptions {
    /// Writes an append-only file. Without it nothing is on disk, and [`OwnRedis::restart`]
    /// starts empty.
    pub appendonly: bool,
    /// When that file is synced.
    pub fsync: Fsync,
    /// Runs it on a [`Host`], which can lose power: see [`OwnRedis::host`].
    pub power_loss: bool,
    /// Further arguments of `redis-server`, such as `["--appendfsync", "always"]`.
    pub arguments: Vec<String>,
}

/// When Redis syncs its append-only file (`appendfsync`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fsync {
    /// Before it answers.
    Always,
    /// Every second, on another thread. While such a sync is under way it writes nothing, for two
    /// seconds at most, and answers: a kill takes what it answered meanwhile.
    EverySecond,
    /// Never: the system does, some day. What it answered is written, and so outlives a kill.
    #[default]
    No,
}

/// A local Redis of one test, which may be killed, restarted, emptied and set back.
///
/// Always local, never the shared one. Killed when dropped. Its address stays the same.
#[derive(Debug)]
pub struct OwnRedis {
    plan: Plan,
    child: Child,
    copy: Option<TempDir>,
    folder: TempDir,
}

/// What a start needs, the same each time.
#[derive(Clone, Debug)]
struct Plan {
    program: PathBuf,
    port: u16,
    data: PathBuf,
    log: PathBuf,
    arguments: Vec<OsString>,
    host: Option<Arc<Host>>,
}

impl OwnRedis {
    /// Starts one (15 ms) and waits until it answers.
    pub async fn start(options: OwnRedisOptions) -> Self {
        blocking(move || Self::launch(&options)).await
    }

    pub(super) fn launch(options: &OwnRedisOptions) -> Self {
        let Some(program) = programs::find("redis-server") else {
            panic!("{}", missing("Redis of its own", "no program redis-server"));
        };
        let folder = scratch("redis");
        let (data, log) = (folder.path().join("data"), folder.path().join("log"));
        fs::create_dir(&data).expect("a folder for Redis");
        let mut given = vec!["--appendonly", if options.appendonly { "yes" } else { "no" }];
        given.extend(["--appendfsync", options.fsync.as_str()]);
        given.extend(options.arguments.iter().map(String::as_str));
        let arguments = arguments(given);

        let host = options.power_loss.then(|| Arc::new(Host::with_disk(&data)));
        let mut plan = Plan { program, port: 0, data, log, arguments, host };
        for _ in 0..STARTS {
            plan.port = free_port();
            if let Some(child) = plan.start() {
                return Self { plan, child, copy: None, folder };
            }
        }
        panic!("redis-server does not start: {}", plan.said());
    }

    /// `redis://127.0.0.1:<port>`, the same after a restart.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.plan.port)
    }

    /// Kills it (SIGKILL) and waits until it is gone. May be repeated.
    pub fn kill(&mut self) {
        self.child.kill();
    }

    /// Starts it again with the files it left, killing it first if it still runs; and again each
    /// time that it ends over a file that it had to mend first, as whoever looks after it does.
    pub async fn restart(&mut self) {
        self.kill();
        let plan = self.plan.clone();
        self.child = blocking(move || {
            for _ in 0..MENDS_MAX {
                if let Some(child) = plan.start() {
                    return child;
                }
                if !plan.said().contains(MENDED) {
                    break;
                }
            }
            plan.start().unwrap_or_else(|| panic!("redis-server does not restart: {}", plan.said()))
        })
        .await;
    }

    /// Starts it again as if its disk had been lost.
    pub async fn restart_empty(&mut self) {
        self.kill();
        empty_folder(&self.plan.data).expect("empty the folder of Redis");
        self.settle();
        self.restart().await;
    }

    /// Forgets every key and goes on, as after a command that somebody should not have given.
    pub async fn flush(&self) {
        self.told(&mut redis::cmd("FLUSHALL")).await;
    }

    /// The machine that it runs on, if it was started with `power_loss`.
    #[must_use]
    pub fn host(&self) -> &Host {
        self.plan.host.as_ref().expect("started with power_loss")
    }

    /// The power of its machine fails: it is killed and what it had not synced is gone. It is
    /// not started again: [`OwnRedis::restart`] does.
    pub fn lose_power(&mut self) -> Lost {
        self.lose_power_keeping(&mut |_| 0)
    }

    /// The same, on a disk that has taken more: see [`Host::lose_power_keeping`].
    pub fn lose_power_keeping(&mut self, keep: &mut dyn FnMut(usize) -> usize) -> Lost {
        self.kill();
        self.host().lose_power_keeping(keep)
    }

    /// Syncs before it answers, until it is started again: a kill takes nothing that it answered.
    pub async fn sync_always(&self) {
        self.told(redis::cmd("CONFIG").arg("SET").arg("appendfsync").arg("always")).await;
    }

    /// Begins to rewrite its append-only file, which takes `each` for every key.
    pub async fn begin_rewrite(&self, each: Duration) {
        let each = each.as_micros().to_string();
        self.told(redis::cmd("CONFIG").arg("SET").arg("rdb-key-save-delay").arg(each)).await;
        let begun: Option<String> = self.asked(&redis::cmd("BGREWRITEAOF")).await;
        assert!(begun.is_some_and(|said| said.contains("started")), "BGREWRITEAOF");
    }

    /// Makes it a replica of `master` and waits until it holds what that held. The clients of
    /// both stay.
    pub async fn replicate(&self, master: &Self) {
        let port = master.plan.port.to_string();
        self.told(redis::cmd("REPLICAOF").arg("127.0.0.1").arg(port)).await;
        until("the replica has its master's data", ANSWER_LIMIT, async || {
            let about: String = self.asked(redis::cmd("INFO").arg("replication")).await?;
            about.contains("master_link_status:up").then_some(())
        })
        .await;
    }

    /// Makes a replica a master, with what has reached it. Nobody tells the old one.
    pub async fn promote(&self) {
        self.told(redis::cmd("REPLICAOF").arg("NO").arg("ONE")).await;
    }

    /// Refuses writes that would take it above `bytes` from now on; 0 for no limit.
    pub async fn limit_memory(&self, bytes: u64) {
        self.told(redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(bytes)).await;
    }

    /// How many entries of the outbox each worker holds.
    pub async fn in_hands(&self) -> BTreeMap<String, u64> {
        type Pending = (u64, Option<String>, Option<String>, Option<Vec<(String, u64)>>);
        let streams = redis::cmd("KEYS").arg("*").clone();
        let names: Vec<String> = self.asked(&streams).await.expect("its keys");
        let mut hands = BTreeMap::new();
        for name in names {
            // Other keys, and streams without that group, are errors.
            let pending = redis::cmd("XPENDING").arg(name).arg(GROUP).clone();
            let Some((_, _, _, held)) = self.asked::<Pending>(&pending).await else { continue };
            for (consumer, count) in held.into_iter().flatten() {
                *hands.entry(consumer).or_default() += count;
            }
        }
        hands
    }

    /// Bytes of memory that its data take, as it counts them itself.
    pub async fn dataset_bytes(&self) -> u64 {
        let about: Option<String> = self.asked(redis::cmd("INFO").arg("memory")).await;
        let about = about.expect("Redis answers");
        let mut lines = about.lines();
        let bytes = lines.find_map(|line| line.strip_prefix("used_memory_dataset:"));
        bytes.and_then(|bytes| bytes.trim().parse().ok()).expect("what its data take")
    }

    /// Gives a command that answers `OK`.
    async fn told(&self, command: &mut redis::Cmd) {
        let answer: Option<String> = self.asked(command).await;
        assert_eq!(answer.as_deref(), Some("OK"), "{command:?}");
    }

    /// `None` while it is away, or when it answers an error.
    async fn asked<T>(&self, command: &redis::Cmd) -> Option<T>
    where
        T: redis::FromRedisValue + Send + 'static,
    {
        let (url, command) = (self.url(), command.clone());
        blocking(move || ask(&url, &command)).await
    }

    /// What the test did to its files itself outlives a power loss.
    fn settle(&self) {
        if let Some(host) = &self.plan.host {
            host.settle();
        }
    }

    /// Stops it in the middle of whatever it does: connections stay open and nothing answers.
    pub fn pause(&self) {
        self.child.stop();
    }

    /// Lets a paused one go on.
    pub fn resume(&self) {
        self.child.signal(Signal::CONT);
    }
}

impl OwnRedisOptions {
    /// With an append-only file that has all that it answered when it is killed.
    #[must_use]
    pub fn on_disk() -> Self {
        Self { appendonly: true, ..Self::default() }
    }

    /// With its append-only file as `infrastructure/redis.conf` has it.
    #[must_use]
    pub fn as_shipped() -> Self {
        Self { fsync: Fsync::EverySecond, ..Self::on_disk() }
    }
}

impl Fsync {
    fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::EverySecond => "everysec",
            Self::No => "no",
        }
    }
}

impl Plan {
    /// `None` when the program ends before it answers: its port was taken, or its files are bad.
    fn start(&self) -> Option<Child> {
        let log = File::create(&self.log).expect("a log for Redis");
        let mut command = command(&self.program, RunAs::Me, "KILL");
        command
            .args(["--bind", "127.0.0.1", "--daemonize", "no", "--save", ""])
            .args(["--repl-diskless-sync-delay", "0", "--port"])
            .arg(self.port.to_string())
            .arg("--dir")
            .arg(&self.data)
            .args(&self.arguments)
            .envs(self.host.iter().flat_map(|host| host.environment()))
            .stdin(std::process::Stdio::null())
            .stdout(log);
        let mut child = Child::spawn(command).expect("start redis-server");
        let url = format!("redis://127.0.0.1:{}", self.port);
        let answered = eventually(ANSWER_LIMIT, || match child.ended() {
            Some(_) => Some(false),
            None => ask::<String>(&url, &redis::cmd("PING")).map(|_| true),
        });
        // Somebody else may answer on a port that ours could not get.
        (answered == Some(true) && child.ended().is_none()).then_some(child)
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// `None` while the server is away or still loads its files.
fn ask<T: redis::FromRedisValue>(url: &str, question: &redis::Cmd) -> Option<T> {
    let client = redis::Client::open(url).expect("an address of our own");
    let mut connection = client.get_connection_with_timeout(ANSWER_LIMIT).ok()?;
    question.query(&mut connection).ok()
}
