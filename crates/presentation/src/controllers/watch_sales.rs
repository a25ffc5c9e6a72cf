//! `GET /api/v1/sales/events`.

use std::rc::Rc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    web::Data,
};

use crate::{
    connection::{EndlessBody, Handover},
    envelope::FailureAnswer,
    error::ApiError,
    fields::Fields,
    query::Parameters,
    sale_stream::{OpenStream, SaleStream},
    worker::Worker,
};

/// The changes of one sale, or of every public sale, as server-sent events.
///
/// `initial` carries a whole `SaleStatus`: on connect, on reconnect, for a sale that came, and
/// when an upcoming sale was redefined. `stock-update` carries a `StockUpdate`, at most ten a
/// second, and the last value always. `state-change` carries a `StateChange` as soon as state or
/// pause changed. `deleted` carries a `SaleDeleted` and ends the stream of that one sale. Each
/// event's `id` is the sale's version. A comment every 15 s keeps the connection alive.
#[utoipa::path(
    get,
    path = "/api/v1/sales/events",
    operation_id = "watchSales",
    tag = "sales",
    params(("sku" = Option<String>, Query, description = "Which sale; every public sale if left out")),
    responses(
        (status = 200, description = "The stream", body = String, content_type = "text/event-stream"),
        (status = 400, description = "Bad fields", body = FailureAnswer),
        (status = 404, description = "No such sale", body = FailureAnswer),
        (status = 503, description = "We do not know, or too many watch", body = FailureAnswer),
    )
)]
pub(crate) async fn watch_sales(
    request: HttpRequest,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    let mut fields = Fields::default();
    let sku = Parameters::of(&request).sku(&mut fields);
    fields.check()?;
    let open = OpenStream::count(&worker).ok_or(ApiError::Overloaded)?;
    let watch_sales = &worker.node.use_cases.watch_sales;
    let is_of_all = sku.is_none();
    let sales = match sku {
        Some(sku) => vec![watch_sales.one(&sku).await?],
        None => watch_sales.all(worker.node.settings.limits.sales_per_stream_max)?,
    };
    let events = SaleStream::open(worker.clone(), open, sales, is_of_all);
    let handover = request.conn_data::<Rc<Handover>>().cloned();
    // This route is not wrapped by compression, which would hold events back.
    let mut response = HttpResponse::Ok();
    Ok(response
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .force_close()
        .body(EndlessBody::new(events, handover)))
}
