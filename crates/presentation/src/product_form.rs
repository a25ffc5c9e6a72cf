//! The bodies that make and change a product: checked whole, so that every bad field is named at
//! once, then turned into domain types.

use serde::{Deserialize, Serialize};
use stampede_application::use_cases::{Misfit, NewProduct, ProductChanges};
use stampede_domain::{Price, Sku, SkuError, Window};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use crate::{
    error::ApiError,
    fields::Fields,
    image_origins::ImageOrigins,
    json_object::JsonObject,
    product_fields::{
        NEEDS_CURRENCY, NEEDS_PRICE, SKU_STAYS, WRONG_ACKNOWLEDGE, WRONG_SKU, WRONG_WINDOW,
        check_acknowledge, check_currency, check_description, check_initial_stock, check_instant,
        check_limit_per_buyer, check_price_minor, check_product_name, check_sku, parsed,
        parsed_currency, parsed_level, wrong, wrong_currency, wrong_description, wrong_instant,
        wrong_limit, wrong_name, wrong_price, wrong_stock,
    },
};

/// The field that is named when a window ends before it starts.
const OF_WINDOW: &str = "endTime";

/// A new product.
#[derive(Debug, Default, Deserialize, Serialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
#[validate(schema(function = new_window, skip_on_field_errors = false))]
pub(crate) struct CreateProductBody {
    /// 1 to 64 of A-Z, a-z, 0-9 and -.
    #[validate(required(message = "is required"), custom(function = check_sku))]
    #[schema(required, value_type = String, example = "WIDGET-001")]
    sku: Option<String>,
    #[validate(required(message = "is required"), custom(function = check_product_name))]
    #[schema(required, value_type = String, min_length = 1, max_length = 255)]
    product_name: Option<String>,
    #[validate(required(message = "is required"), custom(function = check_initial_stock))]
    #[schema(required, value_type = u32, minimum = 1, maximum = 10_000_000)]
    initial_stock: Option<u64>,
    /// May lie in the past.
    #[validate(required(message = "is required"), custom(function = check_instant))]
    #[schema(required, value_type = String, format = DateTime)]
    start_time: Option<String>,
    /// After `startTime`; may lie in the past.
    #[validate(required(message = "is required"), custom(function = check_instant))]
    #[schema(required, value_type = String, format = DateTime)]
    end_time: Option<String>,
    /// 1 if it is left out.
    #[validate(custom(function = check_limit_per_buyer))]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit_per_buyer: Option<u64>,
    /// What an answered purchase must have survived: `gate` or `ledger`.
    #[validate(custom(function = check_acknowledge))]
    #[schema(value_type = Option<crate::purchase::AcknowledgementWord>)]
    acknowledge: Option<String>,
    /// What it is, in plain text; the only control character is a line break.
    #[validate(custom(function = check_description))]
    #[schema(min_length = 1, max_length = 2_000)]
    description: Option<String>,
    /// Where its picture is: a path of this origin that begins with one `/`, or a URL of an
    /// origin that `STAMPEDE_IMAGE_ORIGINS` names.
    #[schema(max_length = 2_048, example = "/pictures/widget-001.svg")]
    picture: Option<String>,
    /// What one unit costs, in the smallest unit of `currency`, which it needs beside it.
    #[validate(custom(function = check_price_minor))]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64, example = 2_999)]
    price_minor: Option<i64>,
    /// ISO 4217, upper case; needs `priceMinor` beside it.
    #[validate(custom(function = check_currency))]
    #[schema(example = "EUR")]
    currency: Option<String>,
}

/// What is to change of a product; what is left out stays.
#[derive(Debug, Default, Deserialize, Serialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
#[validate(schema(function = changed_window, skip_on_field_errors = false))]
pub(crate) struct UpdateProductBody {
    #[validate(custom(function = check_product_name))]
    #[schema(min_length = 1, max_length = 255)]
    product_name: Option<String>,
    #[validate(custom(function = check_initial_stock))]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 10_000_000)]
    initial_stock: Option<u64>,
    #[validate(custom(function = check_instant))]
    #[schema(format = DateTime)]
    start_time: Option<String>,
    /// After `startTime`.
    #[validate(custom(function = check_instant))]
    #[schema(format = DateTime)]
    end_time: Option<String>,
    #[validate(custom(function = check_limit_per_buyer))]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit_per_buyer: Option<u64>,
    #[validate(custom(function = check_acknowledge))]
    #[schema(value_type = Option<crate::purchase::AcknowledgementWord>)]
    acknowledge: Option<String>,
    /// Plain text, whose only control character is a line break; null removes it.
    #[validate(custom(function = check_description))]
    #[schema(min_length = 1, max_length = 2_000)]
    description: Option<String>,
    /// Where its picture is: a path of this origin that begins with one `/`, or a URL of an
    /// origin that `STAMPEDE_IMAGE_ORIGINS` names; null removes it.
    #[schema(max_length = 2_048, example = "/pictures/widget-001.svg")]
    picture: Option<String>,
    /// What one unit costs, in the smallest unit of `currency`, which it needs beside it or has
    /// already; null for both removes the price.
    #[validate(custom(function = check_price_minor))]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64, example = 2_999)]
    price_minor: Option<i64>,
    /// ISO 4217, upper case; needs `priceMinor` beside it or has it already.
    #[validate(custom(function = check_currency))]
    #[schema(example = "EUR")]
    currency: Option<String>,
}

