//! Log lines.

use std::{
    fmt::{self, Write as _},
    io,
};

use anyhow::Context as _;
use opentelemetry::{Context, trace::TraceContextExt as _};
use stampede_presentation::{CurrentRequest, current_request};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        FmtContext, FormatEvent, FormatFields, format,
        format::{JsonFields, Writer},
        layer,
    },
    prelude::*,
    registry::LookupSpan,
};

use super::{panics::log_panics, repeats::Repeats};
use crate::settings::{LogFormat, TelemetrySettings};

/// What libraries say at each start that is no news to whoever runs this. What the setting says of
/// the same modules wins.
///
/// apalis warns that a panic is not retried in place, once for every worker. It is not meant to be:
/// its entries come again, and meanwhile the shard goes on with others.
const QUIET: &str = "actix_server=warn,apalis_core::worker::context=error,opentelemetry=warn";

/// Where log lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTo {
    /// For a server, whose log is what it prints.
    Stdout,
    /// For a command whose answer is what it prints.
    Stderr,
}

/// Writes log lines from now on: one flat JSON object a line, or a form for people.
///
/// # Errors
///
/// If log lines are written already.
pub fn log(settings: &TelemetrySettings, to: LogTo) -> anyhow::Result<()> {
    let writer = move || -> Box<dyn io::Write> {
        match to {
            LogTo::Stdout => Box::new(io::stdout()),
            LogTo::Stderr => Box::new(io::stderr()),
        }
    };
    let layer = layer().with_writer(writer);
    let levels = EnvFilter::try_new(format!("{QUIET},{}", settings.levels))?;
    let registry = tracing_subscriber::registry().with(levels);
    let repeats = Repeats::new(settings.log_repeats_max);
    match settings.format {
        LogFormat::Json => {
            let lines = Lines { form: format().json().flatten_event(true), json: true, repeats };
            registry.with(layer.event_format(lines).fmt_fields(JsonFields::new())).try_init()
        }
        LogFormat::Pretty => {
            let lines = Lines { form: format().compact(), json: false, repeats };
            registry.with(layer.event_format(lines)).try_init()
        }
    }
    .context("log lines are written already")?;
    log_panics();
    Ok(())
}

/// A form of log lines, and at the front of each what it belongs to, if anything: its request, and
/// its trace where that is recorded.
struct Lines<F> {
    form: F,
    /// Whether a line is one object, into which that goes.
    json: bool,
    repeats: Repeats,
}

impl<S, N, F> FormatEvent<S, N> for Lines<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut to: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        // A line without a word is none.
        let Some(left_out) = self.repeats.admit(event.metadata().callsite()) else { return Ok(()) };
        if !self.json {
            if left_out > 0 {
                write!(to, "({left_out} more were left out) ")?;
            }
            let named = |request: &CurrentRequest| {
                write!(to, "{} {} ", request.method(), request.correlation_id())
            };
            current_request(named).unwrap_or(Ok(()))?;
            return self.form.format_event(context, to, event);
        }
        let begun = beginning(left_out);
        if begun.is_empty() {
            return self.form.format_event(context, to, event);
        }
        let mut line = String::new();
        self.form.format_event(context, Writer::new(&mut line), event)?;
        write!(to, "{{{begun}{}", line.strip_prefix('{').unwrap_or(&line))
    }
}

/// The first fields of a line, each with its comma.
fn beginning(left_out: u32) -> String {
    let mut begun = String::new();
    // Writing to a String cannot fail.
    if left_out > 0 {
        let _ = write!(begun, r#""left_out":{left_out},"#);
    }
    let of_request = |request: &CurrentRequest| {
        let id = serde_json::Value::from(request.correlation_id());
        let _ = write!(begun, r#""correlation_id":{id},"method":"{}","#, request.method());
        request.trace_id()
    };
    let trace = current_request(of_request).unwrap_or_else(current_trace);
    if let Some(trace) = trace {
        let _ = write!(begun, r#""trace_id":"{trace:032x}","#);
    }
    begun
}

/// The trace whose span the calling task works under, if it works under one.
fn current_trace() -> Option<u128> {
    Context::map_current(|current| {
        let span = current.span();
        let span = span.span_context();
        span.is_valid().then(|| u128::from_be_bytes(span.trace_id().to_bytes()))
    })
}
