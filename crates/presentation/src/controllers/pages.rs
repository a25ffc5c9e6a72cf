//! The page and its files, embedded in the binary; whatever no route answers comes here.

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::{
        Method,
        header::{
            ACCEPT_ENCODING, Accept, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
            CONTENT_TYPE, ETAG, HeaderValue, Quality, REFERRER_POLICY, VARY, X_FRAME_OPTIONS,
        },
    },
    web::Data,
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::{error::ApiError, etag, image_origins::ImageOrigins, worker::Worker};

/// The built page, or the placeholder; `build.rs` chooses.
#[derive(RustEmbed)]
#[folder = "$STAMPEDE_PAGE_DIR"]
struct Page;

/// The page itself.
const INDEX: &str = "index.html";
/// Everything from here, nothing inline, nobody's frame; pictures come last, for what follows.
const POLICY: &str = "default-src 'self'; connect-src 'self'; object-src 'none'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'; img-src 'self'";
/// Names of assets carry a hash of their content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Kept, and asked about each time.
const ASK: &str = "no-cache";
/// Encodings that the build makes ahead, the smallest first, with their endings.
const AHEAD: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];
/// First parts of paths that are no pages.
const NO_PAGES: [&str; 4] = ["api", "health", "metrics", "assets"];

const NO_ROUTE: ApiError = ApiError::NotFound("There is no such route.");

/// What the page may load and from where.
pub(crate) fn policy(images: &ImageOrigins) -> HeaderValue {
    let mut policy = POLICY.to_owned();
    for origin in images.each() {
        policy.push(' ');
        policy.push_str(origin);
    }
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static(POLICY))
}

/// A file whose name changes with its content.
pub(crate) async fn asset(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    embedded(&request, request.path(), FOR_EVER).ok_or(NO_ROUTE)
}

/// A file of the page, or the page for every address that a browser shows.
pub(crate) async fn page(
    request: HttpRequest,
    worker: Data<Worker>,
) -> Result<HttpResponse, ApiError> {
    let path = request.path();
    let first = path.split('/').nth(1).unwrap_or_default();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if NO_PAGES.contains(&first) || !reads {
        return Err(NO_ROUTE);
    }
    let file = embedded(&request, path, ASK).filter(|_| !path.ends_with(INDEX));
    if let Some(file) = file {
        return Ok(file);
    }
    if !shows_html(&request) {
        return Err(NO_ROUTE);
    }
    let mut page = embedded(&request, INDEX, ASK).ok_or(NO_ROUTE)?;
    let headers = page.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, worker.node.page_policy.clone());
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    Ok(page)
}

/// Whatever no route answers, of a server without pages.
pub(crate) async fn no_page() -> Result<HttpResponse, ApiError> {
    Err(NO_ROUTE)
}

/// Whether the client would show the page: it names HTML, or takes anything and asks for what
/// does not look like a file.
fn shows_html(request: &HttpRequest) -> bool {
    let last = request.path().rsplit('/').next().unwrap_or_default();
    let looks_like_a_file = last.contains('.') && last != INDEX;
    let Some(Accept(accepted)) = request.get_header::<Accept>() else { return !looks_like_a_file };
    accepted.iter().filter(|range| range.quality > Quality::ZERO).any(|range| {
        match (range.item.type_().as_str(), range.item.subtype().as_str()) {
            ("text", "html") => true,
            ("text" | "*", "*") => !looks_like_a_file,
            _ => false,
        }
    })
}

/// The file at `path`, in the smallest form that the client takes.
fn embedded(request: &HttpRequest, path: &str, caching: &'static str) -> Option<HttpResponse> {
    let name = path.trim_start_matches('/');
    let plain = Page::get(name)?;
    let ahead = AHEAD.into_iter().find_map(|(encoding, ending)| {
        let file = accepts(request, encoding).then(|| Page::get(&format!("{name}{ending}")))??;
        Some((encoding, file))
    });
    let (encoding, file): (Option<&str>, EmbeddedFile) = match ahead {
        Some((encoding, file)) => (Some(encoding), file),
        None => (None, plain),
    };
    let etag = etag::of_hash(&file.metadata.sha256_hash());
    let known = etag::is_known(request, &etag);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((ETAG, etag))
        .insert_header((CACHE_CONTROL, caching))
        .insert_header((VARY, "Accept-Encoding"));
    if known {
        return Some(response.finish());
    }
    response.insert_header((CONTENT_TYPE, content_type(name)));
    if let Some(encoding) = encoding {
        response.insert_header((CONTENT_ENCODING, encoding));
    }
    Some(response.body(file.data))
}

/// Whether the client takes this encoding.
fn accepts(request: &HttpRequest, encoding: &str) -> bool {
    let lines = request.headers().get_all(ACCEPT_ENCODING);
    let words = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    words.map(|word| word.split(';')).any(|mut parts| {
        let named = parts.next().is_some_and(|name| name.trim().eq_ignore_ascii_case(encoding));
        let refused = parts.any(|part| {
            let weight = part.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok());
            weight.is_some_and(|weight| weight <= 0.0)
        });
        named && !refused
    })
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
