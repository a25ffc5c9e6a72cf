//! What happens to every request around its controller: correlation id, limits of the head, counts,
//! headers of the answer. One middleware, because each layer costs the hot route.

use std::{
    future::{Ready, ready},
    net::{IpAddr, Ipv4Addr},
    panic::AssertUnwindSafe,
    rc::Rc,
    sync::Arc,
    time::Instant,
};

use actix_web::{
    Error, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS},
};
use futures::{FutureExt, future::LocalBoxFuture};

use crate::{
    access_log::AccessLog,
    connection::{HeldBody, Pace},
    correlation::{self, X_CORRELATION_ID},
    cors,
    current_request::CurrentRequest,
    error::ApiError,
    metrics::method_word,
    request_span::{Ending, RequestSpan, RequestSpans, error_word},
    routes::RouteLabel,
    tally::Tally,
    worker::{Node, Worker},
};

/// Wraps every route of one worker.
pub(crate) struct Edge {
    node: Arc<Node>,
    told: Rc<Told>,
}

/// What hears of each request of one worker.
struct Told {
    tally: Arc<Tally>,
    spans: Option<Rc<RequestSpans>>,
    access_log: AccessLog,
}

impl Edge {
    /// Limits by the node's settings, counts in the worker's tally.
    pub(crate) fn of(worker: &Worker) -> Self {
        let access_log = AccessLog::new(worker.node.settings.access_log_one_in);
        let (tally, spans) = (worker.tally.clone(), worker.spans.clone());
        let told = Rc::new(Told { tally, spans, access_log });
        Self { node: worker.node.clone(), told }
    }
}

impl<S, B> Transform<S, ServiceRequest> for Edge
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + Unpin + 'static,
{
    type Response = ServiceResponse<HeldBody<EitherBody<B>>>;
    type Error = Error;
    type Transform = EdgeService<S>;
    type InitError = ();
    type Future = Ready<Result<EdgeService<S>, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(EdgeService { service, node: self.node.clone(), told: self.told.clone() }))
    }
}

/// The middleware around one worker's routes.
pub(crate) struct EdgeService<S> {
    service: S,
    node: Arc<Node>,
    told: Rc<Told>,
}

impl<S, B> Service<ServiceRequest> for EdgeService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + Unpin + 'static,
{
    type Response = ServiceResponse<HeldBody<EitherBody<B>>>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let arrived = Instant::now();
        let method = method_word(request.method());
        let (node, told) = (&self.node, self.told.clone());
        let in_hand = request.conn_data::<Rc<Pace>>().map(Pace::take_in_hand);
        let correlation =
            correlation::read_or_make(request.headers(), node.use_cases.randomness.as_ref());
        let span = told
            .spans
            .as_ref()
            .and_then(|spans| spans.begin(request.headers(), method, &correlation));
        let traced = span.as_ref().map(RequestSpan::ids);
        let current = CurrentRequest { correlation: correlation.clone(), method, traced };
        let asked = Asked { arrived, method, correlation, span };
        if let Err(refusal) = admit(node, &request) {
            let origins = &node.settings.cors_origins;
            let response = current.during(|| {
                let mut refused = refusal.error_response();
                cors::permit(origins, request.headers(), refused.headers_mut());
                let mut response = request.into_response(refused).map_into_right_body();
                told.finish(asked, &mut response);
                response
            });
            let response = response.map_body(|_, body| HeldBody::new(body, in_hand));
            return Box::pin(ready(Ok(response)));
        }
        let answering = AssertUnwindSafe(self.service.call(request)).catch_unwind();
        Box::pin(current.around(async move {
            let Ok(answered) = answering.await else {
                // The panic hook has told it; the request itself went down with it.
                return Err(Panicked(told.panicked(asked)).into());
            };
            let mut response = answered?.map_into_left_body();
            told.finish(asked, &mut response);
            Ok(response.map_body(|_, body| HeldBody::new(body, in_hand)))
        }))
    }
}

/// What is known of a request from its head, until it is answered.
struct Asked {
    arrived: Instant,
    method: &'static str,
    correlation: HeaderValue,
    span: Option<RequestSpan>,
}

