//! The checker and the search agree on small histories, right ones and spoilt ones.

use std::time::Duration;

use proptest::prelude::*;
use stampede_prove::{
    Promise, check,
    history::{Attempted, Change, Event, History},
};

use crate::{model::Story, search::is_possible};

const BUYERS: [&str; 3] = ["ada", "bob", "cleo"];
const KEYS: [&str; 2] = ["first", "second"];

/// One thing that happens.
#[derive(Clone, Debug)]
struct Step {
    what: What,
    buyer: usize,
    key: usize,
    qty: u32,
    /// Milliseconds since the step before.
    gap: u64,
    /// Milliseconds for which it was under way before and after.
    around: (u64, u64),
}

#[derive(Clone, Copy, Debug)]
enum What {
    Attempt,
    /// It is decided, and nobody hears of it, who had given up before or after.
    Unheard,
    /// It never arrives.
    Lost,
    LookUp,
    Change(Change),
}

fn step(changes: bool) -> impl Strategy<Value = Step> {
    let change = prop_oneof![Just(Change::Pause), Just(Change::Resume), Just(Change::End)];
    let what = prop_oneof![
        6 => Just(What::Attempt),
        1 => Just(What::Unheard),
        1 => Just(What::Lost),
        2 => Just(What::LookUp),
        if changes { 2 } else { 0 } => change.prop_map(What::Change),
    ];
    (what, 0..3_usize, 0..2_usize, 1..=2_u32, 0..5_u64, (0..12_u64, 0..12_u64)).prop_map(
        |(what, buyer, key, qty, gap, around)| Step { what, buyer, key, qty, gap, around },
    )
}

/// What clients see of these steps, and the ledger that they leave.
fn history(steps: &[Step]) -> History {
    let mut story = Story::of(3, 2);
    let mut at = 20;
    for step in steps {
        at += step.gap;
        let buyer = BUYERS[step.buyer];
        // Of a buyer's keys the first alone gets lost: it is known then which one a row is of.
        let who = (buyer, KEYS[step.key]);
        let unheard = (buyer, KEYS[0]);
        match step.what {
            What::Attempt => story.attempt(at, step.around, who, step.qty),
            What::Unheard => {
                story.judge(at, unheard, step.qty);
                story.tell(at, step.around, unheard, step.qty, Attempted::Unknown);
            }
            What::Lost => story.tell(at, step.around, unheard, step.qty, Attempted::Unknown),
            What::LookUp => story.look_up(at, step.around, buyer),
            What::Change(change) => story.change(at, step.around, change),
        }
    }
    story.history
}

/// One thing that is not as it was.
#[derive(Clone, Debug)]
enum Spoil {
    Later(u64),
    Sooner(u64),
    Shorter,
    Answer(Attempted),
    Forget,
    OfAnother(usize),
    NewestOf(usize),
}

fn spoil() -> impl Strategy<Value = Spoil> {
    prop_oneof![
        (1..40_u64).prop_map(Spoil::Later),
        (1..40_u64).prop_map(Spoil::Sooner),
        Just(Spoil::Shorter),
        Just(Spoil::Answer(Attempted::SoldOut)),
        Just(Spoil::Answer(Attempted::NotActive)),
        Just(Spoil::Answer(Attempted::KeyReused)),
        Just(Spoil::Forget),
        (0..4_usize).prop_map(Spoil::OfAnother),
        (0..4_usize).prop_map(Spoil::NewestOf),
    ]
}

