//! The binary under test, as a process of its own.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::{Resource, Signal, getrlimit, setrlimit};
use tempfile::TempDir;
use tokio::time::sleep;

use super::{
    blocking,
    child::{Child, RunAs, arguments, command},
    programs,
    scratch::scratch,
    stampede_log::{Log, field_of},
};

/// From the start of the process to the log line "listening", migrations included.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long a command that ends by itself may take.
const RUN_LIMIT: Duration = Duration::from_mins(1);
/// How often it is looked whether a program has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// After the end of a process, until its last lines are read.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);
/// What a process under test inherits; everything else would be a setting by accident.
const INHERITED: [&str; 6] =
    ["PATH", "HOME", "TMPDIR", "LANG", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"];

/// A running `stampede`, in an empty folder. Killed when dropped.
#[derive(Debug)]
pub struct StampedeProcess {
    child: Child,
    log: Log,
    base_url: String,
    _folder: TempDir,
}

/// What a program that ended by itself left.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The lines of standard output and standard error.
    pub lines: Vec<String>,
}

impl StampedeProcess {
    /// Starts the binary with `args` (`["serve"]`) and waits until it listens.
    ///
    /// It sees the settings in `env` and no others, but for `PORT=0`, which `env` may override.
    pub async fn start<'a>(
        args: impl IntoIterator<Item = &'a str>,
        env: impl IntoIterator<Item = (&'a str, String)>,
    ) -> Self {
        let (args, env) = (arguments(args), owned(env));
        blocking(move || Self::launch(&binary(), &args, &env)).await
    }

    /// Starts `program` with `args`: the binary, another version of it, or any that says where it
    /// listens as Stampede does.
    pub async fn start_program<'a, A: Into<OsString>>(
        program: &Path,
        args: impl IntoIterator<Item = A>,
        env: impl IntoIterator<Item = (&'a str, String)>,
    ) -> Self {
        let (program, args, env) = (program.to_owned(), arguments(args), owned(env));
        blocking(move || Self::launch(&program, &args, &env)).await
    }

    /// The binary under test: the one that `STAMPEDE_BIN` names, else that of profile `ci`.
    #[must_use]
    pub fn program() -> PathBuf {
        binary()
    }

    fn launch(binary: &Path, args: &[OsString], env: &[(String, String)]) -> Self {
        let (child, log, folder) = spawn(binary, args, env);
        let address = log.find(START_LIMIT, |line| field_of(line, "listening", "address"));
        let Some(address) = address else {
            panic!("{args:?} does not listen:\n{}", log.lines().join("\n"));
        };
        let base_url = base_url(&address);
        Self { child, log, base_url, _folder: folder }
    }

    /// Runs a command that ends by itself, as `check` does, or `serve` with a bad setting.
    pub async fn run<'a>(
        args: impl IntoIterator<Item = &'a str>,
        env: impl IntoIterator<Item = (&'a str, String)>,
    ) -> Ended {
        let (args, env) = (arguments(args), owned(env));
        blocking(move || {
            let (mut child, log, _folder) = spawn(&binary(), &args, &env);
            let Some(status) = child.wait(RUN_LIMIT) else {
                panic!("{args:?} does not end:\n{}", log.lines().join("\n"));
            };
            Ended { code: status.code(), lines: log.until_closed(DRAIN_LIMIT) }
        })
        .await
    }

    /// `http://127.0.0.1:<port>`, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The number by which the system knows it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Every line it has written so far, both streams.
    #[must_use]
    pub fn logs(&self) -> Vec<String> {
        self.log.lines()
    }

    /// Waits for the log line with this message and answers it; fails when `limit` is over.
    pub async fn logged(&self, message: &'static str, limit: Duration) -> String {
        let log = self.log.clone();
        let has_it = move |line: &str| {
            let said: serde_json::Value = serde_json::from_str(line).ok()?;
            let fields = said.get("fields").unwrap_or(&said);
            (fields.get("message")?.as_str()? == message).then(|| line.to_owned())
        };
        let found = blocking(move || log.find(limit, has_it)).await;
        found.unwrap_or_else(|| panic!("never logged {message:?}:\n{}", self.logs().join("\n")))
    }

    /// Kills it (SIGKILL) in the middle of whatever it does, and waits until it is gone.
    pub fn kill_hard(&mut self) {
        self.child.kill();
    }

    /// Kills it as [`StampedeProcess::kill_hard`] does, while everything else goes on.
    pub async fn kill(mut self) {
        blocking(move || self.kill_hard()).await;
    }

    /// Asks it to stop (SIGTERM) and does not wait: [`StampedeProcess::wait`] does.
    pub fn terminate(&self) {
        self.child.signal(Signal::TERM);
    }

    /// Stops it in the middle of whatever it does: connections stay open and nothing answers.
    pub fn pause(&self) {
        self.child.stop();
    }

    /// Lets a paused one go on.
    pub fn resume(&self) {
        self.child.signal(Signal::CONT);
    }

    /// Waits for its end and answers the exit code, `None` when a signal ended it; fails when
    /// `limit` is over.
    pub async fn wait(mut self, limit: Duration) -> Ended {
        blocking(move || {
            let Some(status) = self.child.wait(limit) else {
                panic!("it does not end within {limit:?}:\n{}", self.logs().join("\n"));
            };
            Ended { code: status.code(), lines: self.log.until_closed(DRAIN_LIMIT) }
        })
        .await
    }
}

