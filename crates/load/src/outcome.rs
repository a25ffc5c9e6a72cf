//! What came of a request.

use memchr::{memchr, memmem};

/// What came of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The whole answer came in time.
    Answered(Said),
    /// It did not.
    TimedOut,
    /// There was no connection, it was lost, or what came is no answer. [`crate::Report::breaks`]
    /// says why.
    Broken,
}

/// What one answer said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Said {
    /// 200 with `"success":true`.
    Success,
    /// 200 with a code: a decided attempt that was rejected.
    Rejected(Code),
    /// Any other status, or a 200 that says neither.
    Failed {
        /// Its status.
        status: u16,
    },
}

/// Why an attempt was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// `SOLD_OUT`
    SoldOut,
    /// `ALREADY_PURCHASED`
    AlreadyPurchased,
    /// `SALE_NOT_ACTIVE`
    SaleNotActive,
    /// Any other code.
    Other,
}

impl Outcome {
    /// Whether the server judged what was asked, one way or the other.
    #[must_use]
    pub fn is_decided(self) -> bool {
        match self {
            Self::Answered(Said::Success | Said::Rejected(_)) => true,
            Self::Answered(Said::Failed { .. }) | Self::TimedOut | Self::Broken => false,
        }
    }

    /// Whether the server said that it has too much to do: 503 or 429.
    #[must_use]
    pub fn is_shed(self) -> bool {
        matches!(self, Self::Answered(Said::Failed { status: 503 | 429 }))
    }
}

impl Said {
    /// Looks for what the contract promises rather than parsing the body: this is done for every
    /// answer.
    pub(crate) fn read(status: u16, body: &[u8]) -> Self {
        if status != 200 {
            return Self::Failed { status };
        }
        if memmem::find(body, br#""success":true"#).is_some() {
            return Self::Success;
        }
        Code::read(body).map_or(Self::Failed { status }, Self::Rejected)
    }
}

impl Code {
    fn read(body: &[u8]) -> Option<Self> {
        let name = br#""code":""#;
        let begin = memmem::find(body, name)? + name.len();
        let named = &body[begin..];
        let end = memchr(b'"', named)?;
        Some(match &named[..end] {
            b"SOLD_OUT" => Self::SoldOut,
            b"ALREADY_PURCHASED" => Self::AlreadyPurchased,
            b"SALE_NOT_ACTIVE" => Self::SaleNotActive,
            _ => Self::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, Outcome, Said};

    #[test]
    fn an_answer_says_success_a_rejection_or_a_failure() {
        let rejected = |code: &str| {
            let body = format!(r#"{{"success":false,"error":{{"code":"{code}","message":"no"}}}}"#);
            Said::read(200, body.as_bytes())
        };
        assert_eq!(Said::read(200, br#"{"success":true,"data":{}}"#), Said::Success);
        assert_eq!(rejected("SOLD_OUT"), Said::Rejected(Code::SoldOut));
        assert_eq!(rejected("ALREADY_PURCHASED"), Said::Rejected(Code::AlreadyPurchased));
        assert_eq!(rejected("SALE_NOT_ACTIVE"), Said::Rejected(Code::SaleNotActive));
        assert_eq!(rejected("SALE_NOT_MODIFIABLE"), Said::Rejected(Code::Other));
        assert_eq!(Said::read(200, b"hello"), Said::Failed { status: 200 });
        assert_eq!(Said::read(200, br#"{"code":"SOLD"#), Said::Failed { status: 200 });
        let shed = br#"{"success":false,"error":{"code":"SERVICE_UNAVAILABLE"}}"#;
        assert_eq!(Said::read(503, shed), Said::Failed { status: 503 });
    }

    #[test]
    fn what_is_shed_is_not_decided() {
        for status in [429, 503] {
            let outcome = Outcome::Answered(Said::Failed { status });
            assert!(outcome.is_shed() && !outcome.is_decided());
        }
        let failed = Outcome::Answered(Said::Failed { status: 500 });
        assert!(!failed.is_shed() && !failed.is_decided());
        assert!(Outcome::Answered(Said::Rejected(Code::SoldOut)).is_decided());
        assert!(!Outcome::TimedOut.is_decided() && !Outcome::Broken.is_decided());
    }
}
