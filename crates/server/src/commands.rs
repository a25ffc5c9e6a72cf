//! One command a file, named by its verb.

mod check;
mod demo;
mod health;
mod migrate;
mod openapi;
mod reconcile;
mod serve;

use std::{
    future::Future,
    io::{self, Write as _},
    time::Duration,
};

use anyhow::Context as _;

use crate::{
    cli::{Cli, Command, Serve},
    settings::{Need, Settings, env_example},
    telemetry::{self, LogTo},
};

/// How long work that a stop left behind may still hold the exit.
const LEFT_BEHIND_MAX: Duration = Duration::from_millis(500);

/// Does what was asked.
///
/// # Errors
///
/// [`Faults`](crate::settings::Faults) of the settings, or what went wrong.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    use_one_cryptography();
    let load = |need| Settings::load(cli.config.as_deref(), need);
    match cli.command {
        Command::Serve(Serve { role }) => {
            let settings = role.adapt(load(Need::Whole)?)?;
            start(settings, LogTo::Stdout, |settings| serve::serve(settings, role))
        }
        Command::Demo(options) => {
            let (settings, folder) = demo::settings(load(Need::Demo)?, options)?;
            start(settings, LogTo::Stdout, |settings| demo::demo(settings, folder))
        }
        Command::Migrate => start(load(Need::Whole)?, LogTo::Stderr, migrate::migrate),
        Command::Check => start(load(Need::Whole)?, LogTo::Stderr, check::check),
        Command::Health => start(load(Need::Whole)?, LogTo::Stderr, health::health),
        Command::Reconcile(options) => {
            let reconcile = |settings| reconcile::reconcile(settings, options.sku);
            start(load(Need::Whole)?, LogTo::Stderr, reconcile)
        }
        Command::Openapi => print(&openapi::document()),
        Command::Settings => print(&env_example()),
    }
}

/// Starts logs and the runtime, and runs the command on it.
fn start<F: Future<Output = anyhow::Result<()>>>(
    settings: Settings,
    log_to: LogTo,
    command: impl FnOnce(Settings) -> F,
) -> anyhow::Result<()> {
    telemetry::log(&settings.telemetry, log_to)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(settings.listen.background_threads)
        .enable_all()
        .build()
        .context("the runtime does not start")?;
    let outcome = runtime.block_on(command(settings));
    runtime.shutdown_timeout(LEFT_BEHIND_MAX);
    outcome
}

/// Everything encrypted goes by the same library, whoever asks first.
fn use_one_cryptography() {
    // An error means that it was installed before, which is as well.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Prints an answer to standard output; a reader that has gone (`| head`) is no failure.
fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}
