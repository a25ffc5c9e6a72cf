//! `POST` and `GET /api/v1/reconciliation/runs`.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Serialize;
use stampede_application::ports::{Drift, ReconciliationRun, RunId, Thoroughness, Trigger};
use stampede_domain::Sku;
use utoipa::ToSchema;

use crate::{
    admin_guard::Admin,
    envelope::{FailureAnswer, Page, Success},
    error::ApiError,
    fields::Fields,
    json_body::JsonBody,
    json_object::JsonObject,
    query::Parameters,
    worker::Worker,
};

/// What an operator wants compared.
#[derive(ToSchema)]
#[expect(dead_code, reason = "what the body reads as; it is taken member by member")]
struct WantedRun {
    /// The only sale to compare; every one if it is left out.
    #[schema(max_length = 64, pattern = "^[A-Za-z0-9-]{1,64}$")]
    sku: Option<String>,
    /// `WHOLE` if it is left out.
    thoroughness: Option<ThoroughnessWord>,
}

/// A comparison of gate and ledger.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Run {
    id: String,
    #[schema(format = DateTime)]
    started_at: String,
    #[schema(format = DateTime)]
    finished_at: String,
    /// The life of the process that ran it.
    node: String,
    trigger: TriggerWord,
    thoroughness: ThoroughnessWord,
    /// The only sale that was compared; null if it was not only one.
    #[schema(required)]
    sku: Option<String>,
    /// Sales that were compared.
    sales: u32,
    /// Drifts that were found.
    mismatches: u32,
    /// Drifts that were repaired.
    repaired: u32,
    /// Drifts that only a person can settle.
    raised: u32,
    /// Whether it went to its end and could compare every sale.
    complete: bool,
    /// Which store had no answer, if it did not; what that said is in the log.
    #[schema(required)]
    error: Option<String>,
    /// The kinds that were found.
    drifts: Vec<FoundDrift>,
}

/// What was found of one kind.
#[derive(Debug, Serialize, ToSchema)]
struct FoundDrift {
    drift: DriftWord,
    /// Repaired and raised together.
    found: u32,
    repaired: u32,
    raised: u32,
}

/// A way in which gate and ledger can disagree.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum DriftWord {
    /// The gate has a purchase that the ledger and the outbox have not.
    MissingInLedger,
    /// The ledger has a purchase that the gate has not.
    MissingInGate,
    /// The gate's counters do not fit together, or not with the ledger.
    CountersDisagree,
    /// Gate and catalogue describe the sale differently.
    DefinitionDiffers,
    /// The gate has a sale that the catalogue has buried, or never had.
    GateWithoutCatalogue,
    /// An entry of the outbox is of a sale that is no more.
    EntryOfAnOldGeneration,
    /// A purchase of an earlier life of the gate found no place in the present one.
    StaleEntryRefused,
    /// Gate and ledger each sold what only one of them had to sell.
    SoldTwice,
}

/// Why gate and ledger were compared.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum TriggerWord {
    /// A node was started.
    Start,
    /// It was time.
    Schedule,
    /// A store was away and is back.
    StoreBack,
    /// An admin asked for it.
    OnDemand,
    /// `stampede reconcile`.
    Command,
    /// Drift was met in what was to be recorded.
    Worker,
    /// A gate was made anew, and not all that only it had found a place.
    Restore,
}

/// How much of a sale is compared.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum ThoroughnessWord {
    /// Purchase by purchase.
    Whole,
    /// Counters first, purchase by purchase where they disagree.
    Counters,
}

/// An operator has gate and ledger compared now. The run goes on if its caller goes away.
#[utoipa::path(
    post,
    path = "/api/v1/reconciliation/runs",
    operation_id = "runReconciliation",
    tag = "operations",
    security(("adminKey" = [])),
    request_body = WantedRun,
    responses(
        (status = 200, description = "The run, which has ended", body = Success<Run>),
        (status = 400, description = "Bad fields", body = FailureAnswer),
        (status = 401, description = "No or another admin key", body = FailureAnswer),
        (status = 404, description = "No such product", body = FailureAnswer),
        (status = 413, description = "The body is too large", body = FailureAnswer),
        (status = 415, description = "The body is not JSON", body = FailureAnswer),
        (status = 503, description = "A store is away, or another run does not end; repeat it",
            body = FailureAnswer),
    )
)]
pub(crate) async fn run_reconciliation(
    _: Admin,
    JsonBody(body): JsonBody,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    let (sku, thoroughness) = wanted(&body)?;
    let reconcile = worker.node.use_cases.reconcile.clone();
    let run =
        tokio::spawn(
            async move { reconcile.run(sku.as_ref(), thoroughness, Trigger::OnDemand).await },
        );
    let (id, run) = run.await.map_err(|_| ApiError::Internal)??;
    Ok(HttpResponse::Ok().json(Success::new(Run::new(id, run))))
}

