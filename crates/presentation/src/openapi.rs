//! The document of this API, made from the code.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};

use crate::{controllers, envelope, purchase, sale_event, sale_status};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Stampede",
        description = "Sells a limited stock to a crowd: exactly the stock, within the limit per \
            buyer. A rejection is an answer, not an error: a decided attempt is 200, and \
            `success` tells which way it went.",
        license(name = "MIT")
    ),
    paths(
        controllers::attempt_purchase::attempt_purchase,
        controllers::look_up_purchase::look_up_purchase,
        controllers::view_sales::view_sale,
        controllers::view_sales::list_sales,
        controllers::watch_sales::watch_sales,
        controllers::create_product::create_product,
        controllers::view_products::list_products,
        controllers::view_products::view_product,
        controllers::update_product::update_product,
        controllers::delete_product::delete_product,
        controllers::change_sale::pause_sale,
        controllers::change_sale::resume_sale,
        controllers::change_sale::end_sale,
        controllers::handle_dead_letters::list_dead_letters,
        controllers::handle_dead_letters::replay_dead_letter,
        controllers::handle_dead_letters::discard_dead_letter,
        controllers::reconciliation::run_reconciliation,
        controllers::reconciliation::list_reconciliation_runs,
        controllers::health::health,
        controllers::health::live,
        controllers::health::ready,
        controllers::metrics::metrics,
    ),
    components(schemas(
        envelope::FailureAnswer,
        purchase::PurchaseReceipt,
        purchase::BuyerPurchases,
        sale_status::SaleStatus,
        sale_event::StockUpdate<'_>,
        sale_event::StateChange<'_>,
        sale_event::SaleDeleted<'_>,
    )),
    tags(
        (name = "sales", description = "What shoppers see"),
        (name = "purchases", description = "What buyers do"),
        (name = "products", description = "What admins do"),
        (name = "operations", description = "What operators do"),
    ),
    modifiers(&AdminKey)
)]
struct Api;

/// How admin routes are opened.
struct AdminKey;

impl Modify for AdminKey {
    fn modify(&self, document: &mut Document) {
        let key = ApiKey::Header(ApiKeyValue::new("X-Admin-Key"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("adminKey", SecurityScheme::ApiKey(key));
    }
}

/// The document as it is committed: `OpenAPI` 3.1, indented, with a final line break.
#[must_use]
pub fn openapi_json() -> String {
    let mut json = Api::openapi().to_pretty_json().unwrap_or_default();
    json.push('\n');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_document_is_that_of_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        let same = committed == openapi_json();
        assert!(same, "openapi.json is not that of the code: `stampede openapi > openapi.json`");
    }

    #[test]
    fn the_document_has_the_schemas_that_clients_rely_on() {
        let document: serde_json::Value = serde_json::from_str(&openapi_json()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        for name in
            ["SaleStatus", "PurchaseReceipt", "BuyerPurchases", "ApiFailure", "FailureAnswer"]
        {
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
    }
}
