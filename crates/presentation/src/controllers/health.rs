//! `GET /health`, `/health/live` and `/health/ready`.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web::Data};
use serde::Serialize;
use stampede_application::{
    ports::{ReconciliationRun, Worth},
    use_cases::{HealthReport, StoreHealth},
};
use utoipa::ToSchema;

use crate::{
    envelope::{FailureAnswer, Success},
    error::ApiError,
    worker::Worker,
};

/// How this node is; the same shape whether it is healthy or not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthAnswer {
    success: bool,
    data: Health,
}

/// How this node is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    status: HealthWord,
    /// How long this process has run, in seconds.
    uptime: u64,
    /// Every store by name.
    checks: BTreeMap<&'static str, StoreCheck>,
    /// The newest reconciliation; null before the first.
    #[schema(required)]
    reconciliation: Option<LastReconciliation>,
    /// What an acknowledged purchase is worth here; null while a store does not say.
    #[schema(required)]
    acknowledgement: Option<AcknowledgementWorth>,
}

/// What an acknowledged purchase is worth on these stores.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AcknowledgementWorth {
    /// `gate` or `ledger`: what an answer that names a purchase has survived, at least.
    level: String,
    /// Settings of the stores that it follows from.
    settings: BTreeMap<&'static str, String>,
    /// What each fault may cost.
    may_lose: Vec<Exposure>,
    /// Why the stores do not keep what the level promises; null if they do.
    #[schema(required)]
    broken: Option<&'static str>,
}

/// What one fault may cost of what was acknowledged.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Exposure {
    /// For programs, such as `GATE_POWER_LOSS`.
    fault: &'static str,
    /// For programs, such as `LAST_TWO_SECONDS`.
    loss: &'static str,
    /// For a person.
    message: String,
}

/// Whether every store answers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HealthWord {
    /// Every store answers.
    Healthy,
    /// Some store does not.
    Unhealthy,
}

/// How one store answered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoreCheck {
    status: StoreWord,
    /// How long it took, in milliseconds; null if it did not answer.
    #[schema(required)]
    latency_ms: Option<u64>,
}

/// Whether one store answers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StoreWord {
    /// It answers.
    Up,
    /// It does not.
    Down,
}

/// What the newest comparison of gate and ledger found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LastReconciliation {
    #[schema(format = DateTime)]
    started_at: String,
    #[schema(format = DateTime)]
    finished_at: String,
    /// Sales that were compared.
    sales: u32,
    /// Drifts that were found.
    mismatches: u32,
    /// Drifts that were repaired.
    repaired: u32,
    /// Whether it went to its end; what went wrong is in the log.
    complete: bool,
}

/// A word about this node.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeStatus {
    status: &'static str,
}

/// Whether every store answers.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "health",
    tag = "operations",
    responses(
        (status = 200, description = "Every store answers", body = HealthAnswer),
        (status = 503, description = "Some store does not; the same shape", body = HealthAnswer),
    )
)]
pub(crate) async fn health(worker: Data<Worker>) -> HttpResponse {
    let report = worker.node.use_cases.check_health.report().await;
    let healthy = report.healthy();
    let mut response =
        if healthy { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.json(HealthAnswer { success: healthy, data: Health::new(&report) })
}

/// Whether the process runs.
#[utoipa::path(
    get,
    path = "/health/live",
    operation_id = "live",
    tag = "operations",
    responses((status = 200, description = "It runs", body = Success<NodeStatus>))
)]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Success::new(NodeStatus { status: "live" }))
}

/// Whether this node can decide attempts, the ledger away included; for balancers.
#[utoipa::path(
    get,
    path = "/health/ready",
    operation_id = "ready",
    tag = "operations",
    responses(
        (status = 200, description = "It can decide", body = Success<NodeStatus>),
        (status = 503, description = "It cannot", body = FailureAnswer),
    )
)]
pub(crate) async fn ready(worker: Data<Worker>) -> Result<HttpResponse, ApiError> {
    if worker.node.closing.is_cancelled() || !worker.node.use_cases.check_health.ready().await {
        return Err(ApiError::NotReady);
    }
    Ok(HttpResponse::Ok().json(Success::new(NodeStatus { status: "ready" })))
}

impl Health {
    fn new(report: &HealthReport) -> Self {
        Self {
            status: if report.healthy() { HealthWord::Healthy } else { HealthWord::Unhealthy },
            uptime: report.uptime_s,
            checks: report.stores.iter().map(|store| (store.name, check(store))).collect(),
            reconciliation: report.last_reconciliation.as_ref().map(last),
            acknowledgement: report.worth.as_ref().map(AcknowledgementWorth::new),
        }
    }
}

impl AcknowledgementWorth {
    fn new(worth: &Worth) -> Self {
        let exposures = worth.may_lose.iter().map(|(fault, loss)| Exposure {
            fault: fault.code(),
            loss: loss.code(),
            message: format!("{}: {}", fault.words(), loss.words()),
        });
        Self {
            level: worth.level.to_string(),
            settings: worth.settings.iter().cloned().collect(),
            may_lose: exposures.collect(),
            broken: worth.broken,
        }
    }
}

fn check(store: &StoreHealth) -> StoreCheck {
    let status = if store.latency_ms.is_some() { StoreWord::Up } else { StoreWord::Down };
    StoreCheck { status, latency_ms: store.latency_ms }
}

fn last(run: &ReconciliationRun) -> LastReconciliation {
    LastReconciliation {
        started_at: run.started_at.to_string(),
        finished_at: run.finished_at.to_string(),
        sales: run.sales,
        mismatches: run.mismatches,
        repaired: run.repaired,
        complete: run.error.is_none(),
    }
}
