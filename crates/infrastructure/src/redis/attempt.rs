//! A batch of attempts as `lua/attempt.lua` takes it, and its reply as decisions.

use redis::Cmd;
use stampede_application::ports::{Entry, EntryBody, EntryId, Judged, Trail};
use stampede_domain::{
    Acknowledgement, Attempt, Decision, Epoch, Instant, Position, Price, Purchase, Rejection,
    SaleId, Version,
};

use super::{
    link, price,
    script::{ATTEMPT, Answer, Call},
};
use crate::packed::{Reader, Undecodable, units, write_extras};

/// The most attempts of one batch: what Lua's `unpack` bounds, with room to spare.
pub(super) const BATCH_MAX: usize = 256;

/// Bytes of an attempt's arguments, about, for reserving the command.
const ATTEMPT_BYTES: usize = 96;

/// Hands `send` the call that decides `batch`.
pub(super) fn call<'a>(batch: &[Attempt], write: &'a (dyn Fn(&mut Cmd) + Sync)) -> Call<'a> {
    Call { script: &ATTEMPT, size: (1 + 2 * batch.len(), ATTEMPT_BYTES * batch.len()), write }
}

/// Adds the level of this node, then two arguments an attempt: the buyer, and the rest in one.
pub(super) fn write(level: Acknowledgement, batch: &[Attempt], command: &mut Cmd) {
    command.arg(u8::from(level == Acknowledgement::Ledger));
    let mut blob = Vec::with_capacity(ATTEMPT_BYTES);
    for attempt in batch {
        blob.clear();
        blob.extend_from_slice(&attempt.key.0);
        blob.extend_from_slice(&attempt.bits.0);
        blob.push(units(attempt.qty));
        write_extras(attempt.traceparent.as_ref(), None, &mut blob);
        command.arg(attempt.buyer.as_str()).arg(&blob[..]);
    }
}

/// Reads the reply to `batch`.
///
/// After a second sending, a rejection that a change of the sale can undo is no decision: the
/// first sending may still take effect.
pub(super) fn judged(
    id: &SaleId,
    batch: &[Attempt],
    answer: Answer,
) -> Result<Judged, Undecodable> {
    let Answer { value, epoch, resent } = answer;
    let bytes = link::bytes(value).ok_or(Undecodable("an attempt's reply"))?;
    let mut header = Reader(&bytes);
    header.take(7)?;
    let at = Instant::from_millis(header.number(6)?.cast_signed());
    let version = Version(header.number(7)?);
    let position = header.number(5)?;
    let stock = header.small(4)?;
    let price_bytes = header.small(1)?;
    let unit_price = price::read(header.take(price_bytes as usize)?)?;
    let letters = header.take(batch.len())?;
    let mut fold = Fold { at, position, stock, unit_price, receipts: header };
    let mut decisions = Vec::with_capacity(batch.len());
    for (attempt, &letter) in batch.iter().zip(letters) {
        let decision = fold.decision(attempt, letter)?;
        decisions.push((!resent || is_final(&decision)).then_some(decision));
    }
    let trail = trail(id, epoch, fold.receipts)?;
    Ok(Judged::Decided { decisions, stock: fold.stock, version, trail })
}

/// Reads what the reply ends with.
fn trail(id: &SaleId, epoch: Epoch, mut end: Reader<'_>) -> Result<Trail, Undecodable> {
    let acknowledge = match end.small(1)? {
        0 => Acknowledgement::Gate,
        _ => Acknowledgement::Ledger,
    };
    let id_bytes = end.small(1)?;
    let place = std::str::from_utf8(end.take(id_bytes as usize)?);
    let place = place.map_err(|_| Undecodable("the id of an entry"))?;
    let mut entry = None;
    if !end.0.is_empty() {
        let purchases = end.purchases(id, epoch)?;
        let purchases = purchases.ok_or(Undecodable("an entry of this version"))?;
        let body = EntryBody::Purchases(purchases);
        entry = Some(Entry { id: Some(EntryId(place.to_owned())), body });
    }
    Ok(Trail { epoch, acknowledge, entry })
}

/// Whether an earlier sending of the same attempt cannot contradict the decision.
fn is_final(decision: &Decision) -> bool {
    match decision {
        Decision::Rejected(rejection) => !rejection.can_be_undone(),
        Decision::Accepted(_) | Decision::Replayed(_) | Decision::KeyReused => true,
    }
}

/// Follows the script's fold, so that an acceptance costs one letter on the wire.
struct Fold<'a> {
    at: Instant,
    position: u64,
    stock: u32,
    /// The sale's, which every purchase of it has.
    unit_price: Option<Price>,
    receipts: Reader<'a>,
}

impl Fold<'_> {
    fn decision(&mut self, attempt: &Attempt, letter: u8) -> Result<Decision, Undecodable> {
        Ok(match letter {
            b'A' => Decision::Accepted(self.accept(attempt, 1, attempt.qty)?),
            b'B' => {
                let (ordinal, held_after) = self.place()?;
                Decision::Accepted(self.accept(attempt, ordinal, held_after)?)
            }
            b'R' => Decision::Replayed(self.receipt()?),
            b'K' => Decision::KeyReused,
            b'D' => Decision::Rejected(Rejection::AlreadyPurchased(Some(self.receipt()?))),
            b'L' => Decision::Rejected(Rejection::AlreadyPurchased(None)),
            b'N' => Decision::Rejected(Rejection::SaleNotActive),
            b'S' => Decision::Rejected(Rejection::SoldOut),
            _ => return Err(Undecodable("a decision's letter")),
        })
    }

    fn accept(
        &mut self,
        attempt: &Attempt,
        ordinal: u32,
        held_after: u32,
    ) -> Result<Purchase, Undecodable> {
        self.position += 1;
        self.stock =
            self.stock.checked_sub(attempt.qty).ok_or(Undecodable("a stock below zero"))?;
        Ok(Purchase {
            bits: attempt.bits,
            at: self.at,
            qty: attempt.qty,
            key: attempt.key,
            remaining: self.stock,
            position: Position(self.position),
            ordinal,
            held_after,
            cancelled: false,
            unit_price: self.unit_price,
        })
    }

    fn receipt(&mut self) -> Result<Purchase, Undecodable> {
        let mut purchase = self.receipts.item()?;
        (purchase.ordinal, purchase.held_after) = self.place()?;
        purchase.unit_price = self.unit_price;
        Ok(purchase)
    }

    fn place(&mut self) -> Result<(u32, u32), Undecodable> {
        Ok((self.receipts.small(2)?, self.receipts.small(1)?))
    }
}
