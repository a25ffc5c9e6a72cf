//! Each kind of history that must never be, and what the checker says of it.

use std::{ops::RangeInclusive, time::Duration};

use stampede_domain::{CHANGES_PER_EPOCH, Instant, Window};
use stampede_prove::{
    Figure, Promise, check,
    history::{
        Attempt, Attempted, Away, Change, Changed, Event, History, Operation, Receipt, Seen,
    },
};

use crate::model::{ORIGIN_MS, Story};

/// While an operation is under way on either side of its instant.
const AROUND: (u64, u64) = (5, 5);

/// Ten units, of which a buyer may have two.
fn story() -> Story {
    Story::of(10, 2)
}

/// Five purchases of one unit each, one after the other, of buyers 0 to 4.
fn five_bought() -> Story {
    let mut story = story();
    for number in 0..5_u64 {
        let buyer = format!("buyer-{number}");
        story.attempt(100 + 100 * number, AROUND, (&buyer, "key"), 1);
    }
    story
}

/// What was told in this time may have been lost.
fn lost(millis: RangeInclusive<u64>) -> RangeInclusive<Duration> {
    Duration::from_millis(*millis.start())..=Duration::from_millis(*millis.end())
}

#[track_caller]
fn assert_says(history: &History, what: &str) {
    let found = check(history, Promise::NothingLost).violations;
    assert!(found.iter().any(|said| said.contains(what)), "not {what:?} but {found:#?}");
}

#[track_caller]
fn assert_passes(history: &History) {
    let found = check(history, Promise::NothingLost).violations;
    assert_eq!(found, Vec::<String>::new());
}

fn attempt_of(history: &mut History, index: usize) -> &mut Attempt {
    let Event::Attempt(attempt) = &mut history.operations[index].event else {
        panic!("operation {index} is no attempt");
    };
    attempt
}

#[test]
fn five_who_bought_pass() {
    assert_passes(&five_bought().history);
}

#[test]
fn more_units_than_the_stock_are_oversold() {
    let mut history = five_bought().history;
    history.stock = 4;
    assert_says(&history, "oversold: 5 units of 4");
}

#[test]
fn a_buyer_above_the_limit_is_caught() {
    let mut history = five_bought().history;
    history.limit = 0;
    assert_says(&history, "holds 1 units, 0 are the limit");
}

#[test]
fn a_purchase_that_was_told_and_is_not_recorded_is_lost() {
    let mut history = five_bought().history;
    history.ledger.remove(4);
    assert_says(&history, "lost: PUR-4 was told");
}

#[test]
fn a_purchase_that_nobody_was_told_of_leaves_its_place() {
    let mut history = five_bought().history;
    history.operations.remove(2);
    history.ledger.remove(2);
    assert_says(&history, "1 acceptances are not in the ledger");
}

#[test]
fn a_loss_that_is_allowed_is_counted() {
    let mut history = five_bought().history;
    history.stock = 4;
    history.ledger.remove(1);
    history.losses.push(lost(100..=600));
    let trial = check(&history, Promise::LossCounted);
    let counted = |name, count| trial.figures.contains(&Figure::count(name, count));
    assert!(counted("told and lost", 1), "{trial:?}");
    assert!(counted("receipts above the stock, units", 1), "{trial:?}");
}

#[test]
fn a_loss_that_was_told_when_nothing_could_be_lost_is_caught() {
    let lost_with = |loss: RangeInclusive<u64>, in_ledger| {
        let mut history = five_bought().history;
        // It was told at 205 ms, and went with the gate's first life.
        history.ledger.remove(1);
        for row in &mut history.ledger[1..] {
            row.epoch_number = 2;
        }
        let Attempted::Accepted(receipt) = &mut attempt_of(&mut history, 1).answer else {
            panic!("it was accepted");
        };
        receipt.in_ledger = in_ledger;
        history.losses.push(lost(loss));
        check(&history, Promise::LossCounted).violations
    };
    // It may have been on its way when the gate lost it.
    for loss in [100..=196, 204..=600] {
        assert_eq!(lost_with(loss, false), Vec::<String>::new());
    }
    for loss in [100..=194, 206..=600] {
        assert!(lost_with(loss, false)[0].starts_with("lost: PUR-1 was told at 205ms"));
    }
    assert!(lost_with(100..=600, true)[0].starts_with("lost: PUR-1 was told as in the ledger"));
}

