//! The commands, with help for somebody who sees them for the first time.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use stampede_domain::Sku;

use crate::role::Role;

/// Sells a limited stock to a crowd: exactly the stock, within the limit per buyer, nothing lost.
///
/// Start with `stampede demo`: it needs nothing else and prints what to try.
/// Settings come from the environment, or from a TOML file; `stampede settings` lists them.
#[derive(Debug, Parser)]
#[command(name = "stampede", version, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 bad usage or settings.")]
pub struct Cli {
    /// A TOML file with settings; the environment wins over it.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the shop, the API and the admin API until told to stop (Ctrl-C or SIGTERM).
    Serve(Serve),
    /// Serve a shop with a live sale and simulated buyers, in a folder that goes at the end.
    Demo(Demo),
    /// Bring the database's tables up to date and end.
    Migrate,
    /// Look at settings and stores: what is wrong, and what an acknowledgement is worth here.
    Check,
    /// Ask the server that runs here with these settings whether it is ready; for containers.
    Health,
    /// Compare gate and ledger once, purchase by purchase, and repair what differs.
    Reconcile(Reconcile),
    /// Print the OpenAPI document of the API.
    Openapi,
    /// Print every setting with its meaning, limit, unit and default, as in `.env.example`.
    Settings,
}

/// Options of `serve`.
#[derive(Clone, Copy, Debug, Args)]
pub struct Serve {
    /// Do only this of a node's work; the engine redis needs one worker at least, or one of `all`.
    #[arg(long, value_enum, default_value_t = Role::All)]
    pub role: Role,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Keep the database in this folder instead of one that is removed at the end.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Listen on this port, or the next free one (default: PORT, or 3000); 0 picks any.
    #[arg(long)]
    pub port: Option<u16>,
}

/// Options of `reconcile`.
#[derive(Debug, Args)]
pub struct Reconcile {
    /// Compare only the sale of this sku.
    #[arg(long, value_parser = Sku::parse)]
    pub sku: Option<Sku>,
}
