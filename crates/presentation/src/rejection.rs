//! A decided no, as bytes that are made once.

use bytes::Bytes;
use stampede_domain::{Purchase, Rejection, Sku};

use crate::{
    envelope::{ApiFailure, FailureAnswer, False},
    error::Code,
    purchase::PurchaseSummary,
};

/// Outside the window, paused, or ended by an admin.
const SALE_NOT_ACTIVE: &[u8] =
    br#"{"success":false,"error":{"code":"SALE_NOT_ACTIVE","message":"The sale is not open."}}"#;
/// Fewer units are left than asked for.
const SOLD_OUT: &[u8] = br#"{"success":false,"error":{"code":"SOLD_OUT","message":"Fewer units are left than you asked for."}}"#;

/// The code and the whole answer to a rejected attempt.
pub(crate) fn answer(sku: &Sku, rejection: &Rejection) -> (Code, Bytes) {
    match rejection {
        Rejection::SaleNotActive => (Code::SaleNotActive, Bytes::from_static(SALE_NOT_ACTIVE)),
        Rejection::SoldOut => (Code::SoldOut, Bytes::from_static(SOLD_OUT)),
        Rejection::AlreadyPurchased(newest) => {
            (Code::AlreadyPurchased, already_purchased(sku, newest.as_ref()))
        }
    }
}

/// Tells what the buyer holds, so that a shopper whose answer was lost learns that they bought.
fn already_purchased(sku: &Sku, newest: Option<&Purchase>) -> Bytes {
    let failure = FailureAnswer {
        success: False,
        error: ApiFailure {
            code: Code::AlreadyPurchased,
            message: "With these you would hold more units than one buyer may.".into(),
            fields: None,
            retry_after: None,
            purchase: newest.map(|purchase| PurchaseSummary::new(sku, purchase)),
        },
    };
    serde_json::to_vec(&failure).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_made_rejections_carry_their_codes() {
        let sku = Sku::parse("A").unwrap();
        for rejection in
            [Rejection::SaleNotActive, Rejection::SoldOut, Rejection::AlreadyPurchased(None)]
        {
            let (code, body) = answer(&sku, &rejection);
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["success"], false);
            assert_eq!(body["error"]["code"], code.as_str());
        }
    }
}
