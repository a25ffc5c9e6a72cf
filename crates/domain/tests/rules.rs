//! The rules of a sale, held on generated sequences of attempts.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use stampede_domain::{
    Acknowledgement, Attempt, AttemptKey, BuyerId, Currency, Decision, EndReason, Generation,
    Instant, Phase, Price, PurchaseBits, Rejection, Sale, SaleId, Sku, State, Tally, Window,
    decide,
};

const START: i64 = 1_000;
const END: i64 = 2_000;

fn sale(stock: u32, limit: u32) -> Sale {
    Sale {
        id: SaleId {
            sku: Sku::parse("WIDGET-001").expect("a sku"),
            generation: Generation(uuid::Uuid::nil()),
        },
        product_name: "Widget".into(),
        description: None,
        picture: None,
        price: None,
        initial_stock: stock,
        window: Window { start: Instant::from_millis(START), end: Instant::from_millis(END) },
        limit_per_buyer: limit,
        acknowledge: Acknowledgement::Gate,
        paused: false,
        ended_by_admin: false,
        created_at: Instant::from_millis(0),
    }
}

fn attempt(buyer: u8, key: u8, qty: u32) -> Attempt {
    Attempt {
        buyer: BuyerId::parse(&format!("buyer-{buyer}")).expect("a buyer"),
        key: AttemptKey([key; 16]),
        bits: PurchaseBits([key; 10]),
        qty,
        traceparent: None,
    }
}

fn decide_at(sale: &Sale, tally: &mut Tally, attempt: Attempt, millis: i64) -> Decision {
    let mut decisions = decide(sale, tally, &[attempt], Instant::from_millis(millis));
    assert_eq!(decisions.len(), 1);
    decisions.remove(0)
}

#[test]
fn the_window_is_half_open_to_the_millisecond() {
    let sale = sale(10, 1);
    let mut tally = Tally::new(10);
    let outside = Decision::Rejected(Rejection::SaleNotActive);
    assert_eq!(decide_at(&sale, &mut tally, attempt(1, 1, 1), START - 1), outside);
    assert!(matches!(decide_at(&sale, &mut tally, attempt(1, 1, 1), START), Decision::Accepted(_)));
    assert!(matches!(
        decide_at(&sale, &mut tally, attempt(2, 2, 1), END - 1),
        Decision::Accepted(_)
    ));
    assert_eq!(decide_at(&sale, &mut tally, attempt(3, 3, 1), END), outside);
}

#[test]
fn of_a_limit_of_three_two_and_one_fit_and_no_fourth() {
    let sale = sale(10, 3);
    let mut tally = Tally::new(10);
    let Decision::Accepted(first) = decide_at(&sale, &mut tally, attempt(1, 1, 2), START) else {
        unreachable!("two of three fit")
    };
    let Decision::Accepted(second) = decide_at(&sale, &mut tally, attempt(1, 2, 1), START) else {
        unreachable!("the third fits")
    };
    assert_eq!((first.ordinal, first.held_after, first.remaining), (1, 2, 8));
    assert_eq!((second.ordinal, second.held_after, second.remaining), (2, 3, 7));
    assert_eq!(
        decide_at(&sale, &mut tally, attempt(1, 3, 1), START),
        Decision::Rejected(Rejection::AlreadyPurchased(Some(second)))
    );
}

#[test]
fn a_purchase_has_the_price_that_its_sale_has() {
    let price = Price { minor: 1_999, currency: Currency::parse("EUR").expect("a currency") };
    let priced = Sale { price: Some(price), ..sale(10, 3) };
    let mut tally = Tally::new(10);
    let Decision::Accepted(bought) = decide_at(&priced, &mut tally, attempt(1, 1, 2), START) else {
        unreachable!("two of ten are there")
    };
    assert_eq!(bought.unit_price, Some(price));
    let again = decide_at(&priced, &mut tally, attempt(1, 1, 2), START);
    assert_eq!(again, Decision::Replayed(bought));
    let Decision::Accepted(free) = decide_at(&sale(10, 3), &mut tally, attempt(2, 2, 1), START)
    else {
        unreachable!("eight are left")
    };
    assert_eq!(free.unit_price, None);
}

#[test]
fn a_replay_comes_before_every_rejection() {
    let sale = sale(1, 1);
    let mut tally = Tally::new(1);
    let Decision::Accepted(bought) = decide_at(&sale, &mut tally, attempt(1, 1, 1), START) else {
        unreachable!("the unit is there")
    };
    let again = decide_at(&sale, &mut tally, attempt(1, 1, 1), END + 1);
    assert_eq!(again, Decision::Replayed(bought));
    let reused = decide_at(&sale, &mut tally, attempt(1, 1, 2), END + 1);
    assert_eq!(reused, Decision::KeyReused);
}

#[test]
fn the_limit_is_judged_before_the_window_and_the_window_before_the_stock() {
    let mut sale = sale(1, 1);
    let mut tally = Tally::new(1);
    let Decision::Accepted(bought) = decide_at(&sale, &mut tally, attempt(1, 1, 1), START) else {
        unreachable!("the unit is there")
    };
    let held = Decision::Rejected(Rejection::AlreadyPurchased(Some(bought)));
    assert_eq!(decide_at(&sale, &mut tally, attempt(1, 2, 1), END), held);
    let sold_out = Decision::Rejected(Rejection::SoldOut);
    assert_eq!(decide_at(&sale, &mut tally, attempt(2, 3, 1), START), sold_out);
    let inactive = Decision::Rejected(Rejection::SaleNotActive);
    assert_eq!(decide_at(&sale, &mut tally, attempt(2, 3, 1), END), inactive);
    sale.paused = true;
    assert_eq!(decide_at(&sale, &mut tally, attempt(2, 3, 1), START), inactive);
    sale.paused = false;
    sale.ended_by_admin = true;
    assert_eq!(decide_at(&sale, &mut tally, attempt(2, 3, 1), START), inactive);
}

