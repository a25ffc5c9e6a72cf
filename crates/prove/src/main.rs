//! `prove`: faults over running sales, and the board of what was lost.
#![expect(clippy::print_stdout, reason = "this program talks to a person at a terminal")]

use std::{fs, path::PathBuf, process::ExitCode};

use clap::{Parser, value_parser};
use stampede_prove::{Asked, Board, Line, Plan, lines, run};
use tokio::signal::ctrl_c;

/// Breaks running sales in every way of the board, and says what was lost.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask prove")]
struct Arguments {
    /// How long it may take: each line gets its part of its trials, and one at least
    #[arg(long, value_name = "N", default_value_t = 3.0)]
    minutes: f64,
    /// Runs every trial of the full run, however long it takes
    #[arg(long, conflicts_with_all = ["minutes", "trials"])]
    full: bool,
    /// Runs so many trials of each kind, however long they take
    #[arg(long, value_name = "N", conflicts_with = "minutes")]
    #[arg(value_parser = value_parser!(u32).range(1..))]
    trials: Option<u32>,
    /// What chance is made of; drawn and printed if it is not given
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// A line (R1) or a kind of it (R1/embedded), may be given several times
    #[arg(long, value_name = "LINE")]
    only: Vec<String>,
    /// Where the board is written for programs
    #[arg(long, value_name = "FILE", default_value = "target/prove.json")]
    json: PathBuf,
    /// Prints the lines with their trials, and runs nothing
    #[arg(long)]
    list: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let lines = lines::all();
    if arguments.list {
        list(&lines);
        return ExitCode::SUCCESS;
    }
    let seed = arguments.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let minutes = (!arguments.full).then_some(arguments.minutes);
    let asked = Asked { minutes, seed, only: arguments.only, trials: arguments.trials };
    let plan = match Plan::of(&lines, &asked) {
        Ok(plan) => plan,
        Err(fault) => {
            eprintln!("{fault}");
            return ExitCode::from(2);
        }
    };
    println!("{} trials, seed {seed}", plan.turns.len());
    let mut board = Board::of(&lines, &plan, seed);
    tokio::select! {
        () = run(&lines, &plan, &mut board, |said| println!("{said}")) => {}
        _ = ctrl_c() => println!("interrupted"),
    }
    println!("\n{board}");
    let written = fs::write(&arguments.json, format!("{:#}\n", board.to_json()));
    if let Err(error) = written {
        eprintln!("{}: {error}", arguments.json.display());
        return ExitCode::FAILURE;
    }
    if board.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn list(lines: &[Line]) {
    for line in lines {
        println!("{:<4}{}", line.name, line.title);
        for kind in &line.kinds {
            println!("    {:<40} {:>4} trials of {} s", kind.name, kind.trials, kind.seconds);
        }
    }
}
