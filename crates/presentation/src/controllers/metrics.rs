//! `GET /metrics`.

use actix_web::{HttpResponse, web::Data};
use prometheus::{Encoder, TextEncoder};
use stampede_application::ports::Causes;

use crate::{envelope::FailureAnswer, error::ApiError, worker::Worker};

/// Everything that is counted, as Prometheus text.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "operations",
    responses(
        (status = 200, description = "Prometheus text", body = String, content_type = "text/plain"),
        (status = 500, description = "A bug", body = FailureAnswer),
    )
)]
pub(crate) async fn metrics(worker: Data<Worker>) -> Result<HttpResponse, ApiError> {
    let encoder = TextEncoder::new();
    let text = encoder.encode_to_string(&worker.node.registry.gather()).map_err(|error| {
        tracing::error!(error = %Causes(&error), "metrics cannot be written");
        ApiError::Internal
    })?;
    Ok(HttpResponse::Ok().content_type(encoder.format_type().to_owned()).body(text))
}
