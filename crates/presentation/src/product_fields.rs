//! The fields of a product as its forms give them: what each must be, and what is said of one that
//! is not.

use std::borrow::Cow;

use stampede_domain::{Acknowledgement, Currency, CurrencyError, Instant, Sku, limits};
use validator::ValidationError;

/// What is wrong with a sku that is none.
pub(crate) const WRONG_SKU: &str = "must be 1 to 64 characters of A-Z, a-z, 0-9 and -";
/// What is wrong with a sku in a body that names another product than its path.
pub(crate) const SKU_STAYS: &str = "cannot be changed: create another product instead";
/// What is wrong with a currency that is missing.
pub(crate) const NEEDS_CURRENCY: &str = "is required beside priceMinor; null for both is no price";
/// What is wrong with a price that is missing.
pub(crate) const NEEDS_PRICE: &str = "is required beside currency; null for both is no price";
/// What is wrong with an end that does not follow its start.
pub(crate) const WRONG_WINDOW: &str = "must be after startTime";
/// What is wrong with a level that is none.
pub(crate) const WRONG_ACKNOWLEDGE: &str = "must be gate or ledger";

/// What is wrong with a stock that the gate has no memory for.
pub(crate) fn no_room(units: u64) -> String {
    format!("the gate has memory for about {units} more units: offer fewer, or give it more")
}

pub(crate) fn wrong_name() -> String {
    let (min, max) = limits::PRODUCT_NAME_CHARS.into_inner();
    format!("must be text of {min} to {max} characters, without control characters")
}

pub(crate) fn wrong_description() -> String {
    let (min, max) = limits::DESCRIPTION_CHARS.into_inner();
    format!("must be text of {min} to {max} characters, without control characters but line breaks")
}

pub(crate) fn wrong_price() -> String {
    let (min, max) = limits::PRICE_MINOR.into_inner();
    format!("must be a whole number from {min} to {max}, in the smallest unit of the currency")
}

pub(crate) fn wrong_currency() -> String {
    CurrencyError.to_string()
}

pub(crate) fn wrong_stock() -> String {
    let (min, max) = limits::INITIAL_STOCK.into_inner();
    format!("must be a whole number from {min} to {max}")
}

pub(crate) fn wrong_limit() -> String {
    let (min, max) = limits::LIMIT_PER_BUYER.into_inner();
    format!("must be a whole number from {min} to {max}")
}

pub(crate) fn wrong_instant() -> String {
    stampede_domain::InstantError.to_string()
}

pub(crate) fn wrong(message: impl Into<Cow<'static, str>>) -> ValidationError {
    ValidationError::new("invalid").with_message(message.into())
}

pub(crate) fn check_sku(text: &str) -> Result<(), ValidationError> {
    Sku::parse(text).map(|_| ()).map_err(|_| wrong(WRONG_SKU))
}

pub(crate) fn check_product_name(text: &str) -> Result<(), ValidationError> {
    let fits = limits::PRODUCT_NAME_CHARS.contains(&text.chars().count());
    let printable = !text.chars().any(char::is_control);
    if fits && printable { Ok(()) } else { Err(wrong(wrong_name())) }
}

pub(crate) fn check_description(text: &str) -> Result<(), ValidationError> {
    let fits = limits::DESCRIPTION_CHARS.contains(&text.chars().count());
    let printable = !text.chars().any(|letter| letter.is_control() && letter != '\n');
    if fits && printable { Ok(()) } else { Err(wrong(wrong_description())) }
}

pub(crate) fn check_price_minor(minor: i64) -> Result<(), ValidationError> {
    if limits::PRICE_MINOR.contains(&minor) { Ok(()) } else { Err(wrong(wrong_price())) }
}

pub(crate) fn check_currency(text: &str) -> Result<(), ValidationError> {
    parsed_currency(text).map(|_| ()).ok_or_else(|| wrong(wrong_currency()))
}

pub(crate) fn check_initial_stock(units: u64) -> Result<(), ValidationError> {
    let fits = u32::try_from(units).is_ok_and(|units| limits::INITIAL_STOCK.contains(&units));
    if fits { Ok(()) } else { Err(wrong(wrong_stock())) }
}

pub(crate) fn check_limit_per_buyer(units: u64) -> Result<(), ValidationError> {
    let fits = u32::try_from(units).is_ok_and(|units| limits::LIMIT_PER_BUYER.contains(&units));
    if fits { Ok(()) } else { Err(wrong(wrong_limit())) }
}

pub(crate) fn check_instant(text: &str) -> Result<(), ValidationError> {
    Instant::parse(text).map(|_| ()).map_err(|_| wrong(wrong_instant()))
}

pub(crate) fn check_acknowledge(text: &str) -> Result<(), ValidationError> {
    parsed_level(text).map(|_| ()).ok_or_else(|| wrong(WRONG_ACKNOWLEDGE))
}

pub(crate) fn parsed(text: &str) -> Option<Instant> {
    Instant::parse(text).ok()
}

pub(crate) fn parsed_currency(code: &str) -> Option<Currency> {
    Currency::parse(code).ok()
}

pub(crate) fn parsed_level(text: &str) -> Option<Acknowledgement> {
    [Acknowledgement::Gate, Acknowledgement::Ledger]
        .into_iter()
        .find(|level| level.to_string() == text)
}
