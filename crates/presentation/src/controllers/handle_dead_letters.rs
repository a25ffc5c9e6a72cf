//! `GET /api/v1/dead-letters`, `POST /api/v1/dead-letters/{id}/replay`, `DELETE …/{id}`.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Serialize;
use stampede_application::ports::{DeadLetter, DeadLetterId};
use utoipa::ToSchema;

use super::delete_product::Done;
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

/// A purchase that could not be recorded, set aside for a person.
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

/// An operator lists dead letters, oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/dead-letters",
    operation_id = "listDeadLetters",
    tag = "operations",
    security(("adminKey" = [])),
    params(
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
    let parameters = Parameters::read(&request)?;
    let limit = parameters.limit(&mut fields);
    let after = parameters.cursor(&mut fields, |text| {
        (1..=CURSOR_CHARS_MAX).contains(&text.len()).then(|| DeadLetterId(text.into()))
    });
    fields.check()?;
    let handle = &worker.node.use_cases.handle_dead_letters;
    let mut letters = handle.list(after.as_ref(), limit + 1).await?;
    let more = letters.len() > limit;
    letters.truncate(limit);
    let next = letters.last().filter(|_| more).map(|(id, _)| id.0.clone());
    let rows = letters.into_iter().map(|(id, letter)| DeadLetterRow::new(id, letter)).collect();
    Ok(HttpResponse::Ok().json(Page::new(rows, next)))
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
        (status = 200, description = "Handed to the ledger again", body = Success<Done>),
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
    worker.node.use_cases.handle_dead_letters.replay(&id).await?;
    Ok(done(format!("Dead letter {} is replayed.", id.0)))
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
        (status = 200, description = "Discarded", body = Success<Done>),
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
    worker.node.use_cases.handle_dead_letters.discard(&id).await?;
    Ok(done(format!("Dead letter {} is discarded.", id.0)))
}

fn id(request: &HttpRequest) -> DeadLetterId {
    DeadLetterId(request.match_info().get("id").unwrap_or_default().into())
}

fn done(message: String) -> HttpResponse {
    HttpResponse::Ok().json(Success::new(Done { message }))
}