#[test]
fn a_gate_that_waits_for_the_ledger_tells_of_no_purchase_before() {
    let told = |is_strict| {
        let mut history = five_bought().history;
        history.gate.is_strict = is_strict;
        history
    };
    assert_passes(&told(false));
    assert_says(&told(true), "PUR-1 was told before the ledger had it");
}

#[test]
fn a_key_whose_purchase_was_lost_may_buy_again_where_loss_is_counted() {
    let mut story = five_bought();
    let receipt = Receipt { number: "PUR-9".to_owned(), remaining: 5, in_ledger: false };
    story.tell(700, AROUND, ("buyer-4", "key"), 1, Attempted::Accepted(receipt));
    let row = story.history.ledger.last_mut().expect("five rows");
    row.purchase_no = "PUR-9".to_owned();
    row.epoch_number = 2;
    row.at_ms += 200;
    story.history.losses.push(lost(100..=600));
    let found = check(&story.history, Promise::LossCounted).violations;
    assert_eq!(found, Vec::<String>::new());
    assert_says(&story.history, "double: buyer-4 got PUR-4 and PUR-9 by one key");
}

#[test]
fn a_key_whose_purchase_was_lost_may_have_bought_again_unheard() {
    let mut story = five_bought();
    story.tell(700, AROUND, ("buyer-4", "key"), 1, Attempted::Unknown);
    let row = story.history.ledger.last_mut().expect("five rows");
    row.purchase_no = "PUR-9".to_owned();
    row.epoch_number = 2;
    row.at_ms += 200;
    story.history.losses.push(lost(100..=600));
    let found = check(&story.history, Promise::LossCounted).violations;
    assert_eq!(found, Vec::<String>::new());
    // Where nothing may be lost, the first one is missed.
    assert_says(&story.history, "lost: PUR-4 was told");
}

#[test]
fn what_was_lost_while_its_attempt_was_under_way_may_be_accepted_again_by_its_number() {
    let accepted_again = |loss: RangeInclusive<u64>, in_ledger| {
        let mut story = five_bought();
        // Told by a copy; the other one lost its answer, and the node sent it again.
        let row = story.history.ledger.last_mut().expect("five rows");
        (row.epoch_number, row.remaining) = (2, row.remaining - 2);
        row.at_ms += 400;
        let remaining = u32::try_from(row.remaining).expect("small");
        let receipt = Receipt { number: "PUR-4".to_owned(), remaining, in_ledger: false };
        story.tell(900, (450, 5), ("buyer-4", "key"), 1, Attempted::Accepted(receipt));
        let Attempted::Accepted(first) = &mut attempt_of(&mut story.history, 4).answer else {
            panic!("it was accepted");
        };
        first.in_ledger = in_ledger;
        story.history.losses.push(lost(loss));
        story.history
    };
    let found = |history: &History| check(history, Promise::LossCounted).violations;
    assert_eq!(found(&accepted_again(100..=600, false)), Vec::<String>::new());
    assert!(
        found(&accepted_again(100..=400, false))[0].starts_with("lost: PUR-4 was told at 505ms")
    );
    assert!(found(&accepted_again(100..=600, true))[0].starts_with("lost: PUR-4 was told as in"));
    assert_says(&accepted_again(100..=600, false), "PUR-4 was accepted too late");
}

#[test]
fn a_status_may_have_shown_what_was_undone_and_bought_again() {
    let shown = |answer: Attempted| {
        let mut story = story();
        story.attempt(100, AROUND, ("bob", "key"), 1);
        story.tell(150, AROUND, ("ada", "key"), 2, answer);
        // Ada's two are gone from the gate with its life, and nobody was told of them.
        story.note(160, AROUND, Event::Look(Some(Seen { version: 2, stock: Some(7) })));
        story.attempt(300, AROUND, ("carl", "key"), 1);
        story.attempt(400, AROUND, ("ada", "key"), 2);
        for row in &mut story.history.ledger[1..] {
            row.epoch_number = 2;
        }
        story.history
    };
    assert_passes(&shown(Attempted::Unknown));
    assert_says(&shown(Attempted::SoldOut), "right at no time");
}

#[test]
fn what_was_undone_is_missed_by_no_answer_before_it_was_asked_for_nor_of_a_later_life() {
    let refused = |lost_at, life: u64| {
        let mut story = restored();
        story.tell(lost_at, AROUND, ("lost", "key"), 2, Attempted::Unknown);
        story.tell(lost_at, AROUND, ("lost", "other"), 2, Attempted::Unknown);
        let version = life * CHANGES_PER_EPOCH;
        story.note(750, AROUND, Event::Look(Some(Seen { version, stock: None })));
        story.tell(800, AROUND, ("late", "key"), 2, Attempted::SoldOut);
        story.history
    };
    assert_passes(&refused(700, 1));
    // They were asked for when that answer was there.
    assert_says(&refused(820, 1), "right at no time");
    // The node that answered had shown the life that they were undone before.
    assert_says(&refused(700, 2), "right at no time");
}

