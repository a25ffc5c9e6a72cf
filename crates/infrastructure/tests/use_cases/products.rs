//! An admin creates and changes products.

use stampede_application::{
    live_sales::Known,
    ports::{Amended, Change, SaleGate},
    use_cases::{
        CreateError, Edit, Misfit, NewProduct, ProductChanges, ProductView, Revision, UpdateError,
    },
};
use stampede_domain::{Acknowledgement, Decision, Epoch, Instant, Sale, SaleId, State, Version};
use stampede_testkit::{
    builders::a_price,
    suites::{attempt, run},
};

use crate::shop::{Shop, WIDGET, When, sku};

on_every_engine!(
    a_created_product_is_on_sale_at_once,
    a_sku_that_exists_is_not_created_again,
    a_creation_whose_gate_was_away_is_opened_by_whoever_looks,
    a_sale_may_ask_for_either_level,
    a_product_whose_end_has_passed_is_created_ended,
    an_upcoming_product_is_changed_in_every_field,
    a_running_product_is_not_modifiable,
    a_pause_between_reading_and_amending_is_kept,
    another_revision_than_the_one_that_was_read_changes_nothing,
    a_revision_that_moves_between_reading_and_amending_changes_nothing,
    an_end_before_the_start_is_refused,
    a_price_has_its_currency_or_the_product_stays_as_it_is,
    a_product_can_lose_its_words_and_its_picture,
    a_change_whose_commit_was_lost_is_kept_by_the_next,
    an_unknown_product_is_not_changed,
);

async fn a_created_product_is_on_sale_at_once(shop: Shop) {
    let asked = shop.offer(WIDGET, 10, 2, When::Active);
    let view = shop.create.run(asked.clone()).await.expect("the product is created");
    assert_eq!((view.phase.state, view.current_stock), (State::Active, 10));
    assert_eq!((view.total_purchases, view.persisted_purchases), (0, 0));
    let sale = &view.sale;
    assert_eq!((&sale.product_name, sale.window), (&asked.product_name, asked.window));
    assert_eq!((sale.initial_stock, sale.limit_per_buyer), (10, 2));
    assert_eq!(sale.acknowledge, shop.gate.acknowledges(), "what this node gives");
    assert!(matches!(shop.live.get(&asked.sku), Known::Live(..)), "this node shows it");
    assert_eq!(shop.row(&sale.id).await.sale, *sale);
    assert_eq!(shop.buy(&sale.id, "ada").await.remaining, 9);
}

async fn a_sku_that_exists_is_not_created_again(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let again = shop.create.run(shop.offer(WIDGET, 99, 1, When::Upcoming)).await;
    assert!(matches!(again, Err(CreateError::AlreadyExists)), "{again:?}");
    assert_eq!(shop.snapshot(&id).await.sale.initial_stock, 10);
}

async fn a_creation_whose_gate_was_away_is_opened_by_whoever_looks(shop: Shop) {
    shop.gate.lose_open();
    let offer = shop.offer(WIDGET, 10, 1, When::Active);
    let lost = shop.create.run(offer.clone()).await;
    assert!(matches!(lost, Err(CreateError::Port(_))), "{lost:?}");
    let again = shop.create.run(offer).await;
    assert!(matches!(again, Err(CreateError::AlreadyExists)), "a repeat says so: {again:?}");
    let found = shop.find.shown(&sku(WIDGET)).await.expect("the stores answer");
    let (found, _) = found.expect("it exists");
    assert_eq!(found.stock, 10);
    shop.buy(&found.sale.id, "ada").await;
}

async fn a_sale_may_ask_for_either_level(shop: Shop) {
    let offer = shop.offer(WIDGET, 10, 1, When::Upcoming);
    let offer = NewProduct { acknowledge: Some(Acknowledgement::Gate), ..offer };
    let view = shop.create.run(offer).await.expect("the product is created");
    assert_eq!(view.sale.acknowledge, Acknowledgement::Gate);
    let changes =
        ProductChanges { acknowledge: Some(Acknowledgement::Ledger), ..ProductChanges::default() };
    let view = shop.update.run(&sku(WIDGET), &changes, None).await.expect("it is upcoming");
    assert_eq!(view.sale.acknowledge, Acknowledgement::Ledger);
    assert_eq!(shop.snapshot(&view.sale.id).await.sale.acknowledge, Acknowledgement::Ledger);
}

async fn a_product_whose_end_has_passed_is_created_ended(shop: Shop) {
    let view = shop.create.run(shop.offer(WIDGET, 10, 1, When::Over)).await;
    assert_eq!(view.expect("sales can be imported").phase.state, State::Ended);
}

