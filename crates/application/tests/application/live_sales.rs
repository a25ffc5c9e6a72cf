//! What a node shows is the newest it knows, and never goes back.

use std::{sync::Arc, time::Duration};

use stampede_application::live_sales::{Freshness, Known, Stale};
use stampede_domain::{EndReason, Instant, Shard, State, Version};

use super::samples::{END, HandClock, START, live_sales, sku, snapshot};

#[test]
fn what_is_older_never_replaces_what_is_newer() {
    let live = live_sales(&HandClock::at(START), Freshness::Always);
    let known = snapshot("A", 1, 5, 50);
    live.apply(&known);
    live.apply(&snapshot("A", 1, 4, 60));
    assert!(live.apply_stock(&known.sale.id, Version(5), 70));
    let shown = live.last_known(&sku("A")).expect("known");
    assert_eq!((shown.stock, shown.version), (50, Version(5)));
    assert!(live.apply_stock(&known.sale.id, Version(6), 49));
    assert_eq!(live.last_known(&sku("A")).expect("known").stock, 49);
}

/// A batch decided right after a change may be told before the change is.
#[test]
fn a_newer_stock_does_not_hide_what_an_admin_changed_before_it() {
    let live = live_sales(&HandClock::at(START), Freshness::Always);
    let known = snapshot("A", 1, 5, 50);
    live.apply(&known);
    assert!(live.apply_stock(&known.sale.id, Version(7), 48));
    let mut paused = snapshot("A", 1, 6, 49);
    paused.sale.paused = true;
    live.apply(&paused);
    let shown = live.last_known(&sku("A")).expect("known");
    assert!(shown.sale.paused);
    assert_eq!((shown.stock, shown.version, shown.defined), (48, Version(7), Version(6)));
    live.apply(&known);
    assert!(live.last_known(&sku("A")).expect("known").sale.paused, "an older one changes nothing");
    // A feed that compares with the store reads it whole once more.
    let listed = live.versions(Shard::of(&sku("A")));
    assert_eq!(listed[&sku("A")].1, Version(6));
}

/// Thousands of streams need not be woken by a read that confirms what they show.
#[test]
fn a_snapshot_of_what_is_shown_wakes_nobody_and_one_of_the_stock_keeps_the_sale() {
    let live = live_sales(&HandClock::at(START), Freshness::Always);
    let known = snapshot("A", 1, 5, 50);
    live.apply(&known);
    assert!(live.apply_stock(&known.sale.id, Version(6), 49));
    let stream = live.watch(&sku("A")).expect("known");
    live.apply(&snapshot("A", 1, 6, 49));
    assert!(!stream.has_changed().expect("open"));
    let before = live.last_known(&sku("A")).expect("known");
    assert_eq!(before.defined, Version(6));
    live.apply(&snapshot("A", 1, 7, 48));
    assert!(stream.has_changed().expect("open"));
    let after = live.last_known(&sku("A")).expect("known");
    assert!(Arc::ptr_eq(&before.sale, &after.sale));
}

#[test]
fn stock_of_an_unknown_sale_makes_none() {
    let live = live_sales(&HandClock::at(START), Freshness::Always);
    assert!(!live.apply_stock(&snapshot("A", 1, 5, 50).sale.id, Version(6), 49));
    assert!(matches!(live.get(&sku("A")), Known::Unknown));
}

#[test]
fn a_deleted_sale_leaves_every_answer_and_does_not_come_back() {
    let live = live_sales(&HandClock::at(START), Freshness::Always);
    let known = snapshot("A", 1, 5, 50);
    live.apply(&known);
    let stream = live.watch(&sku("A")).expect("known");
    live.remove(&known.sale.id);
    assert!(stream.has_changed().is_err(), "its streams are closed");
    live.apply(&snapshot("A", 1, 9, 40));
    assert!(matches!(live.get(&sku("A")), Known::Unknown));
    assert_eq!(live.all().expect("fresh").0.len(), 0);
}

