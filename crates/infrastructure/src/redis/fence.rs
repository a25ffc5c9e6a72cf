//! What a script says before all else: done, or refused and why.

use redis::Value;
use stampede_domain::Epoch;

use super::link;
pub(super) use crate::packed::Undecodable;

/// A script's reply.
pub(super) enum Reply {
    /// The fence let it through; the script's own reply.
    Done(Value),
    /// Nothing was changed and nothing answered.
    Refused(Refusal),
}

/// Why the fence let nothing through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The caller has stopped waiting.
    Late,
    /// A demoted master: connect anew.
    NotMaster,
    /// The head is of another creation of the sku.
    OtherGeneration,
    /// The sale is gone.
    Deleted,
    /// The head has this epoch.
    OtherEpoch(Epoch),
    /// The sale must be restored; with the head's epoch, if there is a head.
    Closed(Option<Epoch>),
    /// A newer version of this program wrote what this one cannot read.
    Newer,
}

impl Reply {
    /// Reads what every script's reply begins with, and the store's time in it.
    pub(super) fn read(value: Value) -> Result<(Self, i64), Undecodable> {
        const TIME: Undecodable = Undecodable("a reply's time");
        if let Value::BulkString(bytes) = &value {
            if bytes.first() == Some(&b'-') {
                let (refusal, raw_ms) = Refusal::read(bytes)?;
                return Ok((Self::Refused(refusal), raw_ms));
            }
            let raw = bytes.get(1..7).ok_or(TIME)?;
            let raw_ms = raw.iter().fold(0_i64, |raw, &byte| raw << 8 | i64::from(byte));
            return Ok((Self::Done(value), raw_ms));
        }
        let fields = link::array(value).ok_or(Undecodable("a reply's type"))?;
        let raw = fields.get(1).cloned().and_then(link::bytes);
        let raw_ms = raw.as_deref().and_then(number).ok_or(TIME)?;
        Ok((Self::Done(Value::Array(fields)), raw_ms))
    }
}

impl Refusal {
    fn read(bytes: &[u8]) -> Result<(Self, i64), Undecodable> {
        const WRONG: Undecodable = Undecodable("a refusal");
        let text = std::str::from_utf8(bytes).map_err(|_| WRONG)?;
        let mut words = text.split(' ');
        let (name, raw, head) = (words.next(), words.next(), words.next());
        let raw_ms = raw.and_then(|raw| raw.parse().ok()).ok_or(WRONG)?;
        let head = head.and_then(parse_epoch);
        let refusal = match name {
            Some("-LATE") => Self::Late,
            Some("-NOT_MASTER") => Self::NotMaster,
            Some("-OTHER_GENERATION") => Self::OtherGeneration,
            Some("-DELETED") => Self::Deleted,
            Some("-OTHER_EPOCH") => Self::OtherEpoch(head.ok_or(WRONG)?),
            Some("-CLOSED") => Self::Closed(head),
            Some("-NEWER") => Self::Newer,
            Some(_) | None => return Err(WRONG),
        };
        Ok((refusal, raw_ms))
    }
}

/// Reads an epoch as [`Epoch`] shows itself: number, full stop, 16 hex digits.
pub(super) fn parse_epoch(text: &str) -> Option<Epoch> {
    let (number, nonce) = text.split_once('.')?;
    Some(Epoch { number: number.parse().ok()?, nonce: u64::from_str_radix(nonce, 16).ok()? })
}

fn number(bytes: &[u8]) -> Option<i64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_epoch_of_the_head() {
        let epoch = Epoch { number: 3, nonce: 0xab };
        let text = format!("-OTHER_EPOCH 1700000000000 {epoch}");
        let read = Refusal::read(text.as_bytes()).unwrap();
        assert_eq!(read, (Refusal::OtherEpoch(epoch), 1_700_000_000_000));
        assert_eq!(Refusal::read(b"-CLOSED 7 -").unwrap(), (Refusal::Closed(None), 7));
        assert!(Refusal::read(b"-WHO 7 -").is_err());
    }
}
