//! What the files in `infrastructure/` say to programs must be something that these know.

use std::{fs, path::Path};

use stampede_server::settings::table;

use crate::tree::{files, shown};

/// Names that begin like settings, and why files have them.
const OTHERS: [(&str, &str); 1] = [("STAMPEDE_IMAGE", "the image that compose starts")];
const PREFIX: &str = "STAMPEDE_";
/// What the endings of metrics are, as Prometheus shows them; what begins as one of the page does is
/// taken for one too.
const METRICS: [&str; 7] =
    ["_total", "_seconds", "_active", "_entries", "_attempts", "_purchases", "_waiting"];
/// What Prometheus makes of a histogram.
const OF_HISTOGRAMS: [&str; 3] = ["_bucket", "_sum", "_count"];

/// Every name in `infrastructure/` that begins as a setting does and is none, and every metric of
/// alerts and dashboards that is not on the page of metrics, which is held to what is exported.
pub(crate) fn faults(root: &Path) -> Vec<String> {
    let page = fs::read_to_string(root.join("docs/metrics.md")).unwrap_or_default();
    let listed: Vec<&str> = words(&page).collect();
    let families: Vec<&str> = listed.iter().filter_map(|word| family(word)).collect();
    let mut faults = Vec::new();
    for path in files(&root.join("infrastructure")) {
        if path.extension().is_some_and(|ending| ending == "md") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a file for a program is text");
        let name = shown(root, &path);
        for word in words(&text) {
            if is_no_setting(word) {
                faults.push(format!("{name}: {word} is no setting"));
            }
            if let Some(metric) = metric(word, &families)
                && !listed.contains(&metric)
                && (name.contains("/prometheus/") || name.contains("/grafana/"))
            {
                faults.push(format!("{name}: {metric} does not stand in docs/metrics.md"));
            }
        }
    }
    faults
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

fn is_no_setting(word: &str) -> bool {
    word.starts_with(PREFIX)
        && table::find(word).is_none()
        && !OTHERS.iter().any(|(other, _)| *other == word)
}

/// The metric that a word names, if it names one.
fn metric<'a>(word: &'a str, families: &[&str]) -> Option<&'a str> {
    let base = OF_HISTOGRAMS.iter().find_map(|part| word.strip_suffix(part)).unwrap_or(word);
    let is_kin = family(word).is_some_and(|family| families.contains(&family));
    (is_kin || METRICS.iter().any(|ending| base.ends_with(ending))).then_some(base)
}

/// How a metric of several words begins.
fn family(word: &str) -> Option<&str> {
    let is_lower = !word.contains(|c: char| c.is_ascii_uppercase());
    word.split_once('_').map(|(family, _)| family).filter(|family| is_lower && !family.is_empty())
}

#[cfg(test)]
mod tests {
    use super::faults;
    use crate::tree::planted;

    #[test]
    fn a_setting_and_a_metric_that_do_not_exist_are_found() {
        let root = planted(&[
            ("docs/metrics.md", "`http_requests_total`"),
            ("infrastructure/docker/compose.yaml", "STAMPEDE_AKC: gate"),
            ("infrastructure/prometheus/alerts.yml", "rate(http_request_total[1m])"),
            ("infrastructure/grafana/d.json", "http_requests_totl"),
        ]);
        let told = faults(root.path());
        assert_eq!(told.len(), 3, "{told:?}");
    }

    #[test]
    fn what_exists_is_left_alone() {
        let root = planted(&[
            ("docs/metrics.md", "`http_requests_total`, `http_request_duration_seconds`"),
            ("infrastructure/docker/compose.yaml", "STAMPEDE_ACK: ${STAMPEDE_ACK:-gate}"),
            ("infrastructure/README.md", "STAMPEDE_AKC"),
            (
                "infrastructure/grafana/d.json",
                "http_requests_total http_request_duration_seconds_bucket",
            ),
        ]);
        assert_eq!(faults(root.path()), Vec::<String>::new());
    }
}
