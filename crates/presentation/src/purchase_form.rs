//! The body of an attempt: `{"sku":"WIDGET-001","qty":1}`, read without copying.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use stampede_domain::{Sku, limits};

use crate::fields::Fields;

/// What a buyer asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PurchaseForm {
    /// What for, if it is a sku.
    pub(crate) sku: Option<Sku>,
    /// How many, if the buyer says so and it is a number that any sale could allow.
    pub(crate) qty: Option<u32>,
}

/// Reads the body; every bad field goes to `fields`.
pub(crate) fn read(body: &[u8], fields: &mut Fields) -> PurchaseForm {
    let Ok(raw) = serde_json::from_slice::<RawForm<'_>>(body) else {
        fields.add("body", r#"must be a JSON object such as {"sku":"WIDGET-001","qty":1}"#);
        return PurchaseForm { sku: None, qty: None };
    };
    PurchaseForm { sku: fields.note("sku", sku(&raw.sku)), qty: qty(&raw.qty, fields) }
}

/// What is wrong with a quantity, for the sale's limit if it is known.
pub(crate) fn qty_out_of_range(max: u32) -> String {
    format!("must be a whole number from 1 to {max}, the limit per buyer of this sale")
}

fn sku(value: &Value<'_>) -> Result<Sku, &'static str> {
    const WRONG: &str = "must be 1 to 64 characters of A-Z, a-z, 0-9 and -";
    match value {
        Value::Text(text) => Sku::parse(text).map_err(|_| WRONG),
        Value::Absent | Value::Whole(_) | Value::Other => Err(WRONG),
    }
}

fn qty(value: &Value<'_>, fields: &mut Fields) -> Option<u32> {
    let max = *limits::LIMIT_PER_BUYER.end();
    let units = match value {
        Value::Absent => return None,
        Value::Whole(units) => u32::try_from(*units).ok(),
        Value::Text(_) | Value::Other => None,
    };
    let allowed = units.filter(|units| limits::LIMIT_PER_BUYER.contains(units));
    if allowed.is_none() {
        let wrong = format!(
            "must be a whole number from 1 to the limit per buyer of the sale, at most {max}"
        );
        fields.add("qty", wrong);
    }
    allowed
}

/// A value of any type, of which only text and whole numbers mean something here.
#[derive(Debug, Default)]
enum Value<'a> {
    /// Not there, or null.
    #[default]
    Absent,
    /// Text, copied only where it has escapes.
    Text(Cow<'a, str>),
    /// A whole number that is not negative.
    Whole(u64),
    /// Anything else.
    Other,
}

/// The body with whatever types it has.
#[derive(Default)]
struct RawForm<'a> {
    sku: Value<'a>,
    qty: Value<'a>,
}

impl<'de> Deserialize<'de> for RawForm<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FormVisitor)
    }
}

struct FormVisitor;

impl<'de> Visitor<'de> for FormVisitor {
    type Value = RawForm<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawForm<'de>, A::Error> {
        let mut form = RawForm::default();
        while let Some(Name(name)) = map.next_key()? {
            match name.as_ref() {
                "sku" => form.sku = map.next_value()?,
                "qty" => form.qty = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(form)
    }
}

/// A field's name, copied only where it has escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(Value::Whole(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(body: &str) -> Vec<String> {
        let mut fields = Fields::default();
        read(body.as_bytes(), &mut fields);
        fields.as_map().keys().map(|name| name.as_ref().into()).collect()
    }

    #[test]
    fn a_form_is_read_whatever_else_it_carries() {
        let mut fields = Fields::default();
        let body = br#" {"x":[{"a":1}],"\u0073ku":"WIDGET\u002d001","qty":2,"y":null} "#;
        let form = read(body, &mut fields);
        assert!(fields.is_empty());
        assert_eq!(form.sku.unwrap().as_str(), "WIDGET-001");
        assert_eq!(form.qty, Some(2));
    }

    #[test]
    fn a_quantity_may_be_left_out() {
        for body in [r#"{"sku":"A"}"#, r#"{"sku":"A","qty":null}"#] {
            let mut fields = Fields::default();
            assert_eq!(read(body.as_bytes(), &mut fields).qty, None);
            assert!(fields.is_empty());
        }
    }

    #[test]
    fn every_bad_field_is_named() {
        assert_eq!(bad("{}"), ["sku"]);
        assert_eq!(bad(r#"{"sku":7,"qty":"1"}"#), ["qty", "sku"]);
        for qty in
            ["0", "-1", "1.5", "1.0", "101", "true", "[1]", "{}", "1e99", "99999999999999999999"]
        {
            assert_eq!(bad(&format!(r#"{{"sku":"A","qty":{qty}}}"#)), ["qty"], "{qty}");
        }
        for body in ["", "null", "[]", "\"x\"", "{", r#"{"sku":"A"} x"#, "{\"sku\":\"\u{1}\"}"] {
            assert_eq!(bad(body), ["body"], "{body:?}");
        }
    }
}
