//! `POST /api/v1/products`.

use actix_web::{
    HttpResponse,
    http::header::{ETag, EntityTag, LOCATION},
    web::Data,
};

use crate::{
    admin_guard::Admin,
    envelope::{FailureAnswer, Success},
    error::ApiError,
    json_body::JsonBody,
    product::{self, Product},
    product_form::{self, CreateProductBody},
    worker::Worker,
};

/// An admin creates a product, and with it its sale.
#[utoipa::path(
    post,
    path = "/api/v1/products",
    operation_id = "createProduct",
    tag = "products",
    security(("adminKey" = [])),
    request_body = CreateProductBody,
    responses(
        (status = 201, description = "Created, and on sale within its window", body = Success<Product>),
        (status = 400, description = "Bad fields", body = FailureAnswer),
        (status = 401, description = "No or another admin key", body = FailureAnswer),
        (status = 409, description = "A product of this sku exists", body = FailureAnswer),
        (status = 413, description = "The body is too large", body = FailureAnswer),
        (status = 415, description = "The body is not JSON", body = FailureAnswer),
        (status = 503, description = "We do not know; repeat it", body = FailureAnswer),
    )
)]
pub(crate) async fn create_product(
    _: Admin,
    JsonBody(body): JsonBody,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    let new = product_form::new_product(worker.image_origins(), &body)?;
    let view = worker.node.use_cases.create_product.run(new).await?;
    let place = format!("/api/v1/products/{}", view.sale.id.sku);
    let mut response = HttpResponse::Created();
    Ok(response
        .insert_header((LOCATION, place))
        .insert_header(ETag(EntityTag::new_strong(product::tag(view.revision()))))
        .json(Success::new(Product::changed(&view))))
}
