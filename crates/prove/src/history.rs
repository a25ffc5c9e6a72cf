//! What clients asked and what they were answered, and what stands in the ledger in the end.

use std::{ops::RangeInclusive, time::Duration};

use stampede_domain::Window;
use stampede_testkit::servers::LedgerRow;

/// A sale from its opening to its end, as clients saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Units on offer.
    pub stock: u32,
    /// Units that a buyer may hold.
    pub limit: u32,
    /// When it is on, by the clock of the gate's store; `None` if that is all the time.
    pub window: Option<Window>,
    /// What its gate is like.
    pub gate: Gate,
    /// Whether all was asked at one address, behind which any of several nodes may answer.
    pub is_one_address: bool,
    /// While the gate's store was about to lose what it had, or lost it: what was told meanwhile
    /// may be lost, and what was told before stood elsewhere by then.
    pub losses: Vec<RangeInclusive<Duration>>,
    /// When nodes were dead, or on their way there or back.
    pub away: Vec<Away>,
    /// When operations are counted from: milliseconds since 1970.
    pub origin_ms: i64,
    /// What clients did, in no particular order.
    pub operations: Vec<Operation>,
    /// Every purchase of the sale on record once all is quiet, read past the program.
    pub ledger: Vec<LedgerRow>,
}

/// What is known beforehand of the gate that judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Whether it keeps every place that it gave through any restart, as that of `embedded` does,
    /// whose journal lies beside the ledger.
    pub keeps_places: bool,
    /// Whether it answers a purchase only once the ledger has it, and says so: at level `ledger`, and
    /// on `embedded`, whose journal counts as that.
    pub is_strict: bool,
    /// How long after its unknown outcome an attempt or a change may still take effect: what a
    /// batch is void after, which is how long the gate's store may take to reply.
    pub not_after: Duration,
}

/// A time in which a node owes nobody an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away {
    /// Which node.
    pub node: usize,
    /// From when on.
    pub from: Duration,
    /// Until when; for ever if it did not come back.
    pub until: Duration,
    /// Whether it then goes on where it was, and answers what it was asked before.
    pub is_frozen: bool,
}

/// What one client asked of one node, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Which node was asked, or address.
    pub node: usize,
    /// Right before it was sent, counted from the origin.
    pub begun: Duration,
    /// Right after the answer was there, or after it was given up.
    pub ended: Duration,
    /// What was asked and answered.
    pub event: Event,
}

/// What was asked and answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Units for a buyer.
    Attempt(Attempt),
    /// What a buyer has bought, oldest first; `None` if that is not known.
    Lookup {
        /// Who asked.
        buyer: String,
        /// The numbers.
        answer: Option<Vec<String>>,
    },
    /// A change of the running sale.
    Change {
        /// Which.
        change: Change,
        /// What came of it.
        answer: Changed,
    },
    /// The sale as everybody sees it; `None` if that is not known.
    Look(Option<Seen>),
    /// An event of an open stream; begun when there was nothing to read yet.
    Told {
        /// Which stream; another after each opening.
        stream: usize,
        /// What it says.
        seen: Seen,
    },
    /// A stream is over, or was still open when nobody read on; begun when there was last nothing
    /// to read.
    Over {
        /// Which stream.
        stream: usize,
    },
    /// No answer came at all to what was asked then, which is noted besides.
    Silence,
    /// An answer that is none of those that the contract has for it, in words.
    Strange(String),
}

/// Units for a buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Who asked.
    pub buyer: String,
    /// The attempt's own key.
    pub key: String,
    /// Units.
    pub qty: u32,
    /// What was answered.
    pub answer: Attempted,
}

/// What an attempt was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// The purchase is the buyer's.
    Accepted(Receipt),
    /// The key bought another quantity before.
    KeyReused,
    /// The buyer would hold more than the limit; with the number of the newest purchase.
    AlreadyPurchased(Option<String>),
    /// Paused, ended, or outside its window.
    NotActive,
    /// Fewer units are left.
    SoldOut,
    /// 503, or no answer: it may have been decided, or be so later.
    Unknown,
}

/// What a buyer is told of a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The purchase's number.
    pub number: String,
    /// Units that nobody held right after it.
    pub remaining: u32,
    /// Whether it is in the ledger already.
    pub in_ledger: bool,
}

/// A change of a running sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Nothing is accepted until it is resumed.
    Pause,
    /// It goes on.
    Resume,
    /// Nothing is accepted any more.
    End,
}

/// What a change was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It holds.
    Done,
    /// The sale is sold out or over, and nothing was changed.
    TooLate,
    /// 503, or no answer: it may hold, or do so later.
    Unknown,
}

/// The sale as a status or an event shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Rises with each change.
    pub version: u64,
    /// Units that nobody holds; an event need not say it.
    pub stock: Option<u32>,
}

impl History {
    /// An instant of a store's clock, counted as the clients count.
    #[must_use]
    pub fn by_clients(&self, at_ms: i64) -> Duration {
        Duration::from_millis(u64::try_from(at_ms - self.origin_ms).unwrap_or(0))
    }
}

impl Default for Gate {
    /// As the engine `redis` is shipped.
    fn default() -> Self {
        Self { keeps_places: false, is_strict: false, not_after: Duration::from_secs(2) }
    }
}

impl Event {
    /// The numbers of purchases that it told of.
    #[must_use]
    pub fn numbers(&self) -> Vec<&str> {
        match self {
            Self::Attempt(attempt) => attempt.answer.number().into_iter().collect(),
            Self::Lookup { answer, .. } => answer.iter().flatten().map(String::as_str).collect(),
            Self::Change { .. }
            | Self::Look(_)
            | Self::Told { .. }
            | Self::Over { .. }
            | Self::Silence
            | Self::Strange(_) => Vec::new(),
        }
    }

    /// The attempt, if it is one.
    #[must_use]
    pub fn as_attempt(&self) -> Option<&Attempt> {
        match self {
            Self::Attempt(attempt) => Some(attempt),
            Self::Lookup { .. }
            | Self::Change { .. }
            | Self::Look(_)
            | Self::Told { .. }
            | Self::Over { .. }
            | Self::Silence
            | Self::Strange(_) => None,
        }
    }
}

impl Attempted {
    /// Whether it is known what came of the attempt.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        *self != Self::Unknown
    }

    /// The number that the buyer is told.
    #[must_use]
    pub fn number(&self) -> Option<&str> {
        match self {
            Self::Accepted(receipt) => Some(&receipt.number),
            Self::AlreadyPurchased(number) => number.as_deref(),
            Self::KeyReused | Self::NotActive | Self::SoldOut | Self::Unknown => None,
        }
    }
}

impl Change {
    /// The word in its address.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::End => "end",
        }
    }
}
