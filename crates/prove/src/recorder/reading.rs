//! What an answer says.

use serde_json::Value;
use stampede_testkit::shop::Answer;

use crate::history::{Attempted, Receipt, Seen};

/// `None` for an answer that the contract does not have for an attempt.
pub(super) fn attempted(answer: Option<&Answer>) -> Option<Attempted> {
    let Some(answer) = answer else { return Some(Attempted::Unknown) };
    let purchase = |value: &Value| value["purchaseNo"].as_str().map(str::to_owned);
    Some(match (answer.status, answer.outcome()) {
        (200, "ACCEPTED") => Attempted::Accepted(Receipt {
            number: purchase(&answer.body["data"])?,
            remaining: u32::try_from(answer.body["data"]["remaining"].as_u64()?).ok()?,
            in_ledger: answer.body["data"]["acknowledged"] == "ledger",
        }),
        (200, "ALREADY_PURCHASED") => {
            Attempted::AlreadyPurchased(purchase(&answer.body["error"]["purchase"]))
        }
        (200, "SALE_NOT_ACTIVE") => Attempted::NotActive,
        (200, "SOLD_OUT") => Attempted::SoldOut,
        (422, "IDEMPOTENCY_KEY_REUSED") => Attempted::KeyReused,
        (503, _) => Attempted::Unknown,
        _ => return None,
    })
}

/// The numbers in the answer to a lookup, oldest first.
pub(super) fn numbers(body: &Value) -> Vec<String> {
    let all = body["data"]["purchases"].as_array().into_iter().flatten();
    all.filter_map(|purchase| purchase["purchaseNo"].as_str().map(str::to_owned)).collect()
}

/// What a status, or an event with this id, shows.
pub(super) fn seen(data: &Value, id: Option<u64>) -> Option<Seen> {
    let stock = data["stock"].as_u64().and_then(|stock| u32::try_from(stock).ok());
    let version = id.or_else(|| data["version"].as_u64())?;
    Some(Seen { version, stock })
}
