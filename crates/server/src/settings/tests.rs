use std::{collections::BTreeSet, fs, path::Path};

use secrecy::ExposeSecret;

use super::*;

const KEY: (&str, &str) = ("ADMIN_API_KEY", "0123456789abcdef");

fn read(environment: &[(&str, &str)], file: Option<&Path>) -> Result<Settings, Faults> {
    let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
    Settings::read(environment.collect::<Vec<_>>(), file, Need::Whole)
}

fn faults(environment: &[(&str, &str)]) -> Vec<String> {
    let Faults(faults) = read(environment, None).expect_err("something is wrong");
    faults.iter().map(ToString::to_string).collect()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn a_key_is_all_that_must_be_set() {
    let settings = read(&[KEY], None).unwrap();
    assert_eq!((settings.listen.host.as_str(), settings.listen.port), ("127.0.0.1", 3000));
    assert_eq!(settings.engine.name(), "embedded");
    assert_eq!(settings.coalescer, CoalescerLimits::default());
    assert_eq!(settings.confirm, ConfirmLimits::default());
    assert_eq!(settings.lookups, LookupLimits::default());
}

#[test]
fn the_demo_needs_nothing() {
    let settings = Settings::read([], None, Need::Demo).unwrap();
    assert!(settings.access.admin_key.is_none());
}

#[test]
fn every_fault_is_reported_at_once_with_limit_and_example() {
    let faults = faults(&[
        ("PORT", "65536"),
        ("STAMPEDE_ENGINE", "oracle"),
        ("ADMIN_API_KEY", "short"),
        ("STAMPEDE_RECONCILE_SCHEDULE", "sometimes"),
        ("STAMPEDE_TRUSTED_PROXIES", "10.0.0.0/8,here"),
        ("STAMPEDE_IMAGE_ORIGINS", "https://cdn.example.com,http://cdn.example.com"),
        ("RUST_LOG", "a=b=c"),
    ]);
    let all = faults.join("\n");
    for (name, limit, example) in [
        ("PORT is \"65536\"", "from 0 to 65535", "PORT=3000"),
        ("STAMPEDE_ENGINE is \"oracle\"", "embedded or redis", "STAMPEDE_ENGINE=embedded"),
        ("ADMIN_API_KEY has 5 characters", "at least 16", "ADMIN_API_KEY="),
        ("STAMPEDE_RECONCILE_SCHEDULE", "six fields", "*/20 * * * * *"),
        ("STAMPEDE_TRUSTED_PROXIES is \"10.0.0.0/8,here\"", "networks", "=10.0.0.0/8"),
        ("STAMPEDE_IMAGE_ORIGINS is", "origins of https", "=https://cdn.example.com"),
        ("RUST_LOG", "levels by module", "RUST_LOG=info"),
    ] {
        let fault = faults.iter().find(|fault| fault.contains(name));
        let fault = fault.unwrap_or_else(|| panic!("no {name} in {all}"));
        assert!(fault.contains(limit) && fault.contains(example), "{fault}");
    }
    assert_eq!(faults.len(), 7, "{all}");
}

/// Some limits are of two layers, and so are read twice.
#[test]
fn a_fault_is_told_once_however_many_read_the_setting() {
    let names = ["STAMPEDE_ACK", "STAMPEDE_SALES_MAX", "STAMPEDE_STOP_REQUESTS_MAX_S"];
    for engine in ["embedded", "redis"] {
        let database = "postgres://localhost/x";
        let mut environment = vec![KEY, ("STAMPEDE_ENGINE", engine), ("DATABASE_URL", database)];
        environment.extend(names.map(|name| (name, "legder")));
        let told = faults(&environment);
        assert_eq!(told.len(), names.len(), "{told:?}");
    }
}

/// Else nobody could tell a sale that others hold from a Postgres that is slow.
#[test]
fn a_wait_for_a_row_that_does_not_end_before_its_statement_is_refused() {
    let database = ("DATABASE_URL", "postgres://localhost/x");
    let statement = ("STAMPEDE_POSTGRES_STATEMENT_MAX_MS", "2000");
    let engine = ("STAMPEDE_ENGINE", "redis");
    let waiting =
        |millis| [KEY, database, engine, statement, ("STAMPEDE_POSTGRES_LOCK_MAX_MS", millis)];
    for millis in ["2000", "3000"] {
        let told = faults(&waiting(millis));
        let [fault] = &told[..] else { panic!("{told:?}") };
        let problem = "STAMPEDE_POSTGRES_LOCK_MAX_MS is not shorter than \
                       STAMPEDE_POSTGRES_STATEMENT_MAX_MS";
        assert!(fault.contains(problem), "{fault}");
    }
    assert!(read(&waiting("1999"), None).is_ok());
}

#[test]
fn a_name_that_nobody_knows_is_a_fault_except_those_of_tests() {
    let faults = faults(&[KEY, ("STAMPEDE_ENGIN", "redis"), ("STAMPEDE_TEST_REDIS_URL", "x")]);
    assert_eq!(faults, ["STAMPEDE_ENGIN is not a setting; look for a typing error in its name"]);
    assert!(read(&[KEY, ("STAMPEDE_BIN", "x"), ("PATH", "x")], None).is_ok());
}

#[test]
fn what_is_not_built_is_refused_and_never_ignored() {
    let redis = [KEY, ("STAMPEDE_ENGINE", "redis"), ("DATABASE_URL", "postgres://localhost/x")];
    for (name, value) in [
        ("STAMPEDE_ENGINE", "postgres"),
        ("REDIS_URL", "redis://a:6379,redis://b:6379"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("STAMPEDE_IDENTITY", "token"),
    ] {
        let mut environment = redis.to_vec();
        environment.retain(|(other, _)| *other != name);
        environment.push((name, value));
        let faults = faults(&environment);
        assert!(faults.len() == 1 && faults[0].contains("not in this version"), "{faults:?}");
    }
}

#[test]
fn a_name_of_opentelemetry_that_means_nothing_here_is_told_and_stops_nothing() {
    let told = |pairs: &[(&str, &str)]| {
        read(&[&[KEY], pairs].concat(), None).unwrap().telemetry.told_of_unheeded()
    };
    let secret = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-api-key=hunter2hunter2");
    let said = told(&[("OTEL_LOGS_EXPORTER", "otlp"), secret, ("OTEL_PROPAGATORS", "b3")]).unwrap();
    for name in ["OTEL_LOGS_EXPORTER", "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_PROPAGATORS"] {
        assert!(said.contains(name), "{said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_name_of_opentelemetry_that_asks_for_what_is_done_anyway_is_no_news() {
    let usual = [
        KEY,
        ("OTEL_SDK_DISABLED", "False"),
        ("OTEL_METRICS_EXPORTER", "prometheus"),
        ("OTEL_LOGS_EXPORTER", "none"),
        ("OTEL_PROPAGATORS", "tracecontext,baggage"),
        ("OTEL_LOG_LEVEL", " "),
    ];
    assert_eq!(read(&usual, None).unwrap().telemetry.told_of_unheeded(), None);
}

#[test]
fn traces_are_exported_where_a_collector_is_set_and_by_the_sampler_that_is_named() {
    let collector = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317");
    let traces = |more: &[(&str, &str)]| {
        let environment = [&[KEY, collector], more].concat();
        read(&environment, None).unwrap().telemetry.traces
    };
    assert!(read(&[KEY], None).unwrap().telemetry.traces.is_none());
    assert!(traces(&[("OTEL_TRACES_EXPORTER", "none")]).is_none());
    let usual = traces(&[]).unwrap();
    assert_eq!((usual.ratio.to_string(), usual.heeds_caller), ("0.01".to_owned(), true));
    let quarter = ("OTEL_TRACES_SAMPLER_ARG", "0.25");
    let sampled = |sampler| {
        let traces = traces(&[quarter, ("OTEL_TRACES_SAMPLER", sampler)]).unwrap();
        (traces.ratio.to_string(), traces.heeds_caller)
    };
    for (sampler, ratio, heeds_caller) in [
        ("parentbased_traceidratio", "0.25", true),
        ("traceidratio", "0.25", false),
        ("parentbased_always_on", "1", true),
        ("always_on", "1", false),
        ("parentbased_always_off", "0", true),
        ("always_off", "0", false),
    ] {
        assert_eq!(sampled(sampler), (ratio.to_owned(), heeds_caller), "{sampler}");
    }
    let told = traces(&[
        ("OTEL_RESOURCE_ATTRIBUTES", "team=shop, region=eu"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=k"),
    ]);
    let told = told.unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(told.attributes, [pair("team", "shop"), pair("region", "eu")]);
    assert_eq!((told.headers[0].0.as_str(), told.headers[0].1.expose_secret()), ("x-api-key", "k"));
}

#[test]
fn a_list_of_names_with_values_is_percent_decoded_wherever_it_stands() {
    let collector = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317");
    let attributes = ("OTEL_RESOURCE_ATTRIBUTES", "team=caf%C3%A9%2c%20west, region=eu");
    let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic%20YTpi");
    let [from_attributes, from_headers] =
        [attributes, headers].map(|(name, value)| format!("{name} = \"{value}\"\n"));
    let file = file(&(from_attributes + &from_headers));
    let environment = [KEY, collector, attributes, headers];
    for read in [read(&environment, None), read(&environment[..2], Some(file.path()))] {
        let traces = read.unwrap().telemetry.traces.unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(traces.attributes, [pair("team", "café, west"), pair("region", "eu")]);
        let [(name, value)] = &traces.headers[..] else { panic!("{:?}", traces.headers) };
        assert_eq!((name.as_str(), value.expose_secret()), ("Authorization", "Basic YTpi"));
    }
}

#[test]
fn a_ratio_and_pairs_that_are_none_are_faults() {
    for (name, value) in [
        ("OTEL_TRACES_SAMPLER_ARG", "1.1"),
        ("OTEL_TRACES_SAMPLER_ARG", "NaN"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=100%"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=%+1"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=caf%E9"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "=hunter2hunter2"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
    ] {
        let told = faults(&[KEY, (name, value)]);
        assert!(told.len() == 1 && told[0].starts_with(name), "{told:?}");
        assert!(!told[0].contains("hunter2"), "{told:?}");
    }
}

#[test]
fn embedded_always_acknowledges_at_ledger_and_may_be_told_to() {
    assert!(read(&[KEY, ("STAMPEDE_ACK", "ledger")], None).is_ok());
}

#[test]
fn the_engine_redis_needs_a_database() {
    let faults = faults(&[KEY, ("STAMPEDE_ENGINE", "redis")]);
    assert!(faults.len() == 1 && faults[0].starts_with("DATABASE_URL is not set"), "{faults:?}");
}

#[test]
fn no_fault_and_no_debug_form_shows_a_secret() {
    let secret = "hunter2hunter2hunter2";
    let told = faults(&[
        ("ADMIN_API_KEY", &format!("{secret} ")[..5]),
        ("STAMPEDE_ENGINE", "redis"),
        ("DATABASE_URL", &format!("mysql://user:{secret}@host/x")),
        ("REDIS_URL", &format!("http://:{secret}@host")),
    ]);
    assert!(told.len() == 3 && !told.join("").contains("hunter2"), "{told:?}");
    let settings = read(
        &[
            ("ADMIN_API_KEY", secret),
            ("STAMPEDE_ENGINE", "redis"),
            ("DATABASE_URL", &format!("postgres://user:{secret}@host/x")),
            ("REDIS_URL", &format!("rediss://:{secret}@host:6380/1")),
        ],
        None,
    );
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = file(
        "port = 4000\nHOST = \"0.0.0.0\"\nstampede_migrate = false\n\
                     stampede_cors_origins = [\"https://a.example\", \"http://b.example:81\"]\n",
    );
    let settings = read(&[KEY, ("PORT", "5000")], Some(file.path())).unwrap();
    assert_eq!((settings.listen.host.as_str(), settings.listen.port), ("0.0.0.0", 5000));
    assert!(!settings.migrate);
    assert_eq!(settings.access.cors_origins, ["https://a.example", "http://b.example:81"]);
}

#[test]
fn a_file_may_hold_every_name_and_no_other() {
    let file = file("admin_api_key = \"from-the-file-0123\"\nprot = 1\n[http]\nport = 1\n");
    let Faults(faults) = read(&[], Some(file.path())).unwrap_err();
    let names: Vec<_> = faults.iter().map(|fault| fault.name.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["http", "prot"]);
    let missing = read(&[KEY], Some(Path::new("/nowhere.toml"))).unwrap_err();
    assert!(missing.to_string().contains("/nowhere.toml cannot be read"), "{missing}");
}

#[test]
fn an_empty_value_is_the_same_as_none() {
    let settings = read(&[KEY, ("PORT", ""), ("OTEL_EXPORTER_OTLP_ENDPOINT", " ")], None).unwrap();
    assert!(settings.telemetry.traces.is_none());
    assert_eq!(settings.listen.port, 3000);
    assert_eq!(settings.access.admin_key.unwrap().expose_secret(), KEY.1);
}

#[test]
fn every_setting_of_the_table_is_read_and_every_example_is_right() {
    let environment = table::all().map(|setting| (setting.name.into(), setting.example.into()));
    let reader = Reader::new(source::collect(environment.collect::<Vec<_>>(), None));
    assert!(Settings::from_reader(&reader, Need::Whole).is_some());
    let (faults, asked) = reader.finish();
    assert_eq!(faults, []);
    let names: BTreeSet<_> = table::all().map(|setting| setting.name).collect();
    assert_eq!(names.len(), table::all().count(), "a name stands twice in the table");
    assert_eq!(asked, names);
}

#[test]
fn the_committed_example_is_what_the_code_writes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.env.example");
    let committed = fs::read_to_string(path).unwrap();
    assert!(committed == env_example(), "write it anew: `stampede settings > .env.example`");
}
