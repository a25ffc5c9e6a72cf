//! Sales that gate and catalogue describe differently.

use stampede_application::ports::{Change, Drift, SaleGate as _};

use super::{agrees, finds};
use crate::shop::{Shop, WIDGET, When};

on_every_engine!(
    a_change_that_was_lost_on_its_way_is_recorded,
    a_definition_that_is_not_newer_in_the_gate_is_taken_from_the_ledger,
);

async fn a_change_that_was_lost_on_its_way_is_recorded(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.gate.change(&id, Change::Pause).await.expect("it answers");
    shop.lose_outbox(&id).await;
    assert!(!shop.row(&id).await.sale.paused);
    finds(&shop, &[(Drift::DefinitionDiffers, 1)]).await;
    let (row, gate) = (shop.row(&id).await, shop.snapshot(&id).await);
    assert_eq!((&row.sale, row.version), (&gate.sale, gate.version));
    assert!(row.sale.paused);
    shop.gate.change(&id, Change::Resume).await.expect("it answers");
    agrees(&shop).await;
}

/// The gate says of itself that it has heard of nothing since.
async fn a_definition_that_is_not_newer_in_the_gate_is_taken_from_the_ledger(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    shop.stores.drifts().plant(Drift::DefinitionDiffers, &id).await;
    let described = shop.row(&id).await.sale;
    assert_ne!(shop.snapshot(&id).await.sale, described);
    finds(&shop, &[(Drift::DefinitionDiffers, 1)]).await;
    assert_eq!(shop.snapshot(&id).await.sale, described);
    assert_eq!(shop.row(&id).await.sale, described);
    agrees(&shop).await;
}
