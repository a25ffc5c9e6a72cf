//! What a purchase costs, from the receipt to the ledger.

use serde_json::{Value, json};
use stampede_testkit::shop::{Answer, PATIENT, Shop, Stores, product};

use crate::on_each_engine;

on_each_engine!(
    a_purchase_has_the_price_of_its_sale_in_every_answer_and_in_the_ledger,
    a_page_and_a_price_outlive_the_process,
    a_purchase_without_a_price_has_none_anywhere,
);

const SKU: &str = "WIDGET-001";
/// Long before any test runs.
const BEFORE: &str = "2026-01-01T00:00:00.000Z";
/// Long after.
const LATER: &str = "2125-01-01T00:00:00.000Z";

fn with_a_page(mut product: Value) -> Value {
    product["description"] = json!("Hand-thrown.\n\u{9650}\u{5b9a} \u{1f6d2}");
    product["picture"] = json!("/pictures/widget-001.svg");
    product["priceMinor"] = json!(2_999);
    product["currency"] = json!("EUR");
    product
}

/// Price and currency of what is told of a purchase.
fn price(told: &Value) -> (Option<i64>, Option<&str>) {
    (told["priceMinor"].as_i64(), told["currency"].as_str())
}

async fn buy_keyed(shop: &Shop, buyer: &str) -> Answer {
    shop.attempt(SKU, buyer, Some("the-key")).await.expect("an answer")
}

async fn a_purchase_has_the_price_of_its_sale_in_every_answer_and_in_the_ledger(stores: Stores) {
    let node = stores.node().await;
    let made = node.shop.create_product(&with_a_page(product(SKU, 10, 2))).await;
    assert_eq!(made.status, 201, "{made:?}");
    let euros = (Some(2_999), Some("EUR"));
    let receipt = buy_keyed(&node.shop, "ada").await;
    assert_eq!(price(receipt.data()), euros);
    assert_eq!(buy_keyed(&node.shop, "ada").await.body, receipt.body, "the same again");
    assert_eq!(node.shop.buy(SKU, "ada").await.outcome(), "ACCEPTED");
    let refused = node.shop.buy(SKU, "ada").await;
    assert_eq!(refused.outcome(), "ALREADY_PURCHASED");
    assert_eq!(price(&refused.body["error"]["purchase"]), euros);
    node.shop.recorded(SKU, 2).await;
    let found = node.shop.purchases(SKU, "ada").await;
    let all = found.data()["purchases"].as_array().expect("purchases");
    let told: Vec<_> = all.iter().chain([found.data()]).map(price).collect();
    assert_eq!(told, [euros; 3]);
    let rows = stores.ledger().await;
    let kept: Vec<_> =
        rows.iter().map(|row| (row.unit_price_minor, row.currency.as_deref())).collect();
    assert_eq!(kept, [euros; 2]);
}

async fn a_page_and_a_price_outlive_the_process(stores: Stores) {
    let mut node = stores.node().await;
    let made = node.shop.create_product(&with_a_page(product(SKU, 10, 1))).await;
    let receipt = buy_keyed(&node.shop, "ada").await;
    node.shop.recorded(SKU, 1).await;
    node.process.kill_hard();
    let node = stores.node().await;
    assert_eq!(buy_keyed(&node.shop, "ada").await.body, receipt.body);
    assert_eq!(price(buy_keyed(&node.shop, "ben").await.data()), (Some(2_999), Some("EUR")));
    let status = node.shop.status(SKU).await;
    for name in ["description", "picture", "priceMinor", "currency"] {
        assert_eq!(status.data()[name], made.data()[name], "{name}");
        assert!(!status.data()[name].is_null(), "{name}");
    }
    node.shop.recorded(SKU, 2).await;
    let rows = stores.ledger().await;
    assert!(rows.iter().all(|row| row.unit_price_minor == Some(2_999)), "{rows:?}");
}

async fn a_purchase_without_a_price_has_none_anywhere(stores: Stores) {
    let node = stores.node().await;
    node.shop.open(SKU, 10, 1).await;
    let receipt = buy_keyed(&node.shop, "ada").await;
    node.shop.recorded(SKU, 1).await;
    for told in [receipt, node.shop.purchases(SKU, "ada").await] {
        let text = told.body.to_string();
        assert!(!text.contains("priceMinor") && !text.contains("currency"), "{text}");
    }
    let rows = stores.ledger().await;
    assert_eq!((rows[0].unit_price_minor, rows[0].currency.as_deref()), (None, None));
}

/// A node's copy of a sale may be a second old: neither receipt nor ledger have its price.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_changed_on_one_node_is_what_the_other_sells_at_in_the_same_instant() {
    let stores = Stores::redis().await;
    let nodes = stores.nodes_with(&PATIENT).await;
    let (admins, buyers) = (&nodes[0].shop, &nodes[1].shop);
    let yen = (Some(4_500), Some("JPY"));
    for round in 0..20 {
        let sku = format!("WIDGET-{round:03}");
        let mut upcoming = with_a_page(product(&sku, 10, 1));
        upcoming["startTime"] = json!(LATER);
        assert_eq!(admins.create_product(&upcoming).await.status, 201);
        let shown = buyers.status(&sku).await;
        assert_eq!(price(shown.data()), (Some(2_999), Some("EUR")), "it is known there");
        let change = json!({"priceMinor": 4_500, "currency": "JPY", "startTime": BEFORE});
        let changed = admins.update_product(&sku, &change).await;
        assert_eq!(changed.data()["state"], "ACTIVE");
        let receipt = buyers.buy(&sku, "ada").await;
        assert_eq!(price(receipt.data()), yen, "{sku}");
        assert_eq!(price(buyers.purchases(&sku, "ada").await.data()), yen, "{sku}");
        admins.recorded(&sku, 1).await;
    }
    let rows = stores.ledger().await;
    assert_eq!(rows.len(), 20);
    for row in &rows {
        assert_eq!((row.unit_price_minor, row.currency.as_deref()), yen, "{row:?}");
    }
}
