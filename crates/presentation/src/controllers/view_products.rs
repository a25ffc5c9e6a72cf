//! `GET /api/v1/products` and `GET /api/v1/products/{sku}`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ETag, EntityTag},
    web::Data,
};
use stampede_application::ports::CatalogueCursor;
use stampede_domain::{Generation, Instant};

use crate::{
    admin_guard::Admin,
    envelope::{FailureAnswer, Page, Success},
    error::ApiError,
    fields::Fields,
    product::{self, Product},
    query::{Parameters, sku_of_path},
    worker::Worker,
};

/// An admin reads one product with its counters.
#[utoipa::path(
    get,
    path = "/api/v1/products/{sku}",
    operation_id = "viewProduct",
    tag = "products",
    security(("adminKey" = [])),
    params(("sku" = String, Path, description = "The product")),
    responses(
        (status = 200, description = "The product; `ETag` is what `If-Match` of a PUT takes",
            body = Success<Product>),
        (status = 400, description = "Bad fields", body = FailureAnswer),
        (status = 401, description = "No or another admin key", body = FailureAnswer),
        (status = 404, description = "No such product", body = FailureAnswer),
        (status = 503, description = "We do not know; repeat it", body = FailureAnswer),
    )
)]
pub(crate) async fn view_product(
    _: Admin,
    request: HttpRequest,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    let sku = sku_of_path(&request)?;
    let view = worker.node.use_cases.view_products.one(&sku).await?;
    let view = view.ok_or_else(ApiError::no_such_sku)?;
    let mut response = HttpResponse::Ok();
    Ok(response
        .insert_header(ETag(EntityTag::new_strong(product::tag(view.revision()))))
        .json(Success::new(Product::read(&view))))
}

/// An admin reads all products, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/products",
    operation_id = "listProducts",
    tag = "products",
    security(("adminKey" = [])),
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Rows, 100 if left out"),
        ("cursor" = Option<String>, Query, description = "The nextCursor of the answer before"),
    ),
    responses(
        (status = 200, description = "Products", body = Page<Product>),
        (status = 400, description = "Bad fields", body = FailureAnswer),
        (status = 401, description = "No or another admin key", body = FailureAnswer),
        (status = 503, description = "We do not know; repeat it", body = FailureAnswer),
    )
)]
pub(crate) async fn list_products(
    _: Admin,
    request: HttpRequest,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    let mut fields = Fields::default();
    let parameters = Parameters::of(&request);
    let limit = parameters.limit(&mut fields);
    let after = parameters.cursor(&mut fields, cursor);
    fields.check()?;
    let view_products = &worker.node.use_cases.view_products;
    let (views, next) = view_products.page(after.as_ref(), limit).await?;
    let next = next.map(|next| format!("{}-{}", next.created_at.millis(), next.generation));
    let products = views.iter().map(Product::read).collect();
    Ok(HttpResponse::Ok().json(Page::new(products, next)))
}

/// `<milliseconds>-<generation>`.
fn cursor(text: &str) -> Option<CatalogueCursor> {
    let (millis, generation) = text.split_once('-')?;
    Some(CatalogueCursor {
        created_at: Instant::from_millis(millis.parse().ok()?),
        generation: Generation(generation.parse().ok()?),
    })
}
