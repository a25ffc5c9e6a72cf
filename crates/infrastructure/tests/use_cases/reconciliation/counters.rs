//! What only Redis can lose: its counters are numbers of their own, beside the buyers.

use stampede_application::ports::{Drift, SaleGate as _};
use stampede_testkit::suites::{attempt, run};

use super::{agrees, finds};
use crate::shop::{WIDGET, When, crowd};

#[test]
fn that_do_not_fit_together_make_the_sale_anew() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        shop.buy_all(&id, &crowd(3)).await;
        shop.drain(&id).await.expect("the stores answer");
        shop.stores.move_counter(&id, "stock", 2).await;
        finds(&shop, &[(Drift::CountersDisagree, 1)]).await;
        assert_eq!(shop.counts(&id).await, (7, 3, 3));
        agrees(&shop).await;
    });
}

/// They fit together, and not with the ledger: a unit that is sold is on offer again.
#[test]
fn that_offer_what_the_ledger_has_sold_make_the_sale_anew() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 3, 1, When::Active).await;
        shop.buy_all(&id, &crowd(3)).await;
        shop.drain(&id).await.expect("the stores answer");
        shop.stores.move_counter(&id, "stock", 1).await;
        shop.stores.move_counter(&id, "sold", -1).await;
        finds(&shop, &[(Drift::CountersDisagree, 1)]).await;
        assert_eq!(shop.counts(&id).await, (0, 3, 3));
        agrees(&shop).await;
    });
}

/// They fit together, and not with the ledger: a unit that nobody has is missing.
#[test]
fn that_withhold_what_the_ledger_has_not_sold_make_a_running_sale_anew() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        shop.buy_all(&id, &crowd(3)).await;
        shop.drain(&id).await.expect("the stores answer");
        shop.stores.move_counter(&id, "stock", -2).await;
        shop.stores.move_counter(&id, "sold", 2).await;
        finds(&shop, &[(Drift::CountersDisagree, 1)]).await;
        assert_eq!(shop.counts(&id).await, (7, 3, 3));
        agrees(&shop).await;
    });
}

/// A buyer less than was counted: nobody is answered before the sale is made anew.
#[test]
fn that_miss_a_buyer_make_the_sale_anew() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        let bought = shop.buy_all(&id, &crowd(3)).await;
        shop.drain(&id).await.expect("the stores answer");
        shop.stores.lose_buyer(&id, "buyer-1").await;
        finds(&shop, &[(Drift::CountersDisagree, 1)]).await;
        assert_eq!(shop.counts(&id).await, (7, 3, 3));
        let buyer = attempt("buyer-1", 1, 1).buyer;
        let held = shop.gate.purchases(&id, &buyer).await.expect("the gate answers");
        assert_eq!(held.map(|held| held.purchases[0].no()), Some(bought[1].no()));
        agrees(&shop).await;
    });
}
