//! What each worker thread counts of its requests, added up when somebody looks.
//!
//! OpenTelemetry's instruments hash the labels of every measurement and take locks that all
//! threads share. What every request counts goes here instead: into a table of the worker's own,
//! whose lock nobody else takes but a scrape.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actix_web::http::StatusCode;
use prometheus::{
    Registry,
    core::{Collector, Desc},
    proto::{Bucket, Counter, Histogram, LabelPair, Metric, MetricFamily, MetricType},
};

use crate::metrics::{OUTCOME_WORDS, SHED_WORDS};

/// Upper bounds of the durations' buckets, in seconds.
const BOUNDS_S: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// What is told by these tallies, with what it means.
const REQUESTS: (&str, &str) = ("http_requests_total", "Requests answered");
const ERRORS: (&str, &str) =
    ("http_errors_total", "Requests answered with a status of 400 or more");
const DURATIONS: (&str, &str) =
    ("http_request_duration_seconds", "Time from a request's head to its answer's head");
const OUTCOMES: (&str, &str) = ("purchase_outcomes_total", "Decided attempts by outcome");
const SHED: (&str, &str) =
    ("attempts_shed_total", "Attempts refused before the gate was asked, by reason");
const LIMITS: (&str, &str) = ("limits_hit_total", "Requests refused for a limit, by limit");

/// The words of the limits that a status tells of.
const LIMIT_WORDS: [&str; 4] = ["body", "uri", "headers", "rate"];

/// The tallies of all workers of this node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tallies(Arc<Mutex<Vec<Arc<Tally>>>>);

/// What one worker thread has counted.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// Few, and those that come often stand first.
    answered: Vec<(Answered, Durations)>,
    /// Decided attempts, by the word of their outcome.
    outcomes: Vec<(&'static str, u64)>,
    /// Attempts that were refused, by the word of the reason.
    shed: Vec<(&'static str, u64)>,
}

/// What is told apart of answered requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Answered {
    status: StatusCode,
    method: &'static str,
    route: &'static str,
}

/// An attempt, decided.
const ATTEMPT: Answered =
    Answered { status: StatusCode::OK, method: "POST", route: "/api/v1/purchases" };

#[derive(Clone, Copy, Debug, Default)]
struct Durations {
    /// How many took at most as long as the bound of the same place, and longer than the one
    /// before; the last is without bound.
    buckets: [u64; BOUNDS_S.len() + 1],
    sum_s: f64,
}

impl Tallies {
    /// One more worker's tally.
    pub(crate) fn of_worker(&self) -> Arc<Tally> {
        let tally = Arc::new(Tally::default());
        lock(&self.0).push(tally.clone());
        tally
    }

    /// Shows them in the registry.
    pub(crate) fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        let by_route = ["method", "route", "status_code"];
        let descs = vec![
            desc(REQUESTS, &by_route)?,
            desc(ERRORS, &by_route)?,
            desc(DURATIONS, &by_route)?,
            desc(OUTCOMES, &["outcome"])?,
            desc(SHED, &["reason"])?,
            desc(LIMITS, &["limit"])?,
        ];
        registry.register(Box::new(Sum { tallies: self.clone(), descs }))
    }
}

impl Tally {
    /// Counts one answered request; `route` is a template, never a raw path.
    pub(crate) fn answered(
        &self,
        method: &'static str,
        route: &'static str,
        status: StatusCode,
        took: Duration,
    ) {
        lock(&self.0).durations(Answered { status, method, route }).add(took);
    }

    /// Counts one decided attempt.
    pub(crate) fn decided(&self, outcome: &'static str) {
        *entry(&mut lock(&self.0).outcomes, outcome) += 1;
    }

    /// Counts one attempt that was refused before the gate was asked.
    pub(crate) fn shed(&self, reason: &'static str) {
        *entry(&mut lock(&self.0).shed, reason) += 1;
    }
}

impl Counts {
    fn durations(&mut self, what: Answered) -> &mut Durations {
        entry(&mut self.answered, what)
    }

    /// Adds what another worker has counted.
    fn add(&mut self, other: &Self) {
        for (what, durations) in &other.answered {
            self.durations(*what).add_all(durations);
        }
        for (outcome, count) in &other.outcomes {
            *entry(&mut self.outcomes, outcome) += count;
        }
        for (reason, count) in &other.shed {
            *entry(&mut self.shed, reason) += count;
        }
    }
}

