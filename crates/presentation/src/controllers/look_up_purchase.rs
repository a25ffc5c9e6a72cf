//! `GET /api/v1/purchases`.

use actix_web::{HttpRequest, HttpResponse, web::Data};

use crate::{
    buyer,
    envelope::{FailureAnswer, Success},
    error::ApiError,
    fields::Fields,
    purchase::BuyerPurchases,
    query::Parameters,
    worker::Worker,
};

/// A buyer looks up what they bought of one sku, right from the instant it was answered.
#[utoipa::path(
    get,
    path = "/api/v1/purchases",
    operation_id = "lookUpPurchase",
    tag = "purchases",
    params(
        ("X-User-Id" = String, Header, description = "The buyer"),
        ("sku" = String, Query, description = "What was bought"),
    ),
    responses(
        (status = 200, description = "The newest purchase and all", body = Success<BuyerPurchases>),
        (status = 400, description = "Bad fields", body = FailureAnswer),
        (status = 404, description = "No such sale, or no purchase of it", body = FailureAnswer),
        (status = 503, description = "We do not know; repeat it", body = FailureAnswer),
    )
)]
pub(crate) async fn look_up_purchase(
    request: HttpRequest,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    let mut fields = Fields::default();
    let buyer = fields.note(buyer::X_USER_ID, buyer::read(request.headers()));
    let parameters = Parameters::of(&request);
    let sku = parameters.sku(&mut fields);
    if sku.is_none() {
        fields.add("sku", "is required: the sku that was bought");
    }
    let (Some(buyer), Some(sku)) = (buyer, sku) else { return Err(ApiError::Validation(fields)) };
    let purchases = worker.node.use_cases.look_up_purchase.run(&sku, &buyer).await?;
    let purchases = purchases.ok_or_else(ApiError::no_such_sku)?;
    let found = BuyerPurchases::new(&sku, &purchases);
    let found = found.ok_or(ApiError::NotFound("This buyer has no purchase of this sku."))?;
    Ok(HttpResponse::Ok().json(Success::new(found)))
}
