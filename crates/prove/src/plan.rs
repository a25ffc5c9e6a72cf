//! Which trials are run, and in which order.

use crate::{Chance, Line, chance::seed_of_trial};

/// What the command line asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// How long the whole may take; the trials of the full run if `None`.
    pub minutes: Option<f64>,
    /// What chance is made of.
    pub seed: u64,
    /// Of which lines or kinds alone, `R1` or `R1/embedded`; of all if there are none.
    pub only: Vec<String>,
    /// So many trials of each kind, however long they take.
    pub trials: Option<u32>,
}

/// The trials of a run.
#[derive(Debug)]
pub struct Plan {
    /// How many there are of each kind, in the order of the board.
    pub shares: Vec<Share>,
    /// All of them, in the order in which they are run.
    pub turns: Vec<Turn>,
}

/// How many trials of one kind are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Where the line is among the lines.
    pub line: usize,
    /// Where the kind is among its line's.
    pub kind: usize,
    /// Trials of this run.
    pub trials: u32,
}

/// One trial to be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Where its share is in the plan.
    pub share: usize,
    /// What its chance is made of.
    pub seed: u64,
}

impl Plan {
    /// What of `lines` is run.
    ///
    /// # Errors
    ///
    /// A name in `only` that no line and no kind has.
    pub fn of(lines: &[Line], asked: &Asked) -> Result<Self, String> {
        let mut shares = shares_of(lines, &asked.only)?;
        let mut chance = Chance::of(asked.seed);
        if let Some(trials) = asked.trials {
            for share in &mut shares {
                share.trials = trials;
            }
        } else if let Some(minutes) = asked.minutes {
            fit(lines, &mut shares, minutes * 60.0, &mut chance);
        }
        let mut turns = Vec::new();
        for (index, share) in shares.iter().enumerate() {
            let numbered = 0..share.trials;
            let seeds = numbered.map(|number| seed_of_trial(asked.seed, number));
            turns.extend(seeds.map(|seed| Turn { share: index, seed }));
        }
        chance.shuffle(&mut turns);
        Ok(Self { shares, turns })
    }
}

/// The kinds that are named, or all, with the trials of the full run.
fn shares_of(lines: &[Line], only: &[String]) -> Result<Vec<Share>, String> {
    let mut shares = Vec::new();
    let mut met = vec![false; only.len()];
    for (line_index, line) in lines.iter().enumerate() {
        for (kind_index, kind) in line.kinds.iter().enumerate() {
            let full = format!("{}/{}", line.name, kind.name);
            let mut is_named = only.is_empty();
            for (name, met) in only.iter().zip(&mut met) {
                if *name == line.name || *name == full {
                    (*met, is_named) = (true, true);
                }
            }
            if is_named {
                let trials = kind.trials;
                shares.push(Share { line: line_index, kind: kind_index, trials });
            }
        }
    }
    match met.iter().position(|met| !met) {
        Some(place) => Err(format!("no line {:?}: see --list", only[place])),
        None => Ok(shares),
    }
}

/// A trial that takes more than this part of the time is left out, if its line has others.
const DEAR: f64 = 0.2;

/// Leaves as many trials as fit into `seconds`: of each line the same part, and one at least, the
/// kinds of a line taking turns from a random one on.
fn fit(lines: &[Line], shares: &mut [Share], seconds: f64, chance: &mut Chance) {
    let mut full = shares.to_vec();
    let seconds_of = |share: &Share| lines[share.line].kinds[share.kind].seconds;
    let whole: f64 = full.iter().map(|share| f64::from(share.trials) * seconds_of(share)).sum();
    if whole <= seconds {
        return;
    }
    for place in 0..full.len() {
        let line = full[place].line;
        let mut others = full.iter().filter(|share| share.line == line);
        let has_cheaper = others.any(|other| seconds_of(other) < seconds_of(&full[place]));
        if seconds_of(&full[place]) > seconds * DEAR && has_cheaper {
            full[place].trials = 0;
        }
    }
    let firsts: Vec<usize> = lines.iter().map(|line| chance.number(0, line.kinds.len())).collect();
    let cost = |shares: &[Share]| -> f64 {
        shares.iter().map(|share| f64::from(share.trials) * seconds_of(share)).sum()
    };
    scale(&full, shares, 1.0, &firsts);
    if cost(shares) <= seconds {
        return;
    }
    // The part is found by halving: cost rises with it, by steps.
    let (mut least, mut most) = (0.0, 1.0);
    for _ in 0..30 {
        let part = f64::midpoint(least, most);
        scale(&full, shares, part, &firsts);
        if cost(shares) <= seconds { least = part } else { most = part }
    }
    scale(&full, shares, least, &firsts);
}

