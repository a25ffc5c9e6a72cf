//! The worth of level `gate`: what it owes to those whom it has answered.

use crate::{
    entry::{Entries, Entry, Epoch},
    process::Process,
    purchase::Purchases,
};

/// What is owed, and by whom.
///
/// A purchase is owed from its acceptance to its record. Before that only a fault ends a debt, or
/// that the sale goes on at a Redis that never had the purchase: after a promotion, or on the
/// right side of a partition. The protocol knows nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Worth {
    /// The process that the sale was last brought to, by its creator or by a restore, and under
    /// which epoch. Every other gate is a stale side, and what it accepts is not owed.
    home: Option<(Process, Epoch)>,
    /// What was accepted at home and is neither recorded nor lost.
    owed: Entries,
}

impl Worth {
    pub(crate) const NONE: Self = Self { home: None, owed: Entries::NONE };

    /// What is owed. All of it is on its way at home.
    pub(crate) fn owed(self) -> Entries {
        self.owed
    }

    /// Where the sale is at home.
    pub(crate) fn home(self) -> Option<Process> {
        self.home.map(|(at, _)| at)
    }

    /// The sale is brought to a process, where this is on its way. A new sale that is opened late
    /// is none that a restore has brought elsewhere.
    pub(crate) fn bring(&mut self, at: Process, epoch: Epoch, outbox: Entries) {
        if self.home.is_none_or(|(_, last)| last <= epoch) {
            self.home = Some((at, epoch));
            self.lose(at, outbox);
        }
    }

    /// A gate has answered that it accepts.
    pub(crate) fn accept(&mut self, at: Process, entry: Entry) {
        if self.home == Some((at, entry.epoch)) {
            self.owed = self.owed.with(entry);
        }
    }

    /// A fault leaves a process this much of what was on its way.
    pub(crate) fn lose(&mut self, at: Process, outbox: Entries) {
        if self.home() == Some(at) {
            self.owed = self.owed.shared(outbox);
        }
    }

    /// What the ledger has is owed no more.
    pub(crate) fn record(&mut self, purchases: Purchases) {
        self.owed = self.owed.but(purchases);
    }

    /// The same with the two processes exchanged.
    pub(crate) fn with_processes_exchanged(self) -> Self {
        Self { home: self.home.map(|(at, epoch)| (at.other(), epoch)), ..self }
    }

    /// The same with the two keys exchanged.
    pub(crate) fn with_keys_exchanged(self) -> Self {
        Self { owed: self.owed.with_keys_exchanged(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::Worth;
    use crate::{
        entry::{Entries, Entry, Epoch},
        process::Process,
        purchase::{Purchase, Purchases},
    };

    const FIRST: Epoch = Epoch::FIRST;

    fn entry(epoch: Epoch) -> Entry {
        Entry { purchase: Purchase::all().next().unwrap(), epoch }
    }

    /// A sale that Redis 1 has opened and sold from, and what is on its way there.
    fn sold() -> (Worth, Entries) {
        let mut worth = Worth::NONE;
        worth.bring(Process::One, FIRST, Entries::NONE);
        worth.accept(Process::One, entry(FIRST));
        (worth, Entries::NONE.with(entry(FIRST)))
    }

    #[test]
    fn a_fault_ends_what_it_takes_and_where_it_takes_it() {
        let (mut worth, outbox) = sold();
        worth.lose(Process::Two, Entries::NONE);
        worth.lose(Process::One, outbox);
        assert_eq!(worth.owed(), outbox);
        worth.lose(Process::One, Entries::NONE);
        assert!(worth.owed().is_empty());
    }

    #[test]
    fn what_is_accepted_after_a_fault_and_a_restore_is_owed_again() {
        let (mut worth, _) = sold();
        worth.lose(Process::One, Entries::NONE);
        worth.bring(Process::One, FIRST.next(), Entries::NONE);
        worth.accept(Process::One, entry(FIRST.next()));
        assert_eq!(worth.owed(), Entries::NONE.with(entry(FIRST.next())));
    }

    #[test]
    fn a_promotion_keeps_what_was_replicated_and_the_stale_side_owes_nothing() {
        let (worth, outbox) = sold();
        for (replicated, owed) in [(outbox, outbox), (Entries::NONE, Entries::NONE)] {
            let mut worth = worth;
            worth.bring(Process::Two, FIRST.next(), replicated);
            worth.accept(Process::One, entry(FIRST));
            assert_eq!(worth.owed(), owed);
        }
    }

    #[test]
    fn a_new_sale_that_is_opened_late_is_a_stale_side() {
        let mut worth = Worth::NONE;
        worth.bring(Process::Two, FIRST.next(), Entries::NONE);
        worth.bring(Process::One, FIRST, Entries::NONE);
        worth.accept(Process::One, entry(FIRST));
        assert_eq!((worth.home(), worth.owed()), (Some(Process::Two), Entries::NONE));
    }

    #[test]
    fn what_is_recorded_is_owed_no_more() {
        let (mut worth, outbox) = sold();
        worth.record(Purchases::NONE);
        assert_eq!(worth.owed(), outbox);
        worth.record(outbox.purchases());
        assert!(worth.owed().is_empty());
    }
}
