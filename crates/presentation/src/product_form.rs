//! The bodies that make and change a product: checked whole, so that every bad field is named at
//! once, then turned into domain types.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use stampede_application::use_cases::{NewProduct, ProductChanges};
use stampede_domain::{Acknowledgement, Instant, Sku, SkuError, Window, limits};
use utoipa::ToSchema;
use validator::{Validate, ValidationError, ValidationErrorsKind};

use crate::{error::ApiError, fields::Fields};

/// Under which name validator reports what several fields together do wrong.
const WHOLE: &str = "__all__";

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
}

/// Reads a new product for an engine that acknowledges at `level`.
///
/// # Errors
///
/// 400 naming every bad field.
pub(crate) fn new_product(level: Acknowledgement, body: &[u8]) -> Result<NewProduct, ApiError> {
    let mut object = Object::read(body, Fields::default())?;
    let body = CreateProductBody {
        sku: object.text("sku", WRONG_SKU),
        product_name: object.text("productName", &wrong_name()),
        initial_stock: object.whole_number("initialStock", &wrong_stock()),
        start_time: object.text("startTime", &wrong_instant()),
        end_time: object.text("endTime", &wrong_instant()),
        limit_per_buyer: object.whole_number("limitPerBuyer", &wrong_limit()),
        acknowledge: object.acknowledge(level),
    };
    object.check(&body)?;
    body.into_domain().ok_or(ApiError::Internal)
}

/// Reads the changes of the product of `sku`, as the path has it, for an engine that acknowledges
/// at `level`. The body may repeat the sku, which cannot change.
///
/// # Errors
///
/// 400 naming every bad field, the path's too.
pub(crate) fn product_changes(
    sku: Result<Sku, SkuError>,
    level: Acknowledgement,
    body: &[u8],
) -> Result<(Sku, ProductChanges), ApiError> {
    let mut fields = Fields::default();
    let sku = fields.note("sku", sku.map_err(|error| error.to_string()));
    let mut object = Object::read(body, fields)?;
    let body = UpdateProductBody {
        product_name: object.text("productName", &wrong_name()),
        initial_stock: object.whole_number("initialStock", &wrong_stock()),
        start_time: object.text("startTime", &wrong_instant()),
        end_time: object.text("endTime", &wrong_instant()),
        limit_per_buyer: object.whole_number("limitPerBuyer", &wrong_limit()),
        acknowledge: object.acknowledge(level),
    };
    if !matches!(object.members.get("sku"), None | Some(Value::Null))
        && object.members.get("sku").and_then(Value::as_str) != sku.as_ref().map(Sku::as_str)
    {
        object.fields.add("sku", "cannot be changed: create another product instead");
    }
    object.check(&body)?;
    let changes = ProductChanges {
        start: body.start_time.as_deref().and_then(parsed),
        end: body.end_time.as_deref().and_then(parsed),
        product_name: body.product_name,
        initial_stock: body.initial_stock.and_then(|units| u32::try_from(units).ok()),
        limit_per_buyer: body.limit_per_buyer.and_then(|units| u32::try_from(units).ok()),
        acknowledge: body.acknowledge.as_deref().and_then(parsed_level),
    };
    Ok((sku.ok_or(ApiError::Internal)?, changes))
}

impl CreateProductBody {
    /// The product; `None` only if the checks above have a hole.
    fn into_domain(self) -> Option<NewProduct> {
        let limit = self.limit_per_buyer.unwrap_or(1);
        Some(NewProduct {
            sku: Sku::parse(&self.sku?).ok()?,
            product_name: self.product_name?,
            initial_stock: u32::try_from(self.initial_stock?).ok()?,
            window: Window { start: parsed(&self.start_time?)?, end: parsed(&self.end_time?)? },
            limit_per_buyer: u32::try_from(limit).ok()?,
            acknowledge: self.acknowledge.as_deref().and_then(parsed_level),
        })
    }
}

/// A JSON object whose members are taken by type; what has another type is a bad field.
struct Object {
    members: Map<String, Value>,
    fields: Fields,
}

impl Object {
    /// Reads the body of a request whose other bad `fields` are to be named with it.
    fn read(body: &[u8], mut fields: Fields) -> Result<Self, ApiError> {
        let Ok(members) = serde_json::from_slice(body) else {
            fields.add("body", "must be a JSON object");
            return Err(ApiError::Validation(fields));
        };
        Ok(Self { members, fields })
    }

    /// The level that is asked for, refused if the engine does not reach it.
    fn acknowledge(&mut self, reached: Acknowledgement) -> Option<String> {
        let text = self.text("acknowledge", WRONG_ACKNOWLEDGE)?;
        if parsed_level(&text).is_some_and(|wanted| wanted > reached) {
            self.fields.add("acknowledge", ACKNOWLEDGE_NOT_REACHED);
        }
        Some(text)
    }