#[test]
fn an_acceptance_of_a_later_life_that_left_more_than_all_before_it_is_caught() {
    let left = |more: i32, first: Attempted| {
        let mut story = restored();
        story.tell(600, AROUND, ("buyer-5", "key"), 1, first);
        let row = story.history.ledger.last_mut().expect("six rows");
        row.remaining += more;
        let remaining = u32::try_from(row.remaining).expect("small");
        let number = row.purchase_no.clone();
        let receipt = Receipt { number, remaining, in_ledger: false };
        attempt_of(&mut story.history, 5).answer = Attempted::Accepted(receipt);
        story.history
    };
    assert_says(&left(1, Attempted::NotActive), "PUR-5 left 5 units by its row, 4 by all");
    // What an earlier life accepted is taken over as it was told.
    assert_passes(&left(1, Attempted::Unknown));
    // Units may have gone with the life before.
    assert_passes(&left(-1, Attempted::Unknown));
    // Told without the ledger by a life that sold on beside this one, and taken over later.
    let told = left(1, Attempted::SoldOut);
    assert_eq!(check(&told, Promise::LossCounted).violations, Vec::<String>::new());
}

#[test]
fn what_was_under_way_while_the_gate_was_lost_is_told_as_the_life_before_left_it() {
    let told_around = |loss: RangeInclusive<u64>| {
        let mut story = restored();
        let row = story.history.ledger.last_mut().expect("six rows");
        row.remaining += 1;
        let remaining = u32::try_from(row.remaining).expect("small");
        let receipt = Receipt { number: row.purchase_no.clone(), remaining, in_ledger: false };
        attempt_of(&mut story.history, 5).answer = Attempted::Accepted(receipt);
        story.history.losses.push(lost(loss));
        story.history
    };
    assert_passes(&told_around(800..=900));
    assert_says(&told_around(100..=400), "PUR-5 left 5 units by its row, 4 by all");
}

#[test]
fn a_gate_that_keeps_its_places_leaves_none_out_in_any_life() {
    let left_out = |keeps_places| {
        let mut history = five_bought().history;
        history.gate.keeps_places = keeps_places;
        for row in &mut history.ledger[3..] {
            row.epoch_number = 2;
            row.position += 1;
        }
        history
    };
    assert_passes(&left_out(false));
    assert_says(&left_out(true), "1 acceptances are not in the ledger");
}

#[test]
fn two_purchases_by_one_key_are_double() {
    let mut story = five_bought();
    story.attempt(700, AROUND, ("buyer-0", "other"), 1);
    attempt_of(&mut story.history, 5).key = "key".to_owned();
    assert_says(&story.history, "double: buyer-0 got PUR-0 and PUR-5 by one key");
}

#[test]
fn one_purchase_told_to_two_is_caught() {
    let mut story = five_bought();
    story.attempt(700, AROUND, ("buyer-0", "key"), 1);
    attempt_of(&mut story.history, 5).buyer = "buyer-9".to_owned();
    assert_says(&story.history, "PUR-0 was told to");
}

#[test]
fn a_purchase_that_nobody_asked_for_is_caught() {
    let mut history = five_bought().history;
    history.operations.remove(3);
    assert_says(&history, "PUR-3 of buyer-3 is in the ledger, and nobody asked for it");
}

#[test]
fn an_attempt_that_takes_effect_after_its_not_after_is_late() {
    let late_by = |millis: u64| {
        let mut story = story();
        story.tell(1_000, AROUND, ("ada", "key"), 1, Attempted::Unknown);
        story.judge(1_005 + millis, ("ada", "key"), 1);
        story.history
    };
    assert_passes(&late_by(1_900));
    assert_says(&late_by(2_500), "PUR-0 was accepted too late");
}

#[test]
fn the_not_after_is_how_long_the_gates_store_may_take_to_reply() {
    let mut story = story();
    story.tell(1_000, AROUND, ("ada", "key"), 1, Attempted::Unknown);
    story.judge(1_800, ("ada", "key"), 1);
    assert_passes(&story.history);
    story.history.gate.not_after = Duration::from_millis(500);
    assert_says(&story.history, "PUR-0 was accepted too late");
}

