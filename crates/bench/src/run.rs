//! Measures the lines of a board, one after the other.

use std::{any::Any, rc::Rc, time::Instant};

use tokio::task::spawn_local;

use crate::{
    bench::Bench,
    board::{Board, Outcome},
};

/// Measures each line and notes what came of it. May be dropped at any point: the board then has
/// what was done until then.
pub(crate) async fn run(bench: &Rc<Bench>, board: &mut Board) {
    for place in 0..board.rows.len() {
        let line = board.rows[place].line.clone();
        println!("{:<4} {}", line.name(), line.what);
        let begun = Instant::now();
        let outcome = match line.measure {
            None => Outcome::NotInThisVersion,
            // A task, so that a panic is this line's and not the run's.
            Some(measure) => match spawn_local(measure(bench.clone())).await {
                Ok(measured) => Outcome::Measured(measured),
                Err(ended) => Outcome::Failed(match ended.try_into_panic() {
                    Ok(panic) => words(panic.as_ref()).to_owned(),
                    Err(ended) => ended.to_string(),
                }),
            },
        };
        println!("{outcome}  ({:.0} s)\n", begun.elapsed().as_secs_f64());
        board.rows[place].outcome = Some(outcome);
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words")
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use futures::FutureExt;
    use tokio::task::LocalSet;

    use super::run;
    use crate::{
        bench::Bench,
        board::Board,
        line::{Line, Measure, Measured},
        pace::Pace,
    };

    #[tokio::test]
    async fn a_line_that_panics_has_failed_and_the_others_go_on() {
        let line = |names: &'static [&'static str], measure: Option<Measure>| Line {
            names,
            what: "",
            measure,
        };
        let lines = vec![
            line(&["P1"], Some(|_| async { panic!("wrong answers: 3") }.boxed_local())),
            line(&["P2"], None),
            line(&["P3"], Some(|_| async { Measured::default() }.boxed_local())),
        ];
        let pace = Pace::new(true, None);
        let bench = Rc::new(Bench::new("bare".into(), pace));
        let mut board = Board::new(lines, pace);
        LocalSet::new().run_until(run(&bench, &mut board)).await;
        assert!(!board.is_sound());
        let said = board.to_json();
        assert_eq!(said["lines"][0]["failed"], "wrong answers: 3");
        assert_eq!(said["lines"][1]["state"], "not in this version");
        assert_eq!(said["lines"][2]["state"], "measured");
    }
}