    fn text(&mut self, name: &'static str, wrong: &str) -> Option<String> {
        match self.members.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.fields.add(name, wrong.to_owned());
                None
            }
        }
    }

    fn whole_number(&mut self, name: &'static str, wrong: &str) -> Option<u64> {
        let value = self.members.get(name).filter(|value| !value.is_null())?;
        let number = value.as_u64();
        if number.is_none() {
            self.fields.add(name, wrong.to_owned());
        }
        number
    }

    /// Adds what validator finds to what has the wrong type already.
    fn check(mut self, body: &impl Validate) -> Result<(), ApiError> {
        let found = body.validate().err().map(|errors| errors.0).unwrap_or_default();
        for (name, kind) in found {
            let ValidationErrorsKind::Field(errors) = kind else { continue };
            let name = if name == WHOLE { "endTime".into() } else { camel_case(&name) };
            for error in errors {
                self.fields.add(name.clone(), error.message.unwrap_or(error.code));
            }
        }
        self.fields.check()
    }
}

/// `initial_stock` as it stands on the wire: `initialStock`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut camel, word| {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
        camel
    })
}

const WRONG_SKU: &str = "must be 1 to 64 characters of A-Z, a-z, 0-9 and -";
const WRONG_ACKNOWLEDGE: &str = "must be gate or ledger";
/// What `acknowledge` is told where the engine gives less.
pub(crate) const ACKNOWLEDGE_NOT_REACHED: &str =
    "not in this version: this engine answers at level gate";

/// What is wrong with a stock that the gate has no memory for.
pub(crate) fn no_room(units: u64) -> String {
    format!("the gate has memory for about {units} more units: offer fewer, or give it more")
}

fn wrong_name() -> String {
    let (min, max) = limits::PRODUCT_NAME_CHARS.into_inner();
    format!("must be text of {min} to {max} characters, without control characters")
}

fn wrong_stock() -> String {
    let (min, max) = limits::INITIAL_STOCK.into_inner();
    format!("must be a whole number from {min} to {max}")
}

fn wrong_limit() -> String {
    let (min, max) = limits::LIMIT_PER_BUYER.into_inner();
    format!("must be a whole number from {min} to {max}")
}

fn wrong_instant() -> String {
    stampede_domain::InstantError.to_string()
}

fn wrong(message: impl Into<Cow<'static, str>>) -> ValidationError {
    ValidationError::new("invalid").with_message(message.into())
}

fn check_sku(text: &str) -> Result<(), ValidationError> {
    Sku::parse(text).map(|_| ()).map_err(|_| wrong(WRONG_SKU))
}

fn check_product_name(text: &str) -> Result<(), ValidationError> {
    let fits = limits::PRODUCT_NAME_CHARS.contains(&text.chars().count());
    let printable = !text.chars().any(char::is_control);
    if fits && printable { Ok(()) } else { Err(wrong(wrong_name())) }
}

fn check_initial_stock(units: u64) -> Result<(), ValidationError> {
    let fits = u32::try_from(units).is_ok_and(|units| limits::INITIAL_STOCK.contains(&units));
    if fits { Ok(()) } else { Err(wrong(wrong_stock())) }
}

fn check_limit_per_buyer(units: u64) -> Result<(), ValidationError> {
    let fits = u32::try_from(units).is_ok_and(|units| limits::LIMIT_PER_BUYER.contains(&units));
    if fits { Ok(()) } else { Err(wrong(wrong_limit())) }
}

fn check_instant(text: &str) -> Result<(), ValidationError> {
    Instant::parse(text).map(|_| ()).map_err(|_| wrong(wrong_instant()))
}

fn check_acknowledge(text: &str) -> Result<(), ValidationError> {
    parsed_level(text).map(|_| ()).ok_or_else(|| wrong(WRONG_ACKNOWLEDGE))
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
        (Some(start), Some(end)) if end <= start => Err(wrong("must be after startTime")),
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

fn parsed(text: &str) -> Option<Instant> {
    Instant::parse(text).ok()
}

fn parsed_level(text: &str) -> Option<Acknowledgement> {
    [Acknowledgement::Gate, Acknowledgement::Ledger]
        .into_iter()
        .find(|level| level.to_string() == text)
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
        new_product(Acknowledgement::Gate, body)
    }

    fn changed(body: &[u8]) -> Result<ProductChanges, ApiError> {
        product_changes(Sku::parse("A"), Acknowledgement::Gate, body).map(|(_, changes)| changes)
    }

    #[test]
    fn every_bad_field_of_a_new_product_is_named_at_once() {
        assert_eq!(
            bad(created(b"{}")),
            ["endTime", "initialStock", "productName", "sku", "startTime"]
        );
        let body = br#"{"sku":"a b","productName":7,"initialStock":1.5,"startTime":"today",
            "endTime":[],"limitPerBuyer":101,"acknowledge":"never"}"#;
        let all = [
            "acknowledge",
            "endTime",
            "initialStock",
            "limitPerBuyer",
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