#[test]
fn an_acceptance_between_two_attempts_of_its_key_is_of_neither() {
    let between = |at| {
        let mut story = story();
        story.history.gate.not_after = Duration::from_millis(500);
        story.tell(1_000, AROUND, ("ada", "key"), 1, Attempted::Unknown);
        let bought = story.judge(at, ("ada", "key"), 1);
        story.tell(3_000, AROUND, ("ada", "key"), 1, bought);
        story.history
    };
    assert_passes(&between(1_400));
    assert_says(&between(2_000), "when no attempt of it was under way");
    assert_passes(&between(2_999));
}

#[test]
fn an_acceptance_before_it_was_asked_for_is_caught() {
    let mut history = five_bought().history;
    history.ledger[4].at_ms -= 300;
    assert_says(&history, "and asked for at");
}

#[test]
fn acceptances_in_another_order_than_their_clients_had_them_are_caught() {
    let mut history = five_bought().history;
    let (early, late) = (history.ledger[1].position, history.ledger[3].position);
    (history.ledger[1].position, history.ledger[3].position) = (late, early);
    assert_says(&history, "out of order: the acceptance of PUR-1 had ended");
}

#[test]
fn a_later_place_in_an_older_life_is_caught() {
    let mut history = five_bought().history;
    for row in &mut history.ledger[..3] {
        row.epoch_number = 2;
    }
    assert_says(&history, "is of an older life than");
}

/// Five who bought, of whom the second came into the ledger by a restore, and one who bought after
/// it.
fn restored() -> Story {
    let mut story = five_bought();
    story.attempt(900, AROUND, ("buyer-5", "key"), 1);
    let rows = &mut story.history.ledger;
    (rows[1].epoch_number, rows[1].position) = (2, 6);
    (rows[5].epoch_number, rows[5].position) = (2, 7);
    story
}

#[test]
fn what_a_restore_readmits_was_accepted_when_it_was() {
    let mut story = restored();
    let answer = Some(Vec::new());
    let looked_up = Event::Lookup { buyer: "buyer-1".to_owned(), answer };
    assert_passes(&story.history);
    // It is the instant that counts, in which nobody had its units yet.
    story.note(600, AROUND, looked_up);
    assert_says(&story.history, "out of order: the acceptance of PUR-1");
}

#[test]
fn units_that_another_life_accepted_may_be_missing_until_they_are_told() {
    let shown_at = |at, first: Attempted| {
        let mut story = story();
        let bought = story.judge(100, ("ada", "key"), 2);
        story.tell(100, AROUND, ("ada", "key"), 2, first);
        story.attempt(200, AROUND, ("bob", "key"), 1);
        story.tell(2_000, AROUND, ("ada", "key"), 2, bought);
        let rows = &mut story.history.ledger;
        // What Bob was told, Ada's being with the other life.
        (rows[1].remaining, rows[1].position) = (9, 1);
        (rows[0].epoch_number, rows[0].position) = (2, 2);
        let receipt = Receipt { number: "PUR-1".to_owned(), remaining: 9, in_ledger: true };
        attempt_of(&mut story.history, 1).answer = Attempted::Accepted(receipt);
        let seen = Seen { version: 2 * CHANGES_PER_EPOCH, stock: Some(9) };
        story.note(at, AROUND, Event::Look(Some(seen)));
        story.history
    };
    assert_passes(&shown_at(1_900, Attempted::Unknown));
    assert_says(&shown_at(2_100, Attempted::Unknown), "a node shows 9 left after it answered");
    assert_says(&shown_at(1_900, Attempted::NotActive), "right at no time");
}

#[test]
fn units_that_a_restore_undid_unanswered_were_missed_meanwhile_and_in_one_life_never() {
    let refused = |mut story: Story| {
        story.tell(700, AROUND, ("lost", "key"), 2, Attempted::Unknown);
        story.tell(710, AROUND, ("lost", "other"), 2, Attempted::Unknown);
        story.tell(800, AROUND, ("late", "key"), 2, Attempted::SoldOut);
        story.history
    };
    assert_passes(&refused(restored()));
    assert_says(&refused(five_bought()), "right at no time");
}

