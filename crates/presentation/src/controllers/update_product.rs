//! `PUT /api/v1/products/{sku}`.

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::header::{ETag, EntityTag, IF_MATCH, IfMatch},
    web::Data,
};
use stampede_application::use_cases::Revision;

use crate::{
    admin_guard::Admin,
    envelope::{FailureAnswer, Success},
    error::ApiError,
    json_body::JsonBody,
    product::{self, Product},
    product_form::{self, UpdateProductBody},
    query::parsed_sku_of_path,
    worker::Worker,
};

/// An admin changes a product whose sale has not begun. What the body leaves out stays; it may
/// repeat the sku, which cannot change.
#[utoipa::path(
    put,
    path = "/api/v1/products/{sku}",
    operation_id = "updateProduct",
    tag = "products",
    security(("adminKey" = [])),
    params(
        ("sku" = String, Path, description = "The product"),
        ("If-Match" = Option<String>, Header, description = "Tags of which the product must have one"),
    ),
    request_body = UpdateProductBody,
    responses(
        (status = 200, description = "The product, or `SALE_NOT_MODIFIABLE`", body = ProductAnswer),
        (status = 400, description = "Bad fields", body = FailureAnswer),
        (status = 401, description = "No or another admin key", body = FailureAnswer),
        (status = 404, description = "No such product", body = FailureAnswer),
        (status = 412, description = "The product has changed since", body = FailureAnswer),
        (status = 413, description = "The body is too large", body = FailureAnswer),
        (status = 415, description = "The body is not JSON", body = FailureAnswer),
        (status = 503, description = "We do not know; repeat it", body = FailureAnswer),
    )
)]
pub(crate) async fn update_product(
    _: Admin,
    request: HttpRequest,
    JsonBody(body): JsonBody,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    let sku = parsed_sku_of_path(&request);
    let (sku, changes) = product_form::product_changes(sku, worker.image_origins(), &body)?;
    let wanted = wanted(&request);
    let update_product = &worker.node.use_cases.update_product;
    let view = update_product.run(&sku, &changes, wanted.as_deref()).await?;
    let mut response = HttpResponse::Ok();
    Ok(response
        .insert_header(ETag(EntityTag::new_strong(product::tag(view.revision()))))
        .json(Success::new(Product::changed(&view))))
}

/// The revisions that the client would change; `None` for any.
///
/// A header that is not a list of tags, or has none of ours, matches nothing.
fn wanted(request: &HttpRequest) -> Option<Vec<Revision>> {
    if !request.headers().contains_key(IF_MATCH) {
        return None;
    }
    match request.get_header::<IfMatch>() {
        Some(IfMatch::Any) => None,
        Some(IfMatch::Items(tags)) => {
            Some(tags.iter().filter_map(|tag| product::revision(tag.tag())).collect())
        }
        None => Some(Vec::new()),
    }
}

/// The product, or why it stays as it is; `success` tells which.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the document's form of two answers with one status")]
pub(crate) enum ProductAnswer {
    /// The product as it is now.
    Product(Success<Product>),
    /// `SALE_NOT_MODIFIABLE`.
    Refusal(FailureAnswer),
}