fn every_change(now: Instant) -> ProductChanges {
    ProductChanges {
        product_name: Some("Another Widget".into()),
        description: Edit::Set("What it is.\nAnd more.".into()),
        picture: Edit::Set("/pictures/another.svg".into()),
        price_minor: Edit::Set(2_999),
        currency: Edit::Set(a_price(0, "EUR").currency),
        initial_stock: Some(25),
        start: Some(now.plus_millis(7_200_000)),
        end: Some(now.plus_millis(9_000_000)),
        limit_per_buyer: Some(4),
        acknowledge: Some(Acknowledgement::Gate),
    }
}

fn renamed(name: &str) -> ProductChanges {
    ProductChanges { product_name: Some(name.into()), ..ProductChanges::default() }
}

async fn an_upcoming_product_is_changed_in_every_field(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Upcoming).await;
    let before = shop.product(&id).await;
    let changes = every_change(shop.clock.now());
    let view = shop.update.run(&id.sku, &changes, Some(&[before.revision()])).await;
    let view = view.expect("it is upcoming");
    let Sale { product_name, window, initial_stock, limit_per_buyer, acknowledge, .. } =
        view.sale.clone();
    assert_eq!(changes.product_name, Some(product_name));
    assert_eq!(changes.description, Edit::Set(view.sale.description.clone().expect("words")));
    assert_eq!(changes.picture, Edit::Set(view.sale.picture.clone().expect("a picture")));
    assert_eq!(view.sale.price, Some(a_price(2_999, "EUR")));
    assert_eq!((changes.start, changes.end), (Some(window.start), Some(window.end)));
    assert_eq!((initial_stock, limit_per_buyer, view.current_stock), (25, 4, 25));
    assert_eq!(acknowledge, Acknowledgement::Gate);
    assert!(view.version > before.version);
    assert_eq!(shop.product(&id).await, view, "gate and catalogue have it");
    let row = shop.row(&id).await;
    assert_eq!((row.sale, row.version), (view.sale.clone(), view.version));
    let Known::Live(live, _) = shop.live.get(&id.sku) else { panic!("this node shows it") };
    assert_eq!((live.version, live.stock), (view.version, 25));
}

async fn a_running_product_is_not_modifiable(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Active).await;
    let before = shop.product(&id).await;
    let revisions = [before.revision()];
    let inverted = Some(before.sale.window.start);
    let misfit = ProductChanges { end: inverted, ..ProductChanges::default() };
    let lone = ProductChanges { currency: Edit::Remove, ..ProductChanges::default() };
    for changes in [renamed("X"), misfit, lone] {
        for if_match in [None, Some(&revisions[..])] {
            let refused = shop.update.run(&id.sku, &changes, if_match).await;
            assert!(matches!(refused, Err(UpdateError::NotModifiable)), "{refused:?}");
        }
    }
    assert_eq!(shop.product(&id).await, before);
    assert_eq!(shop.row(&id).await.sale, before.sale);
}

/// Judged by the gate in the step that changes, not by what was read before it.
#[test]
fn a_change_that_the_start_overtakes_is_refused() {
    run(async {
        let shop = crate::shop::embedded().await;
        let id = shop.sell(WIDGET, 10, 1, When::Upcoming).await;
        let before = shop.row(&id).await;
        let clock = shop.hand_clock.clone().expect("a clock that can be set");
        shop.gate.before_amend(async move { clock.advance(3_600_000) });
        let refused = shop.update.run(&id.sku, &renamed("X"), None).await;
        assert!(matches!(refused, Err(UpdateError::NotModifiable)), "{refused:?}");
        assert_eq!(shop.row(&id).await, before);
        assert_eq!(shop.product(&id).await.sale, before.sale);
        shop.buy(&id, "ada").await;
    });
}

async fn a_pause_between_reading_and_amending_is_kept(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Upcoming).await;
    let (gate, paused) = (shop.gate.clone(), id.clone());
    shop.gate.before_amend(async move {
        gate.change(&paused, Change::Pause).await.expect("the gate answers");
    });
    let view = shop.update.run(&id.sku, &renamed("X"), None).await.expect("it is upcoming");
    assert_eq!((view.sale.paused, view.sale.product_name.as_str()), (true, "X"));
    shop.drain(&id).await.expect("the stores answer");
    let row = shop.row(&id).await;
    assert_eq!((row.sale, row.version), (view.sale.clone(), view.version));
    assert_eq!(shop.product(&id).await, view);
}