#[test]
fn a_node_shows_what_it_told_though_a_restore_readmits_what_it_did_not_know_of() {
    let shown = |stock| {
        let mut story = story();
        story.attempt(100, AROUND, ("ann", "key"), 1);
        let readmitted = story.judge(200, ("bob", "key"), 1);
        story.tell(200, AROUND, ("bob", "key"), 1, Attempted::Unknown);
        story.attempt(300, AROUND, ("carl", "key"), 1);
        story.note(320, AROUND, Event::Look(Some(Seen { version: 1, stock: Some(stock) })));
        story.tell(950, AROUND, ("bob", "key"), 1, readmitted);
        // Carl bought of another life, which had never heard of Bob.
        let rows = &mut story.history.ledger;
        (rows[1].epoch_number, rows[1].position) = (2, 5);
        rows[2].remaining = 8;
        let Attempted::Accepted(receipt) = &mut attempt_of(&mut story.history, 2).answer else {
            panic!("Carl has bought");
        };
        receipt.remaining = 8;
        story.history
    };
    assert_passes(&shown(8));
    assert_says(&shown(9), "after it answered that 8 are");
}

#[test]
fn what_a_later_life_readmits_stands_after_what_was_accepted_later() {
    let readmitted = |epoch_number| {
        let mut history = five_bought().history;
        (history.ledger[3].position, history.ledger[4].position) = (5, 4);
        for row in &mut history.ledger[3..] {
            row.epoch_number = epoch_number;
        }
        history
    };
    assert_passes(&readmitted(2));
    assert_says(&readmitted(1), "PUR-3 was accepted before PUR-4, and stands after it");
}

#[test]
fn sold_out_before_the_acceptance_that_emptied_the_stock_began_is_too_early() {
    let mut story = story();
    for number in 0..5_u64 {
        story.attempt(100 + 100 * number, AROUND, (&format!("buyer-{number}"), "key"), 2);
    }
    let sold_out_at = |at| {
        let mut history = story.history.clone();
        let mut late = five_bought();
        late.tell(at, AROUND, ("late", "key"), 1, Attempted::SoldOut);
        history.operations.extend(late.history.operations.pop());
        history
    };
    assert_passes(&sold_out_at(505));
    assert_says(&sold_out_at(450), "out of order");
}

#[test]
fn sold_out_with_units_left_for_ever_is_caught() {
    let mut story = five_bought();
    story.tell(700, AROUND, ("late", "key"), 2, Attempted::SoldOut);
    assert_says(&story.history, "right at no time");
}

#[test]
fn already_purchased_before_that_buyers_purchase_began_is_too_early() {
    let mut story = story();
    story.attempt(500, AROUND, ("ada", "key"), 2);
    let newest = Some("PUR-0".to_owned());
    let told_at = |at| {
        let mut told = self::story();
        told.history = story.history.clone();
        told.tell(at, AROUND, ("ada", "other"), 1, Attempted::AlreadyPurchased(newest.clone()));
        told.history
    };
    assert_passes(&told_at(505));
    assert_says(&told_at(400), "out of order");
}

#[test]
fn a_key_that_is_refused_after_it_was_accepted_is_caught() {
    for refusal in [Attempted::NotActive, Attempted::AlreadyPurchased(Some("PUR-0".to_owned()))] {
        let mut story = story();
        story.attempt(100, AROUND, ("ada", "key"), 2);
        story.tell(300, AROUND, ("ada", "key"), 2, refusal);
        let found = check(&story.history, Promise::NothingLost).violations;
        assert!(!found.is_empty());
    }
}

#[test]
fn a_lookup_that_misses_what_was_told_is_caught() {
    let mut story = story();
    story.look_up(300, AROUND, "ada");
    story.attempt(310, AROUND, ("ada", "key"), 1);
    assert_passes(&story.history);
    story.history.operations[0].begun = Duration::from_millis(400);
    story.history.operations[0].ended = Duration::from_millis(410);
    assert_says(&story.history, "out of order: the acceptance of PUR-0");
}

#[test]
fn a_lookup_of_what_is_nowhere_is_caught() {
    let mut story = five_bought();
    let answer = Some(vec!["PUR-99".to_owned()]);
    story.note(700, AROUND, Event::Lookup { buyer: "buyer-0".to_owned(), answer });
    assert_says(&story.history, "lost: PUR-99 was told");
    assert_says(&story.history, "right at no time");
}

#[test]
fn two_answers_that_contradict_each_other_are_caught_without_an_acceptance_between_them() {
    let mut story = story();
    for number in 0..5_u64 {
        // All five are under way for the whole time.
        story.attempt(500, (400, 400), (&format!("buyer-{number}"), "key"), 2);
    }
    story.tell(200, AROUND, ("late", "key"), 1, Attempted::SoldOut);
    assert_passes(&story.history);
    // By then everybody has bought.
    let answer = Some(Vec::new());
    story.note(300, AROUND, Event::Lookup { buyer: "buyer-2".to_owned(), answer });
    assert_says(&story.history, "out of order");
}

