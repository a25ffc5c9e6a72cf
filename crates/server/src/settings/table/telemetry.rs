//! Settings of what the process says about itself: logs and traces.

use super::{Kind, Section, Setting, WAIT_MAX_MS};

/// Addresses of a collector.
const COLLECTOR: &[&str] = &["http://", "https://"];

pub(super) const LOGS: Section = Section {
    title: "What it says about itself",
    settings: &[
        Setting::of("RUST_LOG", Kind::Levels, "info", "levels of the log lines"),
        Setting::choice(
            "STAMPEDE_LOG_FORMAT",
            &["json", "pretty"],
            &[],
            "form of the log lines: json for machines, pretty for people",
        ),
        Setting::whole(
            "STAMPEDE_LOG_REPEATS_MAX",
            "lines",
            "100",
            (0, 1_000_000),
            "lines that one place in the code writes within ten seconds; more are left out, and the next line says how many; 0 for any number",
        ),
        Setting::whole(
            "STAMPEDE_ACCESS_LOG_ONE_IN",
            "answers",
            "1000",
            (0, 1_000_000_000),
            "of so many answers of a worker one gets a log line; 0 for none; STAMPEDE_LOG_REPEATS_MAX bounds these lines too",
        ),
    ],
};

pub(super) const TRACES: Section = Section {
    title: "Traces",
    settings: &[
        Setting::of(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            Kind::Url(COLLECTOR),
            "http://127.0.0.1:4317",
            "the collector that traces are sent to; none are made when unset",
        )
        .unset(),
        Setting::choice(
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            &["grpc"],
            &["http/protobuf", "http/json"],
            "how they are sent",
        ),
        Setting::of(
            "OTEL_EXPORTER_OTLP_HEADERS",
            Kind::Pairs,
            "x-api-key=0123456789abcdef",
            "what each request to the collector carries",
        )
        .unset()
        .secret(),
        Setting::whole(
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            "milliseconds",
            "10000",
            (100, WAIT_MAX_MS),
            "how long the collector may take to answer; the traces are dropped after it",
        ),
        Setting::choice(
            "OTEL_TRACES_EXPORTER",
            &["otlp", "none"],
            &["console", "zipkin"],
            "none turns traces off where the collector is set for others",
        ),
        Setting::choice(
            "OTEL_TRACES_SAMPLER",
            &[
                "parentbased_traceidratio",
                "traceidratio",
                "parentbased_always_on",
                "always_on",
                "parentbased_always_off",
                "always_off",
            ],
            &[],
            "which requests are traced: a ratio, all or none; parentbased leaves it to the caller's traceparent where there is one; failures are traced always",
        ),
        Setting::of(
            "OTEL_TRACES_SAMPLER_ARG",
            Kind::Ratio,
            "0.01",
            "the ratio of requests that are traced",
        ),
        Setting::whole(
            "STAMPEDE_TRACES_PER_S_MAX",
            "traces a second",
            "200",
            (1, 1_000_000),
            "traces that this process begins, whatever callers ask for; as many failures beside them",
        ),
        Setting::of(
            "OTEL_SERVICE_NAME",
            Kind::Text,
            "stampede",
            "what this program is called in traces",
        ),
        Setting::of(
            "OTEL_RESOURCE_ATTRIBUTES",
            Kind::Pairs,
            "deployment.environment.name=production",
            "what else traces say of it",
        )
        .unset(),
        Setting::whole(
            "OTEL_BSP_MAX_QUEUE_SIZE",
            "spans",
            "2048",
            (1, 1_000_000),
            "spans that wait to be sent; more are dropped",
        ),
        Setting::whole(
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
            "spans",
            "512",
            (1, 100_000),
            "spans that are sent at a time",
        ),
        Setting::whole(
            "OTEL_BSP_SCHEDULE_DELAY",
            "milliseconds",
            "5000",
            (10, 60_000),
            "how long spans wait for others to be sent with",
        ),
    ],
};
