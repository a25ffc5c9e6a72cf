//! `DELETE /api/v1/products/{sku}`.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    admin_guard::Admin,
    envelope::{FailureAnswer, Success},
    error::ApiError,
    query::sku_of_path,
    worker::Worker,
};

/// That something was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Done {
    /// For a person.
    pub(crate) message: String,
}

/// An admin deletes a product; its purchases move to the archive.
#[utoipa::path(
    delete,
    path = "/api/v1/products/{sku}",
    operation_id = "deleteProduct",
    tag = "products",
    security(("adminKey" = [])),
    params(("sku" = String, Path, description = "The product")),
    responses(
        (status = 200, description = "Deleted", body = Success<Done>),
        (status = 400, description = "Bad fields", body = FailureAnswer),
        (status = 401, description = "No or another admin key", body = FailureAnswer),
        (status = 404, description = "No such product", body = FailureAnswer),
        (status = 503, description = "Begun; repeat it", body = FailureAnswer),
    )
)]
pub(crate) async fn delete_product(
    _: Admin,
    request: HttpRequest,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    let sku = sku_of_path(&request)?;
    worker.node.use_cases.delete_product.run(&sku).await?;
    let message = format!("Product {sku} is deleted; its purchases are in the archive.");
    Ok(HttpResponse::Ok().json(Success::new(Done { message })))
}