impl Durations {
    fn add(&mut self, took: Duration) {
        let took_s = took.as_secs_f64();
        self.buckets[BOUNDS_S.partition_point(|bound| *bound < took_s)] += 1;
        self.sum_s += took_s;
    }

    fn add_all(&mut self, other: &Self) {
        for (bucket, count) in self.buckets.iter_mut().zip(other.buckets) {
            *bucket += count;
        }
        self.sum_s += other.sum_s;
    }

    fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

/// The value of `key`, made if there is none. A table has a few dozen rows at most; a row that is
/// asked for moves one place to the front, so that those of the hot route are found at once.
fn entry<K: PartialEq, V: Default>(table: &mut Vec<(K, V)>, key: K) -> &mut V {
    let place = match table.iter().position(|(known, _)| *known == key) {
        Some(0) => 0,
        Some(place) => {
            table.swap(place - 1, place);
            place - 1
        }
        None => {
            table.push((key, V::default()));
            table.len() - 1
        }
    };
    &mut table[place].1
}

/// What all workers have counted together, as a scrape sees it.
struct Sum {
    tallies: Tallies,
    descs: Vec<Desc>,
}

impl Collector for Sum {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut all = Counts::default();
        // At zero, so that a rate is known before the first.
        all.shed.extend(SHED_WORDS.map(|word| (word, 0)));
        all.outcomes.extend(OUTCOME_WORDS.map(|word| (word, 0)));
        for status in [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE] {
            all.durations(Answered { status, ..ATTEMPT });
        }
        for worker in lock(&self.tallies.0).iter() {
            all.add(&lock(&worker.0));
        }
        let requests = all.answered.iter().map(|(what, took)| counter(what.labels(), took.count()));
        let failed = all.answered.iter().filter(|(what, _)| what.is_error());
        let errors = failed.map(|(what, took)| counter(what.labels(), took.count()));
        let durations = all.answered.iter().map(|(what, took)| histogram(what.labels(), took));
        let outcomes = all.outcomes.iter();
        let outcomes = outcomes.map(|(word, count)| counter(vec![label("outcome", word)], *count));
        let shed = all.shed.iter();
        let shed = shed.map(|(word, count)| counter(vec![label("reason", word)], *count));
        let mut limits: Vec<_> = LIMIT_WORDS.map(|word| (word, 0)).into();
        for (what, took) in &all.answered {
            if let Some(limit) = what.limit() {
                *entry(&mut limits, limit) += took.count();
            }
        }
        let limits = limits.iter();
        let limits = limits.map(|(word, count)| counter(vec![label("limit", word)], *count));
        vec![
            family(REQUESTS, MetricType::COUNTER, requests.collect()),
            family(ERRORS, MetricType::COUNTER, errors.collect()),
            family(DURATIONS, MetricType::HISTOGRAM, durations.collect()),
            family(OUTCOMES, MetricType::COUNTER, outcomes.collect()),
            family(SHED, MetricType::COUNTER, shed.collect()),
            family(LIMITS, MetricType::COUNTER, limits.collect()),
        ]
    }
}

impl Answered {
    fn is_error(&self) -> bool {
        self.status.is_client_error() || self.status.is_server_error()
    }

    /// The limit that was hit, if the status tells of one.
    fn limit(&self) -> Option<&'static str> {
        match self.status {
            StatusCode::PAYLOAD_TOO_LARGE => Some("body"),
            StatusCode::URI_TOO_LONG => Some("uri"),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Some("headers"),
            StatusCode::TOO_MANY_REQUESTS => Some("rate"),
            _ => None,
        }
    }

    fn labels(&self) -> Vec<LabelPair> {
        vec![
            label("method", self.method),
            label("route", self.route),
            label("status_code", self.status.as_str()),
        ]
    }
}

fn desc((name, help): (&str, &str), labels: &[&str]) -> prometheus::Result<Desc> {
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    Desc::new(name.to_owned(), help.to_owned(), labels, HashMap::new())
}

fn family((name, help): (&str, &str), kind: MetricType, metrics: Vec<Metric>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    family.set_metric(metrics);
    family
}

