//! Closed loops by wrk: each connection asks again as soon as it is answered.

use std::{fmt::Write, fs, path::Path, process::Command};

use stampede_testkit::servers::scratch;

use crate::{
    ask::{attempt_parts, status_path},
    thread::on_a_thread,
};

/// What one run is like.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) base_url: String,
    pub(crate) sent: Sent,
    pub(crate) connections: u32,
    pub(crate) seconds: u32,
}

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) enum Sent {
    /// Status reads of one sale.
    Status { sku: String },
    /// Attempts at these sales in turn, each by another buyer, whose name begins with this.
    Attempts { skus: Vec<String>, prefix: String },
}

/// What one run gave.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Closed {
    /// Requests that were answered.
    pub(crate) requests: u64,
    /// Answers a second.
    pub(crate) rate: f64,
    pub(crate) p99_ms: f64,
    /// What wrk says of errors, if there were any.
    pub(crate) errors: Option<String>,
}

/// Runs wrk, whose answers all had the status 200.
pub(crate) async fn run(run: Run) -> Closed {
    let said = on_a_thread(move || output(&run)).await;
    let Some(closed) = read(&said) else { panic!("wrk says what we do not understand: {said}") };
    assert_eq!(closed.errors, None, "wrong answers: {said}");
    closed
}

fn output(run: &Run) -> String {
    let folder = scratch("wrk");
    let mut command = Command::new("wrk");
    command.args(["-t1", "--latency", "-c", &run.connections.to_string()]);
    // Long enough that a slow sync is an answer's latency, and no error.
    command.args(["-d", &format!("{}s", run.seconds), "--timeout", "10s"]);
    match &run.sent {
        Sent::Status { sku } => command.arg(format!("{}{}", run.base_url, status_path(sku))),
        Sent::Attempts { skus, prefix } => {
            let file = folder.path().join("attempts.lua");
            write(&file, &attempts(&run.base_url, skus, prefix));
            command.arg("-s").arg(file).arg(&run.base_url)
        }
    };
    let output = command.output().expect("wrk: install it by `apt-get install wrk`");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}{complaint}");
    said
}

fn write(file: &Path, script: &str) {
    fs::write(file, script).expect("a script");
}

/// A script of attempts: two texts joined with a number are all that it does for each.
fn attempts(base_url: &str, skus: &[String], prefix: &str) -> String {
    let mut tails = String::new();
    let mut head = String::new();
    for sku in skus {
        let (before, after) = attempt_parts(base_url, sku);
        write!(tails, "{}, ", quoted(&after)).expect("memory");
        head = before;
    }
    let head = quoted(&format!("{head}{prefix}-"));
    format!(
        "local number = 0\n\
         local head = {head}\n\
         local tails = {{ {tails}}}\n\
         request = function()\n\
         \x20 number = number + 1\n\
         \x20 return head .. number .. tails[number % #tails + 1]\n\
         end\n"
    )
}

/// A text as Lua has it, between single quotes, which no request of ours contains.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\r', "\\r").replace('\n', "\\n"))
}

/// What wrk prints, or `None` if anything in it is missing or of another form.
fn read(said: &str) -> Option<Closed> {
    let lines = || said.lines().map(str::trim);
    let value = |name: &str| lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let summary = lines().find(|line| line.contains(" requests in "))?;
    let mut errors = lines()
        .filter(|line| line.starts_with("Socket errors:") || line.starts_with("Non-2xx"))
        .map(str::to_owned);
    let first = errors.next();
    let errors = errors.fold(first, |all, line| all.map(|all| format!("{all}; {line}")));
    Some(Closed {
        requests: summary.split(' ').next()?.parse().ok()?,
        rate: value("Requests/sec:")?.parse().ok()?,
        p99_ms: ms(value("99%")?)?,
        errors,
    })
}

/// `635.91us`, `5.80ms`, `1.20s` or `1.00m` in milliseconds.
fn ms(time: &str) -> Option<f64> {
    let units = [("us", 0.001), ("ms", 1.0), ("m", 60_000.0), ("s", 1_000.0)];
    let (number, each) =
        units.iter().find_map(|(unit, ms)| Some((time.strip_suffix(*unit)?, ms)))?;
    Some(number.parse::<f64>().ok()? * each)
}

#[cfg(test)]
mod tests {
    use super::{attempts, ms, read};

    const SAID: &str = "Running 8s test @ http://127.0.0.1:1
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   635.91us    0.89ms  12.92ms   99.00%
    Req/Sec    56.20k     8.07k   62.00k    86.54%
  Latency Distribution
     50%  250.00us
     75%  491.00us
     90%  700.00us
     99%    5.80ms
  449280 requests in 8.00s, 1.76GB read
Requests/sec:  56160.25
Transfer/sec:    606.33MB
";

    #[test]
    fn a_run_is_read_as_it_is_printed() {
        let closed = read(SAID).unwrap();
        assert_eq!((closed.requests, closed.errors), (449_280, None));
        assert_eq!((closed.rate.to_string(), closed.p99_ms.to_string()).0, "56160.25");
        assert_eq!(closed.p99_ms.to_string(), "5.8");
    }

    #[test]
    fn errors_of_both_kinds_are_seen() {
        let socket = "  Socket errors: connect 0, read 0, write 0, timeout 3";
        let status = "  Non-2xx or 3xx responses: 4";
        let said = format!("{SAID}{socket}\n{status}\n");
        let errors = read(&said).unwrap().errors.unwrap();
        assert!(errors.contains("timeout 3; Non-2xx"), "{errors}");
    }

    #[test]
    fn what_is_missing_is_no_figure() {
        for name in ["Requests/sec:", "99%  ", " requests in "] {
            assert_eq!(read(&SAID.replace(name, "?")), None, "{name}");
        }
        assert_eq!(read(&SAID.replace("56160.25", "nan!")), None);
    }

    #[test]
    fn times_are_read_in_each_unit() {
        let shown = |time| ms(time).map(|ms| format!("{ms:.2}"));
        assert_eq!(shown("635.91us").as_deref(), Some("0.64"));
        assert_eq!(shown("5.80ms").as_deref(), Some("5.80"));
        assert_eq!(shown("1.20s").as_deref(), Some("1200.00"));
        assert_eq!(shown("1.00m").as_deref(), Some("60000.00"));
        assert_eq!(shown("12"), None);
    }

    #[test]
    fn a_script_takes_the_sales_in_turn() {
        let skus = ["A".to_owned(), "B".to_owned()];
        let script = attempts("http://127.0.0.1:1", &skus, "r1");
        assert!(script.contains(r"X-User-Id: r1-'"), "{script}");
        assert!(script.contains(r#"\r\n\r\n{"sku":"A","qty":1}', '\r\n"#), "{script}");
        assert!(script.contains(r#"{"sku":"B","qty":1}', }"#), "{script}");
        assert!(!script.contains('\r'), "{script}");
    }
}
