//! Dead letters in the ledger, which outlive their Redis: those that a restore raised, and those of
//! the workers.
//!
//! They are listed before those of the streams, which have what was not readable, and what was
//! raised while the ledger was away. A purchase may have one of either kind; handling both is
//! harmless.

use stampede_application::ports::{Causes, DeadLetter, DeadLetterId, PortError, Raised};
use stampede_domain::Shard;

use super::RedisOutbox;
use crate::postgres::{LedgerLetter, PostgresLedger};

/// What an id of these begins with; those of the streams begin with their shard.
const MARK: &str = "ledger-";

/// The letter's number in the ledger; `None` for an id of a stream.
pub(super) fn parse(id: &DeadLetterId) -> Option<i64> {
    id.0.strip_prefix(MARK)?.parse().ok()
}

/// Behind which number a list goes on, 0 at its beginning; `None` once it has come to the streams.
pub(super) fn place(after: Option<&DeadLetterId>) -> Option<i64> {
    after.map_or(Some(0), parse)
}

impl RedisOutbox {
    fn ledger(&self) -> &PostgresLedger {
        self.gatehouse.restorer.ledger()
    }

    /// Into the ledger, or into the shard's stream.
    pub(super) async fn raise_letter(
        &self,
        shard: Shard,
        letter: &DeadLetter,
    ) -> Result<Raised, PortError> {
        if let Some(purchase) = &letter.purchase {
            match self.ledger().raise_dead_letter(purchase, &letter.error).await {
                Ok(raised) => return Ok(raised),
                Err(error) => tracing::warn!(%shard, error = %Causes(&error),
                    "a dead letter goes to Redis"),
            }
        }
        self.raise_in_stream(shard, letter).await.map(|()| Raised::Now)
    }

    pub(super) async fn list_raised(
        &self,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(DeadLetterId, DeadLetter)>, PortError> {
        let raised = self.ledger().dead_letters(Some(after), limit).await?;
        let listed = raised.into_iter();
        Ok(listed
            .map(|raised| (DeadLetterId(format!("{MARK}{}", raised.0)), letter(raised)))
            .collect())
    }

    pub(super) async fn find_raised(&self, id: i64) -> Result<Option<DeadLetter>, PortError> {
        Ok(self.ledger().dead_letter(id).await?.map(letter))
    }

    pub(super) async fn take_raised(&self, id: i64) -> Result<Option<DeadLetter>, PortError> {
        Ok(self.ledger().take_dead_letter(id).await?.map(letter))
    }
}

fn letter((_, purchase, error): LedgerLetter) -> DeadLetter {
    DeadLetter { purchase: Some(purchase), raw: None, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_where_its_letter_lies() {
        let id = |text: &str| DeadLetterId(text.to_owned());
        assert_eq!(parse(&id("ledger-7")), Some(7));
        assert_eq!(place(Some(&id("ledger-7"))), Some(7));
        assert_eq!(place(None), Some(0));
        for other in ["s03-1700000000000-2", "ledger-", "7", ""] {
            assert_eq!(place(Some(&id(other))), None, "{other}");
        }
    }
}
