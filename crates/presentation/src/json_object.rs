//! A JSON body whose members are taken by type, so that every bad one is named at once.

use serde_json::{Map, Value};
use stampede_application::use_cases::Edit;
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

    /// Whether it names a member, `null` or not.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Whether it gives a member a value, right or wrong.
    pub(crate) fn gives(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    /// What is to become of what may be removed: it stays if it is left out, `null` removes it, a
    /// value becomes what was `taken` of it.
    ///
    /// # Errors
    ///
    /// 500 if nothing was taken of a value: the checks have a hole, and it must not remove.
    pub(crate) fn edit<T>(&self, name: &str, taken: Option<T>) -> Result<Edit<T>, ApiError> {
        match (self.members.get(name), taken) {
            (None, _) => Ok(Edit::Keep),
            (Some(Value::Null), _) => Ok(Edit::Remove),
            (Some(_), Some(value)) => Ok(Edit::Set(value)),
            (Some(_), None) => Err(ApiError::Internal),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_stays_null_removes_and_a_value_that_was_not_taken_removes_nothing() {
        let object = JsonObject::read(br#"{"null":null,"value":5}"#, Fields::default()).unwrap();
        assert_eq!(object.edit::<i64>("other", None).unwrap(), Edit::Keep);
        assert_eq!(object.edit::<i64>("null", None).unwrap(), Edit::Remove);
        assert_eq!(object.edit("value", Some(5)).unwrap(), Edit::Set(5));
        assert!(matches!(object.edit::<i64>("value", None), Err(ApiError::Internal)));
    }
}
