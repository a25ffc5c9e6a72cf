//! A price as heads, replies and entries pack it: 8 bytes of minor units and 3 of currency, or
//! nothing.

use stampede_domain::{Currency, Price};

use super::{fence::Undecodable, record::Reader};

/// Appends the price; nothing if there is none.
pub(super) fn write(price: Option<Price>, to: &mut Vec<u8>) {
    if let Some(price) = price {
        to.extend_from_slice(&price.minor.to_be_bytes());
        to.extend_from_slice(&price.currency.letters());
    }
}

/// Reads what is all of a field.
pub(super) fn read(field: &[u8]) -> Result<Option<Price>, Undecodable> {
    if field.is_empty() {
        return Ok(None);
    }
    let mut reader = Reader(field);
    let price = take(&mut reader)?;
    if reader.0.is_empty() { Ok(Some(price)) } else { Err(Undecodable("a price")) }
}

/// Takes a price off the front.
pub(super) fn take(reader: &mut Reader<'_>) -> Result<Price, Undecodable> {
    let minor = i64::from_be_bytes(reader.array()?);
    let code: [u8; 3] = reader.array()?;
    let currency = Currency::of_record(&code).map_err(|_| Undecodable("a currency"))?;
    Ok(Price { minor, currency })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_reads_back_and_nothing_else_does() {
        let price = Price { minor: 1_999, currency: Currency::parse("EUR").unwrap() };
        let mut packed = Vec::new();
        write(Some(price), &mut packed);
        assert_eq!(packed, b"\0\0\0\0\0\0\x07\xcfEUR");
        assert_eq!(read(&packed).unwrap(), Some(price));
        packed.push(b'O');
        assert!(read(&packed).is_err());
        assert!(read(b"\0\0\0\0\0\0\x07\xcfeur").is_err());
        let mut none = Vec::new();
        write(None, &mut none);
        assert_eq!(read(&none).unwrap(), None);
    }
}
