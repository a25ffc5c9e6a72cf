//! A collector of traces in this process, by OTLP over gRPC on a real socket.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use async_trait::async_trait;
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use tokio::{net::TcpListener, sync::oneshot};
use tonic::{
    Request, Response, Status,
    metadata::MetadataMap,
    transport::{Server, server::TcpIncoming},
};

use super::until::until;

/// From the end of a span until it is here.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(20);

/// Takes every span that it is sent, on a thread and a runtime of its own.
#[derive(Debug)]
pub struct Collector {
    url: String,
    taken: Taken,
    /// The thread ends when this is dropped.
    _end: oneshot::Sender<()>,
}

/// A span, and what the process that made it says of itself.
#[derive(Clone, Debug)]
pub struct SentSpan {
    /// As it was sent.
    pub span: Span,
    /// Of the process.
    pub resource: Vec<KeyValue>,
    /// What the request carried that it came by.
    pub metadata: MetadataMap,
}

#[derive(Clone, Debug, Default)]
struct Taken(Arc<Mutex<Vec<SentSpan>>>);

impl Collector {
    /// Listens from now on.
    pub async fn start() -> Self {
        let taken = Taken::default();
        let service = TraceServiceServer::new(taken.clone());
        let (started, address) = oneshot::channel();
        let (end, ended) = oneshot::channel::<()>();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime for a collector").block_on(async {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
                started.send(listener.local_addr().expect("it listens")).ok();
                let server = Server::builder().add_service(service);
                tokio::select! {
                    outcome = server.serve_with_incoming(TcpIncoming::from(listener)) => {
                        outcome.expect("a collector");
                    }
                    _ = ended => {}
                }
            });
        });
        let address = address.await.expect("the collector's thread answers");
        Self { url: format!("http://{address}"), taken, _end: end }
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The settings of a node that sends its traces here, at once.
    #[must_use]
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let delay = ("OTEL_BSP_SCHEDULE_DELAY", "10".to_owned());
        vec![("OTEL_EXPORTER_OTLP_ENDPOINT", self.url.clone()), delay]
    }

    /// Every span so far.
    #[must_use]
    pub fn spans(&self) -> Vec<SentSpan> {
        self.taken.0.lock().expect("nothing panics here").clone()
    }

    /// Waits until one of these spans is here for each name, and answers it.
    pub async fn first_of<const COUNT: usize>(
        &self,
        names: [&str; COUNT],
        is_meant: impl Fn(&SentSpan) -> bool,
    ) -> [SentSpan; COUNT] {
        let look = async || {
            let spans = self.spans();
            let first =
                |name: &&str| spans.iter().find(|sent| sent.span.name == *name && is_meant(sent));
            let found: Vec<_> = names.iter().filter_map(first).cloned().collect();
            found.try_into().ok()
        };
        until(&format!("spans {names:?}"), ARRIVAL_LIMIT, look).await
    }
}

impl SentSpan {
    /// What the span says by that name, text or a number.
    #[must_use]
    pub fn told(&self, name: &str) -> Option<String> {
        text(&self.span.attributes, name)
    }

    /// What its process says by that name.
    #[must_use]
    pub fn of_process(&self, name: &str) -> Option<String> {
        text(&self.resource, name)
    }

    /// What the request carried by that name.
    #[must_use]
    pub fn carried(&self, name: &str) -> Option<&str> {
        self.metadata.get(name)?.to_str().ok()
    }
}

fn text(pairs: &[KeyValue], name: &str) -> Option<String> {
    let pair = pairs.iter().find(|pair| pair.key == name)?;
    let value = pair.value.as_ref()?.value.as_ref()?;
    if let Value::StringValue(text) = value {
        return Some(text.clone());
    }
    if let Value::IntValue(number) = value { Some(number.to_string()) } else { None }
}

#[async_trait]
impl TraceService for Taken {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let metadata = request.metadata().clone();
        for of_process in request.into_inner().resource_spans {
            let resource = of_process.resource.unwrap_or_default().attributes;
            let spans = of_process.scope_spans.into_iter().flat_map(|scope| scope.spans);
            let sent = spans.map(|span| SentSpan {
                span,
                resource: resource.clone(),
                metadata: metadata.clone(),
            });
            self.0.lock().expect("nothing panics here").extend(sent);
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::{
        collector::trace::v1::{
            ExportTraceServiceRequest, trace_service_client::TraceServiceClient,
        },
        trace::v1::{ResourceSpans, ScopeSpans, Span},
    };
    use tokio::net::TcpStream;

    use super::{ARRIVAL_LIMIT, Collector, until};

    fn sent(name: &str) -> ExportTraceServiceRequest {
        let span = Span { name: name.to_owned(), ..Span::default() };
        let of_scope = ScopeSpans { spans: vec![span], ..ScopeSpans::default() };
        let of_process = ResourceSpans { scope_spans: vec![of_scope], ..ResourceSpans::default() };
        ExportTraceServiceRequest { resource_spans: vec![of_process] }
    }

    #[tokio::test]
    async fn a_collector_has_each_span_that_it_was_sent() {
        let collector = Collector::start().await;
        let mut client = TraceServiceClient::connect(collector.url().to_owned()).await.unwrap();
        for name in ["one", "two"] {
            client.export(sent(name)).await.unwrap();
        }
        let names: Vec<_> = collector.spans().into_iter().map(|sent| sent.span.name).collect();
        assert_eq!(names, ["one", "two"]);
    }

    #[tokio::test]
    async fn a_collector_that_is_dropped_listens_no_more() {
        let collector = Collector::start().await;
        let address = collector.url().trim_start_matches("http://").to_owned();
        TcpStream::connect(&address).await.unwrap();
        drop(collector);
        let refused = async || TcpStream::connect(&address).await.err();
        until("a refusal", ARRIVAL_LIMIT, refused).await;
    }
}
