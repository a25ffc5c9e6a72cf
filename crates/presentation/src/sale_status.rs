//! A sale as a shopper sees it.

use serde::Serialize;
use stampede_application::live_sales::LiveSale;
use stampede_domain::{EndReason, State};
use utoipa::ToSchema;

/// A sale as this node shows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SaleStatus {
    #[schema(example = "WIDGET-001")]
    pub(crate) sku: String,
    pub(crate) product_name: String,
    /// What it is, in plain text; null if nothing is said.
    #[schema(required, example = "Hand-thrown, dishwasher-safe.")]
    pub(crate) description: Option<String>,
    /// Where its picture is: a path of this origin or a URL of an allowed one; null if it has none.
    #[schema(required, example = "/pictures/widget-001.svg")]
    pub(crate) picture: Option<String>,
    /// What one unit costs, in the smallest unit of `currency`; null if no price is set.
    #[schema(required, minimum = 0, example = 2_999)]
    pub(crate) price_minor: Option<i64>,
    /// ISO 4217; null if no price is set.
    #[schema(required, example = "EUR")]
    pub(crate) currency: Option<String>,
    pub(crate) state: SaleState,
    /// Units that nobody holds; `initialStock` while upcoming.
    pub(crate) stock: u32,
    pub(crate) initial_stock: u32,
    #[schema(format = DateTime)]
    pub(crate) start_time: String,
    #[schema(format = DateTime)]
    pub(crate) end_time: String,
    /// Why it ended; null before.
    #[schema(required)]
    pub(crate) end_reason: Option<SaleEndReason>,
    pub(crate) paused: bool,
    pub(crate) limit_per_buyer: u32,
    /// Raised by every written change; what is lower is older.
    pub(crate) version: u64,
    /// The time by the clock that the sale is judged by.
    #[schema(format = DateTime)]
    pub(crate) server_time: String,
}

impl SaleStatus {
    /// The status as of `server_time`.
    pub(crate) fn new(live: &LiveSale, server_time: String) -> Self {
        let sale = &live.sale;
        Self {
            sku: sale.id.sku.to_string(),
            product_name: sale.product_name.clone(),
            description: sale.description.clone(),
            picture: sale.picture.clone(),
            price_minor: sale.price.map(|price| price.minor),
            currency: sale.price.map(|price| price.currency.to_string()),
            state: live.phase.state.into(),
            stock: live.stock,
            initial_stock: sale.initial_stock,
            start_time: sale.window.start.to_string(),
            end_time: sale.window.end.to_string(),
            end_reason: live.phase.end_reason.map(Into::into),
            paused: sale.paused,
            limit_per_buyer: sale.limit_per_buyer,
            version: live.version.0,
            server_time,
        }
    }
}

/// Where a sale is in its life.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum SaleState {
    /// Before its start.
    Upcoming,
    /// Inside its window with units left, paused or not.
    Active,
    /// Sold out, over, or ended by an admin.
    Ended,
}

/// Why a sale ended.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = EndReason)]
pub(crate) enum SaleEndReason {
    /// Its stock reached zero inside its window.
    SoldOut,
    /// Its window is over.
    TimeExpired,
    /// An admin ended it.
    EndedByAdmin,
}

impl From<State> for SaleState {
    fn from(state: State) -> Self {
        match state {
            State::Upcoming => Self::Upcoming,
            State::Active => Self::Active,
            State::Ended => Self::Ended,
        }
    }
}

impl From<EndReason> for SaleEndReason {
    fn from(reason: EndReason) -> Self {
        match reason {
            EndReason::SoldOut => Self::SoldOut,
            EndReason::TimeExpired => Self::TimeExpired,
            EndReason::EndedByAdmin => Self::EndedByAdmin,
        }
    }
}