async fn another_revision_than_the_one_that_was_read_changes_nothing(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Upcoming).await;
    let read = shop.product(&id).await.revision();
    shop.update.run(&id.sku, &renamed("Y"), Some(&[read])).await.expect("nobody changed it");
    let before = shop.product(&id).await;
    let other_generation = Revision {
        generation: stampede_domain::Generation(uuid::Uuid::from_u128(9)),
        version: before.version,
    };
    let ahead = Revision { version: Version(before.version.0 + 1), ..before.revision() };
    for wanted in [&[read][..], &[other_generation, ahead], &[]] {
        let refused = shop.update.run(&id.sku, &renamed("X"), Some(wanted)).await;
        assert!(matches!(refused, Err(UpdateError::PreconditionFailed)), "{refused:?}");
    }
    assert_eq!(shop.product(&id).await, before);
    let any = [read, before.revision()];
    shop.update.run(&id.sku, &renamed("Z"), Some(&any)).await.expect("one of them matches");
}

async fn a_revision_that_moves_between_reading_and_amending_changes_nothing(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Upcoming).await;
    let read = shop.product(&id).await;
    let (gate, paused) = (shop.gate.clone(), id.clone());
    shop.gate.before_amend(async move {
        gate.change(&paused, Change::Pause).await.expect("the gate answers");
    });
    let refused = shop.update.run(&id.sku, &renamed("X"), Some(&[read.revision()])).await;
    assert!(matches!(refused, Err(UpdateError::PreconditionFailed)), "{refused:?}");
    let after = shop.snapshot(&id).await.sale;
    assert_eq!(after, Sale { paused: true, ..read.sale });
}

async fn an_end_before_the_start_is_refused(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Upcoming).await;
    let before = shop.product(&id).await;
    let end = Some(before.sale.window.start);
    let changes = ProductChanges { end, ..ProductChanges::default() };
    let refused = shop.update.run(&id.sku, &changes, None).await;
    assert_eq!(misfits(refused), [Misfit::WindowInverted]);
    assert_eq!(shop.product(&id).await, before);
}

fn misfits(refused: Result<ProductView, UpdateError>) -> Vec<Misfit> {
    let Err(UpdateError::Misfits(misfits)) = refused else { panic!("{refused:?}") };
    misfits
}

/// Half a price is judged with the half that the product has.
async fn a_price_has_its_currency_or_the_product_stays_as_it_is(shop: Shop) {
    let euro = a_price(1, "EUR").currency;
    let minor = |minor| ProductChanges { price_minor: minor, ..ProductChanges::default() };
    let currency = |currency| ProductChanges { currency, ..ProductChanges::default() };
    let offer = NewProduct { price: None, ..shop.offer(WIDGET, 10, 1, When::Upcoming) };
    let unpriced = shop.create.run(offer).await.expect("the product is created");
    let id = unpriced.sale.id.clone();
    let put = async |changes: ProductChanges| shop.update.run(&id.sku, &changes, None).await;
    assert_eq!(misfits(put(minor(Edit::Set(5))).await), [Misfit::CurrencyMissing]);
    let end = Some(unpriced.sale.window.start);
    let both = ProductChanges { end, ..currency(Edit::Set(euro)) };
    assert_eq!(misfits(put(both).await), [Misfit::WindowInverted, Misfit::PriceMissing]);
    assert_eq!(shop.product(&id).await, unpriced);
    let whole = ProductChanges { currency: Edit::Set(euro), ..minor(Edit::Set(5)) };
    for (changes, price) in [
        (whole, Some(a_price(5, "EUR"))),
        (minor(Edit::Set(7)), Some(a_price(7, "EUR"))),
        (currency(Edit::Set(a_price(1, "JPY").currency)), Some(a_price(7, "JPY"))),
        (ProductChanges::default(), Some(a_price(7, "JPY"))),
    ] {
        assert_eq!(put(changes).await.expect("it is upcoming").sale.price, price);
    }
    assert_eq!(misfits(put(minor(Edit::Remove)).await), [Misfit::PriceMissing]);
    assert_eq!(misfits(put(currency(Edit::Remove)).await), [Misfit::CurrencyMissing]);
    assert_eq!(shop.row(&id).await.sale.price, Some(a_price(7, "JPY")));
    let none = ProductChanges { currency: Edit::Remove, ..minor(Edit::Remove) };
    assert_eq!(put(none).await.expect("it is upcoming").sale.price, None);
    assert_eq!(shop.row(&id).await.sale, unpriced.sale, "as if it had never had one");
}

async fn a_product_can_lose_its_words_and_its_picture(shop: Shop) {
    let offer = shop.offer(WIDGET, 10, 1, When::Upcoming);
    let made = shop.create.run(offer.clone()).await.expect("the product is created").sale;
    assert_eq!((&made.description, &made.picture), (&offer.description, &offer.picture));
    let (description, picture) = (Edit::Remove, Edit::Remove);
    let changes = ProductChanges { description, picture, ..ProductChanges::default() };
    let view = shop.update.run(&made.id.sku, &changes, None).await.expect("it is upcoming");
    assert_eq!(view.sale, Sale { description: None, picture: None, ..made.clone() });
    assert_eq!(shop.row(&made.id).await.sale, view.sale);
    let Known::Live(live, _) = shop.live.get(&made.id.sku) else { panic!("this node shows it") };
    assert_eq!(*live.sale, view.sale);
}

