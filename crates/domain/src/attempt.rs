//! One request to buy, with the key that makes repeating it harmless.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{BuyerId, PurchaseBits};

/// The 128-bit identity of an attempt within one buyer, sku and generation.
///
/// Made once when the attempt is submitted and kept when it is sent again, so that an attempt
/// whose answer was lost takes stock once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptKey(pub [u8; 16]);

impl AttemptKey {
    /// The key of a client's `Idempotency-Key`: the first half of its SHA-256.
    #[must_use]
    pub fn from_idempotency_key(text: &str) -> Self {
        let hash = Sha256::digest(text.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hash[..16]);
        Self(key)
    }
}

/// A W3C `traceparent` header, which ties the purchase's later life to the request's trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TraceParent(Box<str>);

impl TraceParent {
    /// The header of a span: the ids of its trace and of itself, and whether both are recorded.
    #[must_use]
    pub fn new(trace: u128, span: u64, is_sampled: bool) -> Self {
        let flags = u8::from(is_sampled);
        Self(format!("00-{trace:032x}-{span:016x}-{flags:02x}").into())
    }

    /// Takes a header of version 00: 55 characters of lower-case hex and hyphens, else nothing.
    ///
    /// A wrong header is dropped and not an error, as the standard asks.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_shaped(text.as_bytes()).then(|| Self(text.into()))
    }

    /// Whether the trace of such a header is recorded; `None` if it is none. Copies nothing.
    #[must_use]
    pub fn says_sampled(header: &[u8]) -> Option<bool> {
        is_shaped(header).then(|| is_odd(header))
    }

    /// The header's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the trace is recorded, as whoever made the header says.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        is_odd(self.0.as_bytes())
    }

    /// The same trace, and not recorded.
    #[must_use]
    pub fn unsampled(self) -> Self {
        if self.0.ends_with("-00") {
            return self;
        }
        let mut text = String::from(self.0);
        text.truncate(53);
        text.push_str("00");
        Self(text.into())
    }

    /// The ids of the trace and of the span; zero, which is none, if they cannot be read.
    #[must_use]
    pub fn ids(&self) -> (u128, u64) {
        let part = |range| self.0.get(range).unwrap_or_default();
        let trace = u128::from_str_radix(part(3..35), 16);
        let span = u64::from_str_radix(part(36..52), 16);
        (trace.unwrap_or_default(), span.unwrap_or_default())
    }
}

fn is_shaped(header: &[u8]) -> bool {
    header.len() == 55
        && header.starts_with(b"00-")
        && header.iter().enumerate().all(|(place, byte)| match place {
            2 | 35 | 52 => *byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// Whether the number at the end is odd, whose last bit says that the trace is recorded.
fn is_odd(hex: &[u8]) -> bool {
    matches!(hex, [.., b'1' | b'3' | b'5' | b'7' | b'9' | b'b' | b'd' | b'f'])
}

/// One request to buy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Who asks.
    pub buyer: BuyerId,
    /// What makes a repeat of this attempt recognisable.
    pub key: AttemptKey,
    /// What its purchase number will carry, should it be accepted.
    pub bits: PurchaseBits,
    /// Units asked for, at least 1.
    pub qty: u32,
    /// The trace of the request, if it has one.
    pub traceparent: Option<TraceParent>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_idempotency_key_is_the_same_attempt() {
        let key = AttemptKey::from_idempotency_key("a");
        assert_eq!(key, AttemptKey::from_idempotency_key("a"));
        assert_ne!(key, AttemptKey::from_idempotency_key("b"));
        assert_eq!(key.0[..4], [0xca, 0x97, 0x81, 0x12]);
    }

    #[test]
    fn a_traceparent_of_another_shape_is_dropped() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(TraceParent::parse(good).unwrap().as_str(), good);
        for bad in ["00-xyz", &good.replace("0af", "0AF"), &good.replacen('-', "+", 1)] {
            assert_eq!(TraceParent::parse(bad), None, "{bad}");
            assert_eq!(TraceParent::says_sampled(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_traceparent_says_whose_it_is_and_whether_it_is_recorded() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let parsed = TraceParent::parse(good).unwrap();
        let (trace, span) = parsed.ids();
        assert_eq!(trace, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        assert_eq!(span, 0xb7ad_6b71_6920_3331);
        assert!(parsed.is_sampled());
        assert_eq!(TraceParent::new(trace, span, true), parsed);
        let quiet = parsed.unsampled();
        assert_eq!(quiet, TraceParent::new(trace, span, false));
        assert_eq!((quiet.ids(), quiet.is_sampled()), ((trace, span), false));
        for (flags, is_sampled) in [("02", false), ("03", true), ("fa", false), ("ff", true)] {
            let header = format!("{}{flags}", &good[..53]);
            assert_eq!(TraceParent::parse(&header).unwrap().is_sampled(), is_sampled, "{flags}");
            assert_eq!(TraceParent::says_sampled(header.as_bytes()), Some(is_sampled), "{flags}");
        }
    }
}