#[test]
fn a_recreated_sale_replaces_the_old_one_and_closes_its_streams() {
    let live = live_sales(&HandClock::at(START), Freshness::Always);
    live.apply(&snapshot("A", 1, 5, 50));
    let stream = live.watch(&sku("A")).expect("known");
    live.apply(&snapshot("A", 2, 4, 100));
    assert_eq!(live.last_known(&sku("A")).expect("known").stock, 50, "its version is lower");
    live.apply(&snapshot("A", 2, 6, 100));
    assert_eq!(live.last_known(&sku("A")).expect("known").stock, 100);
    assert!(stream.has_changed().is_err(), "the old sale's streams are closed");
}

#[test]
fn a_sale_turns_at_its_start_and_at_its_end_and_its_streams_are_told() {
    let clock = HandClock::at(START - 1);
    let live = live_sales(&clock, Freshness::Always);
    live.apply(&snapshot("A", 1, 5, 50));
    let mut stream = live.watch(&sku("A")).expect("known");
    assert_eq!(stream.borrow_and_update().phase.state, State::Upcoming);
    assert_eq!(live.turn_once(), Some(Instant::from_millis(START)));
    assert!(!stream.has_changed().expect("open"));
    clock.set(START);
    assert_eq!(live.turn_once(), Some(Instant::from_millis(END)));
    assert_eq!(stream.borrow_and_update().phase.state, State::Active);
    clock.set(END);
    assert_eq!(live.turn_once(), None);
    let ended = stream.borrow_and_update().clone();
    assert_eq!(ended.phase.end_reason, Some(EndReason::TimeExpired));
    assert_eq!(ended.version, Version(5), "the passing of time is no written change");
}

#[test]
fn a_status_is_turned_even_before_the_turner_gets_to_it() {
    let clock = HandClock::at(START - 1);
    let live = live_sales(&clock, Freshness::Always);
    live.apply(&snapshot("A", 1, 5, 50));
    clock.set(START);
    let Known::Live(shown, at) = live.get(&sku("A")) else { unreachable!("known") };
    assert_eq!((shown.phase.state, at), (State::Active, Instant::from_millis(START)));
}

#[test]
fn the_featured_sale_is_the_active_one_that_ends_first_then_the_next_then_the_last() {
    let clock = HandClock::at(START);
    let live = live_sales(&clock, Freshness::Always);
    assert_eq!(live.featured(), Ok(None));
    let window = |name: &str, start, end| {
        let mut sale = snapshot(name, u128::from(name.as_bytes()[0]), 1, 50);
        sale.sale.window.start = Instant::from_millis(start);
        sale.sale.window.end = Instant::from_millis(end);
        live.apply(&sale);
    };
    let featured = || live.featured().expect("fresh").expect("one").0.sale.id.sku.to_string();
    window("E", 0, 500);
    window("F", 0, 600);
    assert_eq!(featured(), "F", "the last that ended");
    window("U", 5_000, 6_000);
    window("V", 4_000, 6_000);
    assert_eq!(featured(), "V", "the next that starts");
    window("A", 0, 3_000);
    window("B", 0, 2_500);
    assert_eq!(featured(), "B", "the active one that ends first");
    let order: Vec<_> =
        live.all().expect("fresh").0.iter().map(|live| live.sale.id.sku.to_string()).collect();
    assert_eq!(order, ["A", "B", "V", "U", "F", "E"]);
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_was_not_read_for_a_second_is_not_shown() {
    let live = live_sales(&HandClock::at(START), Freshness::Within(Duration::from_secs(1)));
    live.apply(&snapshot("A", 1, 5, 50));
    assert!(matches!(live.get(&sku("A")), Known::Stale), "never read");
    assert_eq!(live.featured(), Err(Stale));
    Shard::all().for_each(|shard| live.shard_read(shard));
    tokio::time::advance(Duration::from_millis(999)).await;
    assert!(matches!(live.get(&sku("A")), Known::Live(..)));
    tokio::time::advance(Duration::from_millis(2)).await;
    assert!(matches!(live.get(&sku("A")), Known::Stale));
    assert!(live.last_known(&sku("A")).is_some(), "attempts still find it");
}