/// Reads a new product.
///
/// # Errors
///
/// 400 naming every bad field.
pub(crate) fn new_product(origins: &ImageOrigins, body: &[u8]) -> Result<NewProduct, ApiError> {
    let mut object = JsonObject::read(body, Fields::default())?;
    let body = CreateProductBody {
        sku: object.text("sku", WRONG_SKU),
        product_name: object.text("productName", &wrong_name()),
        initial_stock: object.whole_number("initialStock", &wrong_stock()),
        start_time: object.text("startTime", &wrong_instant()),
        end_time: object.text("endTime", &wrong_instant()),
        limit_per_buyer: object.whole_number("limitPerBuyer", &wrong_limit()),
        acknowledge: object.text("acknowledge", WRONG_ACKNOWLEDGE),
        description: object.text("description", &wrong_description()),
        picture: picture(&mut object, origins),
        price_minor: object.integer("priceMinor", &wrong_price()),
        currency: object.text("currency", &wrong_currency()),
    };
    name_what_price_lacks(&mut object);
    object.check(&body, OF_WINDOW)?;
    body.into_domain().ok_or(ApiError::Internal)
}

/// Reads the changes of the product of `sku`, as the path has it. The body may repeat the sku,
/// which cannot change.
///
/// # Errors
///
/// 400 naming every bad field, the path's too.
pub(crate) fn product_changes(
    sku: Result<Sku, SkuError>,
    origins: &ImageOrigins,
    body: &[u8],
) -> Result<(Sku, ProductChanges), ApiError> {
    let mut fields = Fields::default();
    let sku = fields.note("sku", sku.map_err(|error| error.to_string()));
    let mut object = JsonObject::read(body, fields)?;
    let body = UpdateProductBody {
        product_name: object.text("productName", &wrong_name()),
        initial_stock: object.whole_number("initialStock", &wrong_stock()),
        start_time: object.text("startTime", &wrong_instant()),
        end_time: object.text("endTime", &wrong_instant()),
        limit_per_buyer: object.whole_number("limitPerBuyer", &wrong_limit()),
        acknowledge: object.text("acknowledge", WRONG_ACKNOWLEDGE),
        description: object.text("description", &wrong_description()),
        picture: picture(&mut object, origins),
        price_minor: object.integer("priceMinor", &wrong_price()),
        currency: object.text("currency", &wrong_currency()),
    };
    let repeated = object.text("sku", SKU_STAYS);
    if repeated.is_some_and(|other| sku.as_ref().map(Sku::as_str) != Some(other.as_str())) {
        object.fields.add("sku", SKU_STAYS);
    }
    // What the body leaves out of a price is judged with the product.
    if object.names("priceMinor") && object.names("currency") {
        name_what_price_lacks(&mut object);
    }
    object.check(&body, OF_WINDOW)?;
    Ok((sku.ok_or(ApiError::Internal)?, body.into_changes(&object)?))
}

/// 400 for changes that do not fit with the product as it is.
pub(crate) fn misfits(misfits: &[Misfit]) -> ApiError {
    let mut fields = Fields::default();
    for misfit in misfits {
        match misfit {
            Misfit::WindowInverted => fields.add(OF_WINDOW, WRONG_WINDOW),
            Misfit::PriceMissing => fields.add("priceMinor", NEEDS_PRICE),
            Misfit::CurrencyMissing => fields.add("currency", NEEDS_CURRENCY),
        }
    }
    ApiError::Validation(fields)
}

/// Names what is missing of a price that is given by half.
fn name_what_price_lacks(object: &mut JsonObject) {
    match (object.gives("priceMinor"), object.gives("currency")) {
        (true, false) => object.fields.add("currency", NEEDS_CURRENCY),
        (false, true) => object.fields.add("priceMinor", NEEDS_PRICE),
        (true, true) | (false, false) => {}
    }
}

/// The picture, refused if it may not come from there.
fn picture(object: &mut JsonObject, origins: &ImageOrigins) -> Option<String> {
    let text = object.text("picture", &origins.wrong())?;
    object.fields.note("picture", origins.check(&text));
    Some(text)
}

