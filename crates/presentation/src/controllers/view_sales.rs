//! `GET /api/v1/sales` and `GET /api/v1/sales/all`.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue},
    web::Data,
};
use bytes::{BufMut, BytesMut};
use sha2::{Digest, Sha256};
use stampede_domain::{Instant, Sku};

use crate::{
    envelope::{FailureAnswer, Page, Success},
    error::ApiError,
    etag,
    fields::Fields,
    kept_until::X_ACCEL_EXPIRES,
    query::Parameters,
    sale_status::SaleStatus,
    worker::Worker,
};

/// How long a cache may keep what changes all the time.
const FRESH: HeaderValue = HeaderValue::from_static("public, max-age=1");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// One sale by its sku, or the featured one: the active sale that ends first, else the next
/// upcoming, else the last ended.
#[utoipa::path(
    get,
    path = "/api/v1/sales",
    operation_id = "viewSale",
    tag = "sales",
    params(("sku" = Option<String>, Query, description = "Which sale; the featured one if left out")),
    responses(
        (status = 200, description = "The sale", body = Success<SaleStatus>),
        (status = 304, description = "As `If-None-Match` has it"),
        (status = 400, description = "Bad fields", body = FailureAnswer),
        (status = 404, description = "No such sale, or none at all", body = FailureAnswer),
        (status = 503, description = "We do not know; repeat it", body = FailureAnswer),
    )
)]
pub(crate) async fn view_sale(
    request: HttpRequest,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    let mut fields = Fields::default();
    let sku = Parameters::of(&request).sku(&mut fields);
    fields.check()?;
    let view_sales = &worker.node.use_cases.view_sales;
    let (live, now) = view_sales.one(sku.as_ref()).await?;
    let rendered = worker.rendered.of(&live);
    let etag = rendered.etag().clone();
    if etag::is_known(&request, &etag) {
        return Ok(kept(&worker, now, HttpResponse::NotModified(), etag).finish());
    }
    let mut response = kept(&worker, now, HttpResponse::Ok(), etag);
    Ok(response.insert_header((CONTENT_TYPE, JSON)).body(rendered.answer(now)))
}

/// Every sale, upcoming and active ones first.
#[utoipa::path(
    get,
    path = "/api/v1/sales/all",
    operation_id = "listSales",
    tag = "sales",
    params(
        ("state" = Option<crate::sale_status::SaleState>, Query, description = "Only sales in this state"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Rows, 100 if left out"),
        ("cursor" = Option<String>, Query, description = "The nextCursor of the answer before"),
    ),
    responses(
        (status = 200, description = "Sales", body = Page<SaleStatus>),
        (status = 304, description = "As `If-None-Match` has it"),
        (status = 400, description = "Bad fields", body = FailureAnswer),
        (status = 503, description = "We do not know; repeat it", body = FailureAnswer),
    )
)]
pub(crate) async fn list_sales(
    request: HttpRequest,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    let mut fields = Fields::default();
    let parameters = Parameters::of(&request);
    let state = parameters.state(&mut fields);
    let limit = parameters.limit(&mut fields);
    let after = parameters.cursor(&mut fields, |text| Sku::parse(text).ok());
    fields.check()?;
    let view_sales = &worker.node.use_cases.view_sales;
    let page = view_sales.page(state, after.as_ref(), limit)?;
    let sales: Vec<_> = page.sales.iter().map(|live| worker.rendered.of(live)).collect();
    let mut hash = Sha256::new();
    let mut body = BytesMut::new();
    body.put_slice(br#"{"success":true,"data":["#);
    for (place, rendered) in sales.iter().enumerate() {
        if place > 0 {
            body.put_slice(b",");
        }
        rendered.put_status(&mut body, page.now);
        hash.update(rendered.etag().as_bytes());
    }
    body.put_slice(br#"],"nextCursor":"#);
    let next = page.next.map_or_else(|| "null".into(), |sku| format!("\"{sku}\""));
    hash.update(next.as_bytes());
    body.put_slice(next.as_bytes());
    body.put_slice(b"}");
    let etag = etag::of_hash(&hash.finalize());
    if etag::is_known(&request, &etag) {
        return Ok(kept(&worker, page.now, HttpResponse::NotModified(), etag).finish());
    }
    let mut response = kept(&worker, page.now, HttpResponse::Ok(), etag);
    Ok(response.insert_header((CONTENT_TYPE, JSON)).body(body.freeze()))
}

/// With what caches are told: browsers and CDNs by the standard, nginx more exactly.
fn kept(
    worker: &Worker,
    now: Instant,
    mut response: HttpResponseBuilder,
    etag: HeaderValue,
) -> HttpResponseBuilder {
    response
        .insert_header((ETAG, etag))
        .insert_header((CACHE_CONTROL, FRESH))
        .insert_header((X_ACCEL_EXPIRES.clone(), worker.kept_until.end_of_second(now)));
    response
}
