//! The rules of the protocol, each of which can be taken out.

/// A rule of the protocol. The crate's README says of each what breaks without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    // The fence of every script.
    /// A head of another life of its data lets nobody in: `inc` is compared.
    IncarnationAtFence,
    /// The incarnation changes at a promotion and a failback too, not only at a restart.
    ReplicationInIncarnation,
    /// A head whose count differs from the number of buyers lets nobody in.
    BuyersCounted,
    /// A gate without a head is closed, and restored from the ledger; it is not a new sale.
    MissingMeansClosed,
    /// The opening of a new sale is sent once at most: its answer lost, it is not sent again.
    OpeningSentOnce,

    // Buying and recording.
    /// An attempt whose key has bought is a replay, and the key travels with the purchase.
    AttemptKey,
    /// An answer at level `ledger` passes through the commit first.
    AnswerAfterCommit,
    /// The ledger inserts only what is of its epoch.
    EpochAtCommit,
    /// The ledger refuses what exceeds the stock, and a second purchase of a key.
    LedgerConstraints,
    /// Only the same purchase number is a harmless repeat; every other conflict raises.
    NamedConflictTarget,
    /// An entry leaves the outbox once its purchase is recorded, adopted or a dead letter.
    EntryLeavesLast,
    /// A stale entry is judged again when it is offered: stock and key.
    AdoptionJudged,
    /// A stale entry is offered under the epoch that the ledger named, not under the one that a
    /// node happens to know.
    AdoptedUnderLaterEpoch,

    // Restore.
    /// An epoch is given to one restorer: it is taken by comparing and setting.
    EpochTakenOnce,
    /// Every statement of a restore demands that the ledger is still in its epoch.
    EpochAtLedgerSteps,
    /// Every script of a restore demands that the head is still of its epoch, and closed.
    EpochAtGateSteps,
    /// Every script of a restore demands that the head is still of the life that it closed.
    LifeAtGateSteps,
    /// A head is closed only for an epoch above its own.
    HeadNeverLowered,
    /// What only the gate holds is given to the ledger before the gate is written anew.
    SurvivorsGiven,
    /// The ledger is read after it was given what only the gate held.
    LedgerReadLast,
    /// The first part that is written empties the buyers.
    EmptiedFirst,
    /// Parts follow one another, and the gate opens only when all are there.
    ChunksCounted,
    /// The gate opens after it is written.
    OpenedLast,
    /// The count is that of the buyers who were written, not of those who are found in the end. The
    /// engine does not open where the two differ; here the fence keeps everybody out.
    CountOfWritten,

    // Changes of the sale.
    /// A change that only the gate has goes to the ledger before the gate is written anew.
    ChangeKept,
    /// It does so as long as no later life of the gate was opened, however many epochs were taken
    /// in between.
    ChangeKeptUntilReopened,
    /// A PUT holds the ledger's row from reading it to committing it.
    AmendmentHoldsRow,
    /// A PUT changes a gate of the epoch that the row has.
    AmendmentUnderRowsEpoch,
    /// The gate refuses a PUT once the sale has started.
    AmendmentBeforeStart,

    // Deletion and another creation.
    /// A sale is ended at the gate before it is buried.
    EndedBeforeBurial,
    /// Its outbox is drained before it is buried.
    DrainedBeforeBurial,
    /// That it is drained is seen under the fence, in the life of the gate that was ended.
    DrainedInEndedLife,
    /// The burial names the life of the gate that was ended: in a later one all begins again.
    BuriedInEndedLife,
    /// The tombstone has the next epoch.
    TombstoneRaisesEpoch,
    /// Nothing is committed for a deleted sale, and no epoch is taken.
    DeletedIsFinal,
    /// Keys and entries carry the generation.
    GenerationInKeys,
}

impl Rule {
    /// Every rule, in the order in which they are written above.
    pub const ALL: [Self; 36] = [
        Self::IncarnationAtFence,
        Self::ReplicationInIncarnation,
        Self::BuyersCounted,
        Self::MissingMeansClosed,
        Self::OpeningSentOnce,
        Self::AttemptKey,
        Self::AnswerAfterCommit,
        Self::EpochAtCommit,
        Self::LedgerConstraints,
        Self::NamedConflictTarget,
        Self::EntryLeavesLast,
        Self::AdoptionJudged,
        Self::AdoptedUnderLaterEpoch,
        Self::EpochTakenOnce,
        Self::EpochAtLedgerSteps,
        Self::EpochAtGateSteps,
        Self::LifeAtGateSteps,
        Self::HeadNeverLowered,
        Self::SurvivorsGiven,
        Self::LedgerReadLast,
        Self::EmptiedFirst,
        Self::ChunksCounted,
        Self::OpenedLast,
        Self::CountOfWritten,
        Self::ChangeKept,
        Self::ChangeKeptUntilReopened,
        Self::AmendmentHoldsRow,
        Self::AmendmentUnderRowsEpoch,
        Self::AmendmentBeforeStart,
        Self::EndedBeforeBurial,
        Self::DrainedBeforeBurial,
        Self::DrainedInEndedLife,
        Self::BuriedInEndedLife,
        Self::TombstoneRaisesEpoch,
        Self::DeletedIsFinal,
        Self::GenerationInKeys,
    ];
}

/// The rules that hold in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules(u64);

impl Rules {
    /// The protocol as it is.
    pub const ALL: Self = Self(u64::MAX);

    /// The same with one rule taken out.
    #[must_use]
    pub const fn without(self, rule: Rule) -> Self {
        Self(self.0 & !(1 << rule as u64))
    }

    /// Whether a rule holds.
    #[must_use]
    pub const fn has(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u64) != 0
    }

    /// Whether all of these hold.
    pub(crate) fn have(self, rules: &[Rule]) -> bool {
        rules.iter().all(|&rule| self.has(rule))
    }
}

#[cfg(test)]
mod tests {
    use super::{Rule, Rules};

    #[test]
    fn taking_a_rule_out_leaves_the_others() {
        for out in Rule::ALL {
            let rules = Rules::ALL.without(out);
            assert!(Rule::ALL.iter().all(|&rule| rules.has(rule) == (rule != out)), "{out:?}");
        }
    }

    #[test]
    fn every_rule_is_listed_once() {
        for (place, rule) in Rule::ALL.iter().enumerate() {
            assert_eq!(*rule as usize, place);
        }
    }
}