#[test]
fn more_than_is_left_is_sold_out_and_takes_nothing() {
    let sale = sale(3, 5);
    let mut tally = Tally::new(3);
    let sold_out = Decision::Rejected(Rejection::SoldOut);
    assert_eq!(decide_at(&sale, &mut tally, attempt(1, 1, 4), START), sold_out);
    assert_eq!(tally.stock, 3);
    assert!(matches!(decide_at(&sale, &mut tally, attempt(1, 1, 3), START), Decision::Accepted(_)));
}

#[test]
fn cancelled_units_free_the_limit_and_stay_on_record() {
    let sale = sale(3, 1);
    let mut tally = Tally::new(3);
    let buyer = attempt(1, 1, 1).buyer;
    assert!(matches!(decide_at(&sale, &mut tally, attempt(1, 1, 1), START), Decision::Accepted(_)));
    tally.holdings.get_mut(&buyer).expect("held")[0].cancelled = true;
    assert!(matches!(decide_at(&sale, &mut tally, attempt(1, 1, 1), START), Decision::Replayed(_)));
    let Decision::Accepted(next) = decide_at(&sale, &mut tally, attempt(1, 2, 1), START) else {
        unreachable!("nothing is held any more")
    };
    assert_eq!((next.ordinal, next.held_after), (2, 1));
}

#[test]
fn the_first_reason_of_an_end_stays() {
    let mut sale = sale(5, 1);
    let at = |sale: &Sale, stock, millis| sale.phase(stock, Instant::from_millis(millis));
    let phase = |state, end_reason| Phase { state, end_reason };
    assert_eq!(at(&sale, 5, START - 1), phase(State::Upcoming, None));
    assert_eq!(at(&sale, 5, START), phase(State::Active, None));
    assert_eq!(at(&sale, 5, END), phase(State::Ended, Some(EndReason::TimeExpired)));
    assert_eq!(at(&sale, 0, START), phase(State::Ended, Some(EndReason::SoldOut)));
    assert_eq!(at(&sale, 0, END), phase(State::Ended, Some(EndReason::SoldOut)));
    sale.paused = true;
    assert_eq!(at(&sale, 5, START), phase(State::Active, None));
    sale.ended_by_admin = true;
    assert_eq!(at(&sale, 5, START - 1), phase(State::Ended, Some(EndReason::EndedByAdmin)));
}

prop_compose! {
    fn any_attempt()(buyer in 0..6_u8, key in 0..40_u8, qty in 1..4_u32) -> Attempt {
        attempt(buyer, key, qty)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_sequence_of_batches_oversells_or_breaks_a_limit(
        stock in 1..12_u32,
        limit in 1..4_u32,
        batches in prop::collection::vec(
            (START - 50..END + 50, any::<bool>(), prop::collection::vec(any_attempt(), 1..20)),
            1..12,
        ),
    ) {
        let mut sale = sale(stock, limit);
        let mut tally = Tally::new(stock);
        let mut first: HashMap<(BuyerId, AttemptKey), (u32, PurchaseBits)> = HashMap::new();
        let mut positions = HashSet::new();
        for (now, paused, batch) in batches {
            sale.paused = paused;
            let decisions = decide(&sale, &mut tally, &batch, Instant::from_millis(now));
            prop_assert_eq!(decisions.len(), batch.len());
            for (attempt, decision) in batch.iter().zip(decisions) {
                let identity = (attempt.buyer.clone(), attempt.key);
                match decision {
                    Decision::Accepted(purchase) => {
                        prop_assert!((START..END).contains(&now) && !paused);
                        prop_assert!(positions.insert(purchase.position));
                        prop_assert!(first.insert(identity, (attempt.qty, purchase.bits)).is_none());
                    }
                    Decision::Replayed(purchase) => {
                        prop_assert_eq!(first.get(&identity), Some(&(attempt.qty, purchase.bits)));
                    }
                    Decision::KeyReused => {
                        prop_assert!(first.get(&identity).is_some_and(|known| known.0 != attempt.qty));
                    }
                    Decision::Rejected(_) => prop_assert!(!first.contains_key(&identity)),
                }
            }
            let held: u32 = tally.holdings.keys().map(|buyer| tally.held(buyer)).sum();
            prop_assert_eq!(tally.sold, held);
            prop_assert_eq!(tally.stock + tally.sold, stock);
            prop_assert!(tally.holdings.keys().all(|buyer| tally.held(buyer) <= limit));
        }
    }
}

/// Of a million buyers, most of whom buy once.
#[test]
fn a_buyer_of_one_unit_takes_memory_for_one() {
    let (sale, mut tally) = (sale(10, 5), Tally::new(10));
    let decided = decide(&sale, &mut tally, &[attempt(1, 1, 1)], Instant::from_millis(START));
    assert!(matches!(decided[..], [Decision::Accepted(_)]), "{decided:?}");
    assert_eq!(tally.holdings[&attempt(1, 1, 1).buyer].capacity(), 1);
}
