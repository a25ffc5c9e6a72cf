//! What every JSON answer is wrapped in.
#![expect(unused_qualifications, reason = "utoipa's derive qualifies the types of fields")]

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use crate::{error::Code, purchase::PurchaseSummary};

/// Always `true`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct True;

/// Always `false`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct False;

impl Serialize for True {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

impl Serialize for False {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(false)
    }
}

impl PartialSchema for True {
    fn schema() -> RefOr<Schema> {
        constant(true)
    }
}

impl PartialSchema for False {
    fn schema() -> RefOr<Schema> {
        constant(false)
    }
}

impl ToSchema for True {}
impl ToSchema for False {}

fn constant(value: bool) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([value])).into()
}

/// A success.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Success<T> {
    #[schema(inline)]
    success: True,
    data: T,
}

impl<T> Success<T> {
    /// Wraps `data`.
    pub(crate) fn new(data: T) -> Self {
        Self { success: True, data }
    }
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T> {
    #[schema(inline)]
    success: True,
    data: Vec<T>,
    /// Where to go on, as `?cursor=`; null at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A part of a list, and where to go on.
    pub(crate) fn new(data: Vec<T>, next_cursor: Option<String>) -> Self {
        Self { success: True, data, next_cursor }
    }
}

/// A rejection or an error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiFailure {
    #[schema(inline)]
    pub(crate) success: False,
    pub(crate) error: Problem,
}

/// What is the matter.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem {
    pub(crate) code: Code,
    /// For a person; the code is for a program.
    pub(crate) message: String,
    /// Every bad field of the request, with what is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>, nullable = false)]
    pub(crate) fields: Option<BTreeMap<Cow<'static, str>, Cow<'static, str>>>,
    /// After how many seconds to ask again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) retry_after: Option<u64>,
    /// What the buyer holds already, with `ALREADY_PURCHASED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) purchase: Option<PurchaseSummary>,
}
