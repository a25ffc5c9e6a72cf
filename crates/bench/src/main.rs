//! `bench`: the program beside a bare actix handler that answers the same bytes, line by line.
//!
//! A figure is a ratio of two measurements that alternate in one run, so that it says something of
//! the program and not of the machine. A run counts only if its answers were right: what wrk or the
//! generator was told, what the server counted, what the sale lost and what the ledger gained have
//! to agree. A line whose answers were wrong, or that could not be measured, panics; the others go
//! on, and the exit code is 1. A floor that is missed is printed and fails nothing.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement talks to a terminal, and one that cannot be taken fails by panicking"
)]

mod ask;
mod bare;
mod bench;
mod board;
mod books;
mod chart;
mod duel;
mod figure;
mod generator;
mod ground;
mod line;
mod lines;
mod pace;
mod process;
mod raw_redis;
mod report;
mod run;
mod sample;
mod thread;
mod wrk;

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    rc::Rc,
};

use clap::{Parser, value_parser};
use tokio::{signal::ctrl_c, task::LocalSet};

use crate::{bench::Bench, board::Board, pace::Pace};

/// Measures the program beside a bare handler and prints ratios of one run.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    /// Takes two minutes at most: shows that every answer is right, and its ratios mean nothing
    #[arg(long)]
    quick: bool,
    /// Lines to measure (P3,P8), all of them if it is not given
    #[arg(long, value_name = "LINES", value_delimiter = ',')]
    only: Vec<String>,
    /// Rounds of each line that has rounds; their median counts
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,
    /// Where the figures are written for programs
    #[arg(long, value_name = "FILE", default_value = "target/bench.json")]
    json: PathBuf,
    /// Where the report is written for people
    #[arg(long, value_name = "FILE", default_value = "target/bench.html")]
    html: PathBuf,
    /// The program of the bare handler
    #[arg(long, value_name = "FILE", default_value = "target/release/examples/bare_handler")]
    bare: PathBuf,
    /// Prints the lines, and measures nothing
    #[arg(long)]
    list: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let lines = match lines::chosen(&arguments.only) {
        Ok(lines) => lines,
        Err(unknown) => {
            eprintln!("{unknown}");
            return ExitCode::from(2);
        }
    };
    if arguments.list {
        for line in &lines {
            println!("{:<4} {}", line.name(), line.what);
        }
        return ExitCode::SUCCESS;
    }
    let pace = Pace::new(arguments.quick, arguments.rounds);
    let bench = Rc::new(Bench::new(arguments.bare, pace));
    let mut board = Board::new(lines, pace);
    let running = LocalSet::new();
    tokio::select! {
        () = running.run_until(run::run(&bench, &mut board)) => {}
        _ = ctrl_c() => println!("interrupted"),
    }
    // What was left running of an interrupted line holds servers: they end before the report.
    drop(running);
    println!("\n{board}");
    let written = write(&arguments.json, &format!("{:#}\n", board.to_json()))
        .and_then(|()| write(&arguments.html, &report::page(&board)));
    if let Err(error) = written {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    println!("report: {}", arguments.html.display());
    if board.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn write(file: &Path, text: &str) -> io::Result<()> {
    fs::write(file, text)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))
}
