//! The binary `stampede`: settings, then an engine, use cases over it, the web in front, run.

use std::process::ExitCode;

use clap::Parser as _;
use stampede_server::{cli::Cli, commands, exit};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    exit::code(commands::run(Cli::parse()))
}