impl CreateProductBody {
    /// The product; `None` only if the checks above have a hole.
    fn into_domain(self) -> Option<NewProduct> {
        let limit = self.limit_per_buyer.unwrap_or(1);
        let currency = self.currency.as_deref().and_then(parsed_currency);
        Some(NewProduct {
            sku: Sku::parse(&self.sku?).ok()?,
            product_name: self.product_name?,
            description: self.description,
            picture: self.picture,
            price: self
                .price_minor
                .zip(currency)
                .map(|(minor, currency)| Price { minor, currency }),
            initial_stock: u32::try_from(self.initial_stock?).ok()?,
            window: Window { start: parsed(&self.start_time?)?, end: parsed(&self.end_time?)? },
            limit_per_buyer: u32::try_from(limit).ok()?,
            acknowledge: self.acknowledge.as_deref().and_then(parsed_level),
        })
    }
}

impl UpdateProductBody {
    /// The changes that `object` asks for.
    fn into_changes(self, object: &JsonObject) -> Result<ProductChanges, ApiError> {
        let currency = self.currency.as_deref().and_then(parsed_currency);
        Ok(ProductChanges {
            product_name: self.product_name,
            description: object.edit("description", self.description)?,
            picture: object.edit("picture", self.picture)?,
            price_minor: object.edit("priceMinor", self.price_minor)?,
            currency: object.edit("currency", currency)?,
            initial_stock: self.initial_stock.and_then(|units| u32::try_from(units).ok()),
            start: self.start_time.as_deref().and_then(parsed),
            end: self.end_time.as_deref().and_then(parsed),
            limit_per_buyer: self.limit_per_buyer.and_then(|units| u32::try_from(units).ok()),
            acknowledge: self.acknowledge.as_deref().and_then(parsed_level),
        })
    }
}

fn new_window(body: &CreateProductBody) -> Result<(), ValidationError> {
    end_after_start(body.start_time.as_deref(), body.end_time.as_deref())
}

fn changed_window(body: &UpdateProductBody) -> Result<(), ValidationError> {
    end_after_start(body.start_time.as_deref(), body.end_time.as_deref())
}

/// Judges a window that is given whole; half of one is judged with the product.
fn end_after_start(start: Option<&str>, end: Option<&str>) -> Result<(), ValidationError> {
    match (start.and_then(parsed), end.and_then(parsed)) {
        (Some(start), Some(end)) if end <= start => Err(wrong(WRONG_WINDOW)),
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad<T>(read: Result<T, ApiError>) -> Vec<String> {
        match read {
            Err(ApiError::Validation(fields)) => {
                fields.as_map().keys().map(|name| name.as_ref().into()).collect()
            }
            Ok(_) => Vec::new(),
            Err(other) => panic!("{other}"),
        }
    }

    fn created(body: &[u8]) -> Result<NewProduct, ApiError> {
        new_product(&ImageOrigins::default(), body)
    }

    fn changed(body: &[u8]) -> Result<ProductChanges, ApiError> {
        let changes = product_changes(Sku::parse("A"), &ImageOrigins::default(), body);
        changes.map(|(_, changes)| changes)
    }

    #[test]
    fn every_bad_field_of_a_new_product_is_named_at_once() {
        assert_eq!(
            bad(created(b"{}")),
            ["endTime", "initialStock", "productName", "sku", "startTime"]
        );
        let body = br#"{"sku":"a b","productName":7,"initialStock":1.5,"startTime":"today",
            "endTime":[],"limitPerBuyer":101,"acknowledge":"never","description":"",
            "picture":"x","priceMinor":-1,"currency":"euro"}"#;
        let all = [
            "acknowledge",
            "currency",
            "description",
            "endTime",
            "initialStock",
            "limitPerBuyer",
            "picture",
            "priceMinor",
            "productName",
            "sku",
            "startTime",
        ];
        assert_eq!(bad(created(body)), all);
        assert_eq!(bad(created(b"[]")), ["body"]);
    }

    #[test]
    fn a_sale_ends_after_it_starts() {
        let body = br#"{"sku":"A","productName":"A","initialStock":1,
            "startTime":"2026-01-01T00:00:00Z","endTime":"2026-01-01T01:00:00+01:00"}"#;
        assert_eq!(bad(created(body)), ["endTime"]);
    }

    #[test]
    fn a_change_may_repeat_the_sku_and_not_replace_it() {
        assert_eq!(bad(changed(br#"{"sku":"A"}"#)), Vec::<String>::new());
        assert_eq!(bad(changed(br#"{"sku":"B","initialStock":0}"#)), ["initialStock", "sku"]);
        let none = changed(br#"{"productName":null}"#).unwrap();
        assert_eq!(none, ProductChanges::default());
    }
}
