//! What a product's page shows: words, picture, price; and what a purchase says of the price.

use reqwest::Method;
use serde_json::{Value, json};
use stampede_presentation::ImageOrigins;

use crate::site::{Site, answer, bad_fields, failure, product, send, text, upcoming};

const PRODUCTS: &str = "/api/v1/products";
const CDN: &str = "https://cdn.example.com";

/// A product with all that its page shows.
fn whole(mut product: Value) -> Value {
    product["description"] = json!("Hand-thrown.\n„Größe L“ 限定 🛒");
    product["picture"] = json!("/pictures/w-1.svg");
    product["priceMinor"] = json!(2_999);
    product["currency"] = json!("EUR");
    product
}

fn shown(of: &Value) -> Value {
    let names = ["description", "picture", "priceMinor", "currency"];
    Value::from_iter(names.map(|name| (name, of[name].clone())))
}

fn nothing() -> Value {
    json!({"description": null, "picture": null, "priceMinor": null, "currency": null})
}

fn put(site: &Site, body: &Value) -> reqwest::RequestBuilder {
    site.admin(Method::PUT, "/api/v1/products/W-1", body)
}

#[tokio::test]
async fn words_picture_and_price_stand_in_every_answer_that_shows_the_product() {
    let site = Site::start();
    let wanted = whole(product("W-1", 10));
    let (_, created) = answer(site.admin(Method::POST, PRODUCTS, &wanted)).await;
    assert_eq!(shown(&created["data"]), shown(&wanted));
    let read = site.admin(Method::GET, "/api/v1/products/W-1", &Value::Null);
    assert_eq!(shown(&answer(read).await.1["data"]), shown(&wanted));
    let listed = site.admin(Method::GET, PRODUCTS, &Value::Null);
    assert_eq!(shown(&answer(listed).await.1["data"][0]), shown(&wanted));
    let status = answer(site.get("/api/v1/sales?sku=W-1")).await.1;
    assert_eq!(shown(&status["data"]), shown(&wanted));
    let all = answer(site.get("/api/v1/sales/all")).await.1;
    assert_eq!(shown(&all["data"][0]), shown(&wanted));
    let mut stream = site.watch("?sku=W-1").await;
    assert_eq!(shown(&stream.next().await.data), shown(&wanted));
}

