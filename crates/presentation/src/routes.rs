//! Every route, by its template: the one place that joins paths and controllers.

use actix_web::{
    FromRequest, Handler, HttpResponse, Resource, Responder, Route, guard,
    middleware::Compress,
    web::{self, ServiceConfig},
};

use crate::{
    controllers::{
        attempt_purchase, change_sale, create_product, delete_product, docs, handle_dead_letters,
        health, look_up_purchase, metrics, pages, reconciliation, update_product, view_products,
        view_sales, watch_sales,
    },
    error::ApiError,
    settings::Serves,
};

/// The template of the route that answers a request, for metrics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RouteLabel(pub(crate) &'static str);

impl RouteLabel {
    /// What no route answers, the pages included: raw paths would be series without end.
    pub(crate) const NONE: &'static str = "unmatched";
}

/// A method and a template.
pub(crate) type MethodAndPath = (&'static str, &'static str);

/// Adds the routes of a server that serves this; returns what was added, in order.
pub(crate) fn add(config: &mut ServiceConfig, serves: Serves) -> Vec<MethodAndPath> {
    let mut routes = Routes { config, added: Vec::new() };
    match serves {
        Serves::Everything => {
            add_public(&mut routes);
            add_admin(&mut routes);
            add_operations(&mut routes);
            add_for_browsers(&mut routes);
            routes.config.default_service(web::to(pages::page));
        }
        Serves::Operations => {
            add_operations(&mut routes);
            routes.config.default_service(web::to(pages::no_page));
        }
    }
    routes.added
}

fn add_public(routes: &mut Routes<'_>) {
    // The hot route first: routes are matched in this order.
    at("/api/v1/purchases")
        .post(attempt_purchase::attempt_purchase)
        .get(look_up_purchase::look_up_purchase)
        .add(routes);
    at("/api/v1/sales").get(view_sales::view_sale).add(routes);
    at("/api/v1/sales/events").stream(watch_sales::watch_sales).add(routes);
    at("/api/v1/sales/all").get(view_sales::list_sales).add_compressed(routes);
}

fn add_admin(routes: &mut Routes<'_>) {
    at("/api/v1/products")
        .post(create_product::create_product)
        .get(view_products::list_products)
        .add_compressed(routes);
    at("/api/v1/products/{sku}")
        .get(view_products::view_product)
        .put(update_product::update_product)
        .delete(delete_product::delete_product)
        .add(routes);
    at("/api/v1/products/{sku}/pause").post(change_sale::pause_sale).add(routes);
    at("/api/v1/products/{sku}/resume").post(change_sale::resume_sale).add(routes);
    at("/api/v1/products/{sku}/end").post(change_sale::end_sale).add(routes);
    at("/api/v1/dead-letters").get(handle_dead_letters::list_dead_letters).add_compressed(routes);
    at("/api/v1/dead-letters/{id}").delete(handle_dead_letters::discard_dead_letter).add(routes);
    at("/api/v1/dead-letters/{id}/replay")
        .post(handle_dead_letters::replay_dead_letter)
        .add(routes);
    at("/api/v1/reconciliation/runs")
        .post(reconciliation::run_reconciliation)
        .get(reconciliation::list_reconciliation_runs)
        .add_compressed(routes);
}

fn add_operations(routes: &mut Routes<'_>) {
    at("/health").get(health::health).add(routes);
    at("/health/live").get(health::live).add(routes);
    at("/health/ready").get(health::ready).add(routes);
    at("/metrics").get(metrics::metrics).add_compressed(routes);
}

fn add_for_browsers(routes: &mut Routes<'_>) {
    at("/api/docs").get(docs::page).add(routes);
    at("/api/docs/openapi.json").get(docs::document).add_compressed(routes);
    at("/api/docs/{file}").get(docs::file).add_compressed(routes);
    // The build compresses ahead what gets smaller by it.
    at("/assets/{file:.*}").get(pages::asset).add(routes);
}

/// What is being added to.
struct Routes<'a> {
    config: &'a mut ServiceConfig,
    added: Vec<MethodAndPath>,
}

/// A path and its methods.
struct Path {
    template: &'static str,
    resource: Resource,
    /// What `Allow` says.
    methods: Vec<&'static str>,
}

fn at(template: &'static str) -> Path {
    let resource = web::resource(template).app_data(RouteLabel(template));
    Path { template, resource, methods: Vec::new() }
}

impl Path {
    /// Answers GET, and HEAD without the body.
    fn get<F, Args>(mut self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.methods.push("HEAD");
        let reads = guard::Any(guard::Get()).or(guard::Head());
        self.on("GET", web::route().guard(reads), handler)
    }

    /// Answers GET alone: a stream has no end to leave out.
    fn stream<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on("GET", web::get(), handler)
    }

    /// Answers POST.
    fn post<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on("POST", web::post(), handler)
    }

    /// Answers PUT.
    fn put<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on("PUT", web::put(), handler)
    }

    /// Answers DELETE.
    fn delete<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on("DELETE", web::delete(), handler)
    }

    fn on<F, Args>(mut self, method: &'static str, route: Route, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.methods.push(method);
        self.resource = self.resource.route(route.to(handler));
        self
    }

    /// Adds the path as it is.
    fn add(self, routes: &mut Routes<'_>) {
        let resource = self.finish(routes);
        routes.config.service(resource);
    }

    /// Adds the path, its answers compressed unless they are already.
    fn add_compressed(self, routes: &mut Routes<'_>) {
        let resource = self.finish(routes);
        routes.config.service(resource.wrap(Compress::default()));
    }

    fn finish(mut self, routes: &mut Routes<'_>) -> Resource {
        let template = self.template;
        let documented = self.methods.iter().filter(|method| **method != "HEAD");
        routes.added.extend(documented.map(|method| (*method, template)));
        self.methods.sort_unstable();
        let allow = self.methods.join(", ");
        self.resource.default_service(web::to(move || {
            let allow = allow.clone();
            async move { Err::<HttpResponse, _>(ApiError::MethodNotAllowed { allow }) }
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use actix_web::App;

    use super::*;

    #[test]
    fn the_document_and_the_code_have_the_same_routes() {
        let mut added = Vec::new();
        let _app = App::new().configure(|config| added = add(config, Serves::Everything));
        // The document's own page and the page's files are for browsers, not for programs.
        let for_programs =
            |path: &str| !path.starts_with("/api/docs") && !path.starts_with("/assets");
        let code: BTreeSet<(String, String)> = added
            .into_iter()
            .filter(|(_, path)| for_programs(path))
            .map(|(method, path)| (method.to_lowercase(), path.into()))
            .collect();
        let document: serde_json::Value = serde_json::from_str(&crate::openapi_json()).unwrap();
        let documented: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().unwrap().keys();
                methods.map(|method| (method.clone(), path.clone())).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(code, documented);
    }
}
