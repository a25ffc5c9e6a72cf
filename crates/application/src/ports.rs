//! What the use cases need from the outside, as obligations that every adapter must meet.
//!
//! One contract suite per port, in `crates/testkit/src/suites`, runs over every adapter.

mod batch_took;
mod catalogue;
mod clock;
mod durability;
mod error;
mod ledger;
mod outbox;
mod randomness;
mod reconciliation_run;
mod sale_feed;
mod sale_gate;
mod store_probe;

pub use batch_took::BatchTook;
pub use catalogue::{
    Buried, Catalogue, CatalogueCursor, CatalogueRow, Created, LockedSale, PutDecision,
    SaleStanding,
};
pub use clock::Clock;
pub use durability::{Durability, Fault, Loss, Worth};
pub use error::{Causes, PortError};
pub use ledger::{CommitError, Ledger, OnRecord, Settled, Voided};
pub use outbox::{
    DeadLetter, DeadLetterId, Entry, EntryBody, EntryId, NoPlace, Outbox, Raised, Readmission,
    RecordedChange,
};
pub use randomness::Randomness;
pub use reconciliation_run::{
    Drift, DriftCount, Findings, ReconciliationRun, RunId, Thoroughness, Trigger,
};
pub use sale_feed::SaleFeed;
pub use sale_gate::{
    Aligned, Amended, Audit, Change, Changed, GateLane, Held, Holding, HoldingsCursor,
    HoldingsPage, Judged, Rebuilt, Repaired, SaleGate, Snapshot, Trail,
};
pub use store_probe::StoreProbe;
