//! The least that an actix handler can do for the same request and the same bytes of answer.
//!
//! `cargo xtask bench` measures the server beside this, in the same run, so that a figure is a
//! ratio and not a property of the machine. It reads the body and the buyer's header, answers and
//! keeps nothing. It listens on a free loopback port, which it prints as the server does.
//!
//! `bare_handler WORKERS ANSWER STATUS ETAG`: so many workers; `gate`, `ledger` or `sold-out` for
//! every attempt; the whole body and the tag of a sale's status.
#![expect(clippy::print_stdout, reason = "whoever started it reads where it listens")]

use std::io::{Error, Result};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer,
    http::header::{
        CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
    },
    web::{self, Bytes, Data},
};
use serde::{Deserialize, Serialize};

/// As in the server: what it costs to take memory is no difference between the two.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

static X_ACCEL_EXPIRES: HeaderName = HeaderName::from_static("x-accel-expires");
static X_CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
static X_USER_ID: HeaderName = HeaderName::from_static("x-user-id");

const SOLD_OUT: &[u8] = br#"{"success":false,"error":{"code":"SOLD_OUT","message":"Fewer units are left than you asked for."}}"#;

/// What a buyer asks for.
#[derive(Deserialize)]
struct Form<'a> {
    sku: &'a str,
    qty: Option<u32>,
}

#[derive(Serialize)]
struct Success<'a> {
    success: bool,
    data: Receipt<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Receipt<'a> {
    purchase_no: &'a str,
    purchased_at: &'a str,
    sku: &'a str,
    qty: u32,
    remaining: u32,
    acknowledged: &'a str,
}

/// What every attempt is answered.
#[derive(Clone, Copy)]
enum Answer {
    /// A receipt at this level.
    Receipt(&'static str),
    SoldOut,
}

/// What the command line says.
struct Told {
    answer: Answer,
    status: Bytes,
    etag: HeaderValue,
}

async fn attempt(request: HttpRequest, body: Bytes, told: Data<Told>) -> HttpResponse {
    let Ok(form) = serde_json::from_slice::<Form<'_>>(&body) else {
        return HttpResponse::BadRequest().finish();
    };
    if request.headers().get(&X_USER_ID).is_none_or(HeaderValue::is_empty) {
        return HttpResponse::BadRequest().finish();
    }
    let level = match told.answer {
        Answer::SoldOut => return json("no-store").body(Bytes::from_static(SOLD_OUT)),
        Answer::Receipt(level) => level,
    };
    let data = Receipt {
        purchase_no: "PUR-20260215-7ZK4-9QXA-0B3M-WT51",
        purchased_at: "2026-02-15T10:00:00.000Z",
        sku: form.sku,
        qty: form.qty.unwrap_or(1),
        remaining: 9_999_999,
        acknowledged: level,
    };
    match serde_json::to_vec(&Success { success: true, data }) {
        Ok(receipt) => json("no-store").body(receipt),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

async fn status(told: Data<Told>) -> HttpResponse {
    let mut response = json("public, max-age=1");
    response
        .insert_header((ETAG, told.etag.clone()))
        .insert_header((X_ACCEL_EXPIRES.clone(), HeaderValue::from_static("@1700000000")))
        .body(told.status.clone())
}

/// An answer with the headers that each of the server's has.
fn json(caching: &'static str) -> HttpResponseBuilder {
    let of = HeaderValue::from_static;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, of("application/json")))
        .insert_header((X_CORRELATION_ID.clone(), of("0123456789abcdef0123456789abcdef")))
        .insert_header((X_CONTENT_TYPE_OPTIONS, of("nosniff")))
        .insert_header((CACHE_CONTROL, of(caching)));
    response
}

#[actix_web::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [workers, answer, status_body, etag] = arguments.as_slice() else { return Err(usage()) };
    let workers: usize = workers.parse().map_err(|_| usage())?;
    let answer = match answer.as_str() {
        "gate" => Answer::Receipt("gate"),
        "ledger" => Answer::Receipt("ledger"),
        "sold-out" => Answer::SoldOut,
        _ => return Err(usage()),
    };
    let etag = HeaderValue::from_str(etag).map_err(|_| usage())?;
    let told = Data::new(Told { answer, status: Bytes::from(status_body.clone()), etag });
    let app = move || {
        App::new()
            .app_data(told.clone())
            .route("/api/v1/purchases", web::post().to(attempt))
            .route("/api/v1/sales", web::get().to(status))
    };
    let server = HttpServer::new(app).workers(workers).bind(("127.0.0.1", 0))?;
    for address in server.addrs() {
        println!(r#"{{"message":"listening","address":"{address}"}}"#);
    }
    server.run().await
}

fn usage() -> Error {
    Error::other("usage: bare_handler WORKERS gate|ledger|sold-out STATUS ETAG")
}
