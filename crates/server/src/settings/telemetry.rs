//! What the process says about itself, as it is set.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use tracing_subscriber::EnvFilter;

use super::reader::Reader;

/// Form of the log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For a person at a terminal.
    Pretty,
}

/// What the process says about itself.
#[derive(Clone, Debug)]
pub struct TelemetrySettings {
    /// Levels of log lines, already known to be readable.
    pub levels: String,
    /// Form of log lines.
    pub format: LogFormat,
    /// Lines of one place in the code in ten seconds; 0 for any number.
    pub log_repeats_max: u32,
    /// Of so many answers of a worker one gets a log line; 0 for none.
    pub access_log_one_in: u32,
    /// How traces are exported, if they are.
    pub traces: Option<TraceSettings>,
    /// Names of OpenTelemetry's in the environment that mean nothing here.
    pub unheeded: Vec<String>,
}

/// How traces are exported.
#[derive(Clone, Debug)]
pub struct TraceSettings {
    /// Where the collector listens, by OTLP over gRPC.
    pub endpoint: String,
    /// What each request to it carries, by name.
    pub headers: Vec<(String, SecretString)>,
    /// How long it may take to take some.
    pub timeout: Duration,
    /// What this program is called there.
    pub service: String,
    /// What else is said of it, by name.
    pub attributes: Vec<(String, String)>,
    /// Of the requests that nobody has decided about, the part that is traced.
    pub ratio: f64,
    /// Whether what the caller has decided holds.
    pub heeds_caller: bool,
    /// Traces that are begun in a second, and apart from those failures.
    pub traces_per_s_max: u32,
    /// Spans that wait; more are dropped.
    pub queue_max: usize,
    /// Spans that are sent at a time.
    pub batch_max: usize,
    /// How long they wait for others.
    pub delay: Duration,
}

impl TelemetrySettings {
    pub(super) fn from_reader(read: &Reader) -> Self {
        read.parsed("RUST_LOG", |levels| levels.parse::<EnvFilter>().ok());
        Self {
            levels: read.text("RUST_LOG").unwrap_or_default(),
            format: match read.choice("STAMPEDE_LOG_FORMAT") {
                "pretty" => LogFormat::Pretty,
                _ => LogFormat::Json,
            },
            log_repeats_max: read.whole("STAMPEDE_LOG_REPEATS_MAX"),
            access_log_one_in: read.whole("STAMPEDE_ACCESS_LOG_ONE_IN"),
            traces: TraceSettings::from_reader(read),
            unheeded: read.unheeded(),
        }
    }

    /// What is to be told of the names that mean nothing here; `None` if there are none.
    #[must_use]
    pub fn told_of_unheeded(&self) -> Option<String> {
        let names = self.unheeded.join(", ");
        let told = format!("not heeded: {names}; .env.example lists the names that are");
        (!self.unheeded.is_empty()).then_some(told)
    }
}

impl TraceSettings {
    /// `None` if traces are not exported; everything is read all the same, so that a fault is told
    /// before somebody turns them on.
    fn from_reader(read: &Reader) -> Option<Self> {
        read.choice("OTEL_EXPORTER_OTLP_PROTOCOL");
        let endpoint = read.address("OTEL_EXPORTER_OTLP_ENDPOINT");
        let given = read.parsed("OTEL_TRACES_SAMPLER_ARG", ratio).unwrap_or_default();
        let (ratio, heeds_caller) = match read.choice("OTEL_TRACES_SAMPLER") {
            "parentbased_traceidratio" => (given, true),
            "traceidratio" => (given, false),
            "parentbased_always_on" => (1.0, true),
            "always_on" => (1.0, false),
            "parentbased_always_off" => (0.0, true),
            _ => (0.0, false),
        };
        let headers = read.parsed("OTEL_EXPORTER_OTLP_HEADERS", pairs).unwrap_or_default();
        let mut attributes = read.parsed("OTEL_RESOURCE_ATTRIBUTES", pairs).unwrap_or_default();
        // The name that stands by itself wins.
        if read.is_set("OTEL_SERVICE_NAME") {
            attributes.retain(|(name, _)| name != "service.name");
        }
        let settings = Self {
            endpoint: endpoint.clone().unwrap_or_default(),
            headers: headers.into_iter().map(|(name, value)| (name, value.into())).collect(),
            timeout: read.millis("OTEL_EXPORTER_OTLP_TIMEOUT"),
            service: read.text("OTEL_SERVICE_NAME").unwrap_or_default(),
            attributes,
            ratio,
            heeds_caller,
            traces_per_s_max: read.whole("STAMPEDE_TRACES_PER_S_MAX"),
            queue_max: read.whole("OTEL_BSP_MAX_QUEUE_SIZE"),
            batch_max: read.whole("OTEL_BSP_MAX_EXPORT_BATCH_SIZE"),
            delay: read.millis("OTEL_BSP_SCHEDULE_DELAY"),
        };
        let exports = read.choice("OTEL_TRACES_EXPORTER") == "otlp" && endpoint.is_some();
        exports.then_some(settings)
    }
}

/// A number from 0 to 1.
fn ratio(text: &str) -> Option<f64> {
    text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio))
}

/// Names and values, as OpenTelemetry writes a list of them.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let pairs = parts.map(|part| {
        let (name, value) = part.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        let fits = |text: &str| text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        let named = !name.is_empty() && !name.contains(' ');
        if !(named && fits(name) && fits(value)) {
            return None;
        }
        Some((decoded(name)?, decoded(value)?))
    });
    pairs.collect()
}

/// What a part of such a list stands for; `None` if an escape in it is broken.
fn decoded(part: &str) -> Option<String> {
    let digits = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count();
    if part.split('%').skip(1).any(|rest| digits(rest) < 2) {
        return None;
    }
    percent_decode_str(part).decode_utf8().ok().map(Into::into)
}