/// The history with one operation that is not as it was.
fn spoilt(mut history: History, index: usize, spoil: &Spoil) -> History {
    let rows = history.ledger.clone();
    let count = history.operations.len();
    let operation = &mut history.operations[index % count];
    match (spoil, &mut operation.event) {
        (Spoil::Later(by), _) => {
            operation.begun += Duration::from_millis(*by);
            operation.ended += Duration::from_millis(*by);
        }
        (Spoil::Sooner(by), _) => {
            operation.begun = operation.begun.saturating_sub(Duration::from_millis(*by));
            operation.ended = operation.ended.saturating_sub(Duration::from_millis(*by));
        }
        (Spoil::Shorter, _) => operation.ended = operation.begun,
        (Spoil::Answer(answer), Event::Attempt(attempt)) => attempt.answer = answer.clone(),
        (Spoil::Forget, Event::Lookup { answer: Some(numbers), .. }) => {
            numbers.pop();
        }
        (Spoil::OfAnother(row), Event::Lookup { answer: Some(numbers), .. }) => {
            numbers.extend(rows.get(*row).map(|row| row.purchase_no.clone()));
        }
        (Spoil::OfAnother(row), Event::Attempt(attempt)) => {
            if let (Attempted::Accepted(receipt), Some(row)) = (&mut attempt.answer, rows.get(*row))
            {
                receipt.number.clone_from(&row.purchase_no);
                receipt.remaining = u32::try_from(row.remaining).expect("small");
            }
        }
        (Spoil::NewestOf(row), Event::Attempt(attempt)) => {
            if let Some(row) = rows.get(*row) {
                attempt.answer = Attempted::AlreadyPurchased(Some(row.purchase_no.clone()));
            }
        }
        _ => {}
    }
    history
}

/// Whether the checker lets it pass, with what it said.
fn passes(history: &History) -> (bool, Vec<String>) {
    let found = check(history, Promise::NothingLost).violations;
    (found.is_empty(), found)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_happened_by_the_rules_passes(steps in prop::collection::vec(step(true), 1..40)) {
        let history = history(&steps);
        let (passes, found) = passes(&history);
        prop_assert!(passes, "{found:#?}\nin {history:#?}");
    }

    #[test]
    fn the_search_lets_pass_what_happened_by_the_rules(
        steps in prop::collection::vec(step(true), 1..9),
    ) {
        let history = history(&steps);
        prop_assert!(is_possible(&history), "{history:#?}");
    }

    #[test]
    fn what_some_order_of_operations_makes_right_passes_with_changes_in_it(
        steps in prop::collection::vec(step(true), 1..9),
        index in 0..9_usize,
        spoil in spoil(),
    ) {
        let history = spoilt(history(&steps), index, &spoil);
        let (passes, found) = passes(&history);
        prop_assert!(passes || !is_possible(&history), "{:#?}\nin {:#?}", found, history);
    }

    #[test]
    fn what_no_order_of_operations_makes_right_is_caught_and_nothing_else(
        steps in prop::collection::vec(step(false), 1..9),
        index in 0..9_usize,
        spoil in spoil(),
    ) {
        let history = spoilt(history(&steps), index, &spoil);
        let (passes, found) = passes(&history);
        prop_assert_eq!(passes, is_possible(&history), "{:#?}\nin {:#?}", found, history);
    }
}

/// The generator makes histories that are wrong, and ones that are right in spite of the change.
#[test]
fn spoilt_histories_are_of_both_kinds() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let strategy = (prop::collection::vec(step(false), 4..9), 0..9_usize, spoil());
    let mut counts = [0, 0];
    for _ in 0..500 {
        let (steps, index, spoil) = strategy.new_tree(&mut runner).expect("a value").current();
        counts[usize::from(passes(&spoilt(history(&steps), index, &spoil)).0)] += 1;
    }
    assert!(counts.iter().all(|&count| count > 50), "{counts:?}");
}

/// With changes among the operations the checker is no search: it may let a wrong history pass,
/// where only all answers together rule out each place of a pause.
#[test]
fn nearly_all_that_no_order_makes_right_is_caught_with_changes_in_it() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let strategy = (prop::collection::vec(step(true), 4..9), 0..9_usize, spoil());
    let (mut wrong, mut missed) = (0, 0);
    while wrong < 500 {
        let (steps, index, spoil) = strategy.new_tree(&mut runner).expect("a value").current();
        let history = spoilt(history(&steps), index, &spoil);
        if !is_possible(&history) {
            wrong += 1;
            missed += usize::from(passes(&history).0);
        }
    }
    assert!(missed * 100 <= 3 * wrong, "{missed} of {wrong}");
}
