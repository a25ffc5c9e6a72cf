//! `POST /api/v1/products/{sku}/pause`, `/resume` and `/end`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ETag, EntityTag},
    web::Data,
};
use stampede_application::ports::Change;

use super::update_product::ProductAnswer;
use crate::{
    admin_guard::Admin,
    envelope::{FailureAnswer, Success},
    error::ApiError,
    product::{self, Product},
    query::sku_of_path,
    worker::Worker,
};

/// An admin pauses a sale: from the answer on no node accepts. Idempotent.
#[utoipa::path(
    post,
    path = "/api/v1/products/{sku}/pause",
    operation_id = "pauseSale",
    tag = "products",
    security(("adminKey" = [])),
    params(("sku" = String, Path, description = "The product")),
    responses(
        (status = 200, description = "The product, or `SALE_NOT_MODIFIABLE`", body = ProductAnswer),
        (status = 400, description = "Bad fields", body = FailureAnswer),
        (status = 401, description = "No or another admin key", body = FailureAnswer),
        (status = 404, description = "No such product", body = FailureAnswer),
        (status = 503, description = "It may hold; repeat it", body = FailureAnswer),
    )
)]
pub(crate) async fn pause_sale(
    _: Admin,
    request: HttpRequest,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    change(&request, &worker, Change::Pause).await
}

/// An admin lets a paused sale go on. Idempotent.
#[utoipa::path(
    post,
    path = "/api/v1/products/{sku}/resume",
    operation_id = "resumeSale",
    tag = "products",
    security(("adminKey" = [])),
    params(("sku" = String, Path, description = "The product")),
    responses(
        (status = 200, description = "The product, or `SALE_NOT_MODIFIABLE`", body = ProductAnswer),
        (status = 400, description = "Bad fields", body = FailureAnswer),
        (status = 401, description = "No or another admin key", body = FailureAnswer),
        (status = 404, description = "No such product", body = FailureAnswer),
        (status = 503, description = "It may hold; repeat it", body = FailureAnswer),
    )
)]
pub(crate) async fn resume_sale(
    _: Admin,
    request: HttpRequest,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    change(&request, &worker, Change::Resume).await
}

/// An admin ends a sale for good: from the answer on no node accepts.
#[utoipa::path(
    post,
    path = "/api/v1/products/{sku}/end",
    operation_id = "endSale",
    tag = "products",
    security(("adminKey" = [])),
    params(("sku" = String, Path, description = "The product")),
    responses(
        (status = 200, description = "The product, or `SALE_NOT_MODIFIABLE`", body = ProductAnswer),
        (status = 400, description = "Bad fields", body = FailureAnswer),
        (status = 401, description = "No or another admin key", body = FailureAnswer),
        (status = 404, description = "No such product", body = FailureAnswer),
        (status = 503, description = "It may hold; repeat it", body = FailureAnswer),
    )
)]
pub(crate) async fn end_sale(
    _: Admin,
    request: HttpRequest,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    change(&request, &worker, Change::End).await
}

async fn change(
    request: &HttpRequest,
    worker: &Worker,
    change: Change,
) -> Result<HttpResponse, ApiError> {
    let sku = sku_of_path(request)?;
    let view = worker.node.use_cases.change_sale.run(&sku, change).await?;
    let mut response = HttpResponse::Ok();
    Ok(response
        .insert_header(ETag(EntityTag::new_strong(product::tag(view.revision()))))
        .json(Success::new(Product::changed(&view))))
}