/// Runs another program, a generator of load for example, until it ends by itself.
///
/// It is killed when nobody waits for it any more, and when this process ends in whatever way.
pub async fn run_program<A: Into<OsString>>(
    name: &str,
    args: impl IntoIterator<Item = A>,
) -> Ended {
    let program = programs::find(name);
    let program = program.unwrap_or_else(|| panic!("no program {name} on this machine"));
    let (mut child, log, _folder) = spawn(&program, &arguments(args), &[]);
    loop {
        if let Some(status) = child.ended() {
            return Ended { code: status.code(), lines: log.until_closed(DRAIN_LIMIT) };
        }
        sleep(LOOK_EVERY).await;
    }
}

fn owned<'a>(env: impl IntoIterator<Item = (&'a str, String)>) -> Vec<(String, String)> {
    env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// In an empty folder, so that neither `./data` nor a `.env` of the developer is met.
fn spawn(binary: &Path, args: &[OsString], env: &[(String, String)]) -> (Child, Log, TempDir) {
    // Where it is too low, the first test that needs more says so.
    let _ = raise_file_limit();
    let folder = scratch("stampede");
    let mut command: Command = command(binary, RunAs::Me, "KILL");
    command.env_clear();
    command.envs(INHERITED.iter().filter_map(|name| Some((name, env::var_os(name)?))));
    command
        .env("PORT", "0")
        .envs(env.iter().map(|(name, value)| (name, value)))
        .args(args)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = Child::spawn(command).expect("start stampede");
    let log = Log::default();
    let process = child.as_process();
    log.follow(process.stdout.take().expect("its output is piped"));
    log.follow(process.stderr.take().expect("its output is piped"));
    (child, log, folder)
}

/// Raises the soft limit of open files to the hard one, and says what it is now; `None` is
/// without a limit. What is started later inherits it.
///
/// A crowd is a socket a buyer, and 1,024 is a usual soft limit.
#[must_use = "what it says is how many connections are possible"]
pub fn raise_file_limit() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // A system that refuses leaves the limit as it was, which is what is answered.
    let _ = setrlimit(Resource::Nofile, limit);
    getrlimit(Resource::Nofile).current
}

/// The binary that `STAMPEDE_BIN` names, else the one of profile `ci`.
fn binary() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let built = target.join("ci/stampede");
    let binary = env::var_os("STAMPEDE_BIN").map_or(built, PathBuf::from);
    assert!(
        binary.is_file(),
        "{} is missing: run the tests by `cargo xtask test integration`, or build it by \
         `cargo build --profile ci -p stampede-server`",
        binary.display()
    );
    binary
}

/// An address as it is logged, with or without its scheme.
fn base_url(address: &str) -> String {
    let address = address.trim_end_matches('/');
    if address.starts_with("http") { address.to_owned() } else { format!("http://{address}") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{StampedeProcess, arguments, run_program};
    use crate::servers::programs;

    const LIMIT: Duration = Duration::from_secs(10);

    /// A program that listens, by its log, prints its settings, and stops when asked to.
    const STAND_IN: &str = r#"
trap 'echo "{\"message\":\"stopped\"}"; exit 3' TERM
echo "no JSON" >&2
echo "{\"message\":\"settings\",\"given\":\"$GIVEN\",\"port\":\"$PORT\",\"crate\":\"$CARGO_PKG_NAME\"}"
echo "{\"fields\":{\"message\":\"listening\",\"address\":\"127.0.0.1:7\"}}" >&2
while :; do sleep 0.02; done
"#;

    fn stand_in() -> StampedeProcess {
        let shell = programs::find("sh").expect("a shell");
        let settings = [("GIVEN".to_owned(), "by the test".to_owned())];
        StampedeProcess::launch(&shell, &arguments(["-c", STAND_IN]), &settings)
    }

    #[tokio::test]
    async fn a_process_says_where_it_listens_and_sees_the_given_settings_alone() {
        let process = stand_in();
        assert_eq!(process.base_url(), "http://127.0.0.1:7");
        let settings = process.logged("settings", LIMIT).await;
        let seen = r#""given":"by the test","port":"0","crate":"""#;
        assert!(settings.contains(seen), "{settings}");
    }

    #[tokio::test]
    async fn a_process_that_is_asked_to_stop_leaves_its_exit_code_and_its_last_line() {
        let process = stand_in();
        process.terminate();
        let ended = process.wait(LIMIT).await;
        assert_eq!(ended.code, Some(3));
        assert!(ended.lines.iter().any(|line| line.contains("stopped")), "{:?}", ended.lines);
    }

    #[tokio::test]
    async fn a_paused_process_does_nothing_from_then_on() {
        let process = stand_in();
        process.pause();
        assert!(process.child.is_stopped());
        process.resume();
        process.terminate();
        assert_eq!(process.wait(LIMIT).await.code, Some(3));
    }

    #[tokio::test]
    async fn another_program_leaves_what_it_said_and_how_it_ended() {
        let ended = run_program("sh", ["-c", "echo said; exit 3"]).await;
        assert_eq!((ended.code, ended.lines), (Some(3), vec!["said".to_owned()]));
    }

    #[tokio::test]
    async fn a_killed_process_ends_without_a_word() {
        let mut process = stand_in();
        process.kill_hard();
        let ended = process.wait(LIMIT).await;
        assert_eq!(ended.code, None);
        assert!(!ended.lines.iter().any(|line| line.contains("stopped")), "{:?}", ended.lines);
    }
}
