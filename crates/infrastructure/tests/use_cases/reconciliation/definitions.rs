//! Sales that gate and catalogue describe differently.

use stampede_application::ports::{Change, Drift, SaleGate as _, Thoroughness};

use super::{NOW, agrees, finds, reconcile};
use crate::shop::{Shop, WIDGET, When};

on_every_engine!(a_change_that_was_lost_on_its_way_is_recorded,);

async fn a_change_that_was_lost_on_its_way_is_recorded(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.gate.change(&id, Change::Pause).await.expect("it answers");
    assert_eq!(reconcile(&shop, NOW, Thoroughness::Whole).await.mismatches, 0, "on its way");
    shop.lose_outbox(&id).await;
    assert!(!shop.row(&id).await.sale.paused);
    finds(&shop, &[(Drift::DefinitionDiffers, 1)]).await;
    let (row, gate) = (shop.row(&id).await, shop.snapshot(&id).await);
    assert_eq!((&row.sale, row.version), (&gate.sale, gate.version));
    assert!(row.sale.paused);
    agrees(&shop).await;
}
