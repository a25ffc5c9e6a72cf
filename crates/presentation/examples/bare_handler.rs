//! The least that an actix handler can do: read a small JSON body, answer a small JSON body.
//!
//! `cargo xtask bench` measures the server beside this, in the same run, so that a figure is a
//! ratio and not a property of the machine. Listens on the loopback port given as the first
//! argument, with as many workers as the second says.

use std::io::{Error, Result};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Request<'a> {
    sku: &'a str,
    qty: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    purchase_no: &'a str,
    sku: &'a str,
    qty: u32,
    known: bool,
}

async fn answer(request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let Ok(asked) = serde_json::from_slice::<Request<'_>>(&body) else {
        return HttpResponse::BadRequest().finish();
    };
    HttpResponse::Ok().json(Answer {
        purchase_no: "PUR-20260215-7ZK4-9QXA-0B3M-WT51",
        sku: asked.sku,
        qty: asked.qty.unwrap_or(1),
        known: request.headers().contains_key("x-user-id"),
    })
}

/// As many bytes as the status of a sale.
async fn status() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(STATUS)
}

const STATUS: &str = r#"{"success":true,"data":{"sku":"OPEN","productName":"OPEN","state":"ACTIVE","stock":9999999,"initialStock":10000000,"startTime":"2020-01-01T00:00:00.000Z","endTime":"2099-01-01T00:00:00.000Z","endReason":null,"paused":false,"limitPerBuyer":1,"version":1000000014,"serverTime":"2026-02-15T10:00:00.000Z"}}"#;

#[actix_web::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number =
        || arguments.next().and_then(|text| text.parse::<u16>().ok()).ok_or_else(usage);
    let (port, workers) = (number()?, number()?);
    let app = || {
        App::new()
            .route("/api/v1/purchases", web::post().to(answer))
            .route("/api/v1/sales", web::get().to(status))
    };
    HttpServer::new(app).workers(workers.into()).bind(("127.0.0.1", port))?.run().await
}

fn usage() -> Error {
    Error::other("usage: bare_handler PORT WORKERS")
}