fn label(name: &str, value: &str) -> LabelPair {
    let mut label = LabelPair::default();
    label.set_name(name.to_owned());
    label.set_value(value.to_owned());
    label
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus counts in floating point")]
fn counter(labels: Vec<LabelPair>, count: u64) -> Metric {
    let mut counter = Counter::default();
    counter.set_value(count as f64);
    let mut metric = Metric::from_label(labels);
    metric.set_counter(counter);
    metric
}

fn histogram(labels: Vec<LabelPair>, durations: &Durations) -> Metric {
    let mut count = 0;
    let buckets = BOUNDS_S.iter().zip(durations.buckets).map(|(bound, here)| {
        count += here;
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(*bound);
        bucket.set_cumulative_count(count);
        bucket
    });
    let mut histogram = Histogram::default();
    histogram.set_bucket(buckets.collect());
    histogram.set_sample_count(durations.count());
    histogram.set_sample_sum(durations.sum_s);
    let mut metric = Metric::from_label(labels);
    metric.set_histogram(histogram);
    metric
}

/// Counts stay what they are when whoever held them panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use prometheus::TextEncoder;

    use super::*;

    #[test]
    fn what_all_workers_counted_is_told_together() {
        let (tallies, registry) = (Tallies::default(), Registry::new());
        tallies.register(&registry).unwrap();
        let (one, other) = (tallies.of_worker(), tallies.of_worker());
        let (post, buy) = ("POST", "/api/v1/purchases");
        one.answered(post, buy, StatusCode::OK, Duration::from_micros(500));
        one.answered(post, buy, StatusCode::OK, Duration::from_millis(3));
        other.answered(post, buy, StatusCode::OK, Duration::from_secs(11));
        other.answered("GET", "/health", StatusCode::SERVICE_UNAVAILABLE, Duration::ZERO);
        one.answered(post, buy, StatusCode::TOO_MANY_REQUESTS, Duration::ZERO);
        other.answered("GET", "/none", StatusCode::TOO_MANY_REQUESTS, Duration::ZERO);
        one.decided("SUCCESS");
        other.decided("SUCCESS");
        other.decided("SOLD_OUT");
        one.shed("late");
        other.shed("late");
        let text = TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        let of_buy = r#"method="POST",route="/api/v1/purchases",status_code="200""#;
        let of_no_store = of_buy.replace("200", "503");
        let of_health = r#"method="GET",route="/health",status_code="503""#;
        for line in [
            format!("http_requests_total{{{of_buy}}} 3\n"),
            format!("http_requests_total{{{of_health}}} 1\n"),
            format!("http_errors_total{{{of_health}}} 1\n"),
            format!("http_request_duration_seconds_bucket{{{of_buy},le=\"0.0005\"}} 1\n"),
            format!("http_request_duration_seconds_bucket{{{of_buy},le=\"0.0025\"}} 1\n"),
            format!("http_request_duration_seconds_bucket{{{of_buy},le=\"0.005\"}} 2\n"),
            format!("http_request_duration_seconds_bucket{{{of_buy},le=\"10\"}} 2\n"),
            format!("http_request_duration_seconds_bucket{{{of_buy},le=\"+Inf\"}} 3\n"),
            format!("http_request_duration_seconds_count{{{of_buy}}} 3\n"),
            format!("http_request_duration_seconds_sum{{{of_buy}}} 11.0035\n"),
            "purchase_outcomes_total{outcome=\"SUCCESS\"} 2\n".to_owned(),
            "purchase_outcomes_total{outcome=\"SOLD_OUT\"} 1\n".to_owned(),
            "purchase_outcomes_total{outcome=\"ALREADY_PURCHASED\"} 0\n".to_owned(),
            format!("http_errors_total{{{of_no_store}}} 0\n"),
            "attempts_shed_total{reason=\"late\"} 2\n".to_owned(),
            "limits_hit_total{limit=\"rate\"} 2\n".to_owned(),
        ] {
            assert!(text.contains(&line), "{line} is not in\n{text}");
        }
        assert!(!text.contains(&format!("http_errors_total{{{of_buy}}}")), "{text}");
    }

    #[test]
    fn a_row_that_comes_often_moves_to_the_front() {
        let mut table = Vec::new();
        for key in ["a", "b", "c", "c", "c", "b"] {
            *entry(&mut table, key) += 1;
        }
        assert_eq!(table, [("c", 3), ("b", 2), ("a", 1)]);
    }
}
