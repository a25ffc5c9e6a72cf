//! A sale: what is on offer, when, and what an admin may change while it runs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Instant, Price, SaleId};

/// What a sale may hold; checked at the edge, relied upon behind it.
pub mod limits {
    use std::ops::RangeInclusive;

    /// Units on offer.
    pub const INITIAL_STOCK: RangeInclusive<u32> = 1..=10_000_000;
    /// Units that one buyer may hold.
    pub const LIMIT_PER_BUYER: RangeInclusive<u32> = 1..=100;
    /// Characters of a product's name.
    pub const PRODUCT_NAME_CHARS: RangeInclusive<usize> = 1..=255;
    /// Characters of a product's description.
    pub const DESCRIPTION_CHARS: RangeInclusive<usize> = 1..=2_000;
    /// Characters of the address of a product's picture.
    pub const PICTURE_CHARS_MAX: usize = 2_048;
    /// What one unit may cost, in the smallest unit of its currency.
    pub const PRICE_MINOR: RangeInclusive<i64> = 0..=1_000_000_000_000;
}

/// When a sale runs: half open, active at `start`, over at `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The first instant inside.
    pub start: Instant,
    /// The first instant after it; later than `start`.
    pub end: Instant,
}

impl Window {
    /// Whether `now` lies inside.
    #[must_use]
    pub fn contains(&self, now: Instant) -> bool {
        self.start <= now && now < self.end
    }
}

/// What an answered purchase has survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Acknowledgement {
    /// The gate has decided.
    Gate,
    /// The purchase is committed in the ledger, or in a journal as durable.
    Ledger,
}

impl fmt::Display for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gate => "gate",
            Self::Ledger => "ledger",
        })
    }
}

/// Where a sale is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Before its start.
    Upcoming,
    /// Inside its window with units left, paused or not.
    Active,
    /// Sold out, over, or ended by an admin.
    Ended,
}

impl State {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upcoming => "UPCOMING",
            Self::Active => "ACTIVE",
            Self::Ended => "ENDED",
        }
    }
}

/// Why a sale ended; the first reason stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EndReason {
    /// Its stock reached zero inside its window.
    SoldOut,
    /// Its window is over.
    TimeExpired,
    /// An admin ended it.
    EndedByAdmin,
}

impl EndReason {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SoldOut => "SOLD_OUT",
            Self::TimeExpired => "TIME_EXPIRED",
            Self::EndedByAdmin => "ENDED_BY_ADMIN",
        }
    }
}

/// State and reason of a sale at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Phase {
    /// Where it is.
    pub state: State,
    /// Why it ended; `Some` exactly when it has.
    pub end_reason: Option<EndReason>,
}

/// One sku on offer in a window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// Its sku, and which creation of it.
    pub id: SaleId,
    /// What shoppers read.
    pub product_name: String,
    /// What they read of it, in plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where its picture is: a path of the page's own origin, or a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// What one unit costs; it stands from the start of the sale on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Units on offer at the start.
    pub initial_stock: u32,
    /// When it runs.
    pub window: Window,
    /// Units that one buyer may hold.
    pub limit_per_buyer: u32,
    /// What an answered purchase must have survived.
    pub acknowledge: Acknowledgement,
    /// Whether an admin has paused it.
    pub paused: bool,
    /// Whether an admin has ended it; nothing undoes this.
    pub ended_by_admin: bool,
    /// When it was created.
    pub created_at: Instant,
}

impl Sale {
    /// Where the sale is at `now` with `stock` units left.
    ///
    /// Nothing but an admin's end needs to be remembered: no unit is taken outside the window,
    /// so a stock of zero means that it sold out before its time was over.
    #[must_use]
    pub fn phase(&self, stock: u32, now: Instant) -> Phase {
        let end_reason = if self.ended_by_admin {
            Some(EndReason::EndedByAdmin)
        } else if stock == 0 {
            Some(EndReason::SoldOut)
        } else if now >= self.window.end {
            Some(EndReason::TimeExpired)
        } else {
            None
        };
        let state = match end_reason {
            Some(_) => State::Ended,
            None if now < self.window.start => State::Upcoming,
            None => State::Active,
        };
        Phase { state, end_reason }
    }

    /// Whether the sale accepts attempts at `now`, units left or not.
    #[must_use]
    pub fn accepts(&self, now: Instant) -> bool {
        self.window.contains(now) && !self.paused && !self.ended_by_admin
    }
}
