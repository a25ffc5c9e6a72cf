//! A JSON body whose members are taken by type, so that every bad one is named at once.

use serde_json::{Map, Value};
use validator::{Validate, ValidationErrorsKind};

use crate::{error::ApiError, fields::Fields};

/// Under which name validator reports what several fields together do wrong.
const WHOLE: &str = "__all__";

/// A JSON object; a member of another type than it is taken as is a bad field.
pub(crate) struct JsonObject {
    members: Map<String, Value>,
    /// What is wrong so far.
    pub(crate) fields: Fields,
}

/// What the object says of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nothing: it is left out.
    Nothing,
    /// `null`.
    Null,
    /// A value, right or wrong.
    Value,
}

impl JsonObject {
    /// Reads the body of a request whose other bad `fields` are to be named with it.
    ///
    /// # Errors
    ///
    /// 400 naming the body and those fields, if it is no JSON object.
    pub(crate) fn read(body: &[u8], mut fields: Fields) -> Result<Self, ApiError> {
        let Ok(members) = serde_json::from_slice(body) else {
            fields.add("body", "must be a JSON object");
            return Err(ApiError::Validation(fields));
        };
        Ok(Self { members, fields })
    }

    /// What the object says of a member.
    pub(crate) fn said(&self, name: &str) -> Said {
        match self.members.get(name) {
            None => Said::Nothing,
            Some(Value::Null) => Said::Null,
            Some(_) => Said::Value,
        }
    }

    /// Text; `None` if it is left out or `null`, or is not text, which is `wrong`.
    pub(crate) fn text(&mut self, name: &'static str, wrong: &str) -> Option<String> {
        self.value(name, wrong, |value| value.as_str().map(str::to_owned))
    }

    /// A whole number that is not negative, as [`text`](Self::text).
    pub(crate) fn whole_number(&mut self, name: &'static str, wrong: &str) -> Option<u64> {
        self.value(name, wrong, Value::as_u64)
    }

    /// A whole number, as [`text`](Self::text).
    pub(crate) fn integer(&mut self, name: &'static str, wrong: &str) -> Option<i64> {
        self.value(name, wrong, Value::as_i64)
    }

    fn value<T>(
        &mut self,
        name: &'static str,
        wrong: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.members.get(name).filter(|value| !value.is_null())?;
        let read = read(value);
        if read.is_none() {
            self.fields.add(name, wrong.to_owned());
        }
        read
    }

    /// Adds what validator finds to what is wrong already; `of_whole` is the field that is named
    /// for what several together do wrong.
    ///
    /// # Errors
    ///
    /// 400 naming every bad field.
    pub(crate) fn check(
        &mut self,
        body: &impl Validate,
        of_whole: &'static str,
    ) -> Result<(), ApiError> {
        let found = body.validate().err().map(|errors| errors.0).unwrap_or_default();
        for (name, kind) in found {
            let ValidationErrorsKind::Field(errors) = kind else { continue };
            let name = if name == WHOLE { of_whole.into() } else { camel_case(&name) };
            for error in errors {
                self.fields.add(name.clone(), error.message.unwrap_or(error.code));
            }
        }
        std::mem::take(&mut self.fields).check()
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
