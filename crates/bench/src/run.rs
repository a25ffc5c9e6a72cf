//! Measures the lines of a board, one after the other.

use std::{
    any::Any,
    rc::Rc,
    time::{Duration, Instant},
};

use futures::future::LocalBoxFuture;
use tokio::{task::spawn_local, time::timeout};

use crate::{
    bench::Bench,
    board::{Board, Outcome},
    line::Measured,
    pace::QUICK_START_S,
};

/// Measures each line and notes what came of it. May be dropped at any point: the board then has
/// what was done until then.
///
/// A line may take its own time and what those before it left over, so all of them together end in
/// time.
pub(crate) async fn run(bench: &Rc<Bench>, board: &mut Board) {
    let mut left = bench.pace.limit(QUICK_START_S);
    for place in 0..board.rows.len() {
        let line = board.rows[place].line.clone();
        println!("{:<4} {}", line.name(), line.what);
        let begun = Instant::now();
        left += bench.pace.limit(line.quick_s);
        let mut outcome = match line.measure {
            None => Outcome::NotInThisVersion,
            Some(measure) => within(left, measure(bench.clone())).await,
        };
        if let Outcome::Measured(measured) = &mut outcome
            && bench.pace.is_quick
        {
            measured.unbind();
        }
        let took = begun.elapsed();
        left = left.saturating_sub(took);
        println!("{outcome}  ({:.1} s)\n", took.as_secs_f64());
        let row = &mut board.rows[place];
        (row.outcome, row.took) = (Some(outcome), took);
    }
}

/// What came of measuring, which may take so long.
async fn within(limit: Duration, measuring: LocalBoxFuture<'static, Measured>) -> Outcome {
    // A task, so that a panic is this line's and not the run's.
    let mut task = spawn_local(measuring);
    match timeout(limit, &mut task).await {
        Ok(Ok(measured)) => Outcome::Measured(measured),
        Ok(Err(ended)) => Outcome::Failed(match ended.try_into_panic() {
            Ok(panic) => words(panic.as_ref()).to_owned(),
            Err(ended) => ended.to_string(),
        }),
        Err(_) => {
            task.abort();
            // What it has started is gone before the next line begins.
            task.await.ok();
            Outcome::Failed(format!("not done within {:.0} s", limit.as_secs_f64()))
        }
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words")
}

#[cfg(test)]
mod tests {
    use std::{future::pending, rc::Rc, time::Duration};

    use futures::FutureExt;
    use tokio::{sync::oneshot, task::LocalSet};

    use super::{run, within};
    use crate::{
        bench::Bench,
        board::Board,
        figure::{Figure, Spread, Unit},
        line::{Line, Measure, Measured},
        machine::Machine,
        pace::Pace,
    };

    #[tokio::test]
    async fn a_line_that_panics_has_failed_and_the_others_go_on() {
        let line = |names: &'static [&'static str], measure: Option<Measure>| Line {
            names,
            what: "",
            quick_s: 1,
            measure,
        };
        let lines = vec![
            line(&["P1"], Some(|_| async { panic!("wrong answers: 3") }.boxed_local())),
            line(&["P2"], None),
            line(&["P3"], Some(|_| async { missed() }.boxed_local())),
        ];
        let pace = Pace::new(true, None);
        let bench = Rc::new(Bench::new("bare".into(), pace));
        let mut board = Board::new(lines, pace, Machine::default());
        LocalSet::new().run_until(run(&bench, &mut board)).await;
        assert!(!board.is_sound());
        let said = board.to_json();
        assert_eq!(said["lines"][0]["failed"], "wrong answers: 3");
        assert_eq!(said["lines"][1]["state"], "not in this version");
        assert_eq!(said["lines"][2]["state"], "measured");
        assert_eq!(said["lines"][2]["figures"][0]["verdict"], "", "a quick run has none");
    }

    #[tokio::test]
    async fn a_line_that_takes_too_long_is_ended_and_has_failed() {
        let (held, ended) = oneshot::channel::<()>();
        let endless = async move {
            let _held = held;
            pending().await
        };
        let outcome = within(Duration::ZERO, endless.boxed_local());
        let outcome = LocalSet::new().run_until(outcome).await;
        assert_eq!(outcome.to_string().trim(), "FAILED: not done within 0 s");
        assert!(ended.await.is_err(), "what it held is dropped");
    }

    fn missed() -> Measured {
        let mut measured = Measured::default();
        let ratio = Figure::new("", "ratio", Unit::Ratio, Spread::once(0.1));
        measured.add(ratio.at_least(0.5));
        measured
    }
}
