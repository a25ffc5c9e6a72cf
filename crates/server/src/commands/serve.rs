//! `stampede serve`.

use std::future::pending;

use anyhow::Context as _;
use secrecy::SecretString;
use stampede_application::ports::{Causes, Durability};
use stampede_presentation::{Http, HttpSettings, Serves};

use crate::{
    engine, open_files::OpenFiles, role::Role, run, settings::Settings, telemetry::Telemetry,
    wiring::Node,
};

/// Makes the engine, the use cases over it and the web in front, and runs them until told to stop.
pub(super) async fn serve(settings: Settings, role: Role) -> anyhow::Result<()> {
    tell_beginning(&settings);
    let telemetry = Telemetry::start(&settings.telemetry)?;
    let counters = telemetry.of_queue()?;
    let engine = engine::open(&settings, &counters).await?;
    tell_worth(engine.durability.as_ref()).await;
    let node = Node::new(engine, &settings, counters);
    telemetry.show_feed(node.live.clone());
    let http = bind(&settings, settings.listen.port, role.serves(), &node, &telemetry)?;
    let ended = run::run(node, http, role, settings.stop, pending()).await;
    telemetry.stop().await;
    ended
}

/// Logs what an acknowledgement is worth here, a line a fault.
pub(super) async fn tell_worth(durability: &dyn Durability) {
    let worth = match durability.worth().await {
        Ok(worth) => worth,
        Err(error) => {
            tracing::warn!(error = %Causes(&error), "what an acknowledgement is worth is not known");
            return;
        }
    };
    for (fault, loss) in &worth.may_lose {
        tracing::info!(level = %worth.level, fault = fault.words(), may_lose = loss.words(),
            "what an acknowledged purchase is worth here");
    }
    if let Some(why) = worth.broken {
        tracing::error!(level = %worth.level, why, "the ledger does not keep what it answers");
    }
}

/// Logs how many files may be open, and which names of the environment mean nothing here.
pub(super) fn tell_beginning(settings: &Settings) {
    let files = OpenFiles::raise(settings);
    if files.suffice() {
        tracing::info!("{files}");
    } else {
        tracing::warn!("{files}");
    }
    if let Some(told) = settings.telemetry.told_of_unheeded() {
        tracing::warn!("{told}");
    }
}

/// Listens on `port` of the settings' host.
pub(super) fn bind(
    settings: &Settings,
    port: u16,
    serves: Serves,
    node: &Node,
    telemetry: &Telemetry,
) -> anyhow::Result<Http> {
    let key = settings.access.admin_key.clone().unwrap_or_else(|| SecretString::from(""));
    let host = settings.listen.host.clone();
    let defaults = HttpSettings::new(key);
    let http = HttpSettings {
        host: host.clone(),
        port,
        serves,
        workers: match serves {
            Serves::Everything => settings.listen.workers_or_one_a_core(),
            Serves::Operations => 1,
        },
        attempts_per_buyer_per_s: settings.access.attempts_per_buyer_per_s,
        requests_per_address_per_s: settings.access.requests_per_address_per_s,
        trusted_proxies: settings.access.trusted_proxies.clone(),
        cors_origins: settings.access.cors_origins.clone(),
        image_origins: settings.access.image_origins.clone(),
        access_log_one_in: settings.telemetry.access_log_one_in,
        limits: settings.http,
        ..defaults
    };
    Http::bind(http, node.use_cases.clone(), telemetry.of_http())
        .with_context(|| format!("cannot listen on {host}:{port} (HOST, PORT)"))
}
