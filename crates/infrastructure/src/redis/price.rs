//! A price as a field of its own, which heads and replies have: its bytes (see `packed.rs`), or
//! nothing.

use stampede_domain::Price;

use crate::packed::{Reader, Undecodable};

/// Reads what is all of a field.
pub(super) fn read(field: &[u8]) -> Result<Option<Price>, Undecodable> {
    if field.is_empty() {
        return Ok(None);
    }
    let mut reader = Reader(field);
    let price = reader.price()?;
    if reader.0.is_empty() { Ok(Some(price)) } else { Err(Undecodable("a price")) }
}

#[cfg(test)]
mod tests {
    use stampede_domain::Currency;

    use super::*;
    use crate::packed::write_price;

    #[test]
    fn a_price_reads_back_and_nothing_else_does() {
        let price = Price { minor: 1_999, currency: Currency::parse("EUR").unwrap() };
        let mut packed = Vec::new();
        write_price(Some(price), &mut packed);
        assert_eq!(packed, b"\0\0\0\0\0\0\x07\xcfEUR");
        assert_eq!(read(&packed).unwrap(), Some(price));
        packed.push(b'O');
        assert!(read(&packed).is_err());
        assert!(read(b"\0\0\0\0\0\0\x07\xcfeur").is_err());
        let mut none = Vec::new();
        write_price(None, &mut none);
        assert_eq!(read(&none).unwrap(), None);
    }
}