#[test]
fn what_is_accepted_while_paused_or_after_the_end_is_caught() {
    for stop in [Change::Pause, Change::End] {
        let mut story = five_bought();
        story.note(700, AROUND, Event::Change { change: stop, answer: Changed::Done });
        story.attempt(800, AROUND, ("late", "key"), 1);
        assert_says(&story.history, "PUR-5 was accepted while the sale was not active");
    }
}

#[test]
fn a_change_comes_too_late_for_a_sale_that_is_sold_out_or_over_alone() {
    let too_late = |mut story: Story, at: u64| {
        let answer = Changed::TooLate;
        story.note(at, AROUND, Event::Change { change: Change::Resume, answer });
        story.history
    };
    let sold_out = || {
        let mut story = Story::of(5, 2);
        story.attempt(100, AROUND, ("ada", "key"), 2);
        story.attempt(200, AROUND, ("bob", "key"), 2);
        story.attempt(300, AROUND, ("carl", "key"), 1);
        story
    };
    let ended = |change| {
        let mut story = five_bought();
        story.note(700, AROUND, Event::Change { change, answer: Changed::Unknown });
        story
    };
    let over = |end: i64| {
        let mut story = five_bought();
        let (start, end) = (Instant::from_millis(ORIGIN_MS), Instant::from_millis(ORIGIN_MS + end));
        story.history.window = Some(Window { start, end });
        story
    };
    for history in
        [too_late(sold_out(), 300), too_late(ended(Change::End), 700), too_late(over(650), 600)]
    {
        assert_passes(&history);
    }
    for history in [
        too_late(sold_out(), 250),
        too_late(five_bought(), 700),
        too_late(ended(Change::Pause), 700),
        too_late(ended(Change::End), 600),
        too_late(over(1_000), 600),
    ] {
        assert_says(&history, "answered as too late");
    }
}

#[test]
fn a_change_comes_too_late_by_when_the_last_unit_was_sold_and_not_by_when_it_was_asked_for() {
    let too_late_at = |at: u64| {
        let mut story = Story::of(5, 2);
        story.attempt(100, AROUND, ("ada", "key"), 2);
        story.attempt(200, AROUND, ("bob", "key"), 2);
        // Under way for long; sold last, by the store's clock.
        story.attempt(900, (600, 5), ("carl", "key"), 1);
        let answer = Changed::TooLate;
        story.note(at, AROUND, Event::Change { change: Change::Resume, answer });
        story.history
    };
    assert_passes(&too_late_at(800));
    assert_says(&too_late_at(790), "answered as too late");
}

#[test]
fn a_change_that_came_too_late_has_no_effect() {
    let mut story = story();
    story.history.window = Some(Window {
        start: Instant::from_millis(ORIGIN_MS),
        end: Instant::from_millis(ORIGIN_MS + 750),
    });
    let answer = Changed::TooLate;
    story.note(700, AROUND, Event::Change { change: Change::Pause, answer });
    story.attempt(740, AROUND, ("ada", "key"), 1);
    assert_passes(&story.history);
}

#[test]
fn not_active_is_right_during_a_pause_alone() {
    let refused_at = |at| {
        let mut story = five_bought();
        story.note(700, AROUND, Event::Change { change: Change::Pause, answer: Changed::Done });
        story.note(800, AROUND, Event::Change { change: Change::Resume, answer: Changed::Done });
        story.tell(at, AROUND, ("late", "key"), 1, Attempted::NotActive);
        story.history
    };
    for at in [690, 750, 810] {
        assert_passes(&refused_at(at));
    }
    for at in [600, 900] {
        assert_says(&refused_at(at), "refused as not active while the sale was");
    }
}

#[test]
fn what_the_order_of_answers_puts_into_a_pause_is_caught() {
    let history = {
        let mut story = five_bought();
        story.note(700, AROUND, Event::Change { change: Change::Pause, answer: Changed::Done });
        // By its own bounds it may have been before the pause, or after its end.
        story.attempt(800, (200, 200), ("late", "key"), 1);
        story.note(900, AROUND, Event::Change { change: Change::Resume, answer: Changed::Done });
        story.history
    };
    assert_passes(&history);
    let looked_up = |mut history: History, at: u64, answer: &[&str]| {
        let answer = Some(answer.iter().map(|&number| number.to_owned()).collect());
        let event = Event::Lookup { buyer: "late".to_owned(), answer };
        let (begun, ended) = (Duration::from_millis(at - 5), Duration::from_millis(at + 5));
        history.operations.push(Operation { node: 0, begun, ended, event });
        history
    };
    // It was not there when the pause was, and was there before its end.
    let history = looked_up(looked_up(history, 720, &[]), 880, &["PUR-5"]);
    assert_says(&history, "PUR-5 was accepted while the sale was not active");
}

