//! What is wrong with a request, field by field.

use std::{borrow::Cow, collections::BTreeMap};

use crate::error::ApiError;

/// Each bad field of one request, with what is wrong with it and what to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(BTreeMap<Cow<'static, str>, Cow<'static, str>>);

impl Fields {
    /// Exactly one bad field.
    pub(crate) fn one(
        name: impl Into<Cow<'static, str>>,
        wrong: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut fields = Self::default();
        fields.add(name, wrong);
        fields
    }

    /// Adds a bad field; the first thing that is wrong with it stays.
    pub(crate) fn add(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        wrong: impl Into<Cow<'static, str>>,
    ) {
        self.0.entry(name.into()).or_insert_with(|| wrong.into());
    }

    /// What was read, or nothing and one more bad field.
    pub(crate) fn note<T, W: Into<Cow<'static, str>>>(
        &mut self,
        name: &'static str,
        read: Result<T, W>,
    ) -> Option<T> {
        read.map_err(|wrong| self.add(name, wrong)).ok()
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Ends the request if anything is wrong.
    pub(crate) fn check(self) -> Result<(), ApiError> {
        if self.is_empty() { Ok(()) } else { Err(ApiError::Validation(self)) }
    }

    /// The fields as they stand in an answer.
    pub(crate) fn as_map(&self) -> &BTreeMap<Cow<'static, str>, Cow<'static, str>> {
        &self.0
    }
}
