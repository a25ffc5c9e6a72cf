//! Closed loops by wrk: each connection asks again as soon as it is answered.

use std::{fmt::Write, fs, path::Path, time::Instant};

use stampede_testkit::servers::{run_program, scratch};

use crate::{
    ask::{attempt_parts, status_path},
    figure::real,
    process::cpu_of_children_s,
};

/// The part of its one core from which on wrk may be what limits a run.
pub(crate) const BUSY: f64 = 0.95;

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
    /// Requests that were answered by the status 200.
    pub(crate) answered: u64,
    /// Requests that were answered by any other. What they were the server has counted.
    pub(crate) refused: u64,
    /// Answers of the status 200 a second.
    pub(crate) rate: f64,
    /// Of all answers.
    pub(crate) p99_ms: f64,
    /// The part of a core for which wrk itself computed. It has one thread.
    pub(crate) busy: f64,
}

/// Runs wrk, none of whose connections broke.
pub(crate) async fn run(run: Run) -> Closed {
    let folder = scratch("wrk");
    let arguments = arguments(&run, folder.path());
    // No other child of ours ends meanwhile.
    let (cpu_s, begun) = (cpu_of_children_s(), Instant::now());
    let ended = run_program("wrk", arguments).await;
    let busy = (cpu_of_children_s() - cpu_s) / begun.elapsed().as_secs_f64();
    let said = ended.lines.join("\n");
    assert_eq!(ended.code, Some(0), "wrk: {said}");
    assert!(!said.contains("Socket errors:"), "wrong answers: {said}");
    let Some(closed) = read(&said) else { panic!("wrk says what we do not understand: {said}") };
    Closed { busy, ..closed }
}

fn arguments(run: &Run, folder: &Path) -> Vec<String> {
    let (connections, duration) = (run.connections.to_string(), format!("{}s", run.seconds));
    // Long enough that a slow sync is an answer's latency, and no error.
    let load = ["-t1", "--latency", "--timeout", "10s", "-c", &connections, "-d", &duration];
    let mut arguments = load.map(str::to_owned).to_vec();
    match &run.sent {
        Sent::Status { sku } => arguments.push(format!("{}{}", run.base_url, status_path(sku))),
        Sent::Attempts { skus, prefix } => {
            let file = folder.join("attempts.lua");
            fs::write(&file, attempts(&run.base_url, skus, prefix)).expect("a script");
            let script = file.to_string_lossy().into_owned();
            arguments.extend(["-s".to_owned(), script, run.base_url.clone()]);
        }
    }
    arguments
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
    let requests: u64 = summary.split(' ').next()?.parse().ok()?;
    let refused = match value("Non-2xx or 3xx responses:") {
        Some(refused) => refused.parse().ok()?,
        None => 0,
    };
    let answered = requests.checked_sub(refused)?;
    let rate: f64 = value("Requests/sec:")?.parse().ok()?;
    let rate = rate * real(answered) / real(requests.max(1));
    Some(Closed { answered, refused, rate, p99_ms: ms(value("99%")?)?, busy: 0.0 })
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
        assert_eq!((closed.answered, closed.refused), (449_280, 0));
        assert_eq!(closed.rate.to_string(), "56160.25");
        assert_eq!(closed.p99_ms.to_string(), "5.8");
    }

    #[test]
    fn what_has_another_status_is_counted_apart() {
        let closed = read(&format!("{SAID}  Non-2xx or 3xx responses: 224640\n")).unwrap();
        assert_eq!((closed.answered, closed.refused), (224_640, 224_640));
        assert_eq!(closed.rate.to_string(), "28080.125", "half of all");
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
