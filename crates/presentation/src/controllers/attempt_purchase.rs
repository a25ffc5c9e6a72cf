//! `POST /api/v1/purchases`, the hot route.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONTENT_TYPE, HeaderValue},
    web::Data,
};
use bytes::Bytes;
use stampede_application::use_cases::{Attempted, PurchaseRequest};
use stampede_domain::{Acknowledgement, Decision, Sku};

use crate::{
    buyer,
    envelope::{FailureAnswer, Success},
    error::ApiError,
    fields::Fields,
    idempotency_key,
    json_body::JsonBody,
    metrics::{SUCCESS, shed_word},
    purchase::{self, PurchaseReceipt},
    purchase_form::{self, PurchaseForm, qty_out_of_range},
    rejection, request_span,
    worker::Worker,
};

/// A buyer attempts to buy.
///
/// A decided attempt is answered 200, whichever way it went: `success` tells. An error means that
/// nothing was decided, or that we do not know; the attempt may then be repeated as it is.
#[utoipa::path(
    post,
    path = "/api/v1/purchases",
    operation_id = "attemptPurchase",
    tag = "purchases",
    params(
        ("X-User-Id" = String, Header, description = "The buyer: 1 to 255 characters of UTF-8"),
        ("Idempotency-Key" = Option<String>, Header,
            description = "1 to 255 visible characters; the same key gets the same purchase again"),
    ),
    request_body = AttemptRequest,
    responses(
        (status = 200, description = "Decided: a receipt or a rejection", body = AttemptAnswer),
        (status = 400, description = "Bad fields", body = FailureAnswer),
        (status = 404, description = "No such sale", body = FailureAnswer),
        (status = 413, description = "The body is too large", body = FailureAnswer),
        (status = 415, description = "The body is not JSON", body = FailureAnswer),
        (status = 422, description = "The key bought another quantity", body = FailureAnswer),
        (status = 429, description = "Too many attempts", body = FailureAnswer),
        (status = 503, description = "Not decided; repeat it", body = FailureAnswer),
    )
)]
pub(crate) async fn attempt_purchase(
    request: HttpRequest,
    JsonBody(body): JsonBody,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    let wanted = read(&request, &body, &worker).await?;
    worker.node.rate_limits.attempt(&wanted.buyer)?;
    let sku = wanted.sku.clone();
    match worker.attempt_purchase.run(wanted).await {
        Attempted::Decided { decision, acknowledged } => {
            answer(&worker, &sku, &decision, acknowledged)
        }
        Attempted::UnknownSale => Err(ApiError::no_such_sku()),
        Attempted::QtyOutOfRange { max } => Err(ApiError::field("qty", qty_out_of_range(max))),
        Attempted::Shed(why) => {
            worker.tally.shed(shed_word(why));
            Err(ApiError::Overloaded)
        }
        Attempted::Undecided => Err(ApiError::Undecided),
    }
}

/// What the request asks for, or every bad field of it.
async fn read(
    request: &HttpRequest,
    body: &Bytes,
    worker: &Worker,
) -> Result<PurchaseRequest, ApiError> {
    let mut fields = Fields::default();
    let headers = request.headers();
    let buyer = fields.note(buyer::X_USER_ID, buyer::read(headers));
    let key = fields.note(idempotency_key::IDEMPOTENCY_KEY, idempotency_key::read(headers));
    let form = purchase_form::read(body, &mut fields);
    match (buyer, key, form) {
        (Some(buyer), Some(key), PurchaseForm { sku: Some(sku), qty }) if fields.is_empty() => {
            let traceparent = request_span::traceparent(headers, worker.spans.is_some());
            Ok(PurchaseRequest { buyer, sku, qty, key, traceparent })
        }
        (_, _, form) => {
            check_limit(&form, worker, &mut fields).await;
            Err(ApiError::Validation(fields))
        }
    }
}

/// Names the quantity too, if the sale would refuse it: every bad field at once.
async fn check_limit(form: &PurchaseForm, worker: &Worker, fields: &mut Fields) {
    let (Some(sku), Some(qty)) = (&form.sku, form.qty) else { return };
    // A sale that is not known right now leaves the other fields to be told.
    if let Ok((live, _)) = worker.node.use_cases.view_sales.one(Some(sku)).await
        && qty > live.sale.limit_per_buyer
    {
        fields.add("qty", qty_out_of_range(live.sale.limit_per_buyer));
    }
}

fn answer(
    worker: &Worker,
    sku: &Sku,
    decision: &Decision,
    acknowledged: Acknowledgement,
) -> Result<HttpResponse, ApiError> {
    match decision {
        Decision::Accepted(bought) | Decision::Replayed(bought) => {
            worker.tally.decided(SUCCESS);
            Ok(json(purchase::receipt(sku, bought, acknowledged)))
        }
        Decision::KeyReused => Err(ApiError::IdempotencyKeyReused),
        Decision::Rejected(rejected) => {
            let (code, body) = rejection::answer(sku, rejected);
            worker.tally.decided(code.as_str());
            Ok(json(body))
        }
    }
}

fn json(body: Bytes) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")));
    response.body(body)
}

/// What a buyer asks for.
#[derive(Debug, utoipa::ToSchema)]
#[expect(dead_code, reason = "the document's form of what purchase_form reads by hand")]
pub(crate) struct AttemptRequest {
    #[schema(example = "WIDGET-001")]
    sku: String,
    /// Units, 1 if left out; at most the sale's limit per buyer.
    #[schema(minimum = 1, maximum = 100)]
    qty: Option<u32>,
}

/// A receipt or a rejection; `success` tells which.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the document's form of answers that are written by hand")]
pub(crate) enum AttemptAnswer {
    /// The units are the buyer's.
    Receipt(Success<PurchaseReceipt>),
    /// Nothing was taken.
    Rejection(FailureAnswer),
}