#[test]
fn what_the_stores_clock_puts_into_a_pause_is_caught() {
    let mut story = five_bought();
    story.note(700, AROUND, Event::Change { change: Change::Pause, answer: Changed::Done });
    story.attempt(900, (300, 300), ("late", "key"), 1);
    assert_says(&story.history, "PUR-5 was accepted while the sale was not active");
    story.note(1_100, AROUND, Event::Change { change: Change::Resume, answer: Changed::Done });
    assert_says(&story.history, "PUR-5 was accepted while the sale was not active");
}

/// The history with a sale that is on from the one instant to before the other, in milliseconds.
fn on(mut history: History, start: i64, end: i64) -> History {
    let at = |millis| Instant::from_millis(ORIGIN_MS + millis);
    history.window = Some(Window { start: at(start), end: at(end) });
    history
}

#[test]
fn what_is_accepted_before_the_start_or_from_the_end_on_is_caught() {
    let history = || five_bought().history;
    assert_passes(&on(history(), 100, 501));
    assert_says(&on(history(), 101, 501), "PUR-0 was accepted outside the sale's window");
    assert_says(&on(history(), 100, 500), "PUR-4 was accepted outside the sale's window");
}

#[test]
fn not_active_is_right_outside_the_window_alone() {
    let refused_at = |at| {
        let mut story = story();
        story.attempt(1_000, AROUND, ("ada", "key"), 1);
        story.tell(at, AROUND, ("late", "key"), 1, Attempted::NotActive);
        on(story.history, 1_000, 2_000)
    };
    for at in [500, 1_050, 1_950, 3_000] {
        assert_passes(&refused_at(at));
    }
    for at in [1_200, 1_800] {
        assert_says(&refused_at(at), "refused as not active while the sale was");
    }
}

#[test]
fn sold_out_is_right_within_the_window_alone() {
    let refused_at = |at| {
        let mut story = story();
        for number in 0..5_u64 {
            story.attempt(1_000 + number, AROUND, (&format!("buyer-{number}"), "key"), 2);
        }
        story.tell(at, AROUND, ("late", "key"), 1, Attempted::SoldOut);
        on(story.history, 1_000, 2_000)
    };
    for at in [1_050, 2_050] {
        assert_passes(&refused_at(at));
    }
    assert_says(&refused_at(2_200), "refused as sold out while the sale was not active");
}

#[test]
fn a_version_that_falls_is_caught_in_status_and_stream() {
    for is_stream in [false, true] {
        let mut story = five_bought();
        for (at, version) in [(700, 5), (800, 4)] {
            let seen = Seen { version, stock: Some(5) };
            let event =
                if is_stream { Event::Told { stream: 1, seen } } else { Event::Look(Some(seen)) };
            story.note(at, AROUND, event);
        }
        assert_says(&story.history, "went back from version 5 to 4");
    }
}

#[test]
fn a_status_older_than_a_second_is_stale() {
    let shown_at = |at, node| {
        let mut story = five_bought();
        let seen = Seen { version: 4, stock: Some(6) };
        story.note(at, AROUND, Event::Look(Some(seen)));
        story.history.operations.last_mut().expect("one").node = node;
        story.history
    };
    // The fifth was answered at 505 ms.
    assert_passes(&shown_at(1_500, 1));
    assert_says(&shown_at(1_520, 1), "out of order");
    // The node that answered it shows it at once.
    assert_says(&shown_at(600, 0), "a node shows 6 left after it answered that 5 are");
}

#[test]
fn a_stream_that_says_nothing_says_what_it_said_last() {
    let silent_until = |at| {
        let mut story = five_bought();
        let seen = Seen { version: 4, stock: Some(6) };
        story.note(450, AROUND, Event::Told { stream: 1, seen });
        // Which says nothing of the stock.
        let seen = Seen { version: 5, stock: None };
        story.note(600, AROUND, Event::Told { stream: 1, seen });
        story.note(at, AROUND, Event::Over { stream: 1 });
        story.history
    };
    // The fifth was answered at 505 ms, and an event may be 2 s old.
    assert_passes(&silent_until(2_510));
    assert_says(&silent_until(2_520), "out of order");
}

