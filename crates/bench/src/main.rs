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
mod machine;
mod pace;
mod process;
mod raw_redis;
mod report;
mod run;
mod sample;
mod wrk;

use std::{fs, path::PathBuf, process::ExitCode, rc::Rc};

use clap::{Parser, value_parser};
use tokio::{
    signal::{
        ctrl_c,
        unix::{SignalKind, signal},
    },
    task::LocalSet,
};

use crate::{bench::Bench, board::Board, machine::Machine, pace::Pace};

/// Measures the program beside a bare handler and prints ratios of one run.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    /// Takes two minutes at most: shows that every answer is right, and holds no figure to anything
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
    #[arg(long, value_name = "FILE", default_value = "target/release/bare_handler")]
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
    if !arguments.quick && machine::is_in_memory() {
        eprintln!(
            "the stores' files would lie in memory, where a sync costs nothing: set TMPDIR to a \
             folder on a disk"
        );
        return ExitCode::from(2);
    }
    let pace = Pace::new(arguments.quick, arguments.rounds);
    let mut board = Board::new(lines, pace, Machine::look(arguments.command()));
    // A file that cannot be written is found out now and not in an hour.
    let written = arguments.write(&board);
    if written == ExitCode::SUCCESS { measure(&arguments, &mut board).await } else { written }
}

/// Measures, prints the board and writes the reports.
async fn measure(arguments: &Arguments, board: &mut Board) -> ExitCode {
    let bench = Rc::new(Bench::new(arguments.bare.clone(), board.pace));
    let running = LocalSet::new();
    tokio::select! {
        () = running.run_until(run::run(&bench, board)) => {}
        () = interrupted() => println!("interrupted"),
    }
    // What was left running of an interrupted line holds servers: they end before the report.
    drop(running);
    println!("\n{board}");
    let written = arguments.write(board);
    println!("report: {}", arguments.html.display());
    if board.is_sound() { written } else { ExitCode::FAILURE }
}

/// By Ctrl-C, or by whoever asks programs to end.
async fn interrupted() {
    let mut asked = signal(SignalKind::terminate()).expect("signals");
    tokio::select! {
        _ = ctrl_c() => {}
        _ = asked.recv() => {}
    }
}

impl Arguments {
    /// What was asked for, as one would type it.
    fn command(&self) -> String {
        let quick = if self.quick { " --quick" } else { "" };
        let only = self.only.join(",");
        let only = if only.is_empty() { only } else { format!(" --only {only}") };
        let rounds = self.rounds.map(|rounds| format!(" --rounds {rounds}")).unwrap_or_default();
        format!("cargo xtask bench{quick}{only}{rounds}")
    }

    /// Writes both reports, the second even if the first cannot be written.
    fn write(&self, board: &Board) -> ExitCode {
        let json = format!("{:#}\n", board.to_json());
        let mut code = ExitCode::SUCCESS;
        for (file, text) in [(&self.json, json), (&self.html, report::page(board))] {
            if let Err(error) = fs::write(file, text) {
                eprintln!("{}: {error}", file.display());
                code = ExitCode::FAILURE;
            }
        }
        code
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Arguments;

    #[test]
    fn a_report_says_by_which_command_it_can_be_repeated() {
        let command = |arguments: &[&str]| {
            let words = [&["bench", "--json", "x"], arguments].concat();
            Arguments::parse_from(words).command()
        };
        assert_eq!(command(&[]), "cargo xtask bench");
        let all = ["--quick", "--only", "P3,P8", "--rounds", "2"];
        assert_eq!(command(&all), "cargo xtask bench --quick --only P3,P8 --rounds 2");
    }
}
