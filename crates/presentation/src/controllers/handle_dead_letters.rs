//! `GET /api/v1/dead-letters`, `POST /api/v1/dead-letters/{id}/replay`, `DELETE …/{id}`.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Serialize;
use stampede_application::{
    ports::{DeadLetter, DeadLetterId},
    use_cases::{LetterFate, LetterPage},
};
use utoipa::ToSchema;

use crate::{
    admin_guard::Admin,
    envelope::{FailureAnswer, Page, Success},
    error::ApiError,
    fields::Fields,
    purchase::PurchaseSummary,
    query::Parameters,
    worker::Worker,
};

/// The most characters of a cursor.
const CURSOR_CHARS_MAX: usize = 256;

/// A purchase that could not be recorded, raised for a person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeadLetterRow {
    id: String,
    /// Who bought; null if the entry was not readable.
    #[schema(required)]
    buyer: Option<String>,
    /// What was bought; null if the entry was not readable.
    #[schema(required)]
    purchase: Option<PurchaseSummary>,
    /// The entry as it was found, if it was not readable.
    #[schema(required)]
    raw: Option<String>,
    /// What the ledger said.
    error: String,
}

impl DeadLetterRow {
    fn new(id: DeadLetterId, letter: DeadLetter) -> Self {
        let bought = letter.purchase.as_ref();
        Self {
            id: id.0,
            buyer: bought.map(|bought| bought.buyer.to_string()),
            purchase: bought.map(|b| PurchaseSummary::new(&b.sale.sku, &b.purchase)),
            raw: letter.raw,
            error: letter.error,
        }
    }
}

/// What became of a dead letter.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LetterHandled {
    outcome: LetterOutcome,
    /// For a person.
    message: String,
}

/// What became of a dead letter's purchase.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum LetterOutcome {
    /// It is in the ledger.
    Recorded,
    /// The gate has taken it in again, and it is on its way to the ledger.
    Readmitted,
    /// It was refused once more: it stays raised, and waits for a person.
    SetAsideAgain,
    /// It was discarded: the purchase is void, and nothing brings it back.
    Discarded,
    /// It was in the ledger already, and was not voided.
    RecordedMeanwhile,
}

impl LetterHandled {
    fn new(id: &DeadLetterId, fate: LetterFate) -> Self {
        let (outcome, what) = match fate {
            LetterFate::SetAsideAgain => {
                let outcome = LetterOutcome::SetAsideAgain;
                let message =
                    format!("The purchase of dead letter {} was refused again, and waits.", id.0);
                return Self { outcome, message };
            }
            LetterFate::Recorded => (LetterOutcome::Recorded, "is recorded"),
            LetterFate::Readmitted => {
                (LetterOutcome::Readmitted, "is taken in again and on its way to the ledger")
            }
            LetterFate::Discarded => (LetterOutcome::Discarded, "is given up"),
            LetterFate::RecordedMeanwhile => {
                (LetterOutcome::RecordedMeanwhile, "was recorded already and stays on record")
            }
        };
        let message = format!("Dead letter {} is gone: its purchase {what}.", id.0);
        Self { outcome, message }
    }
}

/// An operator lists dead letters, oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters",
    operation_id = "listDeadLetters",
    tag = "operations",
    security(("adminKey" = [])),
    params(
        ("sku" = Option<String>, Query, description = "Only those of purchases of this product"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Rows, 100 if left out"),
        ("cursor" = Option<String>, Query, description = "The nextCursor of the answer before"),
    ),
    responses(
        (status = 200, description = "Dead letters", body = Page<DeadLetterRow>),
        (status = 400, description = "Bad fields", body = FailureAnswer),
        (status = 401, description = "No or another admin key", body = FailureAnswer),
        (status = 503, description = "We do not know; repeat it", body = FailureAnswer),
    )
)]
pub(crate) async fn list_dead_letters(
    _: Admin,
    request: HttpRequest,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    let mut fields = Fields::default();
    let parameters = Parameters::of(&request);
    let limit = parameters.limit(&mut fields);
    let sku = parameters.sku(&mut fields);
    let after = parameters.cursor(&mut fields, |text| {
        (1..=CURSOR_CHARS_MAX).contains(&text.len()).then(|| DeadLetterId(text.into()))
    });
    fields.check()?;
    let handle = &worker.node.use_cases.handle_dead_letters;
    let LetterPage { letters, next } = handle.list(after.as_ref(), limit, sku.as_ref()).await?;
    let rows = letters.into_iter().map(|(id, letter)| DeadLetterRow::new(id, letter)).collect();
    Ok(HttpResponse::Ok().json(Page::new(rows, next.map(|next| next.0))))
}

/// An operator has a dead letter recorded once more.
#[utoipa::path(
    post,
    path = "/api/v1/dead-letters/{id}/replay",
    operation_id = "replayDeadLetter",
    tag = "operations",
    security(("adminKey" = [])),
    params(("id" = String, Path, description = "The dead letter")),
    responses(
        (status = 200, description = "Handed to the ledger again", body = Success<LetterHandled>),
        (status = 400, description = "It was not readable", body = FailureAnswer),
        (status = 401, description = "No or another admin key", body = FailureAnswer),
        (status = 404, description = "No such dead letter", body = FailureAnswer),
        (status = 503, description = "We do not know; repeat it", body = FailureAnswer),
    )
)]
pub(crate) async fn replay_dead_letter(
    _: Admin,
    request: HttpRequest,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&request);
    let fate = worker.node.use_cases.handle_dead_letters.replay(&id).await?;
    Ok(HttpResponse::Ok().json(Success::new(LetterHandled::new(&id, fate))))
}

/// An operator gives a dead letter up for good.
#[utoipa::path(
    delete,
    path = "/api/v1/dead-letters/{id}",
    operation_id = "discardDeadLetter",
    tag = "operations",
    security(("adminKey" = [])),
    params(("id" = String, Path, description = "The dead letter")),
    responses(
        (status = 200, description = "The letter is gone", body = Success<LetterHandled>),
        (status = 401, description = "No or another admin key", body = FailureAnswer),
        (status = 404, description = "No such dead letter", body = FailureAnswer),
        (status = 503, description = "We do not know; repeat it", body = FailureAnswer),
    )
)]
pub(crate) async fn discard_dead_letter(
    _: Admin,
    request: HttpRequest,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&request);
    let fate = worker.node.use_cases.handle_dead_letters.discard(&id).await?;
    Ok(HttpResponse::Ok().json(Success::new(LetterHandled::new(&id, fate))))
}

fn id(request: &HttpRequest) -> DeadLetterId {
    DeadLetterId(request.match_info().get("id").unwrap_or_default().into())
}