impl Told {
    /// Sets the headers that every answer has, and tells of it whoever counts.
    fn finish<B>(&self, asked: Asked, response: &mut ServiceResponse<B>) {
        let Asked { arrived, method, correlation, span } = asked;
        let (route, status, took) = (label(response), response.status(), arrived.elapsed());
        self.tally.answered(method, route, status, took);
        self.access_log.answered(route, status, took);
        if let Some(spans) = &self.spans {
            if let Some(span) = &span {
                span.name_in(response.headers_mut());
            }
            let (error, correlation) = (error_word(response), &correlation);
            let ending = Ending { method, route, status, correlation, arrived, took, error };
            spans.end(span, response.request().headers(), &ending);
        }
        set_headers(response, correlation);
    }

    /// The same where only the correlation id is left, which it gives back.
    fn panicked(&self, asked: Asked) -> HeaderValue {
        let Asked { arrived, method, correlation, span } = asked;
        let (route, status) = (RouteLabel::NONE, ApiError::Internal.status_code());
        let took = arrived.elapsed();
        self.tally.answered(method, route, status, took);
        self.access_log.answered(route, status, took);
        if let Some(spans) = &self.spans {
            let (error, correlation) = (Some(ApiError::Internal.code().as_str()), &correlation);
            let ending = Ending { method, route, status, correlation, arrived, took, error };
            spans.end(span, &HeaderMap::new(), &ending);
        }
        correlation
    }
}

/// Refuses a request by its head alone.
fn admit(node: &Node, request: &ServiceRequest) -> Result<(), ApiError> {
    let limits = &node.settings.limits;
    let uri_bytes = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if uri_bytes > limits.uri_bytes_max {
        return Err(ApiError::UriTooLong { bytes_max: limits.uri_bytes_max });
    }
    let (mut lines, mut bytes) = (0, 0);
    for (name, value) in request.headers() {
        lines += 1;
        bytes += name.as_str().len() + value.len();
    }
    if lines > limits.headers_max || bytes > limits.header_bytes_max {
        let (lines_max, bytes_max) = (limits.headers_max, limits.header_bytes_max);
        return Err(ApiError::HeadersTooLarge { lines_max, bytes_max });
    }
    if node.rate_limits.counts_addresses() && !is_for_operations(request.path()) {
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let client = node.settings.trusted_proxies.client(peer, request.headers());
        node.rate_limits.request(client)?;
    }
    Ok(())
}

/// Probes and scrapes come often from one address, and must not fail when shoppers throng.
fn is_for_operations(path: &str) -> bool {
    matches!(path, "/metrics" | "/health" | "/health/live" | "/health/ready")
}

/// The template of the route that answered.
fn label<B>(response: &ServiceResponse<B>) -> &'static str {
    response.request().app_data::<RouteLabel>().map_or(RouteLabel::NONE, |label| label.0)
}

/// Sets the headers that every answer has.
fn set_headers<B>(response: &mut ServiceResponse<B>, correlation: HeaderValue) {
    let failed = !response.status().is_success() && !response.status().is_redirection();
    let headers = response.headers_mut();
    headers.insert(X_CORRELATION_ID.clone(), correlation);
    put_missing(headers, X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if failed {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    } else {
        put_missing(headers, CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

fn put_missing(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    if !headers.contains_key(&name) {
        headers.insert(name, value);
    }
}

/// A controller panicked; all that is left of its request is the correlation id.
#[derive(Debug, thiserror::Error)]
#[error("a controller panicked")]
struct Panicked(HeaderValue);

impl ResponseError for Panicked {
    fn status_code(&self) -> actix_web::http::StatusCode {
        ApiError::Internal.status_code()
    }

    fn error_response(&self) -> actix_web::HttpResponse {
        let mut response = ApiError::Internal.error_response();
        response.headers_mut().insert(X_CORRELATION_ID.clone(), self.0.clone());
        let no_store = HeaderValue::from_static("no-store");
        response.headers_mut().insert(CACHE_CONTROL, no_store);
        response
    }
}