/// `part` of the full run, line by line.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of a small number of trials"
)]
fn scale(full: &[Share], shares: &mut [Share], part: f64, firsts: &[usize]) {
    shares.copy_from_slice(full);
    for (line, &first) in firsts.iter().enumerate() {
        let of_line = |&place: &usize| full[place].line == line && full[place].trials > 0;
        let places: Vec<usize> = (0..full.len()).filter(of_line).collect();
        let Ok(kinds) = u32::try_from(places.len()) else { continue };
        let in_full: u32 = places.iter().map(|&place| full[place].trials).sum();
        let trials = ((f64::from(in_full) * part) as u32).max(1);
        for (turn, &place) in (0..kinds).zip(places.iter().cycle().skip(first)) {
            let more = u32::from(turn < trials % kinds);
            shares[place].trials = (trials / kinds + more).min(full[place].trials);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, Plan};
    use crate::{Line, Trial};

    fn lines() -> Vec<Line> {
        let nothing = |_| async { Trial::default() };
        vec![
            Line::new("R1", "one")
                .kind("embedded", 100, 6.0, nothing)
                .kind("redis", 100, 6.0, nothing),
            Line::new("R2", "two").kind("alone", 20, 30.0, nothing),
        ]
    }

    fn plan(minutes: Option<f64>, only: &[&str], trials: Option<u32>) -> Result<Plan, String> {
        let only = only.iter().map(|&name| name.to_owned()).collect();
        Plan::of(&lines(), &Asked { minutes, seed: 7, only, trials })
    }

    fn trials(plan: &Plan) -> Vec<u32> {
        plan.shares.iter().map(|share| share.trials).collect()
    }

    #[test]
    fn with_enough_time_everything_is_run() {
        let full = plan(None, &[], None).unwrap();
        assert_eq!(trials(&full), [100, 100, 20]);
        assert_eq!(full.turns.len(), 220);
        assert_eq!(trials(&plan(Some(31.0), &[], None).unwrap()), [100, 100, 20]);
    }

    #[test]
    fn with_less_time_each_line_keeps_its_part_and_one_trial_at_least() {
        let tenth = trials(&plan(Some(3.0), &[], None).unwrap());
        assert!((18..=20).contains(&(tenth[0] + tenth[1])), "{tenth:?}");
        assert!(tenth[0].abs_diff(tenth[1]) <= 1, "{tenth:?}");
        assert_eq!(tenth[2], 2);
        let least = trials(&plan(Some(0.0), &[], None).unwrap());
        assert_eq!((least[0] + least[1], least[2]), (1, 1));
    }

    #[test]
    fn a_trial_that_takes_most_of_the_time_is_left_out_if_its_line_has_others() {
        let nothing = |_| async { Trial::default() };
        let lines = [Line::new("R4", "away")
            .kind("10-s", 10, 15.0, nothing)
            .kind("2-min", 3, 130.0, nothing)];
        let within = |minutes| {
            let asked = Asked { minutes: Some(minutes), ..Asked::default() };
            trials(&Plan::of(&lines, &asked).unwrap())
        };
        assert_eq!(within(3.0), [10, 0]);
        assert_eq!(within(60.0), [10, 3]);
    }

    #[test]
    fn the_same_seed_makes_the_same_plan() {
        let turns = || plan(Some(3.0), &[], None).unwrap().turns;
        assert_eq!(turns(), turns());
    }

    #[test]
    fn a_line_or_a_kind_is_run_alone_as_often_as_asked() {
        assert_eq!(trials(&plan(None, &["R1"], Some(2)).unwrap()), [2, 2]);
        let one = plan(Some(0.0), &["R1/redis"], Some(1)).unwrap();
        assert_eq!((one.turns.len(), one.turns[0].seed), (1, 7));
        assert_eq!((one.shares[0].line, one.shares[0].kind), (0, 1));
        assert_eq!(trials(&plan(None, &["R1", "R1/redis"], Some(2)).unwrap()), [2, 2]);
        assert!(plan(None, &["R1", "R9"], None).is_err());
    }
}