/// The gate is one version ahead of the row: the next change goes on from what the gate has.
async fn a_change_whose_commit_was_lost_is_kept_by_the_next(shop: Shop) {
    let id = shop.sell(WIDGET, 10, 1, When::Upcoming).await;
    let before = shop.snapshot(&id).await;
    let ahead = Sale { product_name: "Lost and found".into(), ..before.sale.clone() };
    let epoch = shop.row(&id).await.epoch;
    let amended = shop.gate.amend(&ahead, epoch, before.version).await.expect("the gate answers");
    assert!(matches!(amended, Amended::Applied(_)), "{amended:?}");
    let changes = ProductChanges { limit_per_buyer: Some(7), ..ProductChanges::default() };
    let view = shop.update.run(&id.sku, &changes, None).await.expect("it is upcoming");
    assert_eq!(view.sale, Sale { limit_per_buyer: 7, ..ahead });
    assert_eq!(shop.row(&id).await.sale, view.sale);
}

async fn an_unknown_product_is_not_changed(shop: Shop) {
    let unknown = shop.update.run(&sku(WIDGET), &renamed("X"), None).await;
    assert!(matches!(unknown, Err(UpdateError::Unknown)), "{unknown:?}");
}

/// The gate's price was answered and the ledger never heard of it: the purchase keeps it, also when
/// nothing but a buyer's record in Redis has survived, and the sale goes on at it.
#[test]
fn a_receipt_keeps_its_price_when_the_change_of_it_was_lost() {
    run(async {
        let shop = crate::shop::redis().await;
        let (id, ahead) = amended_at_the_gate_alone(&shop).await;
        let bought = shop.buy(&id, "ada").await;
        assert_eq!(bought.unit_price, ahead.price);
        shop.lose_outbox(&id).await;
        let rebuilt = shop.gate.rebuild(&id).await.expect("the gate rebuilds").snapshot;
        assert_eq!(rebuilt.sale, ahead);
        let recorded = shop.recorded(&id).await;
        let told = recorded.iter().map(|one| &one.purchase);
        let told: Vec<_> = told.map(|one| (one.no(), one.at, one.unit_price)).collect();
        assert_eq!(told, [(bought.no(), bought.at, ahead.price)]);

        let again = attempt("ada", 1, 1);
        let held = shop.gate.purchases(&id, &again.buyer).await.expect("the gate answers");
        assert_eq!(held.expect("the sale").purchases[0].unit_price, ahead.price);
        let [Decision::Replayed(replayed)] = shop.decide(&id, &[again]).await[..] else {
            panic!("the key is remembered")
        };
        assert_eq!((replayed.no(), replayed.unit_price), (bought.no(), ahead.price));
        assert_eq!(replayed.at, bought.at);
        assert_eq!(shop.buy(&id, "ben").await.unit_price, ahead.price);
        assert_eq!(shop.row(&id).await.sale, ahead, "the ledger has it now");
    });
}

/// What a gate of another life says of the sale, the wrong side of a partition perhaps, is not
/// what is on sale.
#[test]
fn a_definition_of_another_life_of_the_gate_is_not_restored() {
    run(async {
        let shop = crate::shop::redis().await;
        let (id, ahead) = amended_at_the_gate_alone(&shop).await;
        let before = shop.row(&id).await;
        assert_ne!(before.sale, ahead);
        let other = Epoch { nonce: before.epoch.nonce ^ 1, ..before.epoch };
        shop.stores.set_head(&id, "epoch", &other.to_string()).await;
        let rebuilt = shop.gate.rebuild(&id).await.expect("the gate rebuilds").snapshot;
        assert_eq!(rebuilt.sale, before.sale);
        assert_eq!(shop.row(&id).await.sale, before.sale);
    });
}

/// A sale that has started, at a price that the ledger never heard of.
pub(crate) async fn amended_at_the_gate_alone(shop: &Shop) -> (SaleId, Sale) {
    let id = shop.sell(WIDGET, 10, 1, When::Upcoming).await;
    let before = shop.snapshot(&id).await;
    let mut ahead = Sale { price: Some(a_price(4_500, "JPY")), ..before.sale.clone() };
    ahead.window.start = shop.clock.now().plus_millis(-1_000);
    let epoch = shop.row(&id).await.epoch;
    let amended = shop.gate.amend(&ahead, epoch, before.version).await.expect("the gate answers");
    assert!(matches!(amended, Amended::Applied(_)), "{amended:?}");
    (id, ahead)
}
