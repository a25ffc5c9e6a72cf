//! The sales of the demo: two live, two to come, and new ones when these are over.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use stampede_application::{
    live_sales::LiveSale,
    use_cases::{CreateError, CreateProduct, DeleteProduct, NewProduct, ViewSales},
};
use stampede_domain::{Instant, Sku, State, Window};
use stampede_presentation::UseCases;
use tokio::time::sleep;

use super::offer::{OFFERS, Offer};

/// How often the shop looks whether it needs another sale.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// From the making of the first sale to come to its start, in milliseconds.
const STARTS_AFTER_MS: i64 = 60_000;
/// From its start to that of the next, in milliseconds.
const STARTS_APART_MS: i64 = 5 * 60_000;
/// How long a sale runs unless it sells out, in milliseconds; with starts half as far apart, two
/// are live.
const RUNS_MS: i64 = 10 * 60_000;
/// Between the ends of two sales, at least, in milliseconds.
const ENDS_APART_MS: i64 = 60_000;
/// Sales that are live, at least, as long as no more than the most are open.
const LIVE_WANTED: usize = 2;
/// Sales to come, likewise.
const UPCOMING_WANTED: usize = 2;
/// Sales that are live or to come, at most: fewer than there are products.
const OPEN_MAX: usize = 5;
/// Sales of the demo that are kept to look at; beyond them the one that ended first goes.
const KEPT_MAX: usize = 20;
/// Sales in one look.
const LOOK_MAX: usize = 1_000;
/// Tries for a sku that is not taken.
const NUMBERS_MAX: u32 = 9_999;

/// Keeps the demo's sales.
pub(crate) struct Shop {
    create: Arc<CreateProduct>,
    delete: Arc<DeleteProduct>,
    view: Arc<ViewSales>,
}

impl Shop {
    pub(crate) fn new(use_cases: &UseCases) -> Self {
        Self {
            create: use_cases.create_product.clone(),
            delete: use_cases.delete_product.clone(),
            view: use_cases.view_sales.clone(),
        }
    }

    /// Makes what is missing of live sales and of those to come; returns the open ones, the live
    /// first. Sales of an earlier demo in the same folder count.
    ///
    /// # Errors
    ///
    /// If a sale cannot be made.
    pub(crate) async fn stock_up(&self) -> anyhow::Result<Vec<Arc<LiveSale>>> {
        loop {
            let mut open = self.open()?;
            open.sort_by_key(|sale| (is_upcoming(sale), sale.sale.window.start));
            let upcoming = open.iter().filter(|sale| is_upcoming(sale)).count();
            let live = open.len() - upcoming;
            let next = open.last().filter(|sale| is_upcoming(sale));
            let start = if live < LIVE_WANTED {
                self.view.now()
            } else if let Some(next) = next {
                next.sale.window.start.plus_millis(STARTS_APART_MS)
            } else {
                self.view.now().plus_millis(STARTS_AFTER_MS)
            };
            if open.len() >= OPEN_MAX || (live >= LIVE_WANTED && upcoming >= UPCOMING_WANTED) {
                return Ok(open);
            }
            self.make(&open, start).await?;
        }
    }

    /// Keeps the shop alive for as long as it is polled.
    pub(crate) async fn keep(&self) {
        loop {
            sleep(LOOK_INTERVAL).await;
            let kept = async {
                self.stock_up().await?;
                self.clear_away().await
            };
            if let Err(error) = kept.await {
                let error: &(dyn std::error::Error + Send + Sync) = error.as_ref();
                tracing::warn!(error = error as &dyn std::error::Error, "the shop is not kept");
            }
        }
    }

    /// Sales of the demo that are live or about to be.
    fn open(&self) -> anyhow::Result<Vec<Arc<LiveSale>>> {
        let mut sales = self.sales()?;
        sales.retain(|sale| sale.phase.state != State::Ended);
        Ok(sales)
    }

    /// Every sale of the demo, ended ones last, those by latest end.
    fn sales(&self) -> anyhow::Result<Vec<Arc<LiveSale>>> {
        let mut sales = self.view.page(None, None, LOOK_MAX)?.sales;
        sales.retain(|sale| is_ours(&sale.sale.id.sku));
        Ok(sales)
    }

    /// Makes a sale of what was sold least often, starting at `start`, beside those that are
    /// `open`.
    async fn make(&self, open: &[Arc<LiveSale>], start: Instant) -> anyhow::Result<()> {
        let sales = self.sales()?;
        let times = |offer: &Offer, sales: &[Arc<LiveSale>]| {
            sales.iter().filter(|sale| is_of(&sale.sale.id.sku, offer)).count()
        };
        let offer = OFFERS.iter().min_by_key(|offer| (times(offer, open), times(offer, &sales)));
        let offer = offer.context("no offers")?;
        let mut end = start.plus_millis(RUNS_MS);
        while open.iter().any(|sale| is_near(sale.sale.window.end, end)) {
            end = end.plus_millis(ENDS_APART_MS);
        }
        for number in 1..=NUMBERS_MAX {
            let product = NewProduct {
                sku: Sku::parse(&format!("{}-{number:03}", offer.code))?,
                product_name: offer.name.into(),
                description: Some(offer.description.into()),
                picture: Some(offer.picture()),
                price: Some(offer.price()?),
                initial_stock: offer.stock,
                window: Window { start, end },
                limit_per_buyer: offer.limit_per_buyer,
                acknowledge: None,
            };
            match self.create.run(product).await {
                Ok(_) => return Ok(()),
                Err(CreateError::AlreadyExists) => {}
                Err(error) => return Err(error.into()),
            }
        }
        bail!("every number of {} is taken", offer.code)
    }

    /// Deletes the sale that ended first, if there are more than anybody looks at.
    async fn clear_away(&self) -> anyhow::Result<()> {
        let sales = self.sales()?;
        let oldest = sales.last().filter(|sale| sale.phase.state == State::Ended);
        if let Some(oldest) = oldest.filter(|_| sales.len() > KEPT_MAX) {
            self.delete.run(&oldest.sale.id.sku).await?;
        }
        Ok(())
    }
}

/// Whether the demo made the sale, now or in an earlier life.
pub(super) fn is_ours(sku: &Sku) -> bool {
    OFFERS.iter().any(|offer| is_of(sku, offer))
}

fn is_upcoming(sale: &LiveSale) -> bool {
    sale.phase.state == State::Upcoming
}

/// Whether two ends are too close to be told apart at a glance.
fn is_near(one: Instant, other: Instant) -> bool {
    one.millis().abs_diff(other.millis()) < ENDS_APART_MS.unsigned_abs()
}

fn is_of(sku: &Sku, offer: &Offer) -> bool {
    sku.as_str().strip_prefix(offer.code).is_some_and(|number| number.starts_with('-'))
}
