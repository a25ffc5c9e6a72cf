//! A real Prometheus that scrapes one node.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    blocking,
    child::{Child, RunAs, command, eventually},
    port::free_port,
    programs,
    scratch::scratch,
    source::missing,
    until::until,
};

/// From the start of the program until it takes connections.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Until it has scraped, and answers of it.
const SCRAPE_LIMIT: Duration = Duration::from_secs(30);
/// How often other ports are tried when somebody took the first.
const STARTS: usize = 5;
/// What Prometheus gives each series of its own, and the bound of a bucket.
const NOT_OURS: [&str; 4] = ["__name__", "job", "instance", "le"];

/// A local Prometheus. Killed when dropped.
#[derive(Debug)]
pub struct Prometheus {
    port: u16,
    _child: Child,
    _folder: TempDir,
}

/// What Prometheus knows of one metric.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metric {
    /// `counter`, `gauge` or `histogram`.
    pub kind: String,
    /// The names of its labels.
    pub labels: BTreeSet<String>,
    /// Every value that any of them has.
    pub values: BTreeSet<String>,
}

impl Prometheus {
    /// Starts one that scrapes the node at this address.
    pub async fn scraping(base_url: &str) -> Self {
        let target = base_url.trim_start_matches("http://").to_owned();
        blocking(move || Self::launch(&target)).await
    }

    /// What `promtool` says against a file when it is asked this of it, such as `check config` or
    /// `test rules`; `None` if nothing.
    #[must_use]
    pub fn fault_of(asked: [&str; 2], file: &Path) -> Option<String> {
        let Some(program) = programs::find("promtool") else {
            panic!("{}", missing("Prometheus", "no program promtool"));
        };
        let mut command = Command::new(program);
        let output = command.args(asked).arg(file).output().expect("promtool");
        (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn launch(target: &str) -> Self {
        let Some(program) = programs::find("prometheus") else {
            panic!("{}", missing("Prometheus", "no program prometheus"));
        };
        let folder = scratch("prometheus");
        let config = folder.path().join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}\n\
             scrape_configs:\n\
             - job_name: node\n\
             \x20 static_configs: [{{targets: ['{target}']}}]\n"
        );
        fs::write(&config, text).expect("a configuration for Prometheus");
        for _ in 0..STARTS {
            let port = free_port();
            if let Some(child) = start(&program, folder.path(), &config, port) {
                return Self { port, _child: child, _folder: folder };
            }
        }
        let said = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        panic!("prometheus does not start: {said}");
    }

    /// What it knows by name, once it knows of every metric in `awaited`.
    pub async fn metrics(&self, awaited: &[&str]) -> BTreeMap<String, Metric> {
        until(&format!("a scrape with {awaited:?}"), SCRAPE_LIMIT, async || {
            let metrics = self.known().await?;
            let is_complete = |metric: &Metric| !metric.kind.is_empty();
            awaited
                .iter()
                .all(|name| metrics.get(*name).is_some_and(is_complete))
                .then_some(metrics)
        })
        .await
    }

    /// `None` while it does not answer.
    async fn known(&self) -> Option<BTreeMap<String, Metric>> {
        let mut metrics = BTreeMap::<String, Metric>::new();
        let about = self.ask("targets/metadata?match_target={job=\"node\"}").await?;
        for metric in about.as_array()? {
            let known = metrics.entry(metric["metric"].as_str()?.to_owned()).or_default();
            metric["type"].as_str()?.clone_into(&mut known.kind);
        }
        let series = self.ask("series?match[]={job=\"node\"}").await?;
        for one in series.as_array()? {
            let labels = one.as_object()?;
            let name = labels["__name__"].as_str()?;
            let parts = ["_bucket", "_sum", "_count"];
            let whole = parts.iter().find_map(|part| name.strip_suffix(part));
            let is_whole =
                |name: &&str| metrics.get(*name).is_some_and(|one| one.kind == "histogram");
            let name = whole.filter(is_whole).unwrap_or(name);
            // Others are what it says of its own scrapes.
            let Some(known) = metrics.get_mut(name) else { continue };
            for (label, value) in labels {
                if !NOT_OURS.contains(&label.as_str()) {
                    known.labels.insert(label.clone());
                    known.values.insert(value.as_str()?.to_owned());
                }
            }
        }
        Some(metrics)
    }

    async fn ask(&self, question: &str) -> Option<Value> {
        let url = format!("http://127.0.0.1:{}/api/v1/{question}", self.port);
        let answer: Value = reqwest::get(url).await.ok()?.json().await.ok()?;
        answer.get("data").cloned()
    }
}

/// `None` when the program ends before it takes connections: its port was taken, or it does not
/// understand its configuration.
fn start(program: &Path, folder: &Path, config: &Path, port: u16) -> Option<Child> {
    let log = File::create(folder.join("log")).expect("a log for Prometheus");
    let mut command = command(program, RunAs::Me, "KILL");
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg("--log.level=warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    let mut child = Child::spawn(command).expect("start prometheus");
    let listens = eventually(START_LIMIT, || match child.ended() {
        Some(_) => Some(false),
        None => TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok().map(|_| true),
    });
    // Somebody else may listen on a port that ours could not get.
    (listens == Some(true) && child.ended().is_none()).then_some(child)
}
