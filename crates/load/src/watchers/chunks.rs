//! The frame of chunks around a body.

use crate::Fault;

/// Takes the frame of chunks off a body that comes in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    place: Place,
}

/// Where in the frame the next byte stands.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// In the line that names a chunk's size.
    Size {
        size: usize,
        /// Whether the digits are over; what follows them means nothing to us.
        named: bool,
    },
    /// In a chunk, with so many bytes of it to come.
    Data { left: usize },
    /// In the line's end that follows a chunk.
    End,
    /// Behind the last chunk.
    Over,
}

impl Default for Place {
    fn default() -> Self {
        Self::Size { size: 0, named: false }
    }
}

impl Chunks {
    /// Takes the next bytes and gives `each` those that belong to the body.
    pub(super) fn feed(
        &mut self,
        mut bytes: &[u8],
        mut each: impl FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        while let Some((&byte, rest)) = bytes.split_first() {
            match self.place {
                Place::Size { size, named } => {
                    self.place = in_size(size, named, byte)?;
                    bytes = rest;
                }
                Place::Data { left } => {
                    let (data, rest) = bytes.split_at(left.min(bytes.len()));
                    let left = left - data.len();
                    self.place = if left == 0 { Place::End } else { Place::Data { left } };
                    bytes = rest;
                    each(data)?;
                }
                Place::End => {
                    match byte {
                        b'\n' => self.place = Place::default(),
                        b'\r' => {}
                        _ => return Err(Fault::BadChunk),
                    }
                    bytes = rest;
                }
                Place::Over => return Err(Fault::StreamEnded),
            }
        }
        Ok(())
    }
}

/// What follows a byte of the line that names a chunk's size.
fn in_size(size: usize, named: bool, byte: u8) -> Result<Place, Fault> {
    let digit = char::from(byte).to_digit(16).and_then(|digit| usize::try_from(digit).ok());
    match (byte, digit) {
        (b'\n', _) if size == 0 => Ok(Place::Over),
        (b'\n', _) => Ok(Place::Data { left: size }),
        (b'\r' | b';' | b' ', _) => Ok(Place::Size { size, named: true }),
        (_, _) if named => Ok(Place::Size { size, named }),
        (_, Some(digit)) => {
            let size = size.checked_mul(16).and_then(|size| size.checked_add(digit));
            Ok(Place::Size { size: size.ok_or(Fault::BadChunk)?, named })
        }
        (_, None) => Err(Fault::BadChunk),
    }
}

#[cfg(test)]
mod tests {
    use super::Chunks;
    use crate::Fault;

    /// The body of what comes in these pieces.
    fn body(pieces: &[&[u8]]) -> Result<Vec<u8>, Fault> {
        let (mut chunks, mut body) = (Chunks::default(), Vec::new());
        for piece in pieces {
            chunks.feed(piece, |data| {
                body.extend_from_slice(data);
                Ok(())
            })?;
        }
        Ok(body)
    }

    #[test]
    fn a_body_is_the_same_wherever_its_chunks_are_torn() {
        let framed = b"4\r\nWiki\r\n1A;name=\"value\"\r\nabcdefghijklmnopqrstuvwxyz\r\n";
        let whole = b"Wikiabcdefghijklmnopqrstuvwxyz";
        for first in 0..framed.len() {
            for second in first..framed.len() {
                let (head, tail) = framed.split_at(second);
                let (head, middle) = head.split_at(first);
                assert_eq!(body(&[head, middle, tail]).expect("a body"), whole);
            }
        }
    }

    #[test]
    fn the_last_chunk_ends_the_stream() {
        assert!(matches!(body(&[b"1\r\na\r\n0\r\n\r\n"]), Err(Fault::StreamEnded)));
    }

    #[test]
    fn what_is_no_frame_is_a_fault() {
        assert!(matches!(body(&[b"hello"]), Err(Fault::BadChunk)));
        assert!(matches!(body(&[b"1\r\nab"]), Err(Fault::BadChunk)));
        assert!(matches!(body(&[b"fffffffffffffffff\r\n"]), Err(Fault::BadChunk)));
    }
}
