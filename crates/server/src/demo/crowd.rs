//! Simulated buyers, who come one by one through the same use case as everybody.

use std::{sync::Arc, thread, time::Duration};

use anyhow::Context as _;
use stampede_application::{
    live_sales::LiveSale,
    ports::Randomness,
    use_cases::{AttemptPurchase, PurchaseRequest, ViewSales},
};
use stampede_domain::{BuyerId, State};
use stampede_presentation::UseCases;
use tokio::{task::LocalSet, time::sleep};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::shop::is_ours;

/// Between two buyers of a sale that nobody has bought from yet, in milliseconds.
const PAUSE_MIN_MS: u32 = 400;
/// Between two buyers of a sale that is nearly sold out, in milliseconds.
const PAUSE_MAX_MS: u32 = 6_000;
/// How long the crowd waits when nothing is on sale.
const IDLE: Duration = Duration::from_millis(500);
/// Sales among which a buyer chooses.
const SALES_MAX: usize = 100;
/// Buyers of one name.
const NUMBERS: u32 = 10_000;

const NAMES: [&str; 16] = [
    "ada", "ben", "chloe", "dario", "emil", "fatima", "grace", "hugo", "ines", "jonas", "kemal",
    "lena", "mika", "noor", "olga", "pablo",
];

/// Buyers on a thread of their own, who go when this is dropped.
pub(crate) struct Crowd {
    _leave: DropGuard,
}

impl Crowd {
    /// Lets them come.
    ///
    /// # Errors
    ///
    /// If the thread does not start.
    pub(crate) fn start(use_cases: UseCases) -> anyhow::Result<Self> {
        let leave = CancellationToken::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stop = leave.clone();
        let work = move || {
            let come = async {
                // A lane is its thread's own, so it is made here.
                let attempt = (use_cases.attempt_purchase)();
                let crowd = Coming {
                    attempt,
                    view: use_cases.view_sales,
                    randomness: use_cases.randomness,
                };
                stop.run_until_cancelled(crowd.come()).await;
            };
            LocalSet::new().block_on(&runtime, come);
        };
        let spawned = thread::Builder::new().name("crowd".into()).spawn(work);
        spawned.context("the crowd does not start")?;
        Ok(Self { _leave: leave.drop_guard() })
    }
}

/// Buyers as they come.
struct Coming {
    attempt: AttemptPurchase,
    view: Arc<ViewSales>,
    randomness: Arc<dyn Randomness>,
}

impl Coming {
    async fn come(&self) {
        loop {
            let pause = match self.choose() {
                Some(sale) => {
                    self.buy(&sale).await;
                    Duration::from_millis(u64::from(self.pause_ms(&sale)))
                }
                None => IDLE,
            };
            sleep(pause).await;
        }
    }

    /// A live sale of the demo; sales of whoever tries the admin API are left to them.
    fn choose(&self) -> Option<Arc<LiveSale>> {
        let mut sales = self.view.page(Some(State::Active), None, SALES_MAX).ok()?.sales;
        sales.retain(|sale| is_ours(&sale.sale.id.sku) && !sale.sale.paused);
        self.any_of(&sales).cloned()
    }

    /// One buyer's attempt; whatever comes of it, the next one tries too.
    async fn buy(&self, sale: &LiveSale) {
        let Some(name) = self.any_of(&NAMES) else { return };
        let Ok(buyer) = BuyerId::parse(&format!("{name}-{}", self.below(NUMBERS))) else { return };
        let request = PurchaseRequest {
            buyer,
            sku: sale.sale.id.sku.clone(),
            qty: Some(1 + self.below(sale.sale.limit_per_buyer)),
            key: None,
            traceparent: None,
        };
        self.attempt.run(request).await;
    }

    /// Longer and longer as the stock falls, so that a sale lasts some minutes.
    fn pause_ms(&self, sale: &LiveSale) -> u32 {
        let (initial, left) = (u64::from(sale.sale.initial_stock), u64::from(sale.stock.max(1)));
        let slowed = u64::from(PAUSE_MIN_MS) * initial / left;
        let pause = u32::try_from(slowed).unwrap_or(PAUSE_MAX_MS).min(PAUSE_MAX_MS);
        pause / 2 + self.below(pause)
    }

    /// One of `choices`, if there is one.
    fn any_of<'a, T>(&self, choices: &'a [T]) -> Option<&'a T> {
        let count = u32::try_from(choices.len()).ok().filter(|&count| count > 0)?;
        choices.get(self.below(count) as usize)
    }

    /// A number below `limit`, which is not 0; a little uneven, which nobody will notice.
    fn below(&self, limit: u32) -> u32 {
        let mut bytes = [0; 4];
        self.randomness.fill(&mut bytes);
        u32::from_le_bytes(bytes) % limit
    }
}