#[tokio::test]
async fn a_product_without_them_says_null_everywhere() {
    let site = Site::start();
    let mut bare = product("W-1", 10);
    for name in ["description", "picture", "priceMinor", "currency"] {
        bare[name] = Value::Null;
    }
    let (status, created) = answer(site.admin(Method::POST, PRODUCTS, &bare)).await;
    assert_eq!((status.as_u16(), shown(&created["data"])), (201, nothing()));
    let status = answer(site.get("/api/v1/sales?sku=W-1")).await.1;
    assert_eq!(shown(&status["data"]), nothing());
    assert!(status["data"].get("priceMinor").is_some(), "null, and not left out");
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_page_is_named_at_once() {
    let site = Site::start();
    let all = ["currency", "description", "picture", "priceMinor", "productName"];
    for (description, picture, price, currency) in [
        (json!(""), json!(""), json!(-1), json!("eur")),
        (json!("x".repeat(2_001)), json!("a.svg"), json!(1.5), json!("QQQ")),
        (json!("tab\t"), json!("//evil.example/a.svg"), json!("5"), json!("EURO")),
        (json!("return\r\n"), json!("/a\\b"), json!(1_000_000_000_001_i64), json!("")),
        (json!(7), json!(7), json!([]), json!(7)),
    ] {
        let mut wrong = product("W-1", 1);
        wrong["productName"] = json!("");
        wrong["description"] = description;
        wrong["picture"] = picture;
        wrong["priceMinor"] = price;
        wrong["currency"] = currency;
        let made = bad_fields(site.admin(Method::POST, PRODUCTS, &wrong)).await;
        assert_eq!(made, all, "{wrong}");
    }
    let mut longest = whole(product("W-1", 1));
    longest["description"] = json!("ö".repeat(2_000));
    longest["picture"] = json!(format!("/{}", "x".repeat(2_047)));
    longest["priceMinor"] = json!(1_000_000_000_000_i64);
    site.create_with(&longest).await;
}

/// Twelve bytes a letter.
#[tokio::test]
async fn the_longest_words_are_taken_also_when_every_letter_is_escaped() {
    let site = Site::start();
    let mut product = whole(product("W-1", 1));
    let (description, name) = ("\u{1f6d2}".repeat(2_000), "\u{1f6d2}".repeat(255));
    (product["description"], product["productName"]) = (json!(description), json!(name));
    let body = product.to_string().replace('\u{1f6d2}', r"\ud83d\uded2");
    assert!(body.len() > 27_000, "{}", body.len());
    let request = site.admin(Method::POST, PRODUCTS, &Value::Null);
    let request = request.header("Content-Type", "application/json").body(body);
    let (status, created) = answer(request).await;
    assert_eq!((status.as_u16(), &created["data"]["description"]), (201, &json!(description)));
}

#[tokio::test]
async fn a_price_and_its_currency_come_together() {
    let site = Site::start();
    let lone = |name: &str, value: Value| {
        let mut lone = upcoming("W-1", 1);
        lone[name] = value;
        lone
    };
    let create = |body: &Value| site.admin(Method::POST, PRODUCTS, body);
    assert_eq!(bad_fields(create(&lone("priceMinor", json!(5)))).await, ["currency"]);
    assert_eq!(bad_fields(create(&lone("currency", json!("EUR")))).await, ["priceMinor"]);
    let both = bad_fields(create(&lone("priceMinor", json!(-5)))).await;
    assert_eq!(both, ["currency", "priceMinor"], "what is wrong and what is missing");

    site.create_with(&upcoming("W-1", 1)).await;
    for (change, missing) in [
        (json!({"priceMinor": 5}), "currency"),
        (json!({"currency": "EUR"}), "priceMinor"),
        (json!({"priceMinor": 5, "currency": null}), "currency"),
        (json!({"priceMinor": null, "currency": "EUR"}), "priceMinor"),
    ] {
        assert_eq!(bad_fields(put(&site, &change)).await, [missing], "{change}");
    }
    // The stored half counts, and what is inverted with the stored half is named beside it.
    let inverted = json!({"priceMinor": 5, "startTime": "2026-02-15T13:00:00Z"});
    assert_eq!(bad_fields(put(&site, &inverted)).await, ["currency", "endTime"]);
    let priced = json!({"priceMinor": 5, "currency": "EUR"});
    assert_eq!(answer(put(&site, &priced)).await.0, 200);
    let (_, changed) = answer(put(&site, &json!({"currency": "JPY"}))).await;
    let price = (&changed["data"]["priceMinor"], &changed["data"]["currency"]);
    assert_eq!(price, (&json!(5), &json!("JPY")));
    assert_eq!(bad_fields(put(&site, &json!({"priceMinor": null}))).await, ["priceMinor"]);
    assert_eq!(bad_fields(put(&site, &json!({"currency": null}))).await, ["currency"]);
}

#[tokio::test]
async fn a_change_keeps_what_it_leaves_out_and_null_removes() {
    let site = Site::start();
    let wanted = whole(upcoming("W-1", 10));
    site.create_with(&wanted).await;
    let (_, kept) = answer(put(&site, &json!({"initialStock": 20}))).await;
    assert_eq!(shown(&kept["data"]), shown(&wanted));
    let (_, wordless) = answer(put(&site, &json!({"description": null}))).await;
    let mut expected = shown(&wanted);
    expected["description"] = Value::Null;
    assert_eq!(shown(&wordless["data"]), expected);
    let rest = json!({"picture": null, "priceMinor": null, "currency": null});
    let (_, bare) = answer(put(&site, &rest)).await;
    assert_eq!(shown(&bare["data"]), nothing());
    let again = json!({
        "description": "New.", "picture": "/new.svg", "priceMinor": 0, "currency": "KWD",
    });
    let (_, whole) = answer(put(&site, &again)).await;
    assert_eq!(shown(&whole["data"]), again);
    let status = answer(site.get("/api/v1/sales?sku=W-1")).await.1;
    assert_eq!(shown(&status["data"]), again);
}

#[tokio::test]
async fn a_change_of_the_page_reaches_those_who_watch() {
    let site = Site::start();
    site.create_with(&upcoming("W-1", 10)).await;
    let mut stream = site.watch("?sku=W-1").await;
    assert_eq!(shown(&stream.next().await.data), nothing());
    let mut expected = nothing();
    for change in [
        json!({"description": "New."}),
        json!({"picture": "/new.svg"}),
        json!({"priceMinor": 5, "currency": "EUR"}),
    ] {
        assert_eq!(answer(put(&site, &change)).await.0, 200);
        for (name, value) in change.as_object().expect("an object") {
            expected[name] = value.clone();
        }
        let event = stream.next().await;
        assert_eq!((event.name.as_str(), shown(&event.data)), ("initial", expected.clone()));
    }
}

#[tokio::test]
async fn a_picture_of_another_origin_needs_the_setting_that_the_refusal_names() {
    let wanted = |picture: &str| {
        let mut wanted = product("W-1", 1);
        wanted["picture"] = json!(picture);
        wanted
    };
    let elsewhere = wanted("https://cdn.example.com/w-1.webp");
    let strict = Site::start();
    let (status, refused) = answer(strict.admin(Method::POST, PRODUCTS, &elsewhere)).await;
    assert_eq!(status, 400);
    let said = refused["error"]["fields"]["picture"].as_str().unwrap_or_default();
    assert!(said.contains("none") && said.contains("STAMPEDE_IMAGE_ORIGINS"), "{refused}");

    let open = Site::start_with(|settings| {
        settings.image_origins = ImageOrigins::parse(CDN).expect("an origin");
    });
    for other in ["https://evil.example/w-1.webp", "http://cdn.example.com/w-1.webp"] {
        let (status, refused) = answer(open.admin(Method::POST, PRODUCTS, &wanted(other))).await;
        assert_eq!(status, 400, "{other}");
        let said = refused["error"]["fields"]["picture"].as_str().unwrap_or_default();
        assert!(said.contains(CDN) && said.contains("STAMPEDE_IMAGE_ORIGINS"), "{refused}");
    }
    open.create_with(&elsewhere).await;
    let status = answer(open.get("/api/v1/sales?sku=W-1")).await.1;
    assert_eq!(status["data"]["picture"], elsewhere["picture"]);
}

#[tokio::test]
async fn the_page_may_show_pictures_of_the_allowed_origins_and_nothing_else_more() {
    let policy = async |site: &Site| {
        let page = send(site.get("/").header("Accept", "text/html")).await;
        page.headers()["content-security-policy"].to_str().unwrap_or_default().to_owned()
    };
    let strict = policy(&Site::start()).await;
    let open = Site::start_with(|settings| {
        let origins = "https://cdn.example.com, http://127.0.0.1:9000";
        settings.image_origins = ImageOrigins::parse(origins).expect("origins");
    });
    let wider = policy(&open).await;
    assert!(strict.ends_with("; img-src 'self'"), "{strict}");
    assert_eq!(wider, format!("{strict} https://cdn.example.com http://127.0.0.1:9000"));
}

#[tokio::test]
async fn a_purchase_says_its_price_wherever_it_is_told() {
    let site = Site::start();
    site.create_with(&whole(product("W-1", 10))).await;
    let attempt = || site.attempt("ada", &json!({"sku": "W-1"})).header("Idempotency-Key", "k");
    let receipt = text(attempt()).await;
    assert_eq!(text(attempt()).await, receipt, "a replay is the same to the byte");
    let bought: Value = serde_json::from_str(&receipt).expect("JSON");
    let mut summary = bought["data"].clone();
    assert_eq!((&summary["priceMinor"], &summary["currency"]), (&json!(2_999), &json!("EUR")));
    for name in ["remaining", "acknowledged"] {
        summary.as_object_mut().expect("an object").remove(name);
    }
    let lookup = site.get("/api/v1/purchases?sku=W-1").header("X-User-Id", "ada");
    let mut found = answer(lookup).await.1;
    assert_eq!(found["data"]["purchases"], json!([summary]));
    found["data"].as_object_mut().expect("an object").remove("purchases");
    assert_eq!(found["data"], summary);
    let (_, second) = answer(site.attempt("ada", &json!({"sku": "W-1"}))).await;
    assert_eq!(second["error"]["purchase"], summary);
}

#[tokio::test]
async fn a_purchase_without_a_price_leaves_it_out() {
    let site = Site::start();
    site.create("W-1", 10).await;
    let receipt = text(site.attempt("ada", &json!({"sku": "W-1"}))).await;
    let lookup = text(site.get("/api/v1/purchases?sku=W-1").header("X-User-Id", "ada")).await;
    let second = text(site.attempt("ada", &json!({"sku": "W-1"}))).await;
    for said in [receipt, lookup, second] {
        assert!(!said.contains("price") && !said.contains("currency"), "{said}");
    }
    site.engine.set_seconds(3_600);
    let late = site.attempt("ben", &json!({"sku": "W-1"}));
    assert_eq!(failure(late).await, (200, "SALE_NOT_ACTIVE".into()));
}
