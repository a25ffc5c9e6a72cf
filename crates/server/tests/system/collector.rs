//! A collector of traces in this process, by OTLP over gRPC on a real socket.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use stampede_testkit::servers::until;
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::{
    Request, Response, Status, async_trait,
    transport::{Server, server::TcpIncoming},
};

/// From the end of a span until it is here.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(20);

/// Takes every span that it is sent.
pub(crate) struct Collector {
    url: String,
    taken: Taken,
    serving: JoinHandle<()>,
}

/// A span, and what the process that made it says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) span: Span,
    pub(crate) resource: Vec<KeyValue>,
}

#[derive(Clone, Default)]
struct Taken(Arc<Mutex<Vec<Sent>>>);

impl Collector {
    /// Listens from now on.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let taken = Taken::default();
        let service = TraceServiceServer::new(taken.clone());
        let server = Server::builder().add_service(service);
        let serving = tokio::spawn(async move {
            server.serve_with_incoming(TcpIncoming::from(listener)).await.expect("a collector");
        });
        Self { url, taken, serving }
    }

    /// The settings of a node that sends its traces here, at once.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let delay = ("OTEL_BSP_SCHEDULE_DELAY", "10".to_owned());
        vec![("OTEL_EXPORTER_OTLP_ENDPOINT", self.url.clone()), delay]
    }

    /// Every span so far.
    pub(crate) fn spans(&self) -> Vec<Sent> {
        self.taken.0.lock().expect("nothing panics here").clone()
    }

    /// Waits until one of these spans is here for each name, and answers it.
    pub(crate) async fn first_of<const COUNT: usize>(
        &self,
        names: [&str; COUNT],
        is_meant: impl Fn(&Sent) -> bool,
    ) -> [Sent; COUNT] {
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

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Sent {
    /// What the span says by that name, text or a number.
    pub(crate) fn told(&self, name: &str) -> Option<String> {
        text(&self.span.attributes, name)
    }

    /// What its process says by that name.
    pub(crate) fn of_process(&self, name: &str) -> Option<String> {
        text(&self.resource, name)
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
        for of_process in request.into_inner().resource_spans {
            let resource = of_process.resource.unwrap_or_default().attributes;
            let spans = of_process.scope_spans.into_iter().flat_map(|scope| scope.spans);
            let sent = spans.map(|span| Sent { span, resource: resource.clone() });
            self.0.lock().expect("nothing panics here").extend(sent);
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
