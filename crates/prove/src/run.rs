//! Runs a plan, one trial after the other.

use std::{
    any::Any,
    time::{Duration, Instant},
};

use tokio::{
    task::{LocalSet, spawn_local},
    time::timeout,
};

use crate::{Board, Chance, Kind, Line, Plan, Trial};

/// How many times as long as expected a trial may take, and what it may take in any case.
const PATIENCE: f64 = 10.0;
const PATIENCE_AT_LEAST: Duration = Duration::from_mins(3);

/// Runs the trials of `plan` and notes each on `board`; `tell` gets what is to be said meanwhile.
///
/// May be dropped at any point: the board then has what was done until then.
pub async fn run(lines: &[Line], plan: &Plan, board: &mut Board, tell: impl Fn(&str)) {
    for turn in &plan.turns {
        let share = plan.shares[turn.share];
        let kind = &lines[share.line].kinds[share.kind];
        let begun = Instant::now();
        // A set for each trial: what it left running ends with it.
        let trial = LocalSet::new().run_until(try_it(kind, turn.seed)).await;
        tell(&board.note(*turn, trial, begun.elapsed()));
    }
}

/// One trial; one that panics or does not end has shown that something is wrong.
async fn try_it(kind: &Kind, seed: u64) -> Trial {
    let limit = Duration::from_secs_f64(kind.seconds * PATIENCE).max(PATIENCE_AT_LEAST);
    let mut running = spawn_local(kind.trial(Chance::of(seed)));
    let mut failed = Trial::default();
    match timeout(limit, &mut running).await {
        Ok(Ok(trial)) => return trial,
        Ok(Err(ended)) => match ended.try_into_panic() {
            Ok(panic) => failed.violate(format!("not finished: {}", words(panic.as_ref()))),
            Err(ended) => failed.violate(format!("not finished: {ended}")),
        },
        Err(_) => {
            running.abort();
            failed.violate(format!("not finished within {limit:?}"));
        }
    }
    failed
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words")
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    };

    use super::run;
    use crate::{Asked, Board, Line, Plan, Trial};

    #[tokio::test]
    async fn a_trial_that_panics_is_broken_and_the_others_go_on() {
        let lines = [Line::new("R1", "one")
            .kind("sound", 2, 1.0, |_| async { Trial::default() })
            .kind("panics", 1, 1.0, |_| async { panic!("no store") })];
        let plan = Plan::of(&lines, &Asked::default()).unwrap();
        let mut board = Board::of(&lines, &plan, 0);
        run(&lines, &plan, &mut board, |_| ()).await;
        let said = board.to_json();
        assert_eq!(said["lines"][0]["done"], 2);
        assert_eq!(said["lines"][1]["failures"][0]["violations"][0], "not finished: no store");
        assert!(!board.holds());
    }

    #[tokio::test(start_paused = true)]
    async fn a_trial_that_does_not_end_is_broken() {
        let lines = [Line::new("R1", "one")
            .kind("endless", 1, 1.0, |_| async { std::future::pending().await })];
        let plan = Plan::of(&lines, &Asked::default()).unwrap();
        let mut board = Board::of(&lines, &plan, 0);
        run(&lines, &plan, &mut board, |_| ()).await;
        assert!(board.to_string().contains("not finished within 180s"), "{board}");
    }

    #[tokio::test]
    async fn a_trial_gets_the_chance_of_its_seed() {
        let seen = Arc::new(AtomicU64::new(0));
        let seeing = seen.clone();
        let lines = [Line::new("R1", "one").kind("one", 1, 1.0, move |chance| {
            seeing.store(chance.seed(), Ordering::Relaxed);
            async { Trial::default() }
        })];
        let plan = Plan::of(&lines, &Asked { seed: 42, ..Asked::default() }).unwrap();
        run(&lines, &plan, &mut Board::of(&lines, &plan, 42), |_| ()).await;
        assert_eq!(seen.load(Ordering::Relaxed), 42);
    }
}