#[test]
fn a_living_node_that_gives_no_answer_is_caught() {
    let silent = |from: u64, until: u64| {
        let mut story = five_bought();
        story.note(700, AROUND, Event::Silence);
        let (from, until) = (Duration::from_millis(from), Duration::from_millis(until));
        story.history.away.push(Away { node: 0, from, until, is_frozen: false });
        story.history
    };
    for (from, until) in [(500, 696), (704, 900)] {
        assert_passes(&silent(from, until));
    }
    for (from, until) in [(500, 600), (800, 900)] {
        assert_says(&silent(from, until), "node 0 gave no answer");
    }
}

#[test]
fn a_node_that_was_frozen_and_does_not_answer_what_it_was_asked_before_is_caught() {
    let silent_until = |ended: u64, is_frozen| {
        let mut story = five_bought();
        story.note(700, AROUND, Event::Silence);
        story.history.operations.last_mut().expect("one").ended = Duration::from_millis(ended);
        let (from, until) = (Duration::from_millis(710), Duration::from_millis(900));
        story.history.away.push(Away { node: 0, from, until, is_frozen });
        story.history
    };
    assert_passes(&silent_until(10_900, true));
    assert_says(&silent_until(10_901, true), "node 0 gave no answer");
    assert_passes(&silent_until(10_901, false));
}

#[test]
fn a_node_that_was_frozen_and_answers_late_what_it_was_asked_before_is_caught() {
    let answered_at = |ended: u64, frozen: &[(u64, u64)]| {
        let mut story = five_bought();
        story.look_up(700, AROUND, "buyer-0");
        story.history.operations.last_mut().expect("one").ended = Duration::from_millis(ended);
        story.history.away.extend(frozen.iter().map(|&(from, until)| Away {
            node: 0,
            from: Duration::from_millis(from),
            until: Duration::from_millis(until),
            is_frozen: true,
        }));
        story.history
    };
    assert_passes(&answered_at(10_900, &[(710, 900)]));
    assert_says(&answered_at(10_901, &[(710, 900)]), "went on at 900ms, answered at 10.901s");
    // Asked when it had gone on, nobody knows how long it may take.
    assert_passes(&answered_at(10_901, &[(500, 600)]));
    // Frozen once more meanwhile.
    assert_passes(&answered_at(19_900, &[(710, 900), (5_000, 9_900)]));
    assert_says(&answered_at(19_901, &[(710, 900), (5_000, 9_900)]), "went on at 9.9s");
}

#[test]
fn a_history_in_which_nobody_was_shown_anything_does_not_hold() {
    let unanswered = |event: &Event, times, haste: bool| {
        let mut story = five_bought();
        if haste {
            story.history.gate.not_after = Duration::from_millis(500);
        }
        story.look_up(700, AROUND, "buyer-0");
        let seen = Seen { version: 5, stock: Some(5) };
        story.note(700, AROUND, Event::Look(Some(seen)));
        for _ in 0..times {
            story.note(800, AROUND, event.clone());
        }
        story.history
    };
    let lookup = Event::Lookup { buyer: "buyer-0".to_owned(), answer: None };
    for (event, said) in [(Event::Look(None), "1 of 21 looks"), (lookup, "1 of 21 lookups")] {
        assert_passes(&unanswered(&event, 19, false));
        assert_says(&unanswered(&event, 20, false), said);
        assert_passes(&unanswered(&event, 99, true));
        assert_says(&unanswered(&event, 100, true), "1 of 101 look");
    }
    let over = Event::Over { stream: 1 };
    assert_says(&unanswered(&over, 1, false), "none of 1 streams said anything");
}

#[test]
fn a_stock_that_never_was_is_caught() {
    let mut story = story();
    story.attempt(100, AROUND, ("ada", "key"), 2);
    let seen = Seen { version: 1, stock: Some(9) };
    story.note(110, AROUND, Event::Look(Some(seen)));
    assert_says(&story.history, "right at no time");
}

#[test]
fn a_receipt_that_says_something_else_than_the_ledger_is_caught() {
    let mut history = five_bought().history;
    let receipt = Receipt { number: "PUR-2".to_owned(), remaining: 1, in_ledger: false };
    attempt_of(&mut history, 2).answer = Attempted::Accepted(receipt);
    assert_says(&history, "PUR-2 was told as");
}

#[test]
fn an_answer_that_the_contract_does_not_have_is_caught() {
    let mut story = five_bought();
    story.note(700, AROUND, Event::Strange("500".to_owned()));
    assert_says(&story.history, "a strange answer: 500");
}