/// An operator reads what was found, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/reconciliation/runs",
    operation_id = "listReconciliationRuns",
    tag = "operations",
    security(("adminKey" = [])),
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Rows, 100 if left out"),
        ("cursor" = Option<String>, Query, description = "The nextCursor of the answer before"),
    ),
    responses(
        (status = 200, description = "Runs", body = Page<Run>),
        (status = 400, description = "Bad fields", body = FailureAnswer),
        (status = 401, description = "No or another admin key", body = FailureAnswer),
        (status = 503, description = "We do not know; repeat it", body = FailureAnswer),
    )
)]
pub(crate) async fn list_reconciliation_runs(
    _: Admin,
    request: HttpRequest,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    let mut fields = Fields::default();
    let parameters = Parameters::of(&request);
    let limit = parameters.limit(&mut fields);
    let before = parameters.cursor(&mut fields, |text| text.parse().ok().map(RunId));
    fields.check()?;
    let (runs, next) = worker.node.use_cases.view_runs.page(before, limit).await?;
    let runs = runs.into_iter().map(|(id, run)| Run::new(id, run)).collect();
    Ok(HttpResponse::Ok().json(Page::new(runs, next.map(|next| next.0.to_string()))))
}

fn wanted(body: &[u8]) -> Result<(Option<Sku>, Thoroughness), ApiError> {
    let mut object = JsonObject::read(body, Fields::default())?;
    let sku = object.text("sku", "must be text").and_then(|text| {
        object.fields.note("sku", Sku::parse(&text).map_err(|error| error.to_string()))
    });
    let word = object.text("thoroughness", "must be text");
    let thoroughness = match word.as_deref() {
        None | Some("WHOLE") => Thoroughness::Whole,
        Some("COUNTERS") => Thoroughness::Counters,
        Some(_) => {
            object.fields.add("thoroughness", "must be WHOLE or COUNTERS");
            Thoroughness::Whole
        }
    };
    object.fields.check()?;
    Ok((sku, thoroughness))
}

impl Run {
    fn new(id: RunId, run: ReconciliationRun) -> Self {
        let drifts = run.findings.0.into_iter().map(|(drift, count)| FoundDrift {
            drift: drift.into(),
            found: count.found(),
            repaired: count.repaired,
            raised: count.raised,
        });
        Self {
            id: id.0.to_string(),
            started_at: run.started_at.to_string(),
            finished_at: run.finished_at.to_string(),
            node: run.node,
            trigger: run.trigger.into(),
            thoroughness: run.thoroughness.into(),
            sku: run.sku.map(|sku| sku.to_string()),
            sales: run.sales,
            mismatches: run.mismatches,
            repaired: run.repaired,
            raised: run.raised,
            complete: run.error.is_none(),
            error: run.error,
            drifts: drifts.collect(),
        }
    }
}

impl From<Drift> for DriftWord {
    fn from(drift: Drift) -> Self {
        match drift {
            Drift::MissingInLedger => Self::MissingInLedger,
            Drift::MissingInGate => Self::MissingInGate,
            Drift::CountersDisagree => Self::CountersDisagree,
            Drift::DefinitionDiffers => Self::DefinitionDiffers,
            Drift::GateWithoutCatalogue => Self::GateWithoutCatalogue,
            Drift::EntryOfAnOldGeneration => Self::EntryOfAnOldGeneration,
            Drift::StaleEntryRefused => Self::StaleEntryRefused,
            Drift::SoldTwice => Self::SoldTwice,
        }
    }
}

impl From<Trigger> for TriggerWord {
    fn from(trigger: Trigger) -> Self {
        match trigger {
            Trigger::Start => Self::Start,
            Trigger::Schedule => Self::Schedule,
            Trigger::StoreBack => Self::StoreBack,
            Trigger::OnDemand => Self::OnDemand,
            Trigger::Command => Self::Command,
            Trigger::Worker => Self::Worker,
            Trigger::Restore => Self::Restore,
        }
    }
}

impl From<Thoroughness> for ThoroughnessWord {
    fn from(thoroughness: Thoroughness) -> Self {
        match thoroughness {
            Thoroughness::Whole => Self::Whole,
            Thoroughness::Counters => Self::Counters,
        }
    }
}
