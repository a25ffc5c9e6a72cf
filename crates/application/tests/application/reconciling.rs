//! A run of reconciliation leaves processors and disks to buyers.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use stampede_application::{
    live_sales::{Freshness, LiveSales},
    ports::{
        Buried, Catalogue, CatalogueCursor, CatalogueRow, Created, LockedSale, PortError,
        SaleStanding, Thoroughness, Trigger,
    },
    use_cases::{Reconcile, ReconcileLimits, ReconcileStores, RecordLimits, RecordPurchases},
};
use stampede_domain::{Epoch, Instant, Sale, SaleId, Shard, Sku, Version};
use tokio::time::{self, sleep};

use super::{
    samples::{HandClock, START, live_sales, snapshot},
    stores::{LISTING_TAKES, Stores},
};

/// More than a run of these tests can meet.
const UNITS: u32 = 1_000_000;
/// Often enough that the sale never seems to rest.
const SOLD_EVERY: Duration = Duration::from_millis(10);

/// No sale.
struct NoSales;

#[async_trait]
impl Catalogue for NoSales {
    async fn create(&self, _sale: &Sale, _nonce: u64) -> Result<Created, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn find(&self, _sku: &Sku) -> Result<Option<CatalogueRow>, PortError> {
        Ok(None)
    }

    async fn page(
        &self,
        _after: Option<&CatalogueCursor>,
        _limit: usize,
    ) -> Result<Vec<CatalogueRow>, PortError> {
        Ok(Vec::new())
    }

    async fn lock(&self, _sku: &Sku) -> Result<Option<Box<dyn LockedSale>>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn bury(
        &self,
        _id: &SaleId,
        _seen: Option<Epoch>,
        _nonce: u64,
        _at: Instant,
    ) -> Result<Buried, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn standing(&self, _ids: &[SaleId]) -> Result<Vec<SaleStanding>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn note_over(&self, _id: &SaleId, _epoch: Epoch, _at: Instant) -> Result<(), PortError> {
        unreachable!("nobody asks it here")
    }

    async fn note_final_run(
        &self,
        _id: &SaleId,
        _epoch: Epoch,
        _at: Instant,
    ) -> Result<(), PortError> {
        unreachable!("nobody asks it here")
    }

    async fn tombstone(&self, _sku: &Sku) -> Result<Option<(SaleId, Epoch)>, PortError> {
        unreachable!("nobody asks it here")
    }

    async fn expire_archive(&self, _before: Instant) -> Result<u64, PortError> {
        unreachable!("nobody asks it here")
    }
}

/// Sells a unit every now and then until it is dropped.
async fn sell(live: Arc<LiveSales>) {
    let mut known = snapshot("A", 1, 1, 100);
    known.stock = UNITS;
    live.apply(&known);
    for sold in 1..UNITS {
        live.apply_stock(&known.sale.id, Version(1 + u64::from(sold)), UNITS - sold);
        sleep(SOLD_EVERY).await;
    }
}

/// How long a run over all shards takes, of which each takes a part of its own.
async fn a_run_takes(trigger: Trigger, is_selling: bool, limits: ReconcileLimits) -> Duration {
    let live = live_sales(&HandClock::at(START), Freshness::Always);
    let it = Stores::letting_through(0);
    let record = RecordPurchases::new(it.clone(), it.clone(), it.clone(), RecordLimits::default());
    let stores = ReconcileStores {
        catalogue: Arc::new(NoSales),
        ledger: it.clone(),
        gate: it.clone(),
        outbox: it,
        live: live.clone(),
    };
    let (record, node) = (Arc::new(record), "this".to_owned());
    let reconcile = Reconcile::new(stores, record, node, limits, Arc::new(|_| {}));
    let begun = time::Instant::now();
    let run = reconcile.run(None, Thoroughness::Whole, trigger);
    let ran = if is_selling {
        tokio::select! {
            biased;
            () = sell(live) => unreachable!("it sells for hours"),
            ran = run => ran,
        }
    } else {
        run.await
    };
    ran.expect("the stores answer");
    begun.elapsed()
}

fn shards() -> u32 {
    u32::try_from(Shard::all().count()).expect("a few")
}

#[tokio::test(start_paused = true)]
async fn beside_buyers_a_run_takes_a_fifth_of_the_time_and_alone_all_of_it() {
    let limits = ReconcileLimits::default();
    let work = LISTING_TAKES * shards();
    assert_eq!(a_run_takes(Trigger::Start, false, limits).await, work);
    let between_parts = LISTING_TAKES * 4 * (shards() - 1);
    assert_eq!(a_run_takes(Trigger::Start, true, limits).await, work + between_parts);
}

#[tokio::test(start_paused = true)]
async fn a_run_gives_way_to_buyers_for_so_long_in_all() {
    let given_way_max = Duration::from_secs(1);
    let limits = ReconcileLimits { given_way_max, ..ReconcileLimits::default() };
    let took = a_run_takes(Trigger::StoreBack, true, limits).await;
    assert_eq!(took, LISTING_TAKES * shards() + given_way_max);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_somebody_waits_for_gives_way_to_nobody() {
    for trigger in [Trigger::OnDemand, Trigger::Command] {
        let took = a_run_takes(trigger, true, ReconcileLimits::default()).await;
        assert_eq!(took, LISTING_TAKES * shards());
    }
}
